import type { ErrorCategory } from '@kapelle/core';
import { escapeMarkup, line } from './chat-text.js';
import type { ChatMessage } from './chat-surface.js';
import { COLOR } from './colors.js';

/** Something that went wrong, as it is known inside. */
export interface Failure {
  readonly error: string;
  readonly errorCategory?: ErrorCategory;
  readonly code?: string | undefined;
  readonly retryable?: boolean;
}

/** What the person who asked can do something about. Everything else may speak of folders and servers that are nobody's business. */
const OPEN_CODES = ['SOURCE_', 'CONTENT_', 'ITEM_', 'BRIEFING_', 'CHAT_'];

/**
 * A failure as a person in the chat is told: what happened, what to do, and the code.
 *
 * @param reference under which the log tells the rest
 */
export function failureMessage(title: string, failure: Failure, reference?: string): ChatMessage {
  const { code, error, errorCategory } = failure;
  const isOpen =
    errorCategory === 'validation' || OPEN_CODES.some((beginning) => code?.startsWith(beginning) === true);
  const shown = isOpen ? escapeMarkup(error) : inner(failure);
  const footer = [code, isOpen ? undefined : reference].filter((part) => part !== undefined).join(' · ');
  return {
    embeds: [
      {
        title: line(title, 256),
        description: shown,
        color: COLOR.failed,
        fields: [{ name: 'What to do', value: advice(failure, isOpen) }],
        ...(footer === '' ? {} : { footer }),
      },
    ],
  };
}

function inner({ errorCategory, code }: Failure): string {
  if (errorCategory === 'timeout') return 'It took longer than it may.';
  if (errorCategory === 'cancelled') return 'It was ended before it was done.';
  if (code === 'SECURITY_SOURCE_BLOCKED')
    return 'You are kept out for a while, because of what was sent under your name before.';
  if (code === 'SECURITY_BLOCKED') return 'What was sent has the form of an attack, and was not looked at.';
  if (errorCategory === 'service_overloaded') return 'There is too much to do at the moment.';
  if (code?.startsWith('STORE_') === true) return 'The database of the bot does not work.';
  return 'Something went wrong inside the bot.';
}

function advice({ code, retryable, errorCategory }: Failure, isOpen: boolean): string {
  if (code === 'CHAT_NOT_ALLOWED') return 'Ask whoever runs the bot here for a role that may.';
  if (code === 'CHAT_BUSY') return 'Wait until one of them has ended; `/status` shows them.';
  if (code === 'CHAT_STOPPING' || errorCategory === 'cancelled')
    return 'Ask again when the bot is back. What was finished is found by `/results`.';
  if (code === 'SECURITY_SOURCE_BLOCKED')
    return 'Wait for a quarter of an hour, or ask whoever runs the bot to let you in again.';
  if (code === 'SECURITY_BLOCKED') return 'Leave out what looks like a command or a query, and ask again.';
  if (code === 'BRIEFING_UNKNOWN') return '`/results` without an id lists what was made here.';
  if (retryable === true) return 'It may work later: ask again in a minute.';
  return isOpen
    ? 'Correct the address, or name another one, and ask again.'
    : 'Ask again. If it stays so, tell whoever runs the bot the line below: the log says more.';
}
