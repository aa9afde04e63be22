import type { SeriesStore } from './series-store.js';
import { ConditionEvaluation } from './rules/evaluate-condition.js';
import { TelemetryError } from './telemetry-error.js';
import type { TelemetryLabels } from './telemetry-series.js';
import {
  compileRule,
  type CompiledRule,
  type TelemetryRule,
  type TelemetrySeverity,
} from './telemetry-rule.js';

/** Rules at most. */
const MAX_RULES = 1_000;

/** An alarm, from its beginning to its end. */
export interface TelemetryAlert {
  /** Unique within the store. */
  readonly id: string;
  readonly rule: string;
  readonly severity: TelemetrySeverity;
  readonly title: string;
  readonly description: string;
  readonly labels: TelemetryLabels;
  readonly state: 'firing' | 'resolved';
  /** The value when it fired and now, in base units: seconds, bytes, shares. */
  readonly value: number;
  readonly latest: number;
  /** Epoch ms: since when the condition holds, and when it fired. */
  readonly activeSince: number;
  readonly firedAt: number;
  readonly resolvedAt?: number;
  /** `recovered`: the condition does not hold any more. `by-hand`: somebody said so. `rule-changed`: its rule is gone. */
  readonly resolution?: 'recovered' | 'by-hand' | 'rule-changed';
  /** How often it fired: again within the cool-down counts here. */
  readonly occurrences: number;
}

/** What an evaluation changed. */
export interface TelemetryAlertChanges {
  readonly fired: readonly TelemetryAlert[];
  readonly resolved: readonly TelemetryAlert[];
}

interface Watch {
  /** Since when the condition holds. */
  since: number;
  /** When it held last. */
  heldAt: number;
  alert: TelemetryAlert | undefined;
}

/** The rules, what they say now, and what they said before. */
export class TelemetryAlerts {
  readonly #store: SeriesStore;
  readonly #maxHistory: number;
  readonly #rules = new Map<string, { rule: CompiledRule; readonly watches: Map<string, Watch> }>();
  readonly #history: TelemetryAlert[] = [];
  #numbered = 0;

  constructor(store: SeriesStore, maxHistory: number) {
    this.#store = store;
    this.#maxHistory = maxHistory;
  }

  /**
   * Adds a rule, or replaces that of the same id; what it said is resolved.
   *
   * @throws TelemetryError `TELEMETRY_RULE_INVALID`
   */
  add(rule: TelemetryRule, now: number): CompiledRule {
    const compiled = compileRule(rule, this.#store);
    if (!this.#rules.has(compiled.id) && this.#rules.size >= MAX_RULES) {
      throw new TelemetryError(
        'TELEMETRY_RULE_INVALID',
        `${compiled.id} would be rule ${MAX_RULES + 1}, and all of them are evaluated each time. Take one away first.`,
      );
    }
    this.remove(compiled.id, now);
    this.#rules.set(compiled.id, { rule: compiled, watches: new Map() });
    return compiled;
  }

  /** Whether there was one. What it said is resolved. */
  remove(id: string, now: number): boolean {
    const entry = this.#rules.get(id);
    if (entry === undefined) return false;
    for (const watch of entry.watches.values()) {
      if (watch.alert?.state === 'firing') this.#end(watch, watch.alert, 'rule-changed', now);
    }
    return this.#rules.delete(id);
  }

  get rules(): readonly CompiledRule[] {
    return [...this.#rules.values()].map(({ rule }) => rule);
  }

  /** What is firing, the oldest first. */
  get active(): readonly TelemetryAlert[] {
    return [...this.#rules.values()]
      .flatMap(({ watches }) => [...watches.values()])
      .flatMap(({ alert }) => (alert?.state === 'firing' ? [alert] : []))
      .sort((a, b) => a.firedAt - b.firedAt);
  }

  /** What was resolved, the oldest first; bounded. */
  get history(): readonly TelemetryAlert[] {
    return [...this.#history];
  }

  /** Resolves an alert by hand; `undefined` where none of this id is firing. It fires again where its condition goes on. */
  resolve(id: string, now: number): TelemetryAlert | undefined {
    for (const { watches } of this.#rules.values()) {
      for (const [key, watch] of watches) {
        if (watch.alert?.id !== id || watch.alert.state !== 'firing') continue;
        const ended = this.#end(watch, watch.alert, 'by-hand', now);
        watches.delete(key);
        return ended;
      }
    }
    return undefined;
  }

  /** Evaluates every rule now. What several rules have in common is computed once. */
  evaluate(now: number): TelemetryAlertChanges {
    const evaluation = new ConditionEvaluation(this.#store, now);
    const fired: TelemetryAlert[] = [];
    const resolved: TelemetryAlert[] = [];
    for (const { rule, watches } of this.#rules.values()) {
      if (!rule.enabled) continue;
      const holding = evaluation.holds(rule.expression);
      for (const [key, { labels, value }] of holding) {
        let watch = watches.get(key);
        if (watch === undefined) watches.set(key, (watch = { since: now, heldAt: now, alert: undefined }));
        watch.heldAt = now;
        const alert = this.#hold(watch, rule, labels, value, now);
        if (alert !== undefined) fired.push(alert);
      }
      for (const [key, watch] of watches) {
        if (holding.has(key)) continue;
        const { alert } = watch;
        if (alert?.state === 'firing') {
          if (now - watch.heldAt < rule.keepFiringMs) continue;
          resolved.push(this.#end(watch, alert, 'recovered', now));
        } else if (alert?.resolvedAt === undefined || now - alert.resolvedAt >= rule.cooldownMs) {
          watches.delete(key);
          continue;
        }
        // It has to hold for the whole time again.
        watch.since = Infinity;
      }
    }
    return { fired, resolved };
  }

  #hold(
    watch: Watch,
    rule: CompiledRule,
    labels: TelemetryLabels,
    value: number,
    now: number,
  ): TelemetryAlert | undefined {
    if (watch.since === Infinity) watch.since = now;
    const { alert } = watch;
    if (alert?.state === 'firing') {
      watch.alert = { ...alert, latest: value };
      return undefined;
    }
    if (now - watch.since < rule.forMs) return undefined;
    if (alert?.resolvedAt !== undefined && now - alert.resolvedAt < rule.cooldownMs) {
      const at = this.#history.indexOf(alert);
      if (at >= 0) this.#history.splice(at, 1);
      const { resolvedAt: _at, resolution: _how, ...rest } = alert;
      watch.alert = { ...rest, state: 'firing', latest: value, occurrences: alert.occurrences + 1 };
      return undefined;
    }
    this.#numbered += 1;
    watch.alert = {
      id: `${rule.id}-${String(this.#numbered)}`,
      rule: rule.id,
      severity: rule.severity,
      title: rule.title,
      description: rule.description,
      labels,
      state: 'firing',
      value,
      latest: value,
      activeSince: watch.since,
      firedAt: now,
      occurrences: 1,
    };
    return watch.alert;
  }

  #end(
    watch: Watch,
    alert: TelemetryAlert,
    resolution: NonNullable<TelemetryAlert['resolution']>,
    now: number,
  ): TelemetryAlert {
    const ended: TelemetryAlert = { ...alert, state: 'resolved', resolvedAt: now, resolution };
    watch.alert = ended;
    watch.since = Infinity;
    this.#history.push(ended);
    if (this.#history.length > this.#maxHistory) this.#history.shift();
    return ended;
  }
}
