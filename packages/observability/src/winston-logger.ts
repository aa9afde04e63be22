import type { LogFields, Logger, LogLevel } from '@kapelle/core';
import type { LevelRule, LevelScope, LevelTable, LineOwner } from './level-table.js';
import type { LoggerStats, LogSink } from './log-sink.js';
import { SEVERITY } from './log-level.js';

/** Fields of a child and, by way of its parent, of the loggers above it. */
export interface LogScope {
  readonly fields: LogFields;
  readonly parent: LogScope | undefined;
}

/**
 * Core's `Logger` on winston. No method throws. A logger and its children share level, transports and counters;
 * make one with `createWinstonLogger`.
 */
export class WinstonLogger implements Logger {
  readonly #sink: LogSink;
  readonly #scope: LogScope | undefined;
  readonly #levels: LevelTable;
  /** Whose lines these are; found out where a level is for a part of the program. */
  #owner: LineOwner | undefined;
  /** What is written for that owner, as of a version of the levels. */
  #threshold = 0;
  #version = -1;

  /** @internal */
  constructor(sink: LogSink, scope?: LogScope) {
    this.#sink = sink;
    this.#scope = scope;
    this.#levels = sink.levels;
  }

  debug(event: string, fields?: LogFields): void {
    if (this.#levels.threshold >= SEVERITY.debug) this.#write('debug', event, fields);
  }

  info(event: string, fields?: LogFields): void {
    if (this.#levels.threshold >= SEVERITY.info) this.#write('info', event, fields);
  }

  warn(event: string, fields?: LogFields): void {
    if (this.#levels.threshold >= SEVERITY.warn) this.#write('warn', event, fields);
  }

  error(event: string, fields?: LogFields): void {
    if (this.#levels.threshold >= SEVERITY.error) this.#write('error', event, fields);
  }

  /**
   * A logger whose every line has `fields` too. Nearer fields win: those of the line, of this child, of its
   * parents, the ambient ones. Costs an object; `fields` is read again for each line, so do not change it.
   */
  child(fields: LogFields): WinstonLogger {
    return new WinstonLogger(this.#sink, { fields, parent: this.#scope });
  }

  /** The least severe level that is written, by this logger, its parents and its children, where no rule says otherwise. */
  get level(): LogLevel {
    return this.#levels.level;
  }

  /** @throws {@link LoggerOptionsError} for anything that is not a level. */
  set level(level: LogLevel) {
    this.#levels.level = level;
  }

  /**
   * Changes the level of a layer or of an orchestrator, from the next line on and for all loggers of the family. The rule
   * of an orchestrator wins over that of its layer, and that over `level`. Who writes a line is told by the fields
   * `orchestrator` and `layer` of the child logger, else of the line; every line of the framework has them.
   *
   * @param level `undefined` takes the rule back
   * @throws {@link LoggerOptionsError} for a scope that names nothing, or an unknown level.
   */
  setLevel(scope: LevelScope, level: LogLevel | undefined): void {
    this.#levels.set(scope, level);
  }

  /** The levels of layers and orchestrators that differ, as they are now. */
  get levelRules(): readonly LevelRule[] {
    return this.#levels.rules;
  }

  /** For this logger; where its lines may be anybody's, whether anybody's would be written. */
  isLevelEnabled(level: LogLevel): boolean {
    // Also for what is no level.
    if (!(this.#levels.threshold >= SEVERITY[level])) return false;
    if (!this.#levels.hasRules) return true;
    const owner = this.#ownerOfScope();
    if (owner.orchestrator === undefined && owner.layer === undefined) return true;
    return this.#scopeThreshold() >= SEVERITY[level];
  }

  /** What became of the lines so far. */
  get stats(): LoggerStats {
    return this.#sink.stats;
  }

  /**
   * Resolves once every line has been handed over and the transports have ended, or after the time-out; never
   * rejects. Lines that still wait then, and later ones, are counted as dropped. A stream given as `stream` stays open. Repeated calls wait for
   * the same end.
   */
  close(): Promise<void> {
    return this.#sink.close();
  }

  #write(level: LogLevel, event: string, fields: LogFields | undefined): void {
    if (this.#levels.hasRules && this.#thresholdFor(fields) < SEVERITY[level]) return;
    this.#sink.emit(level, event, fields, this.#scope);
  }

  #thresholdFor(fields: LogFields | undefined): number {
    const scope = this.#ownerOfScope();
    // The logger of an orchestrator: nothing of the line has to be read.
    if (scope.orchestrator !== undefined) return this.#scopeThreshold();
    const own = ownerIn(fields);
    if (own === undefined) return this.#scopeThreshold();
    return this.#levels.thresholdOf({ orchestrator: own.orchestrator, layer: own.layer ?? scope.layer });
  }

  #scopeThreshold(): number {
    if (this.#version !== this.#levels.version) {
      this.#threshold = this.#levels.thresholdOf(this.#ownerOfScope());
      this.#version = this.#levels.version;
    }
    return this.#threshold;
  }

  #ownerOfScope(): LineOwner {
    if (this.#owner !== undefined) return this.#owner;
    let orchestrator: string | undefined;
    let layer: string | undefined;
    for (let at = this.#scope; at !== undefined; at = at.parent) {
      const owner = ownerIn(at.fields);
      orchestrator ??= owner?.orchestrator;
      layer ??= owner?.layer;
    }
    return (this.#owner = { orchestrator, layer });
  }
}

/** `undefined` where the fields say nothing of it. */
function ownerIn(fields: LogFields | undefined): LineOwner | undefined {
  try {
    const orchestrator = fields?.['orchestrator'];
    const layer = fields?.['layer'];
    if (typeof orchestrator !== 'string' && typeof layer !== 'string') return undefined;
    return {
      orchestrator: typeof orchestrator === 'string' ? orchestrator : undefined,
      layer: typeof layer === 'string' ? layer : undefined,
    };
  } catch {
    return undefined;
  }
}
