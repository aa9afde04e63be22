import {
  ApplicationCommandOptionType,
  ApplicationCommandType,
  ApplicationIntegrationType,
  InteractionContextType,
  InteractionType,
  PermissionFlagsBits,
  type APIEmbed,
  type APIInteraction,
  type APIChatInputApplicationCommandInteraction,
  type RawFile,
  type RESTPostAPIChannelMessageJSONBody,
  type RESTPutAPIApplicationCommandsJSONBody,
} from 'discord.js';
import type { CommandDefinition } from './command-list.js';
import type { ChatCommand, ChatEmbed, ChatMessage } from './chat-surface.js';

/** A message as Discord takes it. What it replaces goes away as a whole, and nobody is ever mentioned. */
export function bodyOf({
  text = '',
  embeds = [],
  files = [],
}: ChatMessage): RESTPostAPIChannelMessageJSONBody {
  return {
    content: text,
    embeds: embeds.map(embedOf),
    attachments: files.map(({ name }, id) => ({ id: String(id), filename: name })),
    allowed_mentions: { parse: [] },
  };
}

/** The files of a message, in the order of {@link bodyOf}. */
export function filesOf({ files = [] }: ChatMessage): RawFile[] {
  return files.map(({ name, text }) => ({
    name,
    data: Buffer.from(text, 'utf8'),
    contentType: `${name.endsWith('.json') ? 'application/json' : 'text/markdown'}; charset=utf-8`,
  }));
}

function embedOf({ title, description, color, fields, footer }: ChatEmbed): APIEmbed {
  return {
    ...(title === undefined ? {} : { title }),
    ...(description === undefined ? {} : { description }),
    ...(color === undefined ? {} : { color }),
    ...(fields === undefined
      ? {}
      : { fields: fields.map(({ name, value, isInline = false }) => ({ name, value, inline: isInline })) }),
    ...(footer === undefined ? {} : { footer: { text: footer } }),
  };
}

/** The commands as they are registered, for servers that have the bot and for direct messages. */
export function registrationOf(
  commands: readonly CommandDefinition[],
): RESTPutAPIApplicationCommandsJSONBody {
  return commands.map(({ name, description, options, isForOperators }) => ({
    type: ApplicationCommandType.ChatInput,
    name,
    description,
    contexts: [InteractionContextType.Guild, InteractionContextType.BotDM],
    integration_types: [ApplicationIntegrationType.GuildInstall],
    default_member_permissions: isForOperators === true ? String(PermissionFlagsBits.ManageGuild) : null,
    options: options.map((option) => ({
      type: ApplicationCommandOptionType.String,
      name: option.name,
      description: option.description,
      required: option.isRequired,
      ...(option.choices === undefined ? {} : { choices: [...option.choices] }),
      ...(option.maxLength === undefined ? {} : { max_length: option.maxLength }),
    })),
  }));
}

/** Whether it is one of the commands that are written with a slash. */
export function isCommand(
  interaction: APIInteraction,
): interaction is APIChatInputApplicationCommandInteraction {
  return (
    interaction.type === InteractionType.ApplicationCommand &&
    interaction.data.type === ApplicationCommandType.ChatInput
  );
}

/** An interaction as a command; `undefined` where Discord does not say who asks. */
export function commandOf(interaction: APIChatInputApplicationCommandInteraction): ChatCommand | undefined {
  const { id, data, member, user = member?.user, guild_id: guildId } = interaction;
  if (user === undefined) return undefined;
  return {
    id,
    name: data.name,
    options: Object.fromEntries(
      (data.options ?? []).flatMap((option) =>
        option.type === ApplicationCommandOptionType.String ? [[option.name, option.value]] : [],
      ),
    ),
    userId: user.id,
    ...(guildId === undefined ? {} : { guildId }),
    roleIds: member?.roles ?? [],
    permissions: BigInt(member?.permissions ?? 0),
  };
}
