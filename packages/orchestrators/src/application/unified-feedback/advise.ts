import { StepResult } from '@kapelle/core';
import type { FeedbackDesk } from './feedback-desk.js';
import { type LearnerChoice, PORT_OF_COMPONENT } from './feedback-ports.js';
import type { RecommendedComponent } from './feedback-report.js';
import type { FeedbackRequest, RandomSource } from './learning/learner.js';
import type { TenantFeedback } from './tenant-feedback.js';

/**
 * What should be chosen: the port's choice where it has one, else that of the built-in learner. Skipped with
 * `all_components_disabled` where every candidate rests, with `nothing_learnt` where there is nothing to choose from.
 */
export async function advise(
  desk: FeedbackDesk,
  tenant: TenantFeedback,
  request: FeedbackRequest,
  random: RandomSource,
): Promise<StepResult<RecommendedComponent>> {
  const { componentType } = request;
  const book = tenant.book(componentType);
  const port = PORT_OF_COMPONENT[componentType];
  const known = request.candidates ?? book.ids();
  const open = known.filter((id) => book.stateOf(id) !== 'disabled');
  if (known.length > 0 && open.length === 0) return StepResult.skip('all_components_disabled');
  const warnings: string[] = [];
  if (desk.ports.isOpen(port)) {
    const answer = await desk.ports.ask(port, (learner) =>
      learner.recommend?.({
        ...request,
        tenantId: tenant.tenantId,
        ...(open.length === 0 ? {} : { candidates: open }),
      }),
    );
    const choice = answer.answered ? answer.value : undefined;
    if (!answer.answered) warnings.push(`${port} did not answer; the built-in learner chose.`);
    if (choice !== undefined && isUsable(choice, request, (id) => book.stateOf(id) === 'disabled')) {
      return StepResult.ok(chosenByPort(request, choice, book.stateOf(choice.componentId) === 'probation'));
    }
    if (choice !== undefined) {
      warnings.push(
        `${port} chose something that is disabled or was not to choose from; the built-in learner chose.`,
      );
    }
  }
  const chosen = tenant.recommend(request, random);
  if (chosen === undefined) return StepResult.skip('nothing_learnt');
  return StepResult.ok({ ...chosen, learner: 'built_in' }, { warnings });
}

function isUsable(
  { componentId }: LearnerChoice,
  { candidates }: FeedbackRequest,
  isDisabled: (id: string) => boolean,
): boolean {
  if (typeof componentId !== 'string' || componentId === '') return false;
  return (candidates === undefined || candidates.includes(componentId)) && !isDisabled(componentId);
}

function chosenByPort(
  { componentType }: FeedbackRequest,
  choice: LearnerChoice,
  probe: boolean,
): RecommendedComponent {
  const {
    componentId,
    decisionId,
    value,
    score = 0,
    confidence = 0.5,
    explored = false,
    ranking = [],
  } = choice;
  return {
    componentType,
    componentId,
    ...(value === undefined ? {} : { value }),
    score,
    confidence,
    explored,
    probe,
    ...(decisionId === undefined ? {} : { decisionId }),
    ranking,
    learner: 'port',
  };
}
