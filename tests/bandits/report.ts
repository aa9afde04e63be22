import type {
  bernoulliRegret,
  costs,
  delayedRegret,
  facadeCosts,
  publishedWheel,
  RegretTable,
} from './measure.js';
import type { evaluationQuality } from './measure-evaluation.js';

/** Everything the command measures. */
export interface Measured {
  readonly node: string;
  readonly seeds: number;
  readonly published: ReturnType<typeof publishedWheel> & { readonly seeds: number };
  readonly bernoulli: ReturnType<typeof bernoulliRegret>;
  readonly tables: readonly RegretTable[];
  readonly delayed: ReturnType<typeof delayedRegret>;
  readonly delays: readonly number[];
  readonly evaluation: readonly {
    readonly interval: string;
    readonly logs: number;
    readonly logRows: number;
    readonly quality: ReturnType<typeof evaluationQuality>;
  }[];
  readonly costs: readonly {
    readonly dimension: number;
    readonly actions: number;
    readonly rows: ReturnType<typeof costs>;
  }[];
  readonly facade: Awaited<ReturnType<typeof facadeCosts>>;
}

/** Figures of others, with where they stand. */
export const PUBLISHED = {
  wheel: {
    mean: 42.94,
    spread: 12.68,
    source: 'LinFullPost, 30 trials: Wen, Tran and Ba, "BatchEnsemble", ICLR 2020, table 3',
  },
} as const;

/** The figures as Markdown. */
export function reportOf(measured: Measured): string {
  const { published, bernoulli, tables, delayed, delays, evaluation, facade } = measured;
  const lines: string[] = [];
  const table = (head: readonly string[], rows: readonly (readonly string[])[]): void => {
    lines.push(`| ${head.join(' | ')} |`, `| ${head.map(() => '---').join(' | ')} |`);
    for (const row of rows) lines.push(`| ${row.join(' | ')} |`);
    lines.push('');
  };
  const title = (text: string): void => {
    lines.push(`### ${text}`, '');
  };

  title('Against published figures');
  lines.push(
    'Regret in percent of that of choosing at random, on the wheel with δ = 0.95 and 2,000 rounds, with the prior of the',
    'published implementation. Mean and standard deviation over seeds; the published spread is called a standard error',
    'there, and has the size of a standard deviation.',
    '',
  );
  table(
    ['Who', 'Mean', 'Spread', '95 % interval of the mean'],
    [
      [
        `\`thompson_gaussian\`, ${published.seeds} seeds`,
        one(published.mean),
        one(published.sd),
        `${one(published.mean - published.half)} to ${one(published.mean + published.half)}`,
      ],
      [PUBLISHED.wheel.source, one(PUBLISHED.wheel.mean), one(PUBLISHED.wheel.spread), 'not given'],
    ],
  );
  lines.push(
    '`thompson_beta` on ten Bernoulli arms (0.1; three of 0.05, of 0.02 and of 0.01), beside the bound of Lai and Robbins:',
    'the slope over ln T is what the theorem is about.',
    '',
  );
  table(
    ['Rounds', 'Regret', 'Bound', 'Slope since the row before', 'Slope of the bound'],
    bernoulli.map(({ round, mean, half, bound }, index) => {
      const before = bernoulli[index - 1];
      const slope = before === undefined ? '' : one((mean - before.mean) / Math.log(round / before.round));
      return [whole(round), `${one(mean)} ± ${one(half)}`, one(bound), slope, one(bound / Math.log(round))];
    }),
  );

  title('Regret');
  lines.push(
    `Mean over ${measured.seeds} seeds ± half of its 95 % interval (Student). Growth is log₂ of what doubling the rounds does at the`,
    'end: 1 is linear, below it the regret of a decision goes to 0.',
    '',
  );
  for (const { name, uniform, rows } of tables) {
    const rounds = rows[0]?.at.map(({ round }) => `T = ${whole(round)}`) ?? [];
    lines.push(`**${name}**: at random ${one(uniform)}.`, '');
    table(
      ['Algorithm', ...rounds, '% of random', 'Growth'],
      rows.map(({ algorithm, at, percentOfUniform, growth }) => [
        `\`${algorithm}\``,
        ...at.map(({ mean, half }) => `${one(mean)} ± ${one(half)}`),
        one(percentOfUniform),
        growth.toFixed(2),
      ]),
    );
  }
  lines.push('Rewards that come in batches, on linear clicks (mean regret over the same seeds):', '');
  table(
    ['Algorithm', ...delays.map((delay) => `batches of ${whole(delay)}`)],
    delayed.map(({ algorithm, byDelay }) => [`\`${algorithm}\``, ...byDelay.map(one)]),
  );

  title('Off-policy evaluation');
  for (const { interval, logs, logRows, quality } of evaluation) {
    lines.push(
      `${whole(logs)} logs of ${whole(logRows)} rows, ${interval} intervals of ${100 * quality.nominal} %; the truth is ${quality.truth.toFixed(4)}.`,
      '',
    );
    table(
      ['Estimator', 'Bias', 'Standard deviation', 'Intervals that hold the truth', 'Mean width'],
      quality.rows.map(({ estimator, bias, sd, coverage, width }) => [
        estimator.toUpperCase(),
        bias.toFixed(4),
        sd.toFixed(4),
        `${(100 * coverage).toFixed(1)} %`,
        width.toFixed(3),
      ]),
    );
  }

  title('Cost');
  lines.push(
    `Microseconds, medians, Node ${measured.node}; inputs × actions. They depend on the machine.`,
    '',
  );
  table(
    [
      'Algorithm',
      ...measured.costs.flatMap(({ dimension, actions }) => [
        `choose, ${dimension} × ${actions}`,
        `learn, ${dimension} × ${actions}`,
      ]),
    ],
    (measured.costs[0]?.rows ?? []).map(({ algorithm }, index) => [
      `\`${algorithm}\``,
      ...measured.costs.flatMap(({ rows }) => [
        one(rows[index]?.chooseUs ?? Number.NaN),
        one(rows[index]?.learnUs ?? Number.NaN),
      ]),
    ]),
  );
  lines.push(
    `Through the facade, in \`model_routing\`: \`make_decision\` ${one(facade.decideUs)} µs, \`provide_feedback\` with all five algorithms`,
    `learning ${one(facade.feedbackUs)} µs.`,
    '',
  );
  return lines.join('\n');
}

function one(value: number): string {
  return value.toFixed(1);
}

function whole(value: number): string {
  return value.toLocaleString('en-US');
}
