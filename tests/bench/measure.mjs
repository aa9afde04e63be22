/**
 * What a call costs in this process: CPU time of all its threads, so that other programs on the machine count for little,
 * and wall time beside it. What waits for timers has a wall time far above its CPU time.
 */
import { median } from './statistics.mjs';

const BATCH_CPU_MS = 15;
const LEAST_WARM_UP_CPU_MS = 200;
const MOST_WARM_UP_CPU_MS = 1_000;
/** A long path is compiled in several goes, with plateaus in between that look like the end: Node 24 needs 20,000 calls. */
const LEAST_WARM_UP_CALLS = 30_000;
/** Wall time that the batches of one subject may take, where three have been seen. */
const SUBJECT_WALL_MS = 1_500;
const LEAST_BATCHES = 3;
/** Ends batches of what mostly waits. */
const BATCH_WALL_MS = 250;

async function batch({ call, per = 1 }, turns) {
  const begun = process.hrtime.bigint();
  const before = process.cpuUsage();
  for (let i = 0; i < turns; i += 1) await call();
  const { user, system } = process.cpuUsage(before);
  const wallNs = Number(process.hrtime.bigint() - begun);
  return {
    cpuMs: (user + system) / 1_000,
    wallMs: wallNs / 1e6,
    cpuNs: ((user + system) * 1_000) / (turns * per),
    wallNs: wallNs / (turns * per),
  };
}

/** Runs it until the compiler is done with it: until it gets no faster, or for long enough. Returns how often it fits into one batch. */
async function warmUp(subject) {
  const { per = 1 } = subject;
  let turns = 1;
  let calls = 0;
  let spentMs = 0;
  let best = Infinity;
  let stale = 0;
  for (;;) {
    const { cpuMs, wallMs, cpuNs } = await batch(subject, turns);
    spentMs += cpuMs;
    calls += turns * per;
    if (cpuMs < BATCH_CPU_MS / 2 && wallMs < BATCH_WALL_MS) {
      turns *= 2;
      continue;
    }
    stale = cpuNs < best * 0.97 ? 0 : stale + 1;
    best = Math.min(best, cpuNs);
    const share = Math.max(cpuMs / BATCH_CPU_MS, Math.min(1, wallMs / BATCH_WALL_MS / 4));
    const waits = wallMs >= BATCH_WALL_MS && cpuMs < BATCH_CPU_MS / 2;
    const isLong = spentMs >= LEAST_WARM_UP_CPU_MS && calls >= LEAST_WARM_UP_CALLS;
    if (waits || (isLong && stale >= 3) || spentMs >= MOST_WARM_UP_CPU_MS)
      return Math.max(1, Math.round(turns / share));
    if (share < 0.75) turns *= 2;
  }
}

/** How much shorter a batch is that is compared with its neighbour: the machine has hardly the time to change its speed. */
const PAIRED_SHARE = 5;

/** Measures the subjects in turns, so that a busy moment of the machine hits all of them; medians of the batches, by id. */
export async function measure(subjects, { batches = 7, pairedWith } = {}) {
  const entries = [];
  for (const [id, subject] of Object.entries(subjects))
    entries.push({ id, subject, turns: await warmUp(subject), samples: [] });
  if (pairedWith !== undefined)
    for (const entry of entries) entry.turns = Math.max(1, Math.round(entry.turns / PAIRED_SHARE));
  for (let round = 0; round < batches; round += 1) {
    // Whoever comes second in a pair comes first in the next.
    for (const { subject, turns, samples } of round % 2 === 0 ? entries : entries.toReversed()) {
      const spentMs = samples.reduce((sum, { wallMs }) => sum + wallMs, 0);
      if (samples.length < LEAST_BATCHES || spentMs < SUBJECT_WALL_MS * Math.max(1, batches / 7))
        samples.push(await batch(subject, turns));
    }
  }
  const base = entries.find(({ id }) => id === pairedWith)?.samples;
  return Object.fromEntries(
    entries.map(({ id, samples }) => [
      id,
      { cpuNs: valueOf(samples, 'cpuNs', base), wallNs: valueOf(samples, 'wallNs', base) },
    ]),
  );
}

/** The median; with a base, what the base takes times the median of the ratios to the batch of the base beside each. */
function valueOf(samples, name, base) {
  const values = samples.map((sample) => sample[name]);
  if (base === undefined) return median(values);
  const ofBase = base.map((sample) => sample[name]);
  const ratios = values.slice(0, ofBase.length).map((value, index) => value / ofBase[index]);
  return median(ofBase) * median(ratios);
}
