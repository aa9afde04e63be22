import { HTTP_CLIENT, SOURCE_ADAPTERS, type HttpClient } from '@kapelle/orchestrators';
import { ContainerModule } from 'inversify';
import type { Settings } from '../settings.js';
import { DiscordChannel } from './discord-channel.js';

/** What makes channels of Discord a source that can be watched; nothing where no token is set. */
export function discordSources({ discord }: Pick<Settings, 'discord'>): ContainerModule[] {
  if (discord === undefined) return [];
  const { token, api } = discord;
  return [
    new ContainerModule(({ bind }) => {
      bind(SOURCE_ADAPTERS)
        .toDynamicValue(({ get }) => [
          new DiscordChannel({
            http: get<HttpClient>(HTTP_CLIENT),
            token,
            ...(api === undefined ? {} : { api }),
          }),
        ])
        .inSingletonScope();
    }),
  ];
}
