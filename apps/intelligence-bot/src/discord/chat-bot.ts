import {
  type Clock,
  type Logger,
  OrchestrationContext,
  type OrchestrationHost,
  systemClock,
  type TimerHandle,
} from '@kapelle/core';
import { isAllowed, isOperator, tenantOf, type AccessPolicy } from './access.js';
import { analyzeCommand } from './analyze-command.js';
import {
  ChatError,
  type ChatAnswer,
  type ChatCommand,
  type ChatSurface,
  type RefusalCode,
} from './chat-surface.js';
import type { CommandDesk, CommandHandler } from './command-desk.js';
import { deliver } from './delivery.js';
import { failureMessage } from './failure-message.js';
import { KeptResults } from './kept-results.js';
import { fitMessage } from './message-limits.js';
import { healthCommand, statusCommand } from './overview-commands.js';
import { resultsCommand } from './results-command.js';
import { RunningAnalyses, type RunLimits } from './running-analyses.js';

/** What the bot in a chat is made of. */
export interface ChatBotOptions {
  readonly surface: ChatSurface;
  readonly host: Pick<OrchestrationHost, 'facade' | 'health'>;
  readonly access: AccessPolicy;
  readonly logger: Logger;
  /** @default the machine's own */
  readonly clock?: Clock;
  /** @default 3 of a tenant, 10 of all */
  readonly limits?: RunLimits;
}

const HANDLERS: ReadonlyMap<string, CommandHandler> = new Map([
  ['analyze', analyzeCommand],
  ['results', resultsCommand],
  ['status', statusCommand],
  ['health', healthCommand],
]);

const DEFAULT_LIMITS: RunLimits = { perTenant: 3, total: 10 };
/** Questions that are remembered, so that one that comes again after a lost connection is not answered twice. */
const REMEMBERED = 1_000;
/** What analyses that were ended get for telling so. */
const GOODBYE_MS = 5_000;

/** The bot in a chat: takes commands, has the orchestrators do them, and tells what came of it. */
export class ChatBot {
  readonly #surface: ChatSurface;
  readonly #access: AccessPolicy;
  readonly #desk: CommandDesk;
  readonly #stop = new AbortController();
  readonly #seen = new Set<string>();
  readonly #open = new Set<Promise<void>>();
  #isStopping = false;

  constructor({
    surface,
    host,
    access,
    logger,
    clock = systemClock,
    limits = DEFAULT_LIMITS,
  }: ChatBotOptions) {
    this.#surface = surface;
    this.#access = access;
    this.#desk = {
      host,
      clock,
      logger,
      running: new RunningAnalyses(limits),
      kept: new KeptResults(),
      startedAt: clock.now(),
    };
  }

  /** Connects and takes commands. @throws {@link ChatError} */
  start(): Promise<void> {
    return this.#surface.start((command, answer) => {
      const work = this.#take(command, answer).finally(() => this.#open.delete(work));
      this.#open.add(work);
      return work;
    });
  }

  /**
   * Takes no more commands, lets what runs end, ends what has not after `drainMs`, tells those who wait for it, and leaves the chat.
   *
   * @param drainMs 0 or more
   */
  async stop(drainMs: number): Promise<void> {
    this.#isStopping = true;
    await this.#within(drainMs);
    this.#stop.abort(new DOMException('The bot is being stopped.', 'AbortError'));
    await this.#within(GOODBYE_MS);
    await this.#surface.stop();
  }

  /** Waits for everything that is being answered, but not for longer. */
  async #within(limitMs: number): Promise<void> {
    if (this.#open.size === 0) return;
    const { clock } = this.#desk;
    let timer: TimerHandle;
    const late = new Promise<void>((resolve) => {
      timer = clock.setTimeout(resolve, limitMs);
    });
    await Promise.race([Promise.allSettled(this.#open), late]);
    clock.clearTimeout(timer);
  }

  async #take(command: ChatCommand, answer: ChatAnswer): Promise<void> {
    const { logger } = this.#desk;
    const fields = { command: command.name, commandId: command.id };
    if (this.#isRepeated(command.id)) {
      logger.info('chat_command_repeated', fields);
      return;
    }
    try {
      await this.#work(command, answer);
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      if (error instanceof ChatError) {
        // Whoever cannot be told that it begins is not told what came of it either: nothing was begun.
        logger.warn('chat_command_unanswered', { ...fields, code: error.code, reason });
        return;
      }
      logger.error('chat_command_failed', { ...fields, reason });
      await deliver(answer, [failureMessage('That did not work', { error: reason }, command.id)], {
        logger,
        isPrivate: true,
      });
    }
  }

  async #work(command: ChatCommand, answer: ChatAnswer): Promise<void> {
    const refuse = (error: string, code: RefusalCode): Promise<void> =>
      answer.refuse(fitMessage(failureMessage('That is not done', { error, code })));
    const handler = HANDLERS.get(command.name);
    if (handler === undefined) {
      await refuse(`There is no command "${command.name}" any more.`, 'CHAT_NOT_ALLOWED');
      return;
    }
    if (handler.isForOperators === true && !isOperator(this.#access, command)) {
      await refuse('That is for those who manage the server or run the bot.', 'CHAT_NOT_ALLOWED');
      return;
    }
    if (!isAllowed(this.#access, command)) {
      await refuse('You may not use this bot here.', 'CHAT_NOT_ALLOWED');
      return;
    }
    if (this.#isStopping) {
      await refuse('The bot is being stopped.', 'CHAT_STOPPING');
      return;
    }
    const tenantId = tenantOf(command);
    const reason = command.name === 'analyze' ? this.#desk.running.refusal(tenantId) : undefined;
    if (reason !== undefined) {
      await refuse(reason, 'CHAT_BUSY');
      return;
    }
    await answer.defer({ isPrivate: handler.isPrivate });
    const context = OrchestrationContext.create({
      tenantId,
      requestId: `discord-${command.id}`,
      principal: { id: command.userId, scopes: [] },
      signal: this.#stop.signal,
    });
    await handler.run(this.#desk, { command, answer, tenantId, context });
  }

  #isRepeated(id: string): boolean {
    if (this.#seen.has(id)) return true;
    this.#seen.add(id);
    if (this.#seen.size > REMEMBERED) {
      const [oldest] = this.#seen;
      if (oldest !== undefined) this.#seen.delete(oldest);
    }
    return false;
  }
}
