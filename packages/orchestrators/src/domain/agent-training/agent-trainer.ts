import type { Clock, OperationContext } from '@kapelle/core';
import { boundedWork } from '../../bounded-work.js';
import { applyPatch, type AgentDefinition, definitionHash } from './agent-definition.js';
import type { AgentLedger } from './agent-ledger.js';
import type { AgentExperiment, AgentRecord, NamedPatch } from './agent-record.js';
import type { AgentRunner } from './agent-runner.js';
import type { AgentTrainingSettings } from './agent-training-options.js';
import { currentVersion, nextExperiment, withExperiment, withVersion } from './change-agent.js';
import { compareScores } from './compare-scores.js';
import { type AgentEvaluation, evaluateAgent } from './evaluate-agent.js';
import { checkExamples, complexityMix, type ExampleFlaw } from './example-quality.js';
import { type ExampleGenerator, recombineExamples } from './example-generation.js';
import { splitExamples } from './held-back.js';
import { readExamples } from './read-input.js';
import { exampleId, type ExampleComplexity, type TrainingExample } from './training-example.js';

/** What was generated, and what of it can be learnt from. */
export interface GeneratedExamples {
  readonly made: number;
  readonly taken: readonly TrainingExample[];
  readonly refused: Readonly<Partial<Record<ExampleFlaw, number>>>;
  readonly mix: Readonly<Record<ExampleComplexity, number>>;
}

/** What became of the changes that were tried on one agent. */
export interface Enhancement {
  readonly agent: string;
  /** The version in use before and after. */
  readonly from: number;
  readonly to: number;
  readonly experiments: readonly AgentExperiment[];
  readonly generated?: Omit<GeneratedExamples, 'taken'> & { readonly taken: number };
}

/** Somebody else has changed the agent while a change was measured against its former version. */
export class BaseChangedError extends Error {
  override readonly name = 'BaseChangedError';
}

/** Tries changes on what was kept back, and keeps only those that measured better. */
export class AgentTrainer {
  readonly #ledger: AgentLedger;
  readonly #runner: AgentRunner;
  readonly #generator: ExampleGenerator | undefined;
  readonly #settings: AgentTrainingSettings;
  readonly #clock: Clock;

  constructor(
    ledger: AgentLedger,
    runner: AgentRunner,
    generator: ExampleGenerator | undefined,
    settings: AgentTrainingSettings,
    clock: Clock,
  ) {
    this.#ledger = ledger;
    this.#runner = runner;
    this.#generator = generator;
    this.#settings = settings;
    this.#clock = clock;
  }

  /**
   * Tries the changes one after the other, each against what is in use then.
   *
   * @throws BaseChangedError where the agent was changed meanwhile
   */
  async enhance(
    context: OperationContext,
    record: AgentRecord,
    given: readonly NamedPatch[] | undefined,
    seed: string,
  ): Promise<Enhancement> {
    const { heldBackShare, confidence } = this.#settings;
    const { training, heldBack } = splitExamples(record.examples, heldBackShare);
    const generated =
      given === undefined ? await this.#generate(context, record, training, heldBack, seed) : undefined;
    const changes = given ?? ownChanges(training, generated);
    // With each further change the chance grows that one of them looks better by accident (C. Bonferroni, 1936).
    const surer = 1 - (1 - confidence) / Math.max(1, changes.length);
    let state = record;
    let base: AgentEvaluation | undefined;
    const experiments: AgentExperiment[] = [];
    for (const [i, { change, patch }] of changes.entries()) {
      const current = currentVersion(state);
      const candidate = applyPatch(current.definition, patch);
      const at = context.now();
      if (definitionHash(candidate) === current.hash) {
        state = await this.#note(context, state, {
          at,
          change,
          base: current.version,
          decision: 'unchanged',
        });
      } else {
        base ??= await this.#evaluate(context, `before change ${i + 1}`, current.definition, heldBack);
        const after = await this.#evaluate(context, `after change ${i + 1}`, candidate, heldBack);
        const comparison = compareScores(base.scores, after.scores, surer);
        const kept = comparison.verdict === 'better';
        state = await this.#note(
          context,
          state,
          {
            at,
            change,
            base: current.version,
            decision: kept ? 'kept' : 'rejected',
            comparison,
            failures: { before: base.failures, after: after.failures },
          },
          kept ? candidate : undefined,
        );
        if (kept) base = after;
      }
      experiments.push(state.experiments.at(-1) as AgentExperiment);
      context.progress((i + 1) / changes.length, `${record.name}: ${change}`);
    }
    return {
      agent: record.name,
      from: record.current,
      to: state.current,
      experiments,
      ...(generated === undefined ? {} : { generated: { ...generated, taken: generated.taken.length } }),
    };
  }

  async #evaluate(
    context: OperationContext,
    step: string,
    definition: AgentDefinition,
    examples: readonly TrainingExample[],
  ): Promise<AgentEvaluation> {
    const { score, concurrency, runTimeoutMs: timeoutMs } = this.#settings;
    const clock = this.#clock;
    return context.step(`${definition.name}: ${step}`, ({ signal }) =>
      evaluateAgent(definition, examples, {
        runner: this.#runner,
        score,
        concurrency,
        clock,
        timeoutMs,
        signal,
      }),
    );
  }

  async #note(
    context: OperationContext,
    state: AgentRecord,
    experiment: Omit<AgentExperiment, 'number'>,
    keep?: AgentDefinition,
  ): Promise<AgentRecord> {
    const { maxVersions } = this.#settings;
    return this.#ledger.change(context.tenantId, state.name, (found) => {
      if (found?.current !== state.current) {
        throw new BaseChangedError(
          `${state.name} was changed while a change was measured against its version ${state.current}. Try again.`,
        );
      }
      if (keep === undefined) return withExperiment(found, experiment, maxVersions);
      const number = nextExperiment(found);
      const why = { kind: 'enhanced', experiment: number } as const;
      const next = withVersion(found, { definition: keep, at: experiment.at, why }, maxVersions);
      return withExperiment(next, { ...experiment, version: next.current }, maxVersions);
    });
  }

  async #generate(
    context: OperationContext,
    record: AgentRecord,
    training: readonly TrainingExample[],
    heldBack: readonly TrainingExample[],
    seed: string,
  ): Promise<GeneratedExamples> {
    const { generated: count, similarity, minQuality } = this.#settings;
    const generator = this.#generator;
    const made = await context.step(`${record.name}: generate examples`, ({ signal }) =>
      generator === undefined
        ? recombineExamples({ from: training, count, seed })
        : boundedWork((ended) => generator.generate({ from: training, count, seed, signal: ended }), {
            ...{ clock: this.#clock, signal },
            timeoutMs: this.#settings.generateTimeoutMs,
            what: 'The EXAMPLE_GENERATOR',
          }).then((examples: unknown) =>
            readExamples('generated', Array.isArray(examples) ? examples.slice(0, count) : examples),
          ),
    );
    const { taken, refused } = checkExamples(made, { known: training, heldBack, similarity, minQuality });
    const flaws: Partial<Record<ExampleFlaw, number>> = {};
    for (const { flaw } of refused) flaws[flaw] = (flaws[flaw] ?? 0) + 1;
    return { made: made.length, taken, refused: flaws, mix: complexityMix(taken) };
  }
}

function ownChanges(
  training: readonly TrainingExample[],
  generated: GeneratedExamples | undefined,
): readonly NamedPatch[] {
  const taken = generated?.taken ?? [];
  return [
    ...(training.length === 0
      ? []
      : [{ change: `learn from the ${training.length} examples given`, patch: { examples: training } }]),
    ...(taken.length === 0
      ? []
      : [{ change: `learn from ${taken.length} generated examples`, patch: { examples: taken } }]),
  ];
}

/** The ids of examples that a definition learns from although they are kept back. */
export function leaksOf(
  examples: readonly TrainingExample[],
  record: Pick<AgentRecord, 'examples'>,
  { heldBackShare, similarity }: Pick<AgentTrainingSettings, 'heldBackShare' | 'similarity'>,
): readonly string[] {
  const { heldBack } = splitExamples(record.examples, heldBackShare);
  return checkExamples(examples, { known: [], heldBack, similarity, minQuality: 0 })
    .refused.filter(({ flaw }) => flaw === 'leaks_held_back')
    .map(({ example }) => exampleId(example));
}
