import {
  type ComponentView,
  confidenceOf,
  type FeedbackRecommendation,
  type FeedbackRequest,
  MAX_RANKING,
  type RandomSource,
  type RankedComponent,
} from './learner.js';

/** A component that is tried while others are well. */
const PROBE_SHARE = 0.1;

/** How a learner judges a component. */
export type Judge = (componentId: string) => { readonly score: number; readonly samples: number };

/**
 * The best of the candidates, but now and then another, to learn about it: ε-greedy, Sutton and Barto, "Reinforcement
 * learning" (2018), 2.2. What is disabled is left out; what is on probation gets a tenth of the choices, or all where
 * nothing else is left.
 */
export function chooseComponent(
  request: FeedbackRequest,
  view: ComponentView,
  judge: Judge,
  { random, explorationRatio }: { readonly random: RandomSource; readonly explorationRatio: number },
): FeedbackRecommendation | undefined {
  const probing: RankedComponent[] = [];
  const ranking: RankedComponent[] = [];
  for (const componentId of new Set(request.candidates ?? view.ids())) {
    const state = view.stateOf(componentId);
    if (state === 'disabled') continue;
    const ranked = { componentId, health: view.healthOf(componentId), ...judge(componentId) };
    (state === 'probation' ? probing : ranking).push(ranked);
  }
  ranking.sort(byScore);
  const confidence = confidenceOf(ranking.map(({ score }) => score));
  const chosen = (
    ranked: RankedComponent,
    how: { explored: boolean; probe: boolean },
  ): FeedbackRecommendation => ({
    componentType: request.componentType,
    componentId: ranked.componentId,
    score: ranked.score,
    confidence: how.explored || how.probe ? 0.5 : confidence,
    ...how,
    ranking: ranking.slice(0, MAX_RANKING),
  });
  const [best] = ranking;
  if (probing.length > 0 && (best === undefined || random() < PROBE_SHARE)) {
    return chosen(pick(probing, random), { explored: false, probe: true });
  }
  if (best === undefined) return undefined;
  if (ranking.length > 1 && random() < explorationRatio) {
    const other = pick(ranking, random);
    return chosen(other, { explored: other !== best, probe: false });
  }
  return chosen(best, { explored: false, probe: false });
}

/** Equal scores by name, so that the order does not depend on who came first. */
export function byScore(a: RankedComponent, b: RankedComponent): number {
  return b.score - a.score || (a.componentId < b.componentId ? -1 : 1);
}

export function pick<T>(list: readonly T[], random: RandomSource): T {
  return list[Math.min(list.length - 1, Math.floor(random() * list.length))] as T;
}
