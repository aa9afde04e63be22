import type { LogLevel } from '@kapelle/core';
import { dirname, resolve } from 'node:path';

/** What a million tokens of a model cost in US dollars. */
export interface ModelPrices {
  readonly inputUsdPerMillion: number;
  readonly outputUsdPerMillion: number;
}

/** A model of a completion server. */
export interface ModelSettings {
  readonly model: string;
  /** Where they are known. */
  readonly prices?: ModelPrices;
}

/** Where a completion server is, and what it is asked for. */
export interface LanguageModelSettings extends ModelSettings {
  readonly baseURL: string;
  readonly apiKey?: string;
  /** Further models of the same server: which one is asked is then learnt. */
  readonly others?: readonly ModelSettings[];
}

/** How the bot gets into Discord, and who may use it there. All ids are Discord's. */
export interface DiscordSettings {
  readonly token: string;
  /** Who has one of these roles may use the bot; everybody where neither roles nor users are named. */
  readonly roleIds: readonly string[];
  readonly userIds: readonly string[];
  /** Who runs the bot, and may see how it is everywhere. */
  readonly operatorIds: readonly string[];
  /** The REST interface, where it is reached by a proxy. */
  readonly api?: string;
}

export interface Settings {
  /** Relative paths count from here. */
  readonly baseFolder: string;
  /** Holds the database; made when something is stored. */
  readonly dataFolder: string;
  /** Level of the log on stderr; none without it. */
  readonly logLevel?: LogLevel;
  readonly languageModel?: LanguageModelSettings;
  /** A file of further knowledge, besides what comes with the bot. */
  readonly knowledgeFile?: string;
  /** Web servers that may be asked although they are not public. */
  readonly allowAddresses: readonly string[];
  readonly discord?: DiscordSettings;
}

type Environment = Readonly<Record<string, string | undefined>>;

const LOG_LEVELS: readonly string[] = ['debug', 'info', 'warn', 'error'] satisfies readonly LogLevel[];
const DEFAULT_DATA_FOLDER = '.kapelle';
/** As many as can be chosen among. */
const MAX_MODELS = 32;

/** A setting that cannot be meant. The message names the variable and what to write. */
export class SettingsError extends Error {
  override readonly name = 'SettingsError';
  readonly code = 'SETTING_INVALID';
}

/**
 * The settings, from variables that all begin with `KAPELLE_`:
 *
 * - `KAPELLE_DATA`: folder of the database; `.kapelle` in the working folder
 * - `KAPELLE_LOG_LEVEL`: debug, info, warn or error, on stderr; no log
 * - `KAPELLE_LLM_BASE_URL`, `KAPELLE_LLM_MODEL`, `KAPELLE_LLM_API_KEY`: a server that speaks OpenAI's chat protocol; none. Several
 *   models, with commas: which one is asked is learnt
 * - `KAPELLE_LLM_INPUT_PRICE`, `KAPELLE_LLM_OUTPUT_PRICE`: US dollars for a million tokens, one for all models or one for each;
 *   unknown
 * - `KAPELLE_KNOWLEDGE`: a YAML file with further knowledge; none
 * - `KAPELLE_ALLOW_ADDRESSES`: addresses or CIDR ranges of private servers that may be asked, with commas; none
 * - `KAPELLE_DISCORD_TOKEN`: of the bot in Discord; none
 * - `KAPELLE_DISCORD_ROLES`, `KAPELLE_DISCORD_USERS`: ids of who may use it there, with commas; everybody
 * - `KAPELLE_DISCORD_OPERATORS`: ids of people who run it, with commas; none
 * - `KAPELLE_DISCORD_API`: address of Discord's REST interface; Discord's own
 *
 * @throws {@link SettingsError}
 */
export function readSettings(environment: Environment, workingFolder: string): Settings {
  const value = (name: string): string | undefined => {
    const given = environment[`KAPELLE_${name}`]?.trim();
    return given === '' ? undefined : given;
  };
  const baseFolder = baseFolderOf(environment, workingFolder);
  const logLevel = value('LOG_LEVEL')?.toLowerCase();
  if (logLevel !== undefined && !isLogLevel(logLevel)) {
    throw new SettingsError(`KAPELLE_LOG_LEVEL is "${logLevel}". Write one of ${LOG_LEVELS.join(', ')}.`);
  }
  const knowledgeFile = value('KNOWLEDGE');
  const languageModel = languageModelOf(value);
  const discord = discordOf(value);
  return {
    baseFolder,
    dataFolder: resolve(baseFolder, value('DATA') ?? DEFAULT_DATA_FOLDER),
    ...(logLevel === undefined ? {} : { logLevel }),
    ...(languageModel === undefined ? {} : { languageModel }),
    ...(knowledgeFile === undefined ? {} : { knowledgeFile: resolve(baseFolder, knowledgeFile) }),
    allowAddresses: listOf(value('ALLOW_ADDRESSES')),
    ...(discord === undefined ? {} : { discord }),
  };
}

function listOf(text = ''): string[] {
  return text
    .split(',')
    .map((each) => each.trim())
    .filter((each) => each !== '');
}

/** `npm start` changes to the folder of the package; what the person at the keyboard means is where they called it. */
function baseFolderOf(environment: Environment, workingFolder: string): string {
  const { INIT_CWD, npm_lifecycle_event: script, npm_package_json: manifest } = environment;
  const isNpmStart = script === 'start' && manifest !== undefined && dirname(manifest) === workingFolder;
  return isNpmStart && INIT_CWD !== undefined && INIT_CWD !== '' ? INIT_CWD : workingFolder;
}

function languageModelOf(value: (name: string) => string | undefined): LanguageModelSettings | undefined {
  const baseURL = value('LLM_BASE_URL');
  if (baseURL === undefined) return undefined;
  const url = URL.canParse(baseURL) ? new URL(baseURL) : undefined;
  if (url === undefined || !/^https?:$/.test(url.protocol) || url.username !== '' || url.password !== '') {
    throw new SettingsError(
      'KAPELLE_LLM_BASE_URL is no http or https address without a password. Write for example http://localhost:11434/v1.',
    );
  }
  const names = listOf(value('LLM_MODEL'));
  const [model, ...others] = names;
  if (model === undefined) {
    throw new SettingsError(
      'KAPELLE_LLM_BASE_URL is set, but KAPELLE_LLM_MODEL is not. Name the model, or unset both.',
    );
  }
  const twice = names.find((name, at) => names.indexOf(name) !== at);
  if (twice !== undefined || names.length > MAX_MODELS || names.some((name) => name.length > 64)) {
    throw new SettingsError(
      `KAPELLE_LLM_MODEL names ${twice === undefined ? `${String(names.length)} models` : `"${twice}" twice`}. Name ${String(MAX_MODELS)} at most, each once and in 64 characters, with commas.`,
    );
  }
  const apiKey = value('LLM_API_KEY');
  const prices = pricesOf(value, names.length);
  const priced = (name: string, at: number): ModelSettings => {
    const its = prices[at];
    return { model: name, ...(its === undefined ? {} : { prices: its }) };
  };
  return {
    baseURL,
    ...priced(model, 0),
    ...(apiKey === undefined ? {} : { apiKey }),
    ...(others.length === 0 ? {} : { others: others.map((name, at) => priced(name, at + 1)) }),
  };
}

/** Of each model; both or none: half a price would be a wrong one. */
function pricesOf(
  value: (name: string) => string | undefined,
  models: number,
): readonly (ModelPrices | undefined)[] {
  const [input, output] = ['LLM_INPUT_PRICE', 'LLM_OUTPUT_PRICE'].map((name) => {
    const text = value(name);
    if (text === undefined) return undefined;
    const prices = listOf(text).map((each) => (/^\d+(?:\.\d+)?$/.test(each) ? Number(each) : NaN));
    if (prices.length === 0 || !prices.every((price) => price <= 1e6)) {
      throw new SettingsError(
        `KAPELLE_${name} is "${text}". Write US dollars for a million tokens, for example 0.15.`,
      );
    }
    if (prices.length !== 1 && prices.length !== models) {
      throw new SettingsError(
        `KAPELLE_${name} has ${String(prices.length)} prices, and KAPELLE_LLM_MODEL names ${String(models)} models. Write one price for all of them, or one for each.`,
      );
    }
    return Array.from({ length: models }, (_none, at) => prices[at] ?? prices[0] ?? 0);
  });
  if (input === undefined && output === undefined) return [];
  if (input === undefined || output === undefined) {
    throw new SettingsError(
      'Of KAPELLE_LLM_INPUT_PRICE and KAPELLE_LLM_OUTPUT_PRICE only one is set. Set both, or none.',
    );
  }
  return input.map((inputUsdPerMillion, at) => ({
    inputUsdPerMillion,
    outputUsdPerMillion: output[at] ?? 0,
  }));
}

function discordOf(value: (name: string) => string | undefined): DiscordSettings | undefined {
  const token = value('DISCORD_TOKEN');
  if (token === undefined) return undefined;
  if (/\s/.test(token)) {
    throw new SettingsError('KAPELLE_DISCORD_TOKEN has blanks in it. Write the token alone.');
  }
  const ids = (name: string): string[] => {
    const all = listOf(value(name));
    const wrong = all.find((id) => !/^\d{15,20}$/.test(id));
    if (wrong === undefined) return all;
    throw new SettingsError(
      `KAPELLE_${name} names "${wrong}", which is no id. Write numbers of Discord's, with commas: its developer mode copies them.`,
    );
  };
  const api = value('DISCORD_API');
  if (api !== undefined && !/^https?:\/\/[^\s@]+$/.test(api)) {
    throw new SettingsError(
      'KAPELLE_DISCORD_API is no http or https address without a password. Write for example https://discord.com/api.',
    );
  }
  return {
    token,
    roleIds: ids('DISCORD_ROLES'),
    userIds: ids('DISCORD_USERS'),
    operatorIds: ids('DISCORD_OPERATORS'),
    ...(api === undefined ? {} : { api: api.replace(/\/+$/, '') }),
  };
}

function isLogLevel(text: string): text is LogLevel {
  return LOG_LEVELS.includes(text);
}
