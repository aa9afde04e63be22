import type { LogLevel } from '@kapelle/core';
import { LoggerOptionsError, severityOf } from './log-level.js';
import { shown } from './option-checks.js';

/** Whose lines a level is for: those of a layer, or of one orchestrator. */
export type LevelScope =
  | { readonly layer: string; readonly orchestrator?: never }
  | { readonly orchestrator: string; readonly layer?: never };

/** A level for a part of the program. */
export type LevelRule = LevelScope & { readonly level: LogLevel };

/** Who writes a line. */
export interface LineOwner {
  readonly orchestrator: string | undefined;
  readonly layer: string | undefined;
}

/** Who a rule names, for a message. */
const named = (layer: unknown, orchestrator: unknown): string =>
  `the layer ${shown(layer)} and the orchestrator ${shown(orchestrator)}`;

/**
 * Which levels are written, for all and for parts: the rule of the orchestrator wins over that of its layer, and that
 * over the level for all.
 */
export class LevelTable {
  /** The most that any rule lets through: what is above is off everywhere. Compared before anything else is done. */
  threshold: number;
  hasRules = false;
  /** Another one after each change: what was read before is to be read again. */
  version = 0;
  #level: LogLevel;
  readonly #layers = new Map<string, LogLevel>();
  readonly #orchestrators = new Map<string, LogLevel>();

  constructor(level: LogLevel, rules: readonly LevelRule[]) {
    this.threshold = severityOf(level);
    this.#level = level;
    for (const { level: own, ...scope } of rules) {
      severityOf(own);
      const before = this.#ruleOf(scope);
      if (before !== undefined && before !== own) {
        throw new LoggerOptionsError(
          `levels gives ${named(scope.layer, scope.orchestrator)} the level ${before} and the level ${own}.`,
          'Give each of them one rule.',
        );
      }
      this.set(scope, own);
    }
  }

  get level(): LogLevel {
    return this.#level;
  }

  set level(level: LogLevel) {
    severityOf(level);
    this.#level = level;
    this.#refresh();
  }

  /** The rules as they are now. */
  get rules(): readonly LevelRule[] {
    return [
      ...Array.from(this.#layers, ([layer, level]) => ({ layer, level })),
      ...Array.from(this.#orchestrators, ([orchestrator, level]) => ({ orchestrator, level })),
    ];
  }

  set(scope: LevelScope, level: LogLevel | undefined): void {
    const { layer, orchestrator } = scope as { layer?: unknown; orchestrator?: unknown };
    const name = layer ?? orchestrator;
    if (typeof name !== 'string' || name === '' || (layer !== undefined && orchestrator !== undefined)) {
      throw new LoggerOptionsError(
        `A level is for ${named(layer, orchestrator)}.`,
        'Name a layer or an orchestrator, one of the two.',
      );
    }
    if (level !== undefined) severityOf(level);
    const rules = layer === undefined ? this.#orchestrators : this.#layers;
    if (level === undefined) rules.delete(name);
    else rules.set(name, level);
    this.#refresh();
  }

  /** The least severe severity that is written for this owner. */
  thresholdOf({ orchestrator, layer }: LineOwner): number {
    const own = orchestrator === undefined ? undefined : this.#orchestrators.get(orchestrator);
    const level = own ?? (layer === undefined ? undefined : this.#layers.get(layer)) ?? this.#level;
    return severityOf(level);
  }

  #ruleOf({ layer, orchestrator }: LevelScope): LogLevel | undefined {
    return layer === undefined ? this.#orchestrators.get(orchestrator) : this.#layers.get(layer);
  }

  #refresh(): void {
    const levels = [this.#level, ...this.#layers.values(), ...this.#orchestrators.values()];
    this.version += 1;
    this.hasRules = levels.length > 1;
    this.threshold = Math.max(...levels.map(severityOf));
  }
}
