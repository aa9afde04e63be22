import { InteractionResponseType, MessageFlags, Routes, type REST } from 'discord.js';
import type { ChatAnswer, ChatMessage } from './chat-surface.js';
import { chatErrorOf } from './discord-error.js';
import { bodyOf, filesOf } from './discord-payload.js';

/** Where an answer goes. */
export interface AnswerAddress {
  readonly applicationId: string;
  readonly interactionId: string;
  /** Good for fifteen minutes from the question on. */
  readonly token: string;
  readonly channelId: string | undefined;
}

/** The answer to one interaction, over the REST interface: it waits by itself where Discord says that there were too many. */
export class DiscordAnswer implements ChatAnswer {
  readonly #rest: REST;
  readonly #to: AnswerAddress;
  #isPrivate = false;

  constructor(rest: REST, to: AnswerAddress) {
    this.#rest = rest;
    this.#to = to;
  }

  defer({ isPrivate }: { readonly isPrivate: boolean }): Promise<void> {
    this.#isPrivate = isPrivate;
    return this.#callback({
      type: InteractionResponseType.DeferredChannelMessageWithSource,
      data: this.#flags(),
    });
  }

  refuse(message: ChatMessage): Promise<void> {
    this.#isPrivate = true;
    return this.#callback({
      type: InteractionResponseType.ChannelMessageWithSource,
      data: { ...bodyOf(message), ...this.#flags() },
    });
  }

  edit(message: ChatMessage): Promise<void> {
    const { applicationId, token } = this.#to;
    return asked(
      this.#rest.patch(Routes.webhookMessage(applicationId, token), {
        body: bodyOf(message),
        files: filesOf(message),
        auth: false,
      }),
    );
  }

  followUp(message: ChatMessage): Promise<void> {
    const { applicationId, token } = this.#to;
    return asked(
      this.#rest.post(Routes.webhook(applicationId, token), {
        body: { ...bodyOf(message), ...this.#flags() },
        files: filesOf(message),
        auth: false,
      }),
    );
  }

  async toChannel(message: ChatMessage): Promise<void> {
    const { channelId } = this.#to;
    if (channelId === undefined) throw chatErrorOf(new Error('the question came from no channel'));
    await asked(
      this.#rest.post(Routes.channelMessages(channelId), { body: bodyOf(message), files: filesOf(message) }),
    );
  }

  #callback(body: { readonly type: InteractionResponseType; readonly data: unknown }): Promise<void> {
    const { interactionId, token } = this.#to;
    return asked(this.#rest.post(Routes.interactionCallback(interactionId, token), { body, auth: false }));
  }

  #flags(): { readonly flags?: MessageFlags } {
    return this.#isPrivate ? { flags: MessageFlags.Ephemeral } : {};
  }
}

async function asked(answer: Promise<unknown>): Promise<void> {
  try {
    await answer;
  } catch (error) {
    throw chatErrorOf(error);
  }
}
