import {
  eventEdge,
  type CountFact,
  type EventFact,
  type EventKind,
  type KnowledgeFact,
} from './knowledge-fact.js';
import { tokenize } from './tokens.js';

/** Somebody or something a name may mean. */
export interface Candidate {
  readonly subject: string;
  /** The name cannot mean anything else, so a claim about it may be contradicted. */
  readonly isSure: boolean;
}

/** Words that state an event. */
export interface EventWording {
  readonly fact: EventFact;
  /** Days by which a date may differ before the two disagree, because the words are used loosely; may be infinite. */
  readonly slackDays: number;
}

/** What a run of words may stand for. */
export interface LexiconEntry {
  readonly words: readonly string[];
  readonly candidates: Candidate[];
  readonly wordings: EventWording[];
  readonly counts: CountFact[];
}

/** Past, plain and compound forms; `|` separates them. */
const WORDING: Readonly<Record<EventKind, string>> = {
  admitted:
    'became a state|become a state|became states|admitted|admitted to the union|admitted as a state|joined the union|join the union|entered the union|achieved statehood|gained statehood',
  assassinated: 'assassinated|murdered|shot dead',
  began: 'began|begin|begun|started|start|broke out|break out|commenced',
  died: 'died|die|passed away',
  enacted: 'enacted|signed into law|signed|became law|become law',
  ended: 'ended|end|came to an end|come to an end|concluded|was over|were over',
  founded: '',
  happened: 'happened|happen|took place|take place|occurred|occur',
  ratified: 'ratified|added to the constitution',
  resigned:
    'resigned the presidency|resigned from the presidency|resigned as president|resign the presidency',
  signed: 'signed',
  'took-effect':
    'took effect|take effect|came into force|come into force|entered into force|went into effect|came into effect|come into effect',
  other: '',
};
/** Wording that people also use for an earlier or later step of the same thing. */
const LOOSE_WORDING: Readonly<Partial<Record<EventKind, string>>> = {
  resigned: 'resigned|resign|resigned from office|stepped down',
  enacted: 'passed|pass|passed by congress|adopted|approved',
  founded: 'founded|created|established|formed|set up|came into being|came into existence',
  ratified: 'adopted|passed',
};
/** A year and a day: "passed in 2009" may mean one house of Congress. Somebody may resign from several offices. */
const LOOSE_SLACK_DAYS: Readonly<Partial<Record<EventKind, number>>> = { resigned: Infinity };
const DEFAULT_LOOSE_SLACK_DAYS = 366;

/** Finds the longest known name or wording at a position in a text. */
export class Lexicon {
  readonly #byFirstWord = new Map<string, Map<string, LexiconEntry>>();

  constructor(facts: readonly KnowledgeFact[]) {
    for (const fact of facts) {
      for (const alias of [fact.subject, ...fact.aliases])
        this.#name(alias, { subject: fact.subject, isSure: true });
      for (const alias of fact.looseAliases) this.#name(alias, { subject: fact.subject, isSure: false });
      if (fact.predicate === 'relation') {
        for (const alias of [fact.object, ...fact.objectAliases])
          this.#name(alias, { subject: fact.object, isSure: true });
        for (const alias of fact.looseObjectAliases)
          this.#name(alias, { subject: fact.object, isSure: false });
        for (const other of fact.others ?? []) this.#name(other, { subject: other, isSure: false });
      }
      if (fact.predicate === 'event') this.#event(fact);
      if (fact.predicate === 'count') {
        for (const unit of [fact.unit, ...fact.unitAliases]) this.#entry(unit)?.counts.push(fact);
      }
    }
  }

  /** The longest entry that begins at a position. */
  at(tokens: readonly string[], position: number): LexiconEntry | undefined {
    let longest: LexiconEntry | undefined;
    for (const entry of this.#byFirstWord.get(tokens[position] ?? '')?.values() ?? []) {
      if (entry.words.length <= (longest?.words.length ?? 0)) continue;
      if (entry.words.every((word, offset) => tokens[position + offset] === word)) longest = entry;
    }
    return longest;
  }

  #entry(text: string): LexiconEntry | undefined {
    const words = tokenize(text);
    const first = words[0];
    if (first === undefined) return undefined;
    const group = this.#byFirstWord.get(first) ?? new Map<string, LexiconEntry>();
    this.#byFirstWord.set(first, group);
    const key = words.join(' ');
    const entry = group.get(key) ?? { words, candidates: [], wordings: [], counts: [] };
    group.set(key, entry);
    return entry;
  }

  #name(alias: string, candidate: Candidate): void {
    const known = this.#entry(alias)?.candidates;
    const at = known?.findIndex((other) => other.subject === candidate.subject) ?? -1;
    if (at < 0) known?.push(candidate);
    else if (candidate.isSure) known?.splice(at, 1, candidate);
  }

  #event(fact: EventFact): void {
    const add = (forms: readonly string[], wording: EventWording): void => {
      for (const form of forms) if (form !== '') this.#entry(form)?.wordings.push(wording);
    };
    add([...WORDING[fact.event].split('|'), ...fact.phrases], { fact, slackDays: 0 });
    add((LOOSE_WORDING[fact.event] ?? '').split('|'), {
      fact,
      slackDays: LOOSE_SLACK_DAYS[fact.event] ?? DEFAULT_LOOSE_SLACK_DAYS,
    });
    if (fact.validTo !== undefined) {
      add(WORDING.began.split('|'), { fact: eventEdge(fact, 'began'), slackDays: 0 });
      add(WORDING.ended.split('|'), { fact: eventEdge(fact, 'ended'), slackDays: 0 });
    }
  }
}
