import type { LogLevel } from '@kapelle/core';
import { dirname, resolve } from 'node:path';

/** Where a completion server is. */
export interface LanguageModelSettings {
  readonly baseURL: string;
  readonly apiKey?: string;
  readonly model: string;
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
}

type Environment = Readonly<Record<string, string | undefined>>;

const LOG_LEVELS: readonly string[] = ['debug', 'info', 'warn', 'error'] satisfies readonly LogLevel[];
const DEFAULT_DATA_FOLDER = '.kapelle';

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
 * - `KAPELLE_LLM_BASE_URL`, `KAPELLE_LLM_MODEL`, `KAPELLE_LLM_API_KEY`: a server that speaks OpenAI's chat protocol; none
 * - `KAPELLE_KNOWLEDGE`: a YAML file with further knowledge; none
 * - `KAPELLE_ALLOW_ADDRESSES`: addresses or CIDR ranges of private servers that may be asked, with commas; none
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
  return {
    baseFolder,
    dataFolder: resolve(baseFolder, value('DATA') ?? DEFAULT_DATA_FOLDER),
    ...(logLevel === undefined ? {} : { logLevel }),
    ...(languageModel === undefined ? {} : { languageModel }),
    ...(knowledgeFile === undefined ? {} : { knowledgeFile: resolve(baseFolder, knowledgeFile) }),
    allowAddresses: (value('ALLOW_ADDRESSES') ?? '')
      .split(',')
      .map((address) => address.trim())
      .filter((address) => address !== ''),
  };
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
  const model = value('LLM_MODEL');
  if (model === undefined) {
    throw new SettingsError(
      'KAPELLE_LLM_BASE_URL is set, but KAPELLE_LLM_MODEL is not. Name the model, or unset both.',
    );
  }
  const apiKey = value('LLM_API_KEY');
  return { baseURL, model, ...(apiKey === undefined ? {} : { apiKey }) };
}

function isLogLevel(text: string): text is LogLevel {
  return LOG_LEVELS.includes(text);
}
