import type { Reference, RelationAssertion } from './assertion.js';
import { overlaps, parseDate, type DayRange } from './calendar.js';
import {
  anyOf,
  compareDate,
  contradicts,
  decide,
  supports,
  UNDATED,
  unknown,
  type Comparison,
} from './comparison.js';
import { factRange, type KnowledgeBase } from './knowledge-base.js';

/** Where a name belongs to one place beyond doubt, its looser bearers ("Nazi Germany") are not meant. */
function unmistakable(reference: Reference): Reference {
  const sure = reference.candidates.filter(({ isSure }) => isSure);
  return sure.length === 0 ? reference : { ...reference, candidates: sure };
}

/** Whether something is the capital of a place, or somebody defeated somebody else. */
export function compareRelation(
  assertion: RelationAssertion,
  base: KnowledgeBase,
  asOf: DayRange | undefined,
): Comparison {
  const { relation, subject, time } = assertion;
  const said = subject.candidates.map((candidate) => candidate.subject);
  const object = relation === 'capital' ? unmistakable(assertion.object) : assertion.object;
  return decide(object, assertion.isNegated, (name) => {
    const all = base.relations(name, relation);
    const facts = all.filter((fact) => fact.object === name);
    const turned = all.find(
      (fact) =>
        relation === 'defeated' &&
        fact.subject === name &&
        said.length === 1 &&
        said[0] === fact.object &&
        subject.candidates[0]?.isSure === true &&
        time?.isResolved === true &&
        overlaps(factRange(fact), time.core),
    );
    if (turned !== undefined) return contradicts(turned);
    if (facts.length === 0) return undefined;
    const fitting = facts.filter((fact) => said.includes(fact.subject));
    if (relation === 'capital') {
      if (asOf !== undefined && facts.some((fact) => factRange(fact).from >= asOf.from))
        return unknown('the document is older', ...facts);
      // "was not the capital" may speak of a time when it was not yet.
      const isOfSomeTime = assertion.isNegated && !assertion.isPresent && !assertion.isForAllTime;
      if (fitting.length > 0)
        return isOfSomeTime ? unknown('no time is named', ...fitting) : supports(...fitting);
      const isCity = said.some((city) =>
        base
          .relations(city, relation)
          .some(({ subject, others }) => subject === city || others?.includes(city)),
      );
      return isCity && assertion.isPresent
        ? contradicts(...facts)
        : unknown('the city is not known', ...facts);
    }
    if (fitting.length === 0) return unknown('there may have been other contests', ...facts);
    if (time === undefined) return supports(...fitting);
    if (time.relation !== 'in' || !time.isResolved) return unknown(UNDATED, ...fitting);
    const isSure = subject.candidates.every((candidate) => candidate.isSure);
    return anyOf(
      fitting.map((fact) => {
        const range = parseDate(fact.validFrom) ?? factRange(fact);
        const outcome = compareDate(range, time);
        if (outcome === 'supports' || overlaps(range, time.core)) return supports(fact);
        return outcome === 'contradicts' && isSure
          ? contradicts(fact)
          : unknown('the dates are too close to tell apart', fact);
      }),
      '',
    );
  });
}
