/** Binding key of the drivers. */
export const OPERATIONS_DRIVERS = Symbol.for('kapelle.OperationsDrivers');

/** What a driver did. */
export interface DriverOutcome {
  readonly done: boolean;
  readonly message: string;
}

/** Does something to what is operated: restarts a process, scales a service, clears a cache. */
export interface OperationsDriver {
  readonly name: string;
  /** Rejects where it failed, and at once when the signal fires. The same key means the same action: it is done once. */
  run(
    params: Readonly<Record<string, unknown>>,
    options: { readonly signal: AbortSignal; readonly idempotencyKey: string },
  ): Promise<DriverOutcome>;
}
