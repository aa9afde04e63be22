import { DEPTHS, type Depth } from '@kapelle/orchestrators';

/** An option of a command; all of them are texts. */
export interface CommandOption {
  readonly name: string;
  readonly description: string;
  readonly isRequired: boolean;
  readonly choices?: readonly { readonly name: string; readonly value: string }[];
  readonly maxLength?: number;
}

/** A command as it is offered. */
export interface CommandDefinition {
  readonly name: string;
  readonly description: string;
  readonly options: readonly CommandOption[];
  /** Shown only to those who manage the server. @default false */
  readonly isForOperators?: boolean;
}

/** Longest address that is taken. */
export const MAX_SOURCE_LENGTH = 2_000;
/** Longest question to `/results`. */
export const MAX_FIND_LENGTH = 200;

const DEPTH_WORDS: Readonly<Record<Depth, string>> = {
  quick: 'Quick: summary, keywords, sentiment',
  standard: 'Standard: with claims, checked, and rhetoric',
  deep: 'Deep: more of each',
  comprehensive: 'Comprehensive: everything that is found',
  experimental: 'Experimental: what is being tried, if it is enabled',
};

/** The commands, as they are registered. */
export const COMMANDS: readonly CommandDefinition[] = [
  {
    name: 'analyze',
    description: 'Makes a checked briefing of a page, a transcript or a feed',
    options: [
      {
        name: 'source',
        description: 'Its address, beginning with https:// or http://',
        isRequired: true,
        maxLength: MAX_SOURCE_LENGTH,
      },
      {
        name: 'depth',
        description: 'How much is done; left out, what has turned out best',
        isRequired: false,
        choices: DEPTHS.map((depth) => ({ name: DEPTH_WORDS[depth], value: depth })),
      },
    ],
  },
  {
    name: 'results',
    description: 'Finds briefings that were made here, or lists the newest',
    options: [
      {
        name: 'find',
        description: 'Words that it holds, or the id below it or its beginning',
        isRequired: false,
        maxLength: MAX_FIND_LENGTH,
      },
    ],
  },
  { name: 'status', description: 'Shows what is being analysed here', options: [] },
  { name: 'health', description: 'Shows whether the bot works', options: [], isForOperators: true },
];
