import type { Assertion, SaidAmount } from './assertion.js';
import type { Build, Parts } from './read-clause.js';

const AMOUNT =
  '(?:about|around|roughly|approximately|some|nearly|almost|more than|over|less than|fewer than|under|at least|at most|only|just|just under|just over) ';
const amount = (name: string): string => `(?<${name}w>${AMOUNT})?[NQ](?<${name}>\\d+)(?: (?:per )?hour)?`;
/** Words before a series that leave it what it is; the country is understood. */
const OURS = "(?:our |nation 's |country 's )?";
const SERIES = `${OURS}E(?<s>\\d+)`;
const TIME = '(?: T(?<t>\\d+))?';
const LEVEL =
  '(?<aux>is|are|was|were|has|have|had)(?: (?<neg>not))?(?: been)?(?: (?:now|currently|already))?(?: (?:at|stands at|stood at|running at|reached|hit|averaged|averaging|totaled|totalled|totaling|amounted to|came to|standing at|estimated at))?';
const UP =
  'rose|risen|rises|rise|rising|increased|increases|grew|grown|grows|climbed|jumped|soared|went up|gone up|up';
const DOWN =
  'fell|fallen|falls|fall|falling|dropped|drops|declined|declines|decreased|went down|gone down|came down|come down|cut|reduced|down|shrank|shrunk';
const CHANGE = `(?:(?<aux>is|are|was|were|has|have|had|did)(?: (?<neg>not))?(?: been)?(?: (?:now|already))? )?(?:(?<up>${UP})|(?<down>${DOWN}))`;
const EXTREME = '(?<ext>lowest|highest|largest|biggest|smallest|greatest)';
const SPAN =
  '(?: (?:in|for)(?<yw> more than| over| almost| nearly| about| at least)? N(?<y>\\d+) (?<unit>years?|decades?)| (?<ever>ever|on record|in history|in our history|in us history|in history of E\\d+)| T(?<t>\\d+))';
const LEVEL_WORD = '(?: (?:level|levels|rate|point|it been|it has been|they have been))?';

const CAPITAL = '(?:(?:state|national) )?capital(?: city)?';
/** "is", "is still", "was not", "remains", "serves as". */
const BEING =
  '(?:(?<aux>is|was)(?: (?<neg>not|never))?(?: (?:still|now|today|currently))?|(?<stays>remains|serves as))';
/** "is Paris", "is called Paris", "is not Paris". */
const NAMED = '(?<aux>is|was)(?: (?<neg>not|never))?(?: (?:still|now|called|named))?';

const APPROXIMATIONS: Readonly<Record<string, SaidAmount['approximation']>> = {
  about: 'about', around: 'about', roughly: 'about', approximately: 'about', some: 'about', nearly: 'nearly',
  almost: 'nearly', 'more than': 'more', over: 'more', 'just over': 'about', 'less than': 'less',
  'fewer than': 'less', under: 'less', 'just under': 'about', 'at least': 'at-least', 'at most': 'at-most',
}; // prettier-ignore

function said({ item, groups }: Parts, name: string): SaidAmount | undefined {
  const found = item(name);
  const approximation = APPROXIMATIONS[(groups[`${name}w`] ?? '').trim()] ?? 'exactly';
  if (found?.type === 'amount') return { ...found.amount, approximation };
  if (found?.type !== 'number') return undefined;
  return { value: found.value, unit: undefined, resolution: resolution(found.text), approximation };
}

function resolution(text: string): number {
  const decimals = text.split('.')[1];
  return decimals === undefined ? 1 : 10 ** -decimals.length;
}

function level(parts: Parts): readonly Assertion[] | undefined {
  const amount = said(parts, 'n');
  // A bare number beside a series is not surely its value; a million of something is.
  if (amount === undefined || parts.item('n')?.type !== 'amount') return undefined;
  return [{ kind: 'level', of: parts.ref('s'), amount, ...parts.common }];
}

function above(parts: Parts): readonly Assertion[] | undefined {
  const amount = said(parts, 'n');
  if (amount?.approximation !== 'exactly' || parts.item('n')?.type !== 'amount') return undefined;
  return [
    { kind: 'level', of: parts.ref('s'), amount: { ...amount, approximation: 'more' }, ...parts.common },
  ];
}

function change(parts: Parts): readonly Assertion[] | undefined {
  const { groups, common, ref } = parts;
  const from = said(parts, 'a');
  const to = said(parts, 'b');
  const by = said(parts, 'n');
  const unit = from?.unit ?? to?.unit ?? by?.unit;
  if ((from ?? to ?? by) !== undefined && unit === undefined) return undefined;
  if (common.isNegated && (from ?? to ?? by) !== undefined) return undefined;
  const isBare =
    groups['aux'] === undefined &&
    /^(?:up|down|rise|fall|rising|falling)$/.test(groups['up'] ?? groups['down'] ?? '');
  // "Unemployment up" is a headline; only with its values does it say something that can be compared.
  if (isBare && from === undefined) return undefined;
  return [
    {
      kind: 'change',
      of: ref('s'),
      direction: groups['up'] === undefined ? 'down' : 'up',
      ...(from === undefined ? {} : { from: { ...from, unit } }),
      ...(to === undefined ? {} : { to: { ...to, unit } }),
      ...(by === undefined ? {} : { by: { ...by, unit } }),
      ...common,
    },
  ];
}

function extreme(parts: Parts): readonly Assertion[] | undefined {
  const { groups, common, ref, item } = parts;
  if (common.time !== undefined && common.time.relation !== 'since') return undefined;
  const number = item('y');
  const perUnit = groups['unit']?.startsWith('decade') === true ? 10 : 1;
  const words = (groups['yw'] ?? '').trim();
  return [
    {
      kind: 'extreme',
      of: ref('s'),
      extreme: groups['ext'] === 'lowest' || groups['ext'] === 'smallest' ? 'lowest' : 'highest',
      ...(number?.type === 'number'
        ? { years: { value: number.value * perUnit, approximation: APPROXIMATIONS[words] ?? 'exactly' } }
        : {}),
      ...common,
      isPresent: true,
    },
  ];
}

function relation(name: 'capital' | 'defeated'): Build {
  return ({ ref, common, groups }) => [
    {
      kind: 'relation',
      relation: name,
      subject: ref('s'),
      object: ref('u'),
      ...common,
      isPresent: common.isPresent || groups['stays'] !== undefined,
    },
  ];
}

/** Patterns for values of series and for relations, in the notation of the other clauses. */
export const MEASURE_PATTERNS: readonly (readonly [string, Build])[] = [
  [`${SERIES} ${LEVEL} ${amount('n')}${TIME}`, level],
  [`${SERIES} (?:reached|hit|averaged|totaled|totalled|came to|stood at|stands at|amounted to|ran at) ${amount('n')}${TIME}`, level],
  [`${SERIES} (?:(?:has |had )?(?<more>exceeded|topped|passed)|was above|is above|was over|is over) ${amount('n')}${TIME}`, above],
  [`${SERIES} T(?<t>\\d+) ${LEVEL} ${amount('n')}`, level],
  [`${SERIES} of ${amount('n')}${TIME}`, level],
  [`${SERIES} ${CHANGE}${TIME}`, change],
  [`${SERIES} ${CHANGE} from ${amount('a')}(?: T\\d+)? to ${amount('b')}${TIME}`, change],
  [`${SERIES} ${CHANGE}(?: by)? ${amount('n')}${TIME}`, change],
  [`${SERIES} ${CHANGE} to ${amount('b')}${TIME}`, change],
  [`${SERIES} (?<aux>is|are|was|were|has been)(?: now)?(?: at)?(?: its| their)? ${EXTREME}${LEVEL_WORD}${SPAN}`, extreme],
  [`${SERIES} (?:has|have) (?:fallen|risen|dropped|climbed) to(?: its| their)? ${EXTREME}${LEVEL_WORD}${SPAN}`, extreme],
  [`${EXTREME} ${SERIES}${LEVEL_WORD}${SPAN}`, extreme],
  [`(?:we have|we now have|it is|this is) ${EXTREME} ${SERIES}${SPAN}`, extreme],
  [`E(?<s>\\d+) ${BEING} ${CAPITAL} of E(?<u>\\d+)`, relation('capital')],
  [`E(?<s>\\d+) ${BEING} E(?<u>\\d+) (?:'s )?${CAPITAL}`, relation('capital')],
  [`${CAPITAL} of E(?<u>\\d+) ${NAMED} E(?<s>\\d+)`, relation('capital')],
  [`E(?<u>\\d+) (?:'s )?${CAPITAL} ${NAMED} E(?<s>\\d+)`, relation('capital')],
  [`E(?<u>\\d+) (?<aux>has) its ${CAPITAL} in E(?<s>\\d+)`, relation('capital')],
  [`E(?<u>\\d+) (?<aux>has) E(?<s>\\d+) as its ${CAPITAL}`, relation('capital')],
  [`E(?<s>\\d+)(?: (?<aux>did|had|has))?(?: (?<neg>not|never))? (?:defeated|defeat|beat|beaten|won against)(?: (?:incumbent|democrat|republican|former))? E(?<u>\\d+)${TIME}`, relation('defeated')],
  [`E(?<u>\\d+) lost(?: (?:presidential )?election)? to E(?<s>\\d+)${TIME}`, relation('defeated')],
  [`E(?<u>\\d+) lost (?:presidential )?election T(?<t>\\d+) to E(?<s>\\d+)`, relation('defeated')],
  [`E(?<u>\\d+) (?<aux>was|were)(?: (?<neg>not|never))? (?:defeated|beaten) by E(?<s>\\d+)${TIME}`, relation('defeated')],
]; // prettier-ignore
