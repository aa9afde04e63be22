import type { CountFact, Office, Party, Relation } from './knowledge-fact.js';
import type { Candidate, EventWording } from './lexicon.js';
import type { Amount } from './quantity.js';
import type { TimePhrase } from './time-phrase.js';

/** Who or what a claim speaks of, with everything the words may mean. */
export interface Reference {
  readonly candidates: readonly Candidate[];
  /** The claim's own words. */
  readonly text: string;
}

/** Which of the times in an office is compared: its beginning, its end, its elections, or all of it. */
export type OfficeMoment = 'became' | 'took-office' | 'left' | 'elected' | 'reelected' | 'held';

/** Words beside a number: `about 50`, `more than 40`. */
export type Approximation = 'exactly' | 'about' | 'nearly' | 'more' | 'less' | 'at-least' | 'at-most';

/** A number as a claim gives it. */
export interface Quantity {
  readonly value: number;
  readonly approximation: Approximation;
}

interface Common {
  readonly isNegated: boolean;
  readonly time?: TimePhrase;
  /** "never", or no negation at all, speaks of all time; a plain "not" may leave a time unsaid. */
  readonly isForAllTime: boolean;
  /** Present or perfect tense: true at the time of the document, whatever that is. */
  readonly isPresent: boolean;
}

/** Somebody began, ended, won or held an office. */
export interface OfficeAssertion extends Common {
  readonly kind: 'office';
  readonly moment: OfficeMoment;
  readonly who: Reference;
  /** Both where the claim names none; another office altogether may then be meant, so nothing is contradicted. */
  readonly offices: readonly Office[];
  readonly isNamed: boolean;
}

/** Somebody was the 35th in an office. */
export interface OrdinalAssertion extends Common {
  readonly kind: 'ordinal';
  readonly who: Reference;
  readonly office: Office;
  readonly ordinal: number;
  /** What the time, where one is named, is the time of. */
  readonly moment: OfficeMoment;
}

/** Somebody belonged to a party. */
export interface PartyAssertion extends Common {
  readonly kind: 'party';
  readonly who: Reference;
  readonly party: Party;
  /** Said of the person as holder of this office, at the time named; a party alone may be one left long before. */
  readonly office?: Office;
}

/** Somebody was in an office for so long. */
export interface DurationAssertion extends Common {
  readonly kind: 'duration';
  readonly who: Reference;
  readonly office: Office;
  readonly quantity: Quantity;
  readonly unit: 'years' | 'terms';
}

/** One served under another. */
export interface UnderAssertion extends Common {
  readonly kind: 'under';
  readonly who: Reference;
  readonly office: Office;
  readonly under: Reference;
}

/** One came directly after another. */
export interface SuccessionAssertion extends Common {
  readonly kind: 'succession';
  readonly earlier: Reference;
  readonly later: Reference;
  readonly office?: Office;
}

/** Something happened, perhaps by somebody or in a presidency. */
export interface EventAssertion extends Common {
  readonly kind: 'event';
  readonly what: Reference;
  /** Wordings used; `undefined` for a bare "was in 1962". */
  readonly wordings?: readonly EventWording[];
  readonly by?: Reference;
  /** In whose presidency. */
  readonly under?: Reference;
}

/** An event lasted from one date to another. */
export interface LastedAssertion extends Common {
  readonly kind: 'lasted';
  readonly what: Reference;
}

/** There are so many of something. */
export interface CountAssertion extends Common {
  readonly kind: 'count';
  readonly of?: Reference;
  readonly counts: readonly CountFact[];
  readonly quantity: Quantity;
}

/** A number with its unit and the words beside it. */
export interface SaidAmount extends Amount {
  readonly approximation: Approximation;
}

/** A series had a value. */
export interface LevelAssertion extends Common {
  readonly kind: 'level';
  readonly of: Reference;
  readonly amount: SaidAmount;
}

/** A series rose or fell, perhaps from one value to another or by so much. */
export interface ChangeAssertion extends Common {
  readonly kind: 'change';
  readonly of: Reference;
  readonly direction: 'up' | 'down';
  readonly from?: SaidAmount;
  readonly to?: SaidAmount;
  readonly by?: SaidAmount;
}

/** A series was at its highest or lowest for so many years. */
export interface ExtremeAssertion extends Common {
  readonly kind: 'extreme';
  readonly of: Reference;
  readonly extreme: 'lowest' | 'highest';
  /** "in 30 years", "in over 5 years". */
  readonly years?: Quantity;
}

/** One thing stands to another. */
export interface RelationAssertion extends Common {
  readonly kind: 'relation';
  readonly relation: Relation;
  readonly subject: Reference;
  readonly object: Reference;
}

/** What one clause states, in a form that can be compared. */
export type Assertion =
  | OfficeAssertion
  | OrdinalAssertion
  | PartyAssertion
  | DurationAssertion
  | UnderAssertion
  | SuccessionAssertion
  | EventAssertion
  | LastedAssertion
  | CountAssertion
  | LevelAssertion
  | ChangeAssertion
  | ExtremeAssertion
  | RelationAssertion;
