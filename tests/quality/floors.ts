import type { Measured } from './measure.js';

/** A figure and the least it may be; for `false verdicts` the most. */
interface Floor {
  readonly task: string;
  readonly data: string;
  readonly metric: string;
  readonly bound: number;
}

const floor = (task: string, data: string, metric: string, bound: number): Floor => ({
  task,
  data,
  metric,
  bound,
});

/** What an hour of transcript at depth `deep` took, loading included. */
export interface HourTaken {
  readonly cpuSeconds: number;
  readonly maxRssMb: number;
}

/** What it may take at most. CPU time is bounded, since the time on the clock also grows with what else runs. */
export const HOUR_LIMITS: HourTaken = { cpuSeconds: 20, maxRssMb: 600 };

/**
 * Set a little below what was measured when they were last raised, so that a change that costs quality fails and one
 * that moves a sentence or two does not. Raise them with the figures; do not lower them without saying why.
 */
export const FLOORS: readonly Floor[] = [
  floor('claim extraction', 'held-out sentences', 'precision', 0.68),
  floor('claim extraction', 'held-out sentences', 'F1', 0.62),
  floor('claim extraction', 'development sentences', 'precision', 0.7),
  floor('claim extraction', 'development sentences', 'F1', 0.68),
  floor('sentiment', 'held-out sentences', 'accuracy', 0.52),
  floor('sentiment', 'held-out sentences', 'macro F1', 0.49),
  floor('sentiment', 'development sentences', 'accuracy', 0.54),
  floor('sentiment', 'development sentences', 'macro F1', 0.51),
  floor('entities', 'held-out sentences', 'precision', 0.9),
  floor('entities', 'held-out sentences', 'recall', 0.78),
  floor('entities', 'development sentences', 'precision', 0.95),
  floor('entities', 'development sentences', 'recall', 0.88),
  floor('check', 'held-out statements', 'accuracy', 0.86),
  floor('check', 'held-out statements', 'false verdicts', 0),
  floor('check', 'development statements', 'accuracy', 0.87),
  floor('check', 'development statements', 'false verdicts', 0),
  floor('check of real texts', 'passages of the samples, development', 'precision', 1),
  floor('check of real texts', 'passages of the samples, development', 'recall', 0.6),
  floor('summary', 'samples, a written reference each', 'ROUGE-1 F1', 0.26),
  floor('summary', 'samples, a written reference each', 'ROUGE-2 F1', 0.038),
  floor('summary', 'samples, a written reference each', 'ROUGE-L F1', 0.13),
];

/** A figure that is on the wrong side of its floor. */
export interface Below {
  readonly what: string;
  readonly value: number;
  readonly bound: number;
}

/** The figures on the wrong side of their floors; floors of what was not measured are passed over. */
export function belowFloors(rows: readonly Measured[], hour?: HourTaken): readonly Below[] {
  const below: Below[] = [];
  for (const { task, data, metric, bound } of FLOORS) {
    const row = rows.find((each) => each.task === task && each.data === data && each.metric === metric);
    if (row === undefined) continue;
    const isWrong = metric === 'false verdicts' ? row.value > bound : row.value < bound;
    if (isWrong) below.push({ what: `${task}, ${data}, ${metric}`, value: row.value, bound });
  }
  if (hour === undefined) return below;
  for (const part of ['cpuSeconds', 'maxRssMb'] as const)
    if (hour[part] > HOUR_LIMITS[part])
      below.push({ what: `hour of transcript, ${part}`, value: hour[part], bound: HOUR_LIMITS[part] });
  return below;
}
