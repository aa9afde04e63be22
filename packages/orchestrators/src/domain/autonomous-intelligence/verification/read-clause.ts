import type { Approximation, Assertion, OfficeMoment, Quantity, Reference } from './assertion.js';
import type { Item } from './clause-items.js';
import type { Office } from './knowledge-fact.js';
import { MEASURE_PATTERNS } from './read-measure.js';
import type { TimePhrase } from './time-phrase.js';

/**
 * A clause is read only when every part of it is understood: its items are written as one short line, such as
 * `E0 was O2 T3`, and that line has to match a whole pattern. Whatever a pattern has no place for (if, nearly,
 * said that, his brother) makes the clause unreadable, and an unreadable clause gets no verdict.
 */
const CODE: Readonly<Record<Exclude<Item['type'], 'word'>, string>> = {
  entity: 'E',
  wording: 'V',
  unit: 'U',
  office: 'O',
  party: 'P',
  number: 'N',
  amount: 'Q',
  ordinal: 'R',
  time: 'T',
};

const AUX =
  '(?: (?<aux>was|were|is|are|has|had|have|did|does|do))?(?: (?<neg>not|never))?(?: (?<been>been))?';
const TIME = '(?: T(?<t>\\d+))?';
const QUANTITY =
  '(?:(?<approx>exactly|about|around|roughly|approximately|some|nearly|almost|more than|over|less than|fewer than|under|at least|at most|only) )?N(?<n>\\d+)';

type Groups = Readonly<Record<string, string | undefined>>;
/** What a pattern that matched gives to what it builds. */
export interface Parts {
  readonly groups: Groups;
  readonly ref: (name: string) => Reference;
  readonly office: (name: string) => Office;
  readonly common: {
    readonly isNegated: boolean;
    readonly isForAllTime: boolean;
    readonly isPresent: boolean;
    readonly time?: TimePhrase;
  };
  readonly quantity: () => Quantity;
  readonly item: (name: string) => Item | undefined;
  /** It was "not … until": the time is when it began. */
  readonly isUntil: boolean;
}
/** Makes assertions of a match; `undefined` where the words fit and the sense does not. */
export type Build = (parts: Parts) => readonly Assertion[] | undefined;

const APPROXIMATIONS: Readonly<Record<string, Approximation>> = {
  about: 'about', around: 'about', roughly: 'about', approximately: 'about', some: 'about', nearly: 'nearly',
  almost: 'nearly', 'more than': 'more', over: 'more', 'less than': 'less', 'fewer than': 'less', under: 'less',
  'at least': 'at-least', 'at most': 'at-most',
}; // prettier-ignore

const moment =
  (name: OfficeMoment): Build =>
  ({ ref, office, common, groups }) => [
    {
      kind: 'office',
      moment: name,
      who: ref('s'),
      offices: groups['o'] === undefined ? (['president', 'vice-president'] as const) : [office('o')],
      isNamed: groups['o'] !== undefined,
      ...common,
    },
  ];

const PATTERNS: readonly (readonly [RegExp, Build])[] = (
  [
    // Offices
    [`E(?<s>\\d+)${AUX} (?:became|become) O(?<o>\\d+)${TIME}`, moment('became')],
    [`E(?<s>\\d+)${AUX} (?:assumed|assume) O(?<o>\\d+)${TIME}`, moment('took-office')],
    [
      `E(?<s>\\d+)${AUX} (?:sworn in|inaugurated|took office|take office|assumed office)(?: as O(?<o>\\d+))?${TIME}`,
      moment('took-office'),
    ],
    [`E(?<s>\\d+)${AUX} elected(?: as| to be)?(?: to)? O(?<o>\\d+)${TIME}`, moment('elected')],
    [`E(?<s>\\d+)${AUX} re ?elected(?: as| to)? O(?<o>\\d+)${TIME}`, moment('reelected')],
    [`E(?<s>\\d+)${AUX} re ?elected T(?<t>\\d+)`, moment('reelected')],
    [`E(?<s>\\d+)${AUX} elected T(?<t>\\d+)`, moment('elected')],
    [`E(?<s>\\d+)${AUX} (?:left|leave) (?:office|O(?<o>\\d+))${TIME}`, moment('left')],
    [`E(?<s>\\d+)${AUX} (?:ceased|cease) to be O(?<o>\\d+)${TIME}`, moment('left')],
    [`E(?<s>\\d+)${AUX}(?: (?<served>served|serve|serving) as)? O(?<o>\\d+)${TIME}`, held],
    [`O(?<o>\\d+) T(?<t>\\d+) (?<aux>was|is)(?: (?<neg>not))? E(?<s>\\d+)`, held],
    [`O(?<o>\\d+) (?<aux>was|is)(?: (?<neg>not))? E(?<s>\\d+)${TIME}`, held],
    [`E(?<s>\\d+)${AUX}(?: (?<served>served|serve) as)? O(?<o>\\d+) under E(?<u>\\d+)`, under],
    [`E(?<s>\\d+)${AUX}(?: (?<served>served|serve) as)? E(?<u>\\d+) 's O(?<o>\\d+)`, under],
    [`E(?<s>\\d+)${AUX}(?: (?<became>became|become|served as))? R(?<r>\\d+) O(?<o>\\d+)${TIME}`, ordinal],
    [`R(?<r>\\d+) O(?<o>\\d+) (?<aux>was|is)(?: (?<neg>not|never))? E(?<s>\\d+)`, ordinal],
    [`E(?<s>\\d+)${AUX} P(?<p>\\d+)(?: O(?<o>\\d+))?${TIME}`, party],
    [`E(?<s>\\d+)${AUX}(?: served)?(?: as)? O(?<o>\\d+) for ${QUANTITY} (?<unit>years?|terms?)`, duration],
    [
      `E(?<s>\\d+)${AUX} (?:served|serve)(?: for)? ${QUANTITY} (?<unit>years?|terms?) as O(?<o>\\d+)`,
      duration,
    ],
    [
      `E(?<later>\\d+)${AUX} (?:succeeded|succeed|followed) E(?<earlier>\\d+)(?: as O(?<o>\\d+))?`,
      succession,
    ],
    [`E(?<earlier>\\d+)${AUX} (?:succeeded|followed) by E(?<later>\\d+)(?: as O(?<o>\\d+))?`, succession],
    [`E(?<earlier>\\d+)${AUX} (?:preceded|precede) E(?<later>\\d+)(?: as O(?<o>\\d+))?`, succession],
    // Events
    [`E(?<s>\\d+)${AUX} V(?<v>\\d+)(?: by E(?<by>\\d+)| under E(?<u>\\d+))?${TIME}`, event],
    [`E(?<s>\\d+)${AUX} V(?<v>\\d+) T(?<t>\\d+) (?:by E(?<by>\\d+)|under E(?<u>\\d+))`, event],
    [`E(?<by>\\d+)${AUX} V(?<v>\\d+) E(?<s>\\d+)(?: into law)?${TIME}`, event],
    [`E(?<s>\\d+) and E(?<other>\\d+)(?: (?<aux>was|were|have))? V(?<v>\\d+)${TIME}`, both],
    [`E(?<s>\\d+) (?<aux>was|were)(?: (?<neg>not))? T(?<t>\\d+)`, event],
    [`E(?<s>\\d+) (?:lasted|ran|went on) T(?<t>\\d+)`, lasted],
    [`(?:we|congress|this congress|you)(?: (?<aux>have|has))? V(?<v>\\d+) E(?<s>\\d+)${TIME}`, event],
    [`there (?<aux>was|were)(?: (?<neg>not))? E(?<s>\\d+) T(?<t>\\d+)`, event],
    // Numbers
    [
      `there (?<aux>is|are|was|were|have been)(?: (?<neg>not))? ${QUANTITY} U(?<c>\\d+)(?: (?:in|on|of) E(?<s>\\d+))?${TIME}`,
      count,
    ],
    [
      `E(?<s>\\d+)(?: (?<aux>does|did|do)(?: (?<neg>not)))? (?:(?<have>has|have)|had|consisted of|(?<of>consists of|is made up of|contains|comprises)) ${QUANTITY} U(?<c>\\d+)${TIME}`,
      count,
    ],
    [`E(?<s>\\d+) (?<aux>has|have) had ${QUANTITY} U(?<c>\\d+)${TIME}`, count],
    [
      `number of U(?<c>\\d+)(?: (?:in|on|of) E(?<s>\\d+))? (?<aux>is|was)(?: (?<neg>not))? ${QUANTITY}${TIME}`,
      count,
    ],
    ...MEASURE_PATTERNS,
  ] as const
).map(([pattern, build]) => [new RegExp(`^${pattern}$`), build] as const);

function held({ groups, ref, office, common, isUntil }: Parts): readonly Assertion[] | undefined {
  if (groups['aux'] === undefined && groups['served'] === undefined) return undefined;
  const name: OfficeMoment = isUntil ? 'became' : 'held';
  return [{ kind: 'office', moment: name, who: ref('s'), offices: [office('o')], isNamed: true, ...common }];
}

function under({ groups, ref, office, common }: Parts): readonly Assertion[] | undefined {
  if (groups['aux'] === undefined && groups['served'] === undefined) return undefined;
  return [{ kind: 'under', who: ref('s'), office: office('o'), under: ref('u'), ...common }];
}

function ordinal({ groups, ref, office, common, item }: Parts): readonly Assertion[] | undefined {
  const number = item('r');
  if (number?.type !== 'ordinal' || (groups['aux'] === undefined && groups['became'] === undefined))
    return undefined;
  // "was not the 35th president in 1961" may deny the number or the year.
  if (common.isNegated && common.time !== undefined) return undefined;
  const name: OfficeMoment = groups['became']?.startsWith('bec') === true ? 'became' : 'held';
  return [
    { kind: 'ordinal', who: ref('s'), office: office('o'), ordinal: number.value, moment: name, ...common },
  ];
}

function party({ groups, ref, office, common, item }: Parts): readonly Assertion[] | undefined {
  const named = item('p');
  if (named?.type !== 'party' || groups['aux'] === undefined) return undefined;
  if (common.time !== undefined && (common.isNegated || groups['o'] === undefined)) return undefined;
  const as = groups['o'] === undefined ? {} : { office: office('o') };
  return [{ kind: 'party', who: ref('s'), party: named.party, ...as, ...common }];
}

function duration({ groups, ref, office, common, quantity }: Parts): readonly Assertion[] | undefined {
  const unit = groups['unit']?.startsWith('year') === true ? 'years' : 'terms';
  return [{ kind: 'duration', who: ref('s'), office: office('o'), quantity: quantity(), unit, ...common }];
}

function succession({ groups, ref, office, common }: Parts): readonly Assertion[] | undefined {
  const as = groups['o'] === undefined ? {} : { office: office('o') };
  return [{ kind: 'succession', earlier: ref('earlier'), later: ref('later'), ...as, ...common }];
}

function event({ groups, ref, common, item }: Parts): readonly Assertion[] | undefined {
  const wording = item('v');
  const subjects = new Set(ref('s').candidates.map(({ subject }) => subject));
  // "The deficit fell": a wording of other things' events is a plain word here.
  if (wording?.type === 'wording' && !wording.wordings.some(({ fact }) => subjects.has(fact.subject)))
    return undefined;
  return [
    {
      kind: 'event',
      what: ref('s'),
      ...(wording?.type === 'wording' ? { wordings: wording.wordings } : {}),
      ...(groups['by'] === undefined ? {} : { by: ref('by') }),
      ...(groups['u'] === undefined ? {} : { under: ref('u') }),
      ...common,
    },
  ];
}

/** "Alaska and Hawaii became states" says it of each. */
function both(parts: Parts): readonly Assertion[] | undefined {
  const first = event(parts);
  const second = event({ ...parts, ref: (name) => parts.ref(name === 's' ? 'other' : name) });
  return first === undefined || second === undefined ? undefined : [...first, ...second];
}

function lasted({ ref, common }: Parts): readonly Assertion[] | undefined {
  return [{ kind: 'lasted', what: ref('s'), ...common }];
}

function count({ groups, ref, common, item, quantity }: Parts): readonly Assertion[] | undefined {
  const unit = item('c');
  if (unit?.type !== 'unit') return undefined;
  const isPresent = common.isPresent || groups['have'] !== undefined || groups['of'] !== undefined;
  const of = groups['s'] === undefined ? {} : { of: ref('s') };
  return [{ kind: 'count', counts: unit.counts, quantity: quantity(), ...of, ...common, isPresent }];
}

const INTRODUCTION =
  /^(?:(?:in fact|of course|as (?:we|you|everyone) (?:all )?knows?) ,? ?|(?:we|everyone|everybody) (?:all )?knows? that |it (?:is|was) (?:true|fact|well known|known) that )/;
const DENIAL = /^it (?:is|was) (?:not true|false|untrue|myth|not case) that /;

/**
 * The items as one line, the leading time moved to the end, commas around times left out. Words that state an event
 * ("fell") may also be plain words of another clause.
 */
function line(items: readonly Item[], asWords: boolean): string {
  const codes = items.map((item, index) =>
    item.type === 'word' || (asWords && item.type === 'wording') ? item.text : `${CODE[item.type]}${index}`,
  );
  const moved =
    codes[0]?.startsWith('T') === true && codes.length > 1 ? [...codes.slice(1), codes[0]] : codes;
  return moved
    .filter((code, at) => code !== ',' || !((moved[at + 1] ?? '').startsWith('T') || at === 0))
    .join(' ');
}

/**
 * Reads a clause as one or more assertions that all have to be true; `undefined` where any part of it is not
 * understood.
 */
export function readClause(items: readonly Item[]): readonly Assertion[] | undefined {
  if (items.length === 0 || items.length > 24) return undefined;
  const read = readLine(items, line(items, false));
  if (read !== undefined || !items.some((item) => item.type === 'wording')) return read;
  return readLine(items, line(items, true));
}

function readLine(items: readonly Item[], written: string): readonly Assertion[] | undefined {
  let text = written;
  const isDenied = DENIAL.test(text);
  text = text.replace(DENIAL, '').replace(INTRODUCTION, '');
  if (/^T\d+ ?,? /.test(text)) text = text.replace(/^(T\d+) ?,? (.*)$/, '$2 $1');
  for (const [pattern, build] of PATTERNS) {
    const groups = pattern.exec(text)?.groups;
    if (groups === undefined) continue;
    const assertions = build(parts(items, groups, isDenied));
    if (assertions === undefined || (isDenied && assertions.length > 1)) continue;
    return assertions;
  }
  return undefined;
}

function parts(items: readonly Item[], groups: Groups, isDenied: boolean): Parts {
  const item = (name: string): Item | undefined => items[Number(groups[name] ?? -1)];
  const when = item('t');
  let time = when?.type === 'time' ? when.time : undefined;
  let isNegated = groups['neg'] !== undefined;
  // "did not end until 1945" says that it ended in 1945.
  const isUntil = groups['neg'] === 'not' && time?.relation === 'until';
  if (isUntil && time !== undefined) {
    isNegated = false;
    time = { ...time, relation: 'in' };
  }
  return {
    groups,
    item,
    isUntil,
    ref: (name) => {
      const found = item(name);
      if (found?.type !== 'entity') return { candidates: [], text: '' };
      const office = item('o');
      // Beside "president of the United States" a surname is unmistakable.
      return office?.type === 'office' && office.namesCountry
        ? {
            ...found.reference,
            candidates: found.reference.candidates.map((one) => ({ ...one, isSure: true })),
          }
        : found.reference;
    },
    office: (name) => {
      const found = item(name);
      return found?.type === 'office' ? found.office : 'president';
    },
    quantity: () => {
      const found = item('n');
      return {
        value: found?.type === 'number' ? found.value : Number.NaN,
        approximation: APPROXIMATIONS[groups['approx'] ?? ''] ?? 'exactly',
      };
    },
    common: {
      isNegated: isNegated !== isDenied,
      isForAllTime: groups['neg'] !== 'not',
      isPresent: /^(?:is|are|has|have|does|do)$/.test(groups['aux'] ?? ''),
      ...(time === undefined ? {} : { time }),
    },
  };
}
