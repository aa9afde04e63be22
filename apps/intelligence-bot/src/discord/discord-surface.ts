import type { Clock, Logger, TimerHandle } from '@kapelle/core';
import type { HttpClient } from '@kapelle/orchestrators';
import {
  Client,
  Events,
  GatewayDispatchEvents,
  Options,
  RESTEvents,
  Routes,
  type APIInteraction,
} from 'discord.js';
import { ChatError, type ChatHandler, type ChatSurface } from './chat-surface.js';
import type { CommandDefinition } from './command-list.js';
import { DiscordAnswer } from './discord-answer.js';
import { chatErrorOf, chatErrorOfClose } from './discord-error.js';
import { restOver } from './discord-http.js';
import { commandOf, isCommand, registrationOf } from './discord-payload.js';
import { guardedGateway } from './gateway-guard.js';

/** How to get into Discord. */
export interface DiscordSurfaceOptions {
  /** Of the bot, from the developer portal. Never logged. */
  readonly token: string;
  readonly commands: readonly CommandDefinition[];
  readonly logger: Logger;
  readonly clock: Clock;
  /** For the REST interface. What is open of it is the maker's to close. */
  readonly http: HttpClient;
  /** Address of the REST interface without the version, for a proxy. @default 'https://discord.com/api' */
  readonly api?: string;
  /** Milliseconds for coming in. @default 60000 @minimum 1 */
  readonly startTimeoutMs?: number;
}

const DEFAULT_START_TIMEOUT_MS = 60_000;
/** For leaving in order, with a farewell to the gateway. */
const STOP_TIMEOUT_MS = 2_000;

/**
 * Discord. It asks for no intents: commands come without them, so the bot reads no messages and knows no members. A connection that is
 * dropped comes back by itself, and what was asked meanwhile is handed over then. The REST interface is asked through the HTTP client;
 * the gateway, a WebSocket, is the library's own.
 */
export class DiscordSurface implements ChatSurface {
  readonly lost: Promise<ChatError>;
  readonly #options: DiscordSurfaceOptions;
  readonly #client: Client;
  readonly #ended = new AbortController();
  #closedFor: ChatError | undefined;

  constructor(options: DiscordSurfaceOptions) {
    const { startTimeoutMs = DEFAULT_START_TIMEOUT_MS, api, logger, http } = options;
    if (!Number.isFinite(startTimeoutMs) || startTimeoutMs < 1) {
      throw new RangeError(
        `startTimeoutMs must be a number of 1 or more, got ${String(startTimeoutMs)}. Correct it.`,
      );
    }
    this.#options = options;
    this.#client = new Client({
      intents: [],
      shards: 'auto',
      allowedMentions: { parse: [] },
      // Nothing of what is remembered is ever asked for.
      makeCache: Options.cacheWithLimits({
        GuildMemberManager: { maxSize: 10, keepOverLimit: ({ id, client }) => id === client.user.id },
        UserManager: { maxSize: 10, keepOverLimit: ({ id, client }) => id === client.user.id },
        MessageManager: 0,
      }),
      rest: { ...restOver(http), ...(api === undefined ? {} : { api }) },
      ws: { buildStrategy: guardedGateway({ api, logger, signal: this.#ended.signal }) },
    });
    this.lost = new Promise((resolve) => {
      this.#client.on(Events.ShardDisconnect, ({ code }) => {
        this.#closedFor = chatErrorOfClose(code);
        logger.error('chat_connection_ended', { closeCode: code });
        resolve(this.#closedFor);
      });
    });
    this.#listen(logger);
  }

  async start(handler: ChatHandler): Promise<void> {
    const { token, commands, clock, startTimeoutMs = DEFAULT_START_TIMEOUT_MS } = this.#options;
    const client = this.#client;
    // The event as it is: of a server that is not remembered the library would drop the member's roles.
    client.ws.on(GatewayDispatchEvents.InteractionCreate, (interaction: APIInteraction) => {
      this.#take(interaction, handler);
    });
    const late = (): ChatError =>
      new ChatError(
        'CHAT_UNREACHABLE',
        `Discord did not let the bot in within ${String(startTimeoutMs)} ms. Check the network and try again.`,
      );
    try {
      await within(clock, startTimeoutMs, this.#enter(token, commands), late);
    } catch (error) {
      await this.stop();
      // The gateway says more than the library does.
      throw this.#closedFor ?? chatErrorOf(error);
    }
  }

  async stop(): Promise<void> {
    if (this.#ended.signal.aborted) return;
    this.#ended.abort();
    const { clock, logger } = this.#options;
    try {
      await within(clock, STOP_TIMEOUT_MS, this.#client.destroy(), () => new Error('it took too long'));
    } catch (error) {
      logger.warn('chat_left_in_disorder', {
        reason: error instanceof Error ? error.message : String(error),
      });
    }
  }

  async #enter(token: string, commands: readonly CommandDefinition[]): Promise<void> {
    const client = this.#client;
    const ready = new Promise<Client<true>>((resolve) => client.once(Events.ClientReady, resolve));
    await client.login(token);
    const { application, user } = await ready;
    await client.rest.put(Routes.applicationCommands(application.id), { body: registrationOf(commands) });
    this.#options.logger.info('chat_entered', { applicationId: application.id, userId: user.id });
  }

  #take(interaction: APIInteraction, handler: ChatHandler): void {
    if (!isCommand(interaction)) return;
    const command = commandOf(interaction);
    if (command === undefined) return;
    const answer = new DiscordAnswer(this.#client.rest, {
      applicationId: interaction.application_id,
      interactionId: interaction.id,
      token: interaction.token,
      channelId: interaction.channel.id,
    });
    void handler(command, answer);
  }

  #listen(logger: Logger): void {
    const client = this.#client;
    client.on(Events.Error, (error) => {
      logger.warn('chat_client_error', { reason: error.message });
    });
    client.on(Events.ShardError, (error, shardId) => {
      logger.warn('chat_connection_error', { shardId, reason: error.message });
    });
    client.on(Events.ShardReconnecting, (shardId) => {
      logger.info('chat_connection_dropped', { shardId });
    });
    client.on(Events.ShardResume, (shardId, missed) => {
      logger.info('chat_connection_resumed', { shardId, missed });
    });
    client.rest.on(RESTEvents.RateLimited, ({ method, route, timeToReset, scope }) => {
      logger.info('chat_rate_limited', { method, route, scope, retryAfterMs: timeToReset });
    });
  }
}

/** The work, or the error where it takes longer. What becomes of the work after that interests nobody. */
async function within<T>(clock: Clock, ms: number, work: Promise<T>, late: () => Error): Promise<T> {
  let timer: TimerHandle;
  const timeout = new Promise<never>((_resolve, reject) => {
    timer = clock.setTimeout(() => {
      reject(late());
    }, ms);
  });
  try {
    return await Promise.race([work, timeout]);
  } finally {
    clock.clearTimeout(timer);
  }
}
