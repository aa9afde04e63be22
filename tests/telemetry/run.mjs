// How long alert rules take: 1,000 rules over 10,000 series of 100 points, all evaluated at one moment.
// Run with: npm run telemetry -- [--json]
import { cpus } from 'node:os';
import { TelemetryStore } from '@kapelle/observability';

const METRICS = 100;
const SERIES_PER_METRIC = 100;
const POINTS = 100;
const RULES = 1_000;
const ROUNDS = 9;
const START = 1_700_000_000_000;
const STEP_MS = 15_000;

let now = START;
const store = new TelemetryStore({ clock: { now: () => now }, pointsPerSeries: POINTS });
for (let m = 0; m < METRICS; m += 1) {
  const isCounter = m % 2 === 0;
  store.define({ name: `metric_${m}`, kind: isCounter ? 'counter' : 'timer' });
}
for (let p = 0; p < POINTS; p += 1) {
  now = START + p * STEP_MS;
  for (let m = 0; m < METRICS; m += 1) {
    for (let s = 0; s < SERIES_PER_METRIC; s += 1) {
      store.record(`metric_${m}`, ((p * 31 + m * 17 + s * 7) % 100) + 1, {
        instance: `i${s}`,
        zone: `z${s % 4}`,
      });
    }
  }
}

/** Ten shapes of rules, no two of the same text. */
const shapes = [
  (m, n) => `rate(metric_${m * 2}[${2 + (n % 5)}m]) > ${n}/s`,
  (m, n) => `p95(metric_${m * 2 + 1}[${2 + (n % 5)}m]) > ${n}ms for 2m`,
  (m, n) => `avg(metric_${m * 2 + 1}[5m]) > ${n}ms and max(metric_${m * 2 + 1}[5m]) > ${n * 2}ms`,
  (m, n) => `rate(metric_${m * 2}[5m]) by (zone) > ${n}/s`,
  (m, n) => `last(metric_${m * 2 + 1}{zone="z${n % 4}"}) > ${n}ms`,
  (m, n) => `increase(metric_${m * 2}[10m]) / increase(metric_${m * 2}[10m]) by () > ${n}%`,
  (m, n) => `stddev(metric_${m * 2 + 1}[5m]) > ${n}ms`,
  (m, n) => `absent(metric_${m * 2}{instance="i${n}"}[5m])`,
  (m, n) =>
    `min(metric_${m * 2 + 1}[5m]) by (zone) > ${n}ms unless count(metric_${m * 2 + 1}[5m]) by (zone) < ${n}`,
  (m, n) => `p50(metric_${m * 2 + 1}[5m]) by () > ${n}ms`,
];
for (let r = 0; r < RULES; r += 1) {
  const when = shapes[r % shapes.length](Math.floor(r / 10) % 50, (r % 97) + 1);
  store.alerts.add({ id: `rule-${r}`, when }, now);
}

const times = [];
let firing = 0;
for (let round = 0; round < ROUNDS; round += 1) {
  now += STEP_MS;
  const from = performance.now();
  store.alerts.evaluate(now);
  times.push(performance.now() - from);
  firing = store.alerts.active.length;
}
times.sort((a, b) => a - b);
const report = {
  node: process.version,
  cpu: cpus()[0]?.model ?? 'unknown',
  rules: RULES,
  series: store.series.size,
  points: store.series.size * POINTS,
  firing,
  medianMs: times[ROUNDS >> 1],
  slowestMs: times.at(-1),
  targetMs: 1_000,
};
if (process.argv.includes('--json')) console.log(JSON.stringify(report, null, 2));
else {
  console.log(`Node ${report.node}, ${report.cpu}`);
  console.log(`${RULES} rules over ${report.series} series of ${POINTS} points, ${firing} alerts firing`);
  console.log(
    `one evaluation: median ${report.medianMs.toFixed(0)} ms, slowest of ${ROUNDS} ${report.slowestMs.toFixed(0)} ms (wanted: below ${report.targetMs} ms, ${report.slowestMs < report.targetMs ? 'reached' : 'missed'})`,
  );
}
process.exitCode = report.slowestMs < report.targetMs ? 0 : 1;
