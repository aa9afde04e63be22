/** The id of an account, alone or with that of its tenant: nobody reads it as a name. */
const ACCOUNT_ID = /^[\da-f]{8}(?:-[\da-f]{4}){3}-[\da-f]{12}(?:@|$)/iu;

/**
 * Readable names for the speakers of one document. A name stays as it is; the ids of accounts, which meeting programs
 * write where they may not tell a name, become `Speaker 1`, `Speaker 2` … in the order in which they speak.
 */
export class SpeakerNames {
  readonly #accounts = new Map<string, string>();

  of(label: string): string {
    if (!ACCOUNT_ID.test(label)) return label;
    const name = this.#accounts.get(label) ?? `Speaker ${this.#accounts.size + 1}`;
    this.#accounts.set(label, name);
    return name;
  }
}
