import type { Clock, Logger, OrchestrationContext, OrchestrationHost } from '@kapelle/core';
import type { ChatAnswer, ChatCommand } from './chat-surface.js';
import type { KeptResults } from './kept-results.js';
import type { RunningAnalyses } from './running-analyses.js';

/** What a command is worked off with. */
export interface CommandDesk {
  readonly host: Pick<OrchestrationHost, 'facade' | 'health'>;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly running: RunningAnalyses;
  readonly kept: KeptResults;
  /** Epoch milliseconds at which the bot came up. */
  readonly startedAt: number;
}

/** One command, and whose it is. */
export interface AskedCommand {
  readonly command: ChatCommand;
  readonly answer: ChatAnswer;
  readonly tenantId: string;
  /** Of the tenant; its signal fires when the bot has to stop. */
  readonly context: OrchestrationContext;
}

/** A command of the bot. */
export interface CommandHandler {
  /** Whether the asking person alone sees the answer. */
  readonly isPrivate: boolean;
  /** Whether it is for those who run the bot. @default false */
  readonly isForOperators?: boolean;
  run(desk: CommandDesk, asked: AskedCommand): Promise<void>;
}
