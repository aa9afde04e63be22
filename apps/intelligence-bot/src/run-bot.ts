import { OrchestrationContext, type LogLevel } from '@kapelle/core';
import type { Readable } from 'node:stream';
import { compose, portsOf, type Bot } from './compose.js';
import type { ConsoleIo } from './console-io.js';
import type { Settings } from './settings.js';

/** Briefings of the command line belong to one tenant. */
export const TENANT = 'local';

/** What a command is run with. */
export interface CommandRun {
  readonly io: ConsoleIo;
  readonly settings: Settings;
  /** Fires on Ctrl-C. */
  readonly signal: AbortSignal;
  /** What `-` stands for. */
  readonly stdin: Readable;
}

/** Runs work with a started bot, and stops it whatever happens. */
export async function withBot<T>(
  { io, settings, signal, stdin }: CommandRun,
  isVerbose: boolean,
  work: (bot: Bot, context: OrchestrationContext) => Promise<T>,
  make: typeof compose = compose,
): Promise<T> {
  const level: LogLevel | undefined = settings.logLevel ?? (isVerbose ? 'debug' : undefined);
  const logger = level === undefined ? undefined : await openLog(io, level);
  const bot = make(portsOf(settings, stdin), logger);
  try {
    await bot.host.start();
    return await work(bot, OrchestrationContext.create({ tenantId: TENANT, signal }));
  } finally {
    await bot.close(signal.aborted ? 'interrupted' : 'the command is over');
    await logger?.close();
  }
}

/** A log for people on stderr. */
export async function openLog({ err, errColors }: ConsoleIo, level: LogLevel) {
  const { createWinstonLogger } = await import('@kapelle/observability');
  return createWinstonLogger({ level, service: 'intelligence-bot', stream: err, colors: errColors });
}
