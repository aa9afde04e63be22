import MiniSearch from 'minisearch';

import { parseDate, type DayRange } from './calendar.js';
import { KnowledgeError } from './knowledge-error.js';
import {
  factStatement,
  type EventFact,
  type Knowledge,
  type KnowledgeFact,
  type KnowledgeStatement,
  type MeasureFact,
  type Office,
  type OfficeFact,
  type Relation,
  type RelationFact,
} from './knowledge-fact.js';
import { Lexicon } from './lexicon.js';
import { tokenize } from './tokens.js';

/** A date range that may be open at its end. */
export interface FactRange extends DayRange {
  /** The end is not known: `to` is only how far the knowledge reaches. */
  readonly isOpen: boolean;
}

/** A sentence of the base and its source, as retrieval returns it. */
export interface RelatedStatement {
  readonly statement: string;
  readonly source: string;
}

const MAX_QUERY_WORDS = 40;
/** Share of the words of a statement that a text has to hold for the two to be about the same thing. */
const SHARED_WORDS = 0.4;
/** Share of the statements, and number of them, beyond which a subject is mentioned too often to tell anything. */
const COMMON_SHARE = 0.05;
const COMMON_LEAST = 20;
/** Words too common to show that two sentences are about the same thing. */
const COMMON = new Set(
  'of to in on at by for from with and or but not no as is are was were be been being have has had do does did it its he she they them his her their we us our you your i me my this that these those there here which who whom whose what when where why how than then so such more most many much very can could will would shall should may might must into over under up down out about after before since until during between all any some each every both other another only own same too one two people state states united year years new'.split(
    ' ',
  ),
);

/** Words of figures: without a word for what they measure, "15 percent" of two things is a coincidence. */
const MEASURING = new Set(
  'percent percentage per cent hundred thousand million billion trillion dollar dollars rate rates average annual fiscal'.split(
    ' ',
  ),
);

function words(text: string): string[] {
  return tokenize(text).filter((word) => word.length > 1 && !COMMON.has(word));
}

function commonIn(
  subjects: ReadonlySet<string>,
  statements: readonly RelatedStatement[],
): ReadonlySet<string> {
  const most = Math.max(COMMON_LEAST, statements.length * COMMON_SHARE);
  return new Set(
    [...subjects].filter(
      (subject) => statements.filter(({ statement }) => statement.includes(subject)).length > most,
    ),
  );
}

function sharesEnough(statement: string, asked: ReadonlySet<string>): boolean {
  const own = [...new Set(words(statement))];
  const shared = own.filter((word) => asked.has(word));
  return (
    shared.length >= 2 &&
    shared.length >= own.length * SHARED_WORDS &&
    shared.some((word) => !MEASURING.has(word) && !/^[^\p{L}]*\p{N}/u.test(word))
  );
}

/** First to last day a fact is true. */
export function factRange(fact: KnowledgeFact): FactRange {
  const from = parseDate(fact.validFrom) ?? { from: 0, to: 0 };
  if (fact.predicate === 'event' && fact.validTo === undefined) return { ...from, isOpen: false };
  if (fact.validTo !== undefined)
    return { from: from.from, to: parseDate(fact.validTo)?.to ?? from.to, isOpen: false };
  const until = fact.knownUntil === undefined ? undefined : parseDate(fact.knownUntil);
  return { from: from.from, to: Math.max(until?.to ?? Infinity, from.to), isOpen: true };
}

/**
 * Gives facts about one person or thing from several sources the same subject: where a subject is another
 * subject's unmistakable alias, the one that came first keeps its name.
 */
function oneNameEach(facts: readonly KnowledgeFact[]): readonly KnowledgeFact[] {
  const owners = new Map<string, Set<string>>();
  for (const fact of facts) {
    for (const alias of fact.aliases) owners.set(alias, (owners.get(alias) ?? new Set()).add(fact.subject));
  }
  const seen = new Set<string>();
  return facts.map((fact) => {
    const [owner, ...others] = owners.get(fact.subject) ?? [];
    if (owner === undefined || others.length > 0 || !seen.has(owner) || seen.has(fact.subject)) {
      seen.add(fact.subject);
      return fact;
    }
    return { ...fact, subject: owner, aliases: [...fact.aliases, fact.subject] };
  });
}

/**
 * What is known and from where: structured facts that can be compared with a claim, and statements that can only
 * be shown beside it. Immutable once built; several sources are joined by passing all of them.
 */
export class KnowledgeBase {
  readonly facts: readonly KnowledgeFact[];
  readonly statements: readonly KnowledgeStatement[];
  /** @internal */
  readonly lexicon: Lexicon;
  readonly #bySubject = new Map<string, KnowledgeFact[]>();
  readonly #related: readonly RelatedStatement[];
  /** Subjects that so many statements mention that naming one says little: the country all of them are about. */
  readonly #common: ReadonlySet<string>;
  readonly #search: MiniSearch<{ id: number; text: string }>;

  /**
   * @param parts facts and statements; the order decides only which of two equal matches is named first.
   * @throws {@link KnowledgeError} `KNOWLEDGE_DATE` for a fact whose dates are not dates.
   */
  constructor(...parts: readonly Partial<Pick<Knowledge, 'facts' | 'statements'>>[]) {
    this.facts = oneNameEach(parts.flatMap((part) => part.facts ?? []));
    this.statements = parts.flatMap((part) => part.statements ?? []);
    for (const fact of this.facts) {
      for (const date of [fact.validFrom, fact.validTo, fact.knownUntil]) {
        if (date !== undefined && parseDate(date) === undefined) {
          throw new KnowledgeError(
            'KNOWLEDGE_DATE',
            `The fact about "${fact.subject}" has the date "${date}". Write YYYY, YYYY-MM or YYYY-MM-DD.`,
          );
        }
      }
      const names = fact.predicate === 'relation' ? [fact.object, ...(fact.others ?? [])] : [];
      for (const name of new Set([fact.subject, ...names])) {
        const known = this.#bySubject.get(name) ?? [];
        known.push(fact);
        this.#bySubject.set(name, known);
      }
    }
    this.lexicon = new Lexicon(this.facts);
    this.#related = [
      ...this.facts.map((fact) => ({ statement: factStatement(fact), source: fact.source })),
      ...this.statements.map(({ text, source }) => ({ statement: text, source })),
    ];
    this.#common = commonIn(new Set(this.facts.map(({ subject }) => subject)), this.#related);
    this.#search = new MiniSearch<{ id: number; text: string }>({
      fields: ['text'],
      tokenize: words,
      processTerm: (term) => term,
    });
    this.#search.addAll(
      this.#related.map((related, id) => {
        const fact = this.facts[id];
        return {
          id,
          text: fact === undefined ? related.statement : [related.statement, ...fact.aliases].join(' '),
        };
      }),
    );
  }

  /** A person's times in an office, earliest first; one that several sources state is given once. */
  officeFacts(subject: string, office: Office): readonly OfficeFact[] {
    const facts = (this.#bySubject.get(subject) ?? []).filter(
      (fact): fact is OfficeFact => fact.predicate === 'held-office' && fact.office === office,
    );
    return facts
      .filter((fact, at) => facts.findIndex((other) => other.validFrom === fact.validFrom) === at)
      .sort((a, b) => factRange(a).from - factRange(b).from);
  }

  /** Everybody's times in an office. */
  holders(office: Office): readonly OfficeFact[] {
    return this.facts.filter(
      (fact): fact is OfficeFact => fact.predicate === 'held-office' && fact.office === office,
    );
  }

  /** The events of a subject. */
  events(subject: string): readonly EventFact[] {
    return (this.#bySubject.get(subject) ?? []).filter(
      (fact): fact is EventFact => fact.predicate === 'event',
    );
  }

  /** The values of a series, earliest first. */
  measures(subject: string): readonly MeasureFact[] {
    return (this.#bySubject.get(subject) ?? [])
      .filter((fact): fact is MeasureFact => fact.predicate === 'measure')
      .sort((a, b) => factRange(a).from - factRange(b).from);
  }

  /** The relations of this kind that something has, from either side. */
  relations(name: string, relation: Relation): readonly RelationFact[] {
    return (this.#bySubject.get(name) ?? []).filter(
      (fact): fact is RelationFact => fact.predicate === 'relation' && fact.relation === relation,
    );
  }

  /**
   * Statements about the same thing, nearest in wording first. A fact is about the same thing where the text names its
   * subject by a name that can mean nothing else. Any other sentence has to share at least two of its words, and
   * at least {@link SHARED_WORDS} of them: a date, a month and "first" in common are a coincidence. So are figures and
   * their units alone.
   *
   * @param limit at most this many. @default 3
   */
  related(text: string, limit = 3): readonly RelatedStatement[] {
    const asked = new Set(words(text));
    const query = [...asked].slice(0, MAX_QUERY_WORDS).join(' ');
    if (query === '') return [];
    const named = this.#namedIn(text);
    const seen = new Set<string>();
    const found: RelatedStatement[] = [];
    for (const hit of this.#search.search(query)) {
      const related = this.#related[Number(hit.id)];
      if (related === undefined || hit.queryTerms.length < 2 || seen.has(related.statement)) continue;
      const fact = this.facts[Number(hit.id)];
      if (!(fact !== undefined && named.has(fact.subject)) && !sharesEnough(related.statement, asked))
        continue;
      seen.add(related.statement);
      found.push(related);
      if (found.length >= limit) break;
    }
    return found;
  }

  /** Subjects that a text names unmistakably. */
  #namedIn(text: string): ReadonlySet<string> {
    const tokens = tokenize(text);
    const named = new Set<string>();
    for (let at = 0; at < tokens.length;) {
      const entry = this.lexicon.at(tokens, at);
      for (const { subject, isSure } of entry?.candidates ?? [])
        if (isSure && !this.#common.has(subject)) named.add(subject);
      at += Math.max(1, entry?.words.length ?? 1);
    }
    return named;
  }
}
