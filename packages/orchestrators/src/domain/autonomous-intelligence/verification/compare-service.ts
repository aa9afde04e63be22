import type { SuccessionAssertion, UnderAssertion } from './assertion.js';
import { parseDate } from './calendar.js';
import { anyOf, contradicts, decide, supports, unknown, type Comparison } from './comparison.js';
import { factRange, type KnowledgeBase } from './knowledge-base.js';
import type { OfficeFact } from './knowledge-fact.js';

/** An oath may be taken a day after the office fell to its new holder. */
const HANDOVER_DAYS = 1;

const startOf = (fact: OfficeFact): number => parseDate(fact.validFrom)?.from ?? 0;
const endOf = (fact: OfficeFact): number =>
  fact.validTo === undefined ? Infinity : (parseDate(fact.validTo)?.from ?? Infinity);

/** Whether the times of two people in their offices overlap by more than the handover. */
export function compareUnder(
  { who, office, under, isNegated }: UnderAssertion,
  base: KnowledgeBase,
): Comparison {
  if (office !== 'vice-president') return unknown('only a vice president serves under a president');
  return decide(who, isNegated, (subject) => {
    const own = base.officeFacts(subject, office);
    if (own.length === 0) return undefined;
    const chief = decide(under, false, (president) => {
      const theirs = base.officeFacts(president, 'president');
      if (theirs.length === 0) return undefined;
      return anyOf(
        own.flatMap((mine) =>
          theirs.map((other) => {
            // The day of the handover belongs to both.
            const shared =
              Math.min(factRange(mine).to, factRange(other).to) -
              Math.max(factRange(mine).from, factRange(other).from);
            return shared > 1 ? supports(mine, other) : contradicts(mine, other);
          }),
        ),
        '',
      );
    });
    return chief.outcome === 'unknown' && chief.facts.length === 0 ? undefined : chief;
  });
}

/** Whether one time in office ended when the other began. */
export function compareSuccession(
  { earlier, later, office, isNegated }: SuccessionAssertion,
  base: KnowledgeBase,
): Comparison {
  const named = office ?? 'president';
  return decide(later, isNegated, (subject) => {
    const after = base.officeFacts(subject, named);
    if (after.length === 0) return undefined;
    const chief = decide(earlier, false, (other) => {
      const before = base.officeFacts(other, named);
      if (before.length === 0) return undefined;
      const pairs = before.flatMap((one) => after.map((two) => [one, two] as const));
      const match = pairs.find(([one, two]) => Math.abs(endOf(one) - startOf(two)) <= HANDOVER_DAYS);
      if (match !== undefined) return supports(...match);
      // Without the office named, one may have followed the other in another one.
      return office === undefined
        ? unknown('no office is named', ...before, ...after)
        : contradicts(...before, ...after);
    });
    return chief.outcome === 'unknown' && chief.facts.length === 0 ? undefined : chief;
  });
}
