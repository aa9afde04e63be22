/** Ways of looking at sources besides those that are built in: a list of {@link SourceAdapter}, bound by the application. */
export const SOURCE_ADAPTERS = Symbol.for('kapelle.SourceAdapters');

/** Something that a source holds now. */
export interface FoundItem {
  /**
   * The same at every look as long as it is the same thing, and another one when it has become another: of a page or a file that
   * changes it has to change. Up to 4096 characters.
   */
  readonly id: string;
  /** Where it can be read, the best address first; without any it is noted, and not analysed. */
  readonly uris: readonly string[];
  /**
   * Told apart across the sources of a tenant: two things with the same address are one, unless this differs.
   *
   * @default ''
   */
  readonly revision?: string;
  readonly title?: string;
  /** ISO 8601. */
  readonly publishedAt?: string;
}

/** What an adapter gets for one look at a source. */
export interface SourceLook {
  readonly tenantId: string;
  /** As {@link SourceAdapter.checkTarget} gave it. */
  readonly target: string;
  /** What the look before returned; undefined at the first one. */
  readonly cursor: unknown;
  readonly signal: AbortSignal;
  /** Wall-clock time, in epoch milliseconds. */
  readonly now: number;
}

/** What a look at a source has brought. */
export interface SourceFindings {
  /** Everything that is there now, known or not; the newest first. Empty where nothing has changed since the cursor. */
  readonly items: readonly FoundItem[];
  /** JSON-like; handed to the next look once all items are taken. */
  readonly cursor: unknown;
  /** Whether the source said that nothing has changed. */
  readonly unchanged: boolean;
}

/** Looks at one kind of source. */
export interface SourceAdapter {
  /** What sources name it by: lower-case letters, digits and `_`. */
  readonly kind: string;
  /**
   * The target in its one spelling, so that the same source is not added twice.
   *
   * @throws an error that says what a target of this kind looks like
   */
  checkTarget(target: string): string;
  /**
   * Rejects with an error that has `retryAfterMs` where the source said when to come back, or with the reason of the
   * signal. A target that was taken away is an error, not an empty list.
   */
  look(look: SourceLook): Promise<SourceFindings>;
}
