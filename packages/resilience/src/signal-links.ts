/** What ends when the signal of its caller fires. */
export interface AbortChild {
  /** Called at most once per link, with the reason of whoever ended it. Must not throw. */
  parentAborted(reason: unknown): void;
}

/** The executions that one signal of a caller ends. */
class SignalLink {
  readonly children = new Set<AbortChild>();
  readonly signal: AbortSignal;

  constructor(signal: AbortSignal) {
    this.signal = signal;
  }

  readonly listener = (): void => {
    links.delete(this.signal);
    const children = [...this.children];
    this.children.clear();
    const reason: unknown = this.signal.reason;
    for (const child of children) child.parentAborted(reason);
  };
}

const links = new WeakMap<AbortSignal, SignalLink>();

/**
 * Makes `signal`, which has not fired, end `child`. However many executions one signal ends, it carries one listener:
 * Node warns of a leak beyond ten, and a signal may well be that of a whole process.
 */
export function linkSignal(signal: AbortSignal, child: AbortChild): void {
  let link = links.get(signal);
  if (link === undefined) {
    links.set(signal, (link = new SignalLink(signal)));
    signal.addEventListener('abort', link.listener, { once: true });
  }
  link.children.add(child);
}

/** Takes {@link linkSignal} back; the last one takes the listener off. */
export function unlinkSignal(signal: AbortSignal, child: AbortChild): void {
  const link = links.get(signal);
  if (link === undefined || !link.children.delete(child) || link.children.size > 0) return;
  links.delete(signal);
  signal.removeEventListener('abort', link.listener);
}
