/** The parts of the benchmark, in the order in which they are run and shown. */
export const PART_IDS = ['calls', 'policies', 'queues', 'logging', 'tracing', 'metrics', 'start', 'leaks'];

/**
 * A part is `{ title, groups, figures(seen) }`; a group `{ id, title, note?, base?, oneProcess?, batches?, columns?, cases }`; a case
 * `{ id, what, ours?, minNode?, maxRounds?, make | once }`. `make` prepares and returns the function that one call is, or
 * `{ call, per?, verify? }`; `once` measures something else itself and returns its numbers, named by the group's columns.
 */
export async function partById(id) {
  const { part } = await import(`./cases/${id}.mjs`);
  return { id, ...part };
}
