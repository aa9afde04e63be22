/** What {@link ShareRouter} chooses from. */
export interface Shared {
  readonly key: string;
  /** Percent, 0 or more; one with 0 is never chosen. */
  readonly share: number;
}

/**
 * Chooses among versions so that each gets its share exactly: of every run of choices as long as the sum of
 * the shares, a version with share n gets n, spread evenly. The smooth weighted round robin of nginx; no
 * chance is involved.
 */
export class ShareRouter {
  #entries: { readonly key: string; readonly share: number; credit: number }[] = [];

  /** Sets the shares anew; what a version is owed is kept where it stays. */
  set(shares: readonly Shared[]): void {
    const before = new Map(this.#entries.map(({ key, credit }) => [key, credit]));
    const total = shares.reduce((sum, { share }) => sum + share, 0);
    this.#entries = shares
      .filter(({ share }) => share > 0)
      // A credit beyond the new total would give a version a run of requests that its share does not allow.
      .map(({ key, share }) => ({ key, share, credit: clamp(before.get(key) ?? 0, total) }));
    const rest = this.#entries.reduce((sum, { credit }) => sum + credit, 0);
    const [first] = this.#entries;
    if (first !== undefined) first.credit -= rest;
  }

  /** The version that the next request goes to; `undefined` where none may be chosen. */
  next(isUsable: (key: string) => boolean = () => true): string | undefined {
    const usable = this.#entries.filter(({ key }) => isUsable(key));
    let best: (typeof usable)[number] | undefined;
    let total = 0;
    for (const entry of usable) {
      entry.credit += entry.share;
      total += entry.share;
      if (best === undefined || entry.credit > best.credit) best = entry;
    }
    if (best === undefined) return undefined;
    best.credit -= total;
    return best.key;
  }

  /** The shares there are, 0 left out. */
  get shares(): readonly Shared[] {
    return this.#entries.map(({ key, share }) => ({ key, share }));
  }
}

function clamp(credit: number, total: number): number {
  return Math.max(-total, Math.min(total, credit));
}
