/** Ten levels of classes; each but the first level needs two of the level below. Returns the indices that `i` needs. */
export function below(i, count) {
  const width = count / 10;
  if (i < width) return [];
  const first = i - width;
  return [first, i % width === width - 1 ? first - 1 : first + 1];
}

/** Heap in use, in bytes, garbage not counted. Needs --expose-gc. */
export function settledHeap() {
  globalThis.gc();
  globalThis.gc();
  return process.memoryUsage().heapUsed;
}

/** CPU and wall time of something, in ms. */
export async function timed(run) {
  const begun = performance.now();
  const before = process.cpuUsage();
  const value = await run();
  const { user, system } = process.cpuUsage(before);
  return { value, cpuMs: (user + system) / 1_000, wallMs: performance.now() - begun };
}
