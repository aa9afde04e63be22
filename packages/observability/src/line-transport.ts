import { Writable } from 'node:stream';
import type { LogLevel } from '@kapelle/core';

/** Keys under which winston's formats and transports hand on the level and the finished line. */
export const LEVEL: unique symbol = Symbol.for('level') as never;
export const LINE: unique symbol = Symbol.for('message') as never;

/** What a transport is given. All of it has been sanitised; fields have a place of their own and so collide with nothing. */
export interface LineInfo {
  readonly level: LogLevel;
  /** The event. */
  readonly message: string;
  /** ISO 8601. */
  readonly timestamp: string;
  readonly service?: string;
  readonly fields: Readonly<Record<string, unknown>>;
  readonly [LEVEL]: LogLevel;
  readonly [LINE]: string;
}

/** What became of the lines, over all transports. */
export interface LineCounters {
  written: number;
  failed: number;
  dropped: number;
}

/**
 * The shape of a winston transport on a plain stream. `log` returns at once and does not throw: one transport
 * that waits would stop winston's pipe, and with it all the others.
 */
export abstract class LineTransport extends Writable {
  constructor() {
    super({ objectMode: true });
  }

  abstract log(info: LineInfo): void;

  override _write(info: LineInfo, _encoding: string, next: () => void): void {
    this.log(info);
    next();
  }
}
