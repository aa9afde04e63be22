/** What ends a process beside signals: an error that nothing has caught. */
export type StrayKind = 'uncaughtException' | 'unhandledRejection';

export interface ShutdownListeners {
  onSignal(signal: NodeJS.Signals): void;
  onStray(kind: StrayKind, error: unknown): void;
}

/** Listens on `process` for what ends it. Returns what takes every listener out again. */
export function listenForShutdown(
  signals: readonly NodeJS.Signals[],
  { onSignal, onStray }: ShutdownListeners,
): () => void {
  const onException = (error: unknown): void => {
    onStray('uncaughtException', error);
  };
  const onRejection = (reason: unknown): void => {
    onStray('unhandledRejection', reason);
  };
  for (const signal of signals) process.on(signal, onSignal);
  process.on('uncaughtException', onException);
  process.on('unhandledRejection', onRejection);
  return () => {
    for (const signal of signals) process.removeListener(signal, onSignal);
    process.removeListener('uncaughtException', onException);
    process.removeListener('unhandledRejection', onRejection);
  };
}
