/**
 * The symbol of the aliases: `container.get(ORCHESTRATOR, { name: type, tag: { key: 'layer', value: layer } })`, and
 * `getAll` with the tag, give the orchestrators the facade has.
 */
export const ORCHESTRATOR: unique symbol = Symbol.for('kapelle.Orchestrator') as never;

/** The framework's logger, with the ids of the current call on each event. */
export const LOGGER: unique symbol = Symbol.for('kapelle.Logger') as never;

/** The clock of the host. */
export const CLOCK: unique symbol = Symbol.for('kapelle.Clock') as never;

/** @internal The kernel behind a container. */
export const KERNEL: unique symbol = Symbol.for('kapelle.Kernel') as never;
