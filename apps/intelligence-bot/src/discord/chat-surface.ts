/** What the commands know of a chat: a command comes in, messages go out. Nothing here is Discord's own. */

/** A titled value inside an embed. */
export interface ChatField {
  readonly name: string;
  readonly value: string;
  readonly isInline?: boolean;
}

/** A framed part of a message. Texts are markup of the chat: what strangers wrote is escaped before it gets here. */
export interface ChatEmbed {
  readonly title?: string;
  readonly description?: string;
  /** 24 bits, red first. */
  readonly color?: number;
  readonly fields?: readonly ChatField[];
  readonly footer?: string;
}

/** A text that is attached: what a message is too short for. */
export interface ChatFile {
  /** Letters, digits, `-`, `_` and a `.`. */
  readonly name: string;
  readonly text: string;
}

/** A message of the bot. It never mentions anybody, whatever stands in it. */
export interface ChatMessage {
  readonly text?: string;
  readonly embeds?: readonly ChatEmbed[];
  readonly files?: readonly ChatFile[];
}

/** Who asked for what, and where. */
export interface ChatCommand {
  /** Of this one question; the same question delivered twice has the same. */
  readonly id: string;
  readonly name: string;
  readonly options: Readonly<Record<string, string>>;
  readonly userId: string;
  /** Absent in direct messages. */
  readonly guildId?: string;
  /** Roles of the member in the guild; none in direct messages. */
  readonly roleIds: readonly string[];
  /** What the member may do in the channel, as a bit set; nothing in direct messages. */
  readonly permissions: bigint;
}

/**
 * Answers one command. Every method rejects with a {@link ChatError}; the first call is `defer` or `refuse`, once.
 */
export interface ChatAnswer {
  /** Says that an answer will come. A private one is seen by the asking person alone. */
  defer(options: { readonly isPrivate: boolean }): Promise<void>;
  /** Answers at once, privately, and for good. */
  refuse(message: ChatMessage): Promise<void>;
  /** Replaces the answer. */
  edit(message: ChatMessage): Promise<void>;
  /** One more message below the answer, private where the answer is. */
  followUp(message: ChatMessage): Promise<void>;
  /** A plain message into the channel, for when the answer can no longer be changed. Everybody there sees it. */
  toChannel(message: ChatMessage): Promise<void>;
}

/** Takes a command. Never rejects. */
export type ChatHandler = (command: ChatCommand, answer: ChatAnswer) => Promise<void>;

/** A chat that the bot is in. */
export interface ChatSurface {
  /**
   * Connects and offers the commands. Called once.
   *
   * @throws {@link ChatError} when the chat does not let the bot in
   */
  start(handler: ChatHandler): Promise<void>;
  /** Resolves when the chat has thrown the bot out for good; stays pending over connections that come back. */
  readonly lost: Promise<ChatError>;
  /** Leaves. Does nothing the second time. */
  stop(): Promise<void>;
}

/**
 * - `CHAT_EXPIRED`: too late, the answer can no longer be given or changed
 * - `CHAT_FORBIDDEN`: the bot may not write there
 * - `CHAT_REFUSED`: the chat does not take the message as it is
 * - `CHAT_UNREACHABLE`: no answer, too many requests, or a fault over there
 * - `CHAT_TOKEN_MISSING`: there is no token to come in with
 * - `CHAT_TOKEN_INVALID`: the bot's own token is not known
 * - `CHAT_GATEWAY_FORBIDDEN`: what the chat says of its gateway leads elsewhere
 * - `CHAT_LOST`: the chat has ended the connection for good
 */
export type ChatErrorCode =
  | 'CHAT_EXPIRED'
  | 'CHAT_FORBIDDEN'
  | 'CHAT_REFUSED'
  | 'CHAT_UNREACHABLE'
  | 'CHAT_TOKEN_MISSING'
  | 'CHAT_TOKEN_INVALID'
  | 'CHAT_GATEWAY_FORBIDDEN'
  | 'CHAT_LOST';

/**
 * Why a command was not begun.
 *
 * - `CHAT_NOT_ALLOWED`: the person may not
 * - `CHAT_BUSY`: as many analyses are running as may
 * - `CHAT_STOPPING`: the bot takes no more
 */
export type RefusalCode = 'CHAT_NOT_ALLOWED' | 'CHAT_BUSY' | 'CHAT_STOPPING';

/** What a chat did not do. */
export class ChatError extends Error {
  override readonly name = 'ChatError';

  constructor(
    readonly code: ChatErrorCode,
    message: string,
    options?: ErrorOptions,
  ) {
    super(message, options);
  }
}
