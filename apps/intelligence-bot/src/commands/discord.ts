import { silentLogger, systemClock } from '@kapelle/core';
import { once } from 'node:events';
import { complain } from '../complaint.js';
import { portsOf } from '../compose.js';
import { ChatBot } from '../discord/chat-bot.js';
import { ChatError } from '../discord/chat-surface.js';
import { COMMANDS } from '../discord/command-list.js';
import { discordHttp } from '../discord/discord-http.js';
import { discordSources } from '../discord/discord-sources.js';
import { DiscordSurface } from '../discord/discord-surface.js';
import { EXIT_CODE, type ExitCode } from '../exit-code.js';
import { openLog, type CommandRun } from '../run-bot.js';
import { composeService } from '../service.js';

/** What the command line says of `discord`. */
export interface DiscordOptions {
  readonly verbose?: true;
}

/** What analyses that somebody waits for get to end, once the bot is to stop. */
const DRAIN_MS = 5_000;

/** Keeps the whole bot running and answers in Discord, until somebody ends it or Discord throws it out. */
export async function discord(run: CommandRun, { verbose }: DiscordOptions): Promise<ExitCode> {
  const { io, settings, signal } = run;
  if (settings.discord === undefined) {
    const problem = new ChatError(
      'CHAT_TOKEN_MISSING',
      'KAPELLE_DISCORD_TOKEN is not set. Make a bot in the developer portal of Discord, and set its token.',
    );
    complain(io, problem);
    return EXIT_CODE.usage;
  }
  const { token, api, ...access } = settings.discord;
  const level = settings.logLevel ?? (verbose === true ? 'debug' : undefined);
  const log = level === undefined ? undefined : await openLog(io, level);
  const logger = log ?? silentLogger;
  const service = composeService(portsOf(settings, run.stdin), settings, {
    logger,
    modules: discordSources(settings),
  });
  const http = discordHttp({ api, allowAddresses: settings.allowAddresses });
  const surface = new DiscordSurface({
    token,
    http,
    commands: COMMANDS,
    logger,
    clock: systemClock,
    ...(api === undefined ? {} : { api }),
  });
  const chat = new ChatBot({ surface, host: service.host, access, logger });
  try {
    await service.host.start();
    await chat.start();
    io.err.write('In Discord. Ctrl-C ends it.\n');
    const end = signal.aborted ? undefined : await Promise.race([once(signal, 'abort'), surface.lost]);
    if (!(end instanceof ChatError)) return EXIT_CODE.ok;
    complain(io, end);
    return codeOf(end);
  } catch (error) {
    if (!(error instanceof ChatError)) throw error;
    complain(io, error);
    return codeOf(error);
  } finally {
    await chat.stop(DRAIN_MS);
    http.close();
    await service.close(signal.aborted ? 'interrupted' : 'the command is over');
    await log?.close();
  }
}

function codeOf({ code }: ChatError): ExitCode {
  return code === 'CHAT_TOKEN_INVALID' ? EXIT_CODE.usage : EXIT_CODE.failed;
}
