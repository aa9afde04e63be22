import { OrchestrationContext, StepResult } from '@kapelle/core';
import {
  failureCode,
  type MonitoredItem,
  type MonitoringStatus,
  type SourceCheckReport,
  type SourceStatus,
} from '@kapelle/orchestrators';
import { stat } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { remark, UsageError } from '../complaint.js';
import { portsOf, type Bot } from '../compose.js';
import { colorsOf, type ConsoleIo } from '../console-io.js';
import { discordSources } from '../discord/discord-sources.js';
import { EXIT_CODE, type ExitCode } from '../exit-code.js';
import { openLog, TENANT, type CommandRun } from '../run-bot.js';
import { composeService } from '../service.js';

/** What the command line says of `watch`. */
export interface WatchOptions {
  /** Minutes between two looks. */
  readonly every: number;
  readonly verbose?: true;
}

interface Watched {
  readonly kind: string;
  readonly target: string;
}

const MINUTE_MS = 60_000;

/**
 * Keeps the whole bot running, and follows feeds, pages and folders until somebody ends it: what is new is analysed at the depth
 * that turned out best, and told on a line. What was seen is remembered, also by the next time; what was watched then and is
 * not named now rests.
 */
export async function watch(
  run: CommandRun,
  targets: readonly string[],
  { every, verbose }: WatchOptions,
): Promise<ExitCode> {
  const { io, settings, signal } = run;
  const watched = await Promise.all(targets.map((target) => sourceOf(target, settings.baseFolder)));
  const level = settings.logLevel ?? (verbose === true ? 'debug' : undefined);
  const logger = level === undefined ? undefined : await openLog(io, level);
  const bot = composeService(portsOf(settings, run.stdin), settings, {
    folders: watched.flatMap(({ kind, target }) => (kind === 'folder' ? [target] : [])),
    modules: discordSources(settings),
    ...(logger === undefined ? {} : { logger }),
  });
  try {
    await bot.host.start();
    await new Watch(bot, io, every * MINUTE_MS).run(watched, signal);
    return EXIT_CODE.ok;
  } finally {
    await bot.close(signal.aborted ? 'interrupted' : 'the command is over');
    await logger?.close();
  }
}

class Watch {
  readonly #bot: Bot;
  readonly #io: ConsoleIo;
  readonly #intervalMs: number;
  readonly #told = new Set<string>();
  /** Addresses with the contents that were told of them. */
  readonly #known = new Set<string>();

  constructor(bot: Bot, io: ConsoleIo, intervalMs: number) {
    this.#bot = bot;
    this.#io = io;
    this.#intervalMs = intervalMs;
  }

  async run(watched: readonly Watched[], signal: AbortSignal): Promise<void> {
    // What was found by a former run was told by it.
    for (const item of await this.#items()) {
      if (item.status === 'waiting') continue;
      this.#told.add(item.key);
      this.#known.add(contentOf(item));
    }
    const stopTelling = this.#bot.host.facade.events.on('call.ended', ({ orchestrator }) => {
      // The item is noted as done once the call is over.
      if (orchestrator === 'analysis_desk') setImmediate(() => void this.#tell().catch(() => undefined));
    });
    try {
      const sources = await this.#settle(watched);
      const status = await this.#ask<MonitoringStatus>('get_monitoring_status');
      if (!status.running) StepResult.unwrap(await this.#call('start_monitoring'));
      this.#io.err.write('Ctrl-C ends it.\n');
      await Promise.all(sources.map((source) => this.#look(source)));
      await ended(signal);
    } finally {
      stopTelling();
    }
    await this.#tell();
  }

  /** Those that are named are watched, and no other. */
  async #settle(watched: readonly Watched[]): Promise<readonly SourceStatus[]> {
    const settled: SourceStatus[] = [];
    for (const source of watched) {
      settled.push(await this.#add(source));
      this.#io.err.write(
        `watching ${source.target} (${source.kind}) every ${this.#intervalMs / MINUTE_MS} min\n`,
      );
    }
    const named = new Set(settled.map(({ id }) => id));
    const { sources } = await this.#ask<MonitoringStatus>('get_monitoring_status');
    for (const { id, enabled } of sources) {
      if (enabled && !named.has(id)) await this.#ask('update_schedule', { sourceId: id, enabled: false });
    }
    return settled;
  }

  async #add(source: Watched): Promise<SourceStatus> {
    const intervalMs = this.#intervalMs;
    const added = await this.#call<SourceStatus>('add_source', { ...source, intervalMs });
    const details = added.status === 'failed' ? (added.details as { readonly sourceId?: string }) : undefined;
    const known = details?.sourceId;
    if (known === undefined) return StepResult.unwrap(added);
    const changed = await this.#ask<readonly SourceStatus[]>('update_schedule', {
      sourceId: known,
      intervalMs,
      enabled: true,
    });
    return changed[0] as SourceStatus;
  }

  /** Looks at once, also at what would be due later; that it does not work now is told, and no reason to end. */
  async #look({ id, target }: SourceStatus): Promise<void> {
    const report = await this.#call<SourceCheckReport>('check_now', { sourceId: id });
    if (report.status !== 'failed') return;
    const told = withAdvice(report.error, failureCode(report));
    this.#io.err.write(`${colorsOf(this.#io.errColors).yellow('later')} ${target}: ${told}\n`);
  }

  async #tell(): Promise<void> {
    const colors = colorsOf(this.#io.outColors);
    for (const item of [...(await this.#items())].reverse()) {
      const { key, status, title, uri, briefingId = '', reduced, error, leftOut = 0 } = item;
      if (status === 'waiting' || this.#told.has(key)) continue;
      this.#told.add(key);
      // Of a feed file that has changed, what was there before is nothing new.
      const isAsBefore = status === 'duplicate' && this.#known.has(contentOf(item));
      this.#known.add(contentOf(item));
      if (leftOut > 0) {
        const more = leftOut === 1 ? '1 more item was' : `${String(leftOut)} more items were`;
        remark(this.#io, 'note', `${uri}: ${more} left out; "analyze" takes them where the file is split.`);
      }
      if (isAsBefore) continue;
      const name = title ?? uri;
      this.#io.out.write(
        status === 'failed'
          ? `${colors.red('failed')}  ${name}: ${error?.message ?? ''}\n`
          : `${colors.green(reduced === true ? 'reduced' : status)}  ${name}  ${briefingId}\n`,
      );
    }
  }

  #items(): Promise<readonly MonitoredItem[]> {
    return this.#ask<readonly MonitoredItem[]>('list_items', { limit: 500 });
  }

  async #ask<T>(operation: string, params: Readonly<Record<string, unknown>> = {}): Promise<T> {
    return StepResult.unwrap(await this.#call<T>(operation, params));
  }

  #call<T>(operation: string, params: Readonly<Record<string, unknown>> = {}): Promise<StepResult<T>> {
    const context = OrchestrationContext.create({ tenantId: TENANT });
    return this.#bot.host.facade.orchestrate<T>('real_time_monitoring', context, { operation, ...params });
  }
}

/** What an address is: a feed by its name, else a page; anything else is a folder. */
async function sourceOf(target: string, baseFolder: string): Promise<Watched> {
  if (/^https?:/i.test(target)) {
    const isFeed = /(?:rss|atom|feed|\.xml)(?:[/?#.]|$)/i.test(target);
    return { kind: isFeed ? 'feed' : 'page', target };
  }
  const channel = /^discord:(.*)$/i.exec(target)?.[1];
  if (channel !== undefined) return { kind: 'discord', target: channel };
  const path = resolve(baseFolder, target);
  const stats = await stat(path).catch(() => undefined);
  if (stats?.isDirectory() === true) return { kind: 'folder', target: path };
  if (stats !== undefined) {
    throw new UsageError(
      `"${target}" is a file, and is not watched by itself. "analyze" takes it, or watch its folder: ${dirname(path)}.`,
    );
  }
  throw new UsageError(
    `"${target}" is no folder. Name one that is there, or an address that begins with https://.`,
  );
}

const contentOf = ({ uri, contentHash = '' }: MonitoredItem): string => `${uri}\n${contentHash}`;

/** What a library says of its option, said of the setting that whoever watches has. */
function withAdvice(message: string, code: string | undefined): string {
  if (code !== 'HTTP_ADDRESS_FORBIDDEN') return message;
  const address = /^(?:"[^"]*" leads to )?([\da-f.:]+)(?:,| is )/i.exec(message)?.[1];
  const value = address ?? (message.startsWith('"localhost"') ? '127.0.0.1,::1' : '…');
  return message.replace('in allowAddresses', `with KAPELLE_ALLOW_ADDRESSES=${value}`);
}

function ended(signal: AbortSignal): Promise<void> {
  return new Promise((done) => {
    if (signal.aborted) done();
    else {
      signal.addEventListener(
        'abort',
        () => {
          done();
        },
        { once: true },
      );
    }
  });
}
