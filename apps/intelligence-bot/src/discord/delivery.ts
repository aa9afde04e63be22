import type { Logger } from '@kapelle/core';
import { ChatError, type ChatAnswer, type ChatMessage } from './chat-surface.js';
import { fitMessage } from './message-limits.js';

/** How the first message arrived: in the answer, as a message into the channel, or not at all. */
export type Delivery = 'answer' | 'channel' | 'kept';

/**
 * Delivers the messages of an answer, in order. Where the answer can no longer be changed, they go into the channel; never, however, what
 * was to be seen by one person alone. Nothing is thrown: what the chat does not take is logged.
 */
export async function deliver(
  answer: ChatAnswer,
  messages: readonly ChatMessage[],
  { logger, isPrivate }: { readonly logger: Logger; readonly isPrivate: boolean },
): Promise<Delivery> {
  let way: Exclude<Delivery, 'kept'> = 'answer';
  for (const [at, message] of messages.map(fitMessage).entries()) {
    try {
      if (way === 'channel') await answer.toChannel(message);
      else if (at === 0) await answer.edit(message);
      else await answer.followUp(message);
    } catch (error) {
      const code = error instanceof ChatError ? error.code : 'CHAT_REFUSED';
      logger.warn('chat_message_undelivered', { way, code, reason: reasonOf(error) });
      if (way === 'channel' || isPrivate) return at === 0 ? 'kept' : way;
      way = 'channel';
      try {
        await answer.toChannel(message);
      } catch (again) {
        logger.warn('chat_message_undelivered', { way, reason: reasonOf(again) });
        return at === 0 ? 'kept' : 'answer';
      }
    }
  }
  return way;
}

function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
