import type { ChatCommand } from './chat-surface.js';

/** Who may use the bot. With neither roles nor users set: everybody whom the guild lets use its commands. */
export interface AccessPolicy {
  /** Who has one of these may use it. */
  readonly roleIds: readonly string[];
  /** Who may use it everywhere; in direct messages, where anything is set, nobody else. */
  readonly userIds: readonly string[];
  /** Who runs the bot: may do everything everywhere. */
  readonly operatorIds: readonly string[];
}

type Asking = Pick<ChatCommand, 'guildId' | 'userId' | 'roleIds' | 'permissions'>;

// https://discord.com/developers/docs/topics/permissions#permissions-bitwise-permission-flags
const ADMINISTRATOR = 1n << 3n;
const MANAGE_GUILD = 1n << 5n;

/** Whether the person may use the bot here. Whoever manages the guild may. */
export function isAllowed(policy: AccessPolicy, asking: Asking): boolean {
  const { roleIds, userIds } = policy;
  if (roleIds.length === 0 && userIds.length === 0) return true;
  if (userIds.includes(asking.userId) || isOperator(policy, asking)) return true;
  return asking.guildId !== undefined && asking.roleIds.some((id) => roleIds.includes(id));
}

/** Whether the person may look behind the bot: those who run it, and those who manage the guild. */
export function isOperator({ operatorIds }: AccessPolicy, { guildId, userId, permissions }: Asking): boolean {
  if (operatorIds.includes(userId)) return true;
  return guildId !== undefined && (permissions & (ADMINISTRATOR | MANAGE_GUILD)) !== 0n;
}

/** Whose the results are: the guild's, or the person's where they are asked for in direct messages. */
export function tenantOf({ guildId, userId }: Pick<ChatCommand, 'guildId' | 'userId'>): string {
  return guildId === undefined ? `user_${userId}` : `guild_${guildId}`;
}
