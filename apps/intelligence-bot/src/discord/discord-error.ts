import { DiscordAPIError, GatewayCloseCodes, HTTPError, RESTJSONErrorCodes } from 'discord.js';
import { ChatError, type ChatErrorCode } from './chat-surface.js';

/** What an answer that is too late is told: the question, its token or its answer is no longer there. */
const EXPIRED: readonly unknown[] = [
  RESTJSONErrorCodes.UnknownInteraction,
  RESTJSONErrorCodes.UnknownWebhook,
  RESTJSONErrorCodes.UnknownMessage,
  RESTJSONErrorCodes.InvalidWebhookToken,
  RESTJSONErrorCodes.InteractionHasAlreadyBeenAcknowledged,
];
const FORBIDDEN: readonly unknown[] = [
  RESTJSONErrorCodes.MissingAccess,
  RESTJSONErrorCodes.MissingPermissions,
  RESTJSONErrorCodes.CannotSendMessagesToThisUser,
  RESTJSONErrorCodes.UnknownChannel,
];

const INVALID_TOKEN =
  'Discord does not know the token of the bot. Copy it anew from the developer portal, or reset it there.';

/** What Discord's REST interface, or the way to it, did not do. */
export function chatErrorOf(error: unknown): ChatError {
  if (error instanceof ChatError) return error;
  const made = (code: ChatErrorCode, message: string): ChatError =>
    new ChatError(code, message, { cause: error });
  if (error instanceof DiscordAPIError) {
    const said = `Discord answered ${String(error.status)} (${String(error.code)}: ${error.message.slice(0, 500)})`;
    if (EXPIRED.includes(error.code)) return made('CHAT_EXPIRED', `${said}. Ask again.`);
    if (FORBIDDEN.includes(error.code) || error.status === 403) {
      return made('CHAT_FORBIDDEN', `${said}. Let the bot view the channel and send messages there.`);
    }
    if (error.status === 401) return made('CHAT_TOKEN_INVALID', INVALID_TOKEN);
    if (error.status === 429) return made('CHAT_UNREACHABLE', `${said}. Wait for a while.`);
    return made('CHAT_REFUSED', `${said}. Look at what it says of the message.`);
  }
  if (error instanceof HTTPError) {
    return made('CHAT_UNREACHABLE', `Discord answered ${String(error.status)}. Wait until it works again.`);
  }
  const reason = error instanceof Error ? error.message : String(error);
  if (reason.includes('invalid token')) return made('CHAT_TOKEN_INVALID', INVALID_TOKEN);
  return made('CHAT_UNREACHABLE', `Discord cannot be reached (${reason}). Check the network and try again.`);
}

/** What it means that the gateway closed the connection for good. */
export function chatErrorOfClose(code: number): ChatError {
  if (code === Number(GatewayCloseCodes.AuthenticationFailed)) {
    return new ChatError('CHAT_TOKEN_INVALID', `${INVALID_TOKEN} The gateway closed with ${String(code)}.`);
  }
  const name = GatewayCloseCodes[code] ?? 'unknown';
  return new ChatError(
    'CHAT_LOST',
    `Discord has ended the connection for good (${String(code)}, ${name}). Start the bot again; if it stays so, update it.`,
  );
}
