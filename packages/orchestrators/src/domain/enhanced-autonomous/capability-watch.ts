import type { Clock } from '@kapelle/core';
import type { AutonomyProbeCounts } from './autonomy-counters.js';
import type { AutonomyCapability, BoundProbe, ProbeRequest } from './autonomy-probe.js';
import { TimeIsUp, withinTime } from './within-time.js';

/** Answers kept at the same time; the oldest are forgotten first. */
const MAX_KEPT = 1_000;

interface Kept {
  readonly answer: Promise<AutonomyCapability>;
  /** In milliseconds of the monotonic clock; nothing while the probe is at work. */
  expiresAt?: number;
}

export interface CapabilityWatchDeps {
  readonly probes: readonly BoundProbe[];
  readonly clock: Clock;
  readonly timeoutMs: number;
  readonly cacheMs: number;
  /** Called when a capability has gone, and when it has come back. */
  readonly changed?: (capability: AutonomyCapability) => void;
}

/** How one caller asks. */
export interface Asking {
  /** Asks again, whatever was said before. @default false */
  readonly refresh?: boolean;
  /** How long this caller waits, in milliseconds; the probes go on for others. @default as long as the probes may take */
  readonly patienceMs?: number;
  /** Ends the waiting of this caller. */
  readonly signal?: AbortSignal;
}

/**
 * Asks all probes side by side, each with a time limit, and uses their answers again for a short time. Calls at the same
 * time share a probe that is at work, so its signal is none of theirs.
 */
export class CapabilityWatch {
  readonly #deps: CapabilityWatchDeps;
  readonly #kept = new Map<string, Kept>();
  /** The last answer of each probe, whoever asked. */
  readonly #latest = new Map<string, AutonomyCapability>();
  readonly #ended = new AbortController();
  readonly #counts = { asked: 0, cached: 0, shared: 0, lacking: 0, timedOut: 0 };

  constructor(deps: CapabilityWatchDeps) {
    this.#deps = deps;
  }

  get counts(): AutonomyProbeCounts {
    return { ...this.#counts };
  }

  /** What each probe said last; without those about content that nobody can read, which is no failure of a part. */
  get latest(): readonly AutonomyCapability[] {
    return [...this.#latest.values()];
  }

  /** What each probe says. Rejects only when the signal fires. */
  async ask(request: ProbeRequest, asking: Asking = {}): Promise<readonly AutonomyCapability[]> {
    const { refresh = false } = asking;
    return Promise.all(
      this.#deps.probes.map((probe) => this.#patiently(probe, this.#answer(probe, request, refresh), asking)),
    );
  }

  /** Has the probes asked again by the next call: something turned out to be otherwise. */
  forget(): void {
    this.#kept.clear();
  }

  /** Ends probes that are at work. */
  close(): void {
    this.#ended.abort(new Error('The host stops.'));
    this.#kept.clear();
  }

  async #patiently(
    { name }: BoundProbe,
    answer: Promise<AutonomyCapability>,
    { patienceMs, signal = this.#ended.signal }: Asking,
  ): Promise<AutonomyCapability> {
    const { clock, timeoutMs } = this.#deps;
    try {
      return await withinTime(() => answer, {
        clock,
        // The limit of the probe comes first, where nothing is said: then the probe itself says why.
        timeoutMs: patienceMs ?? timeoutMs + 1,
        ended: signal,
      });
    } catch (thrown) {
      if (!(thrown instanceof TimeIsUp)) throw thrown;
      return {
        name,
        available: false,
        lack: noAnswer(name, thrown),
        checkedAt: clock.now(),
        ms: patienceMs ?? timeoutMs,
      };
    }
  }

  #answer(probe: BoundProbe, request: ProbeRequest, refresh: boolean): Promise<AutonomyCapability> {
    const { clock, cacheMs } = this.#deps;
    const key = `${probe.name}\n${probe.keyOf(request)}`;
    const found = this.#kept.get(key);
    if (found !== undefined && found.expiresAt === undefined) {
      this.#counts.shared += 1;
      return found.answer;
    }
    if (found?.expiresAt !== undefined && found.expiresAt > clock.monotonic() && !refresh) {
      this.#counts.cached += 1;
      return found.answer;
    }
    const kept: Kept = { answer: this.#check(probe, request) };
    this.#kept.delete(key);
    this.#kept.set(key, kept);
    void kept.answer.then((capability) => {
      kept.expiresAt = clock.monotonic() + cacheMs;
      this.#learn(capability);
    });
    if (this.#kept.size > MAX_KEPT) {
      const [oldest] = this.#kept.keys();
      if (oldest !== undefined) this.#kept.delete(oldest);
    }
    return kept.answer;
  }

  #learn(capability: AutonomyCapability): void {
    if (capability.lack?.kind === 'unsupported' || this.#ended.signal.aborted) return;
    const before = this.#latest.get(capability.name);
    this.#latest.set(capability.name, capability);
    if ((before?.available ?? true) !== capability.available) this.#deps.changed?.(capability);
  }

  async #check(probe: BoundProbe, request: ProbeRequest): Promise<AutonomyCapability> {
    const { clock, timeoutMs } = this.#deps;
    const begun = clock.monotonic();
    let lack: AutonomyCapability['lack'];
    this.#counts.asked += 1;
    try {
      lack = await withinTime((signal) => probe.check(request, signal), {
        clock,
        timeoutMs,
        ended: this.#ended.signal,
      });
    } catch (thrown) {
      if (thrown instanceof TimeIsUp) this.#counts.timedOut += 1;
      lack = noAnswer(probe.name, thrown);
    }
    if (lack !== undefined) this.#counts.lacking += 1;
    return {
      name: probe.name,
      available: lack === undefined,
      ...(lack === undefined ? {} : { lack }),
      checkedAt: clock.now(),
      ms: Math.max(0, Math.round(clock.monotonic() - begun)),
    };
  }
}

function noAnswer(name: string, thrown: unknown): NonNullable<AutonomyCapability['lack']> {
  return { kind: 'down', reason: reasonOf(thrown), fix: `Make "${name}" work, then analyse again.` };
}

/** Long enough for a sentence. */
const MAX_REASON = 500;

function reasonOf(thrown: unknown): string {
  const message = thrown instanceof Error ? thrown.message : String(thrown);
  return message.trim() === '' ? 'The probe failed without a message.' : message.slice(0, MAX_REASON);
}
