/** What a signal ends. */
interface Endable {
  abort(kind: 'cancelled', because: string): void;
}

/** The calls that a signal of their callers' ends. */
class SignalLink {
  readonly calls = new Set<Endable>();
  readonly listener = (): void => {
    for (const call of [...this.calls]) call.abort('cancelled', 'its caller asked for it');
  };
}

const links = new WeakMap<AbortSignal, SignalLink>();

/**
 * Makes `signal`, which has not fired, end `call`. Returns what takes that back. However many calls one signal
 * ends, it has one listener: Node warns of a leak beyond ten, and a signal may well be that of a whole process.
 */
export function linkSignal(signal: AbortSignal, call: Endable): () => void {
  let link = links.get(signal);
  if (link === undefined) {
    links.set(signal, (link = new SignalLink()));
    signal.addEventListener('abort', link.listener);
  }
  const { calls, listener } = link;
  calls.add(call);
  return () => {
    calls.delete(call);
    if (calls.size > 0 || links.get(signal)?.calls !== calls) return;
    links.delete(signal);
    signal.removeEventListener('abort', listener);
  };
}
