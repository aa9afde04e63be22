import type { Logger } from '@kapelle/core';
import { SimpleShardingStrategy, type SessionInfo, type WebSocketOptions } from 'discord.js';
import { ChatError } from './chat-surface.js';

const DISCORD_API = 'https://discord.com/api';
/** Where Discord's gateways are. */
const GATEWAY_DOMAIN = 'discord.gg';

/**
 * Checks where the token of the bot would be sent to: `wss:` at a host of Discord's gateway, or the host of the REST interface that is
 * set, without TLS only where that has none either.
 *
 * @throws {@link ChatError} `CHAT_GATEWAY_FORBIDDEN`
 */
export function checkGateway(address: string, api = DISCORD_API): void {
  const url = URL.canParse(address) ? new URL(address) : undefined;
  const shown = url === undefined ? 'no address' : `${url.protocol}//${url.host}`;
  const { hostname, protocol } = new URL(api);
  const isSecure = url?.protocol === 'wss:';
  if (isSecure && (url.hostname === GATEWAY_DOMAIN || url.hostname.endsWith(`.${GATEWAY_DOMAIN}`))) return;
  const isBeside = api !== DISCORD_API && url?.hostname === hostname;
  if (isBeside && (isSecure || (url.protocol === 'ws:' && protocol === 'http:'))) return;
  throw new ChatError(
    'CHAT_GATEWAY_FORBIDDEN',
    `The gateway is said to be at ${shown}, ` +
      'which is not where Discord has its own; nothing was sent there. Check KAPELLE_DISCORD_API.',
  );
}

/** What a connection to the gateway is made with. */
export interface GatewayGuardOptions {
  /** Address of the REST interface without the version. @default 'https://discord.com/api' */
  readonly api?: string | undefined;
  readonly logger: Logger;
  /** Fires when no connection is wanted any more. */
  readonly signal: AbortSignal;
}

/**
 * How the library connects to the gateway, with three things more. Every address of a gateway is checked before the token goes there. After
 * the signal nothing is connected: the library begins anew what is ended while it waits to be let in. And a failure of the library while it takes in what the gateway says is logged instead of ending the process: where the gateway forgets a
 * session in the same breath in which it resumed it, the library looks into what it has just forgotten, and then connects anew all the same.
 */
export function guardedGateway({
  api,
  logger,
  signal,
}: GatewayGuardOptions): NonNullable<WebSocketOptions['buildStrategy']> {
  return (manager) => {
    const { options } = manager;
    const { fetchGatewayInformation } = manager;
    const { retrieveSessionInfo, updateSessionInfo } = options;
    // The address that sessions begin at, and the last one to resume at that was found good.
    let gateway = '';
    let checked = '';
    manager.fetchGatewayInformation = async (isForced) => {
      const information = await fetchGatewayInformation.call(manager, isForced);
      checkGateway(information.url, api);
      gateway = information.url;
      return information;
    };
    const resumable = (session: SessionInfo): SessionInfo => {
      // Called for every event, with the same address until there is a new session.
      if (session.resumeURL === checked) return session;
      try {
        checkGateway(session.resumeURL, api);
        checked = session.resumeURL;
        return session;
      } catch (error) {
        logger.warn('chat_gateway_refused', { shardId: session.shardId, reason: reasonOf(error) });
        return { ...session, resumeURL: (checked = gateway) };
      }
    };
    options.updateSessionInfo = (shardId, session) =>
      updateSessionInfo.call(options, shardId, session === null ? null : resumable(session));
    // Asked before each connection. A rejection would reach nobody; for what never comes nothing is kept waiting.
    options.retrieveSessionInfo = (shardId) =>
      signal.aborted ? new Promise(() => undefined) : retrieveSessionInfo.call(options, shardId);
    const { emit } = manager;
    manager.emit = (...said: unknown[]): boolean => {
      try {
        return Reflect.apply(emit, manager, said) === true;
      } catch (error) {
        logger.warn('chat_event_failed', { event: String(said[0]), reason: reasonOf(error) });
        return true;
      }
    };
    return new SimpleShardingStrategy(manager);
  };
}

function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
