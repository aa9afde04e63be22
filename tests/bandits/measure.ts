import 'reflect-metadata';

import {
  ADVANCED_BANDITS_OPTIONS,
  AdvancedBanditsOrchestrator,
  BANDIT_ALGORITHMS,
  type BanditAlgorithm,
  type BanditAlgorithmSettings,
  type BanditDecision,
  BanditRandom,
  DEFAULT_BANDIT_SETTINGS,
  makeBanditModel,
} from '@kapelle/orchestrators';
import { createOrchestrationHost, OrchestrationContext, StepResult } from '@kapelle/core';
import { ContainerModule } from 'inversify';

import { meanOf, play, type PlaySettings, uniformRegret } from './play.js';
import {
  bands,
  bernoulliArms,
  laiRobbins,
  linearArms,
  linearClicks,
  RARE_ARMS,
  type Simulator,
  wheel,
} from './simulators.js';

/** Regret of one algorithm over seeds. */
export interface RegretRow {
  readonly algorithm: BanditAlgorithm;
  /** By noted round: mean over seeds, and half of its 95 % interval. */
  readonly at: readonly { readonly round: number; readonly mean: number; readonly half: number }[];
  /** Mean regret in percent of that of choosing at random. */
  readonly percentOfUniform: number;
  /** log₂ of how much the regret grows when the rounds double, at the end: 1 is linear, ½ a square root. */
  readonly growth: number;
}

/** One simulator with all algorithms. */
export interface RegretTable {
  readonly name: string;
  readonly seeds: number;
  readonly uniform: number;
  readonly rows: readonly RegretRow[];
}

type MakeSimulator = (random: BanditRandom) => Simulator;

/** Plays every algorithm against the same rounds, seed by seed. */
export function regretTable(
  make: MakeSimulator,
  seeds: number,
  rounds: number,
  algorithms: readonly BanditAlgorithm[] = BANDIT_ALGORITHMS,
): RegretTable {
  const at = [rounds / 8, rounds / 4, rounds / 2, rounds];
  const uniform = meanOf(
    Array.from({ length: seeds }, (_, seed) =>
      uniformRegret(make(BanditRandom.seeded(`environment ${seed}`)), rounds),
    ),
  ).mean;
  const rows = algorithms.map((algorithm): RegretRow => {
    const runs = Array.from({ length: seeds }, (_, seed) => runOf(algorithm, make, seed, { rounds, at }));
    const points = at.map((round, index) => ({ round, ...meanOf(runs.map((run) => run[index] as number)) }));
    const [, , half, whole] = points.map(({ mean }) => mean) as [number, number, number, number];
    return {
      algorithm,
      at: points.map(({ round, mean, half: width }) => ({ round, mean, half: width })),
      percentOfUniform: (100 * whole) / uniform,
      growth: Math.log2(whole / half),
    };
  });
  return { name: make(BanditRandom.seeded(0)).name, seeds, uniform, rows };
}

function runOf(
  algorithm: BanditAlgorithm,
  make: MakeSimulator,
  seed: number,
  how: PlaySettings,
  settings: BanditAlgorithmSettings = DEFAULT_BANDIT_SETTINGS,
): number[] {
  const simulator = make(BanditRandom.seeded(`environment ${seed}`));
  return play(
    makeBanditModel(algorithm, simulator, settings),
    simulator,
    BanditRandom.seeded(`choices ${seed}`),
    how,
  );
}

/** The simulators that all algorithms are played against, with rewards from about 0 to 1. */
export const SIMULATORS = {
  linearClicks: (random) => linearClicks(5, 4, random),
  linearArms: (random) => linearArms(10, 8, random),
  bands: (random) => bands(random),
  wheel: (random) => wheel(0.5, random, 1 / 50),
} satisfies Readonly<Record<string, MakeSimulator>>;

/**
 * The wheel as in the benchmark of Riquelme, Tucker and Snoek: δ = 0.95, 2,000 rounds, rewards up to 50, and Thompson
 * sampling with their prior (λ = 0.25, a₀ = b₀ = 6) after two turns through the actions.
 */
export function publishedWheel(seeds: number): {
  readonly mean: number;
  readonly sd: number;
  readonly half: number;
} {
  const make: MakeSimulator = (random) => wheel(0.95, random);
  const settings = {
    ...DEFAULT_BANDIT_SETTINGS,
    thompsonGaussian: { ridge: 0.25, noiseShape: 6, noiseScale: 6 },
  };
  return meanOf(
    Array.from({ length: seeds }, (_, seed) => {
      const [regret = 0] = runOf('thompson_gaussian', make, seed, { rounds: 2_000, forced: 10 }, settings);
      return (100 * regret) / uniformRegret(make(BanditRandom.seeded(`environment ${seed}`)), 2_000);
    }),
  );
}

/** Thompson sampling on ten Bernoulli arms, beside the lower bound of Lai and Robbins. */
export function bernoulliRegret(
  seeds: number,
  rounds: number,
): readonly {
  readonly round: number;
  readonly mean: number;
  readonly half: number;
  readonly bound: number;
}[] {
  const at = [rounds / 100, rounds / 10, rounds];
  const make: MakeSimulator = (random) => bernoulliArms(RARE_ARMS, random);
  const runs = Array.from({ length: seeds }, (_, seed) => runOf('thompson_beta', make, seed, { rounds, at }));
  return at.map((round, index) => {
    const { mean, half } = meanOf(runs.map((run) => run[index] as number));
    return { round, mean, half, bound: laiRobbins(RARE_ARMS) * Math.log(round) };
  });
}

/** What the same algorithms lose where rewards come in batches. */
export function delayedRegret(
  seeds: number,
  rounds: number,
  delays: readonly number[] = [1, 10, 100, 1_000],
): readonly { readonly algorithm: BanditAlgorithm; readonly byDelay: readonly number[] }[] {
  return (['doubly_robust', 'linucb', 'thompson_gaussian'] as const).map((algorithm) => ({
    algorithm,
    byDelay: delays.map(
      (delay) =>
        meanOf(
          Array.from(
            { length: seeds },
            (_, seed) =>
              runOf(algorithm, SIMULATORS.linearClicks, seed, {
                rounds,
                delay,
              })[0] as number,
          ),
        ).mean,
    ),
  }));
}

/** Microseconds of one choice and of one reward learnt, the median of batches, after some learning. */
export function costs(
  dimension: number,
  actions: number,
): readonly { readonly algorithm: BanditAlgorithm; readonly chooseUs: number; readonly learnUs: number }[] {
  return BANDIT_ALGORITHMS.map((algorithm) => {
    const random = BanditRandom.seeded('cost');
    const simulator = linearClicks(dimension - 1, actions, random);
    const model = makeBanditModel(algorithm, simulator);
    play(model, simulator, random, { rounds: 2_000 });
    const rounds = Array.from({ length: 500 }, () => simulator.next());
    const chooseUs = median(20, () => {
      for (const { x } of rounds) model.choose(x, random);
    });
    const learnt = rounds.map(({ x, rewards }, at) => ({
      x,
      action: at % actions,
      reward: rewards[at % actions] as number,
      probabilities: new Float64Array(actions).fill(1 / actions),
    }));
    const learnUs = median(20, () => {
      for (const each of learnt) model.learn(each);
    });
    return { algorithm, chooseUs: chooseUs / rounds.length, learnUs: learnUs / rounds.length };
  });
}

/** Microseconds of make_decision and of provide_feedback through the facade, all five algorithms learning. */
export async function facadeCosts(): Promise<{ readonly decideUs: number; readonly feedbackUs: number }> {
  const host = createOrchestrationHost({
    orchestrators: [AdvancedBanditsOrchestrator],
    modules: [
      new ContainerModule(({ bind }) => {
        bind(ADVANCED_BANDITS_OPTIONS).toConstantValue({});
      }),
    ],
  });
  await host.start();
  try {
    const context = OrchestrationContext.create({ tenantId: 'measured' });
    const decide: number[] = [];
    const feedback: number[] = [];
    for (let n = 0; n < 3_000; n += 1) {
      const begun = performance.now();
      const { decisionId } = StepResult.unwrap(
        await host.facade.orchestrate<BanditDecision>('advanced_bandits', context, {
          operation: 'make_decision',
          domain: 'model_routing',
          features: {
            complexity: (n % 10) / 10,
            priority: 0.5,
            hour: n % 24,
            task: `t${n % 5}`,
            user: `u${n % 50}`,
          },
        }),
      );
      const decided = performance.now();
      await host.facade.orchestrate('advanced_bandits', context, {
        operation: 'provide_feedback',
        decisionId,
        reward: (n % 7) / 6,
      });
      if (n >= 500) {
        decide.push(decided - begun);
        feedback.push(performance.now() - decided);
      }
    }
    return { decideUs: 1_000 * middleOf(decide), feedbackUs: 1_000 * middleOf(feedback) };
  } finally {
    await host.stop();
  }
}

function median(batches: number, run: () => void): number {
  run();
  return middleOf(
    Array.from({ length: batches }, () => {
      const begun = performance.now();
      run();
      return 1_000 * (performance.now() - begun);
    }),
  );
}

function middleOf(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] as number;
}
