/** How the weights of targets move, and when a target is left out. */
export interface RoutingSettings {
  /** A target's weight never leaves these bounds. @default 0.1 to 2 */
  readonly minWeight: number;
  readonly maxWeight: number;
  /** A success that took no longer counts in a target's favour, in ms. @default 5_000 */
  readonly latencyMs: number;
  /** Failures in a row after which a target is left out. @default 5 */
  readonly ejectAfter: number;
  /** First time left out, in ms; the n-th time it is n times as long. @default 30_000 */
  readonly ejectMs: number;
  /** Longest time left out, in ms. @default 300_000 */
  readonly maxEjectMs: number;
  /** Share of the targets that may be left out together; one always may, all never. @default 0.5 */
  readonly maxEjectedShare: number;
}

/** How one target of a service does. */
export interface TargetReport {
  /** Its share of calls is its weight over the sum of the weights of those that take part. */
  readonly weight: number;
  readonly calls: number;
  readonly failures: number;
  readonly consecutiveFailures: number;
  /** For how many ms it is left out; 0 where it takes part. */
  readonly ejectedForMs: number;
  readonly ejections: number;
}

interface Target {
  readonly name: string;
  weight: number;
  calls: number;
  failures: number;
  consecutiveFailures: number;
  ejectedUntil: number;
  /** Times it was left out, less the times it has shown since that it works. */
  multiplier: number;
  ejections: number;
}

const RAISE = 1.1;
const LOWER = 0.9;

/**
 * Which of several targets gets the next call. A target's weight grows by a tenth with each quick success and falls by a
 * tenth with each failure or slow one. Who fails five times in a row is left out for a time that grows with each
 * repetition and shrinks again with good behaviour: the outlier ejection of Envoy
 * (https://www.envoyproxy.io/docs/envoy/latest/intro/arch_overview/upstream/outlier), except that its share is larger,
 * because pools are smaller here.
 */
export class TargetPool {
  readonly #settings: RoutingSettings;
  readonly #targets = new Map<string, Target>();

  constructor(settings: RoutingSettings) {
    this.#settings = settings;
  }

  /** Makes the pool hold these targets: known ones keep what was learnt, new ones begin at 1, others are forgotten. */
  hold(names: readonly string[]): void {
    for (const name of this.#targets.keys()) if (!names.includes(name)) this.#targets.delete(name);
    for (const name of names) {
      if (this.#targets.has(name)) continue;
      this.#targets.set(name, this.#newcomer(name));
    }
  }

  #newcomer(name: string): Target {
    const { minWeight, maxWeight } = this.#settings;
    return {
      name,
      weight: Math.min(maxWeight, Math.max(minWeight, 1)),
      calls: 0,
      failures: 0,
      consecutiveFailures: 0,
      ejectedUntil: 0,
      multiplier: 0,
      ejections: 0,
    };
  }

  /**
   * One of `names`, at random by weight, of those that take part; of the ejected ones where no other is left, the one that
   * comes back first. A name that the pool no longer holds counts as new. `undefined` without names.
   */
  pick(random: () => number, now: number, names: readonly string[]): string | undefined {
    const left = names.map((name) => this.#targets.get(name) ?? this.#newcomer(name));
    const taking = left.filter(({ ejectedUntil }) => ejectedUntil <= now);
    if (taking.length === 0) {
      return left.reduce<Target | undefined>(
        (first, each) => (first === undefined || each.ejectedUntil < first.ejectedUntil ? each : first),
        undefined,
      )?.name;
    }
    let at = random() * taking.reduce((sum, { weight }) => sum + weight, 0);
    for (const target of taking) {
      at -= target.weight;
      if (at < 0) return target.name;
    }
    return taking.at(-1)?.name;
  }

  /** What came of a call. @param now Monotonic, in ms. @returns Whether the target was ejected for it. */
  record(name: string, success: boolean, latencyMs: number, now: number): boolean {
    const target = this.#targets.get(name);
    if (target === undefined) return false;
    const { minWeight, maxWeight, latencyMs: limit, ejectAfter } = this.#settings;
    const factor = success && latencyMs <= limit ? RAISE : LOWER;
    target.weight = Math.min(maxWeight, Math.max(minWeight, target.weight * factor));
    target.calls += 1;
    if (success) {
      target.consecutiveFailures = 0;
      // As many successes in a row as failures it takes to be left out take one repetition back.
      if (target.multiplier > 0 && target.calls % ejectAfter === 0) target.multiplier -= 1;
      return false;
    }
    target.failures += 1;
    target.consecutiveFailures += 1;
    return target.consecutiveFailures >= ejectAfter && this.#eject(target, now);
  }

  /** @param now Monotonic, in ms. */
  report(now: number): Readonly<Record<string, TargetReport>> {
    return Object.fromEntries(
      [...this.#targets.values()].map(
        ({ name, weight, calls, failures, consecutiveFailures, ejectedUntil, ejections }) => [
          name,
          {
            weight,
            calls,
            failures,
            consecutiveFailures,
            ejectedForMs: Math.max(0, ejectedUntil - now),
            ejections,
          },
        ],
      ),
    );
  }

  #eject(target: Target, now: number): boolean {
    const { ejectMs, maxEjectMs, maxEjectedShare } = this.#settings;
    const out = [...this.#targets.values()].filter(
      (each) => each !== target && each.ejectedUntil > now,
    ).length;
    const most = Math.max(1, Math.floor(this.#targets.size * maxEjectedShare));
    if (out >= most || out + 1 >= this.#targets.size) return false;
    target.multiplier += 1;
    target.ejections += 1;
    target.consecutiveFailures = 0;
    target.ejectedUntil = now + Math.min(maxEjectMs, ejectMs * target.multiplier);
    return true;
  }
}
