import { formatDate } from './calendar.js';

/** Offices that can be compared; each has one holder at a time. */
export const OFFICES = ['president', 'vice-president'] as const;
/** One of {@link OFFICES}. */
export type Office = (typeof OFFICES)[number];

/** Parties an office was held for. */
export const PARTIES = [
  'Democratic',
  'Republican',
  'Whig',
  'Federalist',
  'Democratic-Republican',
  'National Union',
] as const;
/** One of {@link PARTIES}. */
export type Party = (typeof PARTIES)[number];

/** Kinds of event that bring their own wording; any other event lists its wording in `phrases`. */
export const EVENT_KINDS = [
  'admitted',
  'assassinated',
  'began',
  'died',
  'enacted',
  'ended',
  'founded',
  'happened',
  'ratified',
  'resigned',
  'signed',
  'took-effect',
  'other',
] as const;
/** One of {@link EVENT_KINDS}. */
export type EventKind = (typeof EVENT_KINDS)[number];

/** What a measured value is a number of. */
export const MEASURE_UNITS = ['percent', 'dollars', 'people'] as const;
/** One of {@link MEASURE_UNITS}. */
export type MeasureUnit = (typeof MEASURE_UNITS)[number];

interface FactBase {
  /** Canonical name, as evidence quotes it. */
  readonly subject: string;
  /** Other names that cannot mean anything else. */
  readonly aliases: readonly string[];
  /** Names that may mean something else too: they can support a claim, but alone they never contradict one. */
  readonly looseAliases: readonly string[];
  /** First day, month or year it is true: `YYYY`, `YYYY-MM` or `YYYY-MM-DD`. */
  readonly validFrom: string;
  /** Last day it is true; absent while it still is. */
  readonly validTo?: string;
  /**
   * Date up to which an open end is known to hold; later than that nothing is concluded from it.
   * Without it an open end holds for ever.
   */
  readonly knownUntil?: string;
  /** Where it is stated. */
  readonly source: string;
  /** The sentence evidence quotes; made from the fields where absent. */
  readonly statement?: string;
}

/** One unbroken time in an office; all of a person's times in an office are expected to be listed. */
export interface OfficeFact extends FactBase {
  readonly predicate: 'held-office';
  readonly office: Office;
  /** 35 for the 35th. */
  readonly ordinal?: number;
  readonly party?: Party;
  /** Years of the elections won for this time in office; empty where it began by succession. */
  readonly electedIn?: readonly number[];
}

/** Something that happened at a date, or lasted from one date to another. */
export interface EventFact extends FactBase {
  readonly predicate: 'event';
  readonly event: EventKind;
  /** Wording that states it, beside the wording of its kind: `landed on the moon`. */
  readonly phrases: readonly string[];
  /** Canonical name of the one person who did it, where it is one person's act. */
  readonly by?: string;
}

/** A number of things that holds for a time: 50 states since 1959. */
export interface CountFact extends FactBase {
  readonly predicate: 'count';
  /** What is counted, in the plural: `states`. */
  readonly unit: string;
  readonly unitAliases: readonly string[];
  readonly value: number;
}

/** A value of a statistical series for a stretch of time: an unemployment rate of 7.1 percent in 1980. */
export interface MeasureFact extends FactBase {
  readonly predicate: 'measure';
  readonly unit: MeasureUnit;
  readonly value: number;
  /** Whether the time is a fiscal year, which begins and ends at another day than the calendar's. */
  readonly isFiscal: boolean;
}

/** What {@link RelationFact} can relate. */
export const RELATIONS = ['capital', 'defeated'] as const;
/** One of {@link RELATIONS}. */
export type Relation = (typeof RELATIONS)[number];

/** Two things that stand to each other: `subject` is the capital of `object`, or defeated `object` in an election. */
export interface RelationFact extends FactBase {
  readonly predicate: 'relation';
  readonly relation: Relation;
  readonly object: string;
  /** Other names of the object that cannot mean anything else. */
  readonly objectAliases: readonly string[];
  /** Names of the object that may mean something else too. */
  readonly looseObjectAliases: readonly string[];
  /** Things that are known not to stand in this relation to the object: cities that are no capital of the place. */
  readonly others?: readonly string[];
}

/** A fact that can be compared with a claim. */
export type KnowledgeFact = OfficeFact | EventFact | CountFact | MeasureFact | RelationFact;

/** A true sentence that can be shown beside a claim but is never compared with it. */
export interface KnowledgeStatement {
  readonly text: string;
  readonly source: string;
}

/** What a knowledge file holds. */
export interface Knowledge {
  readonly title: string;
  readonly facts: readonly KnowledgeFact[];
  readonly statements: readonly KnowledgeStatement[];
}

/** The beginning or the end of an event that lasted, as an event of its own. */
export function eventEdge({ validTo, ...fact }: EventFact, event: 'began' | 'ended'): EventFact {
  return { ...fact, event, validFrom: event === 'ended' ? (validTo ?? fact.validFrom) : fact.validFrom };
}

/** The name of an office as evidence writes it. */
export function officeName(office: Office): string {
  return office === 'president' ? 'president of the United States' : 'vice president of the United States';
}

/** English ordinal of a positive integer: 1st, 22nd, 35th, 112th. */
export function ordinalText(value: number): string {
  const tens = value % 100;
  const suffix = tens >= 11 && tens <= 13 ? 'th' : (['th', 'st', 'nd', 'rd'][value % 10] ?? 'th');
  return `${value}${suffix}`;
}

/** A date with the preposition it needs: `on 2 September 1945`, `in 1945`. */
function at(date: string): string {
  return `${date.length > 7 ? 'on' : 'in'} ${formatDate(date)}`;
}

/** A value as evidence writes it: `7.1 percent`, `$73.8 billion`, `203,302,031`. */
export function amountText(value: number, unit: MeasureUnit): string {
  if (unit === 'percent') return `${String(value)} percent`;
  if (unit === 'people') return value.toLocaleString('en-US');
  const [scale, name] = value >= 1e12 ? [1e12, ' trillion'] : value >= 1e9 ? [1e9, ' billion'] : [1, ''];
  const shown = value / scale;
  return `$${scale === 1 ? shown.toFixed(2) : String(Number(shown.toFixed(3)))}${name}`;
}

function measureTime({ validFrom, validTo, isFiscal }: MeasureFact): string {
  if (validTo === undefined) return `since ${formatDate(validFrom)}`;
  if (validTo !== validFrom) return `from ${formatDate(validFrom)} to ${formatDate(validTo)}`;
  return isFiscal ? `in the fiscal year ${validFrom}` : at(validFrom);
}

/** The sentence evidence quotes for a fact. */
export function factStatement(fact: KnowledgeFact): string {
  if (fact.statement !== undefined) return fact.statement;
  const since = formatDate(fact.validFrom);
  const span = fact.validTo === undefined ? `since ${since}` : `from ${since} to ${formatDate(fact.validTo)}`;
  switch (fact.predicate) {
    case 'held-office': {
      const ordinal = fact.ordinal === undefined ? '' : `the ${ordinalText(fact.ordinal)} `;
      const party = fact.party === undefined ? '' : ` (${fact.party} Party)`;
      const verb = fact.validTo === undefined ? 'has been' : 'was';
      return `${fact.subject} ${verb} ${ordinal}${officeName(fact.office)} ${span}${party}.`;
    }
    case 'count':
      return `${fact.subject}: ${fact.value} ${fact.unit} ${span}.`;
    case 'measure':
      return `${fact.subject}: ${amountText(fact.value, fact.unit)} ${measureTime(fact)}.`;
    case 'relation':
      return fact.relation === 'capital'
        ? `${fact.subject} is the capital of ${fact.object}.`
        : `${fact.subject} defeated ${fact.object} in the election of ${fact.validFrom.slice(0, 4)}.`;
    case 'event': {
      const by = fact.by === undefined ? '' : `, by ${fact.by}`;
      const what = fact.event === 'other' ? (fact.phrases[0] ?? 'happened') : fact.event.replace('-', ' ');
      return fact.validTo === undefined
        ? `${fact.subject}: ${what} ${at(fact.validFrom)}${by}.`
        : `${fact.subject}: ${span}${by}.`;
    }
    default: {
      const never: never = fact;
      return never;
    }
  }
}
