import { DEPTHS, MISSION_DEPTHS, type Depth } from '@kapelle/orchestrators';
import { Argument, Command, CommanderError, InvalidArgumentError, Option } from 'commander';
import { analyze, type AnalyzeOptions } from './commands/analyze.js';
import type { CallOptions } from './commands/call.js';
import type { DiscordOptions } from './commands/discord.js';
import { orchestrators } from './commands/orchestrators.js';
import type { MissionCommandOptions } from './commands/mission.js';
import type { WatchOptions } from './commands/watch.js';
import { list, search, show, SHOW_FORMATS, type ShowFormat, type StoredOptions } from './commands/stored.js';
import { EXIT_CODE, type ExitCode } from './exit-code.js';
import { complain, UsageError } from './complaint.js';
import type { CommandRun } from './run-bot.js';

const AFTER_HELP = `
Without a command it analyses the sample that comes with it.

Exit codes: 0 done, 1 failed, 2 wrong command line or setting, 3 content cannot be got or read, 4 no such briefing or mission,
5 the database does not work (a briefing that was made is still shown), 130 Ctrl-C.

Settings (environment): KAPELLE_DATA (folder of the database, default .kapelle), KAPELLE_LOG_LEVEL, KAPELLE_KNOWLEDGE
(YAML file), KAPELLE_LLM_BASE_URL, KAPELLE_LLM_MODEL (or several, with commas: it learns which to ask), KAPELLE_LLM_API_KEY,
KAPELLE_LLM_INPUT_PRICE and KAPELLE_LLM_OUTPUT_PRICE (US dollars for a million tokens), KAPELLE_ALLOW_ADDRESSES (private
servers), KAPELLE_DISCORD_TOKEN, KAPELLE_DISCORD_ROLES, KAPELLE_DISCORD_USERS, KAPELLE_DISCORD_OPERATORS (ids),
KAPELLE_DISCORD_API.`;

const ANALYZE_HELP = `
Depths:
  quick          a summary of 3 sentences, keywords, sentiment
  standard       5 sentences, and topics, names, claims (20, checked), fallacies, persuasion, readability, quality
  deep           8 sentences, 40 claims, and a narrative where a language model is set
  comprehensive  12 sentences, 100 claims
  experimental   16 sentences chosen in three ways, 200 claims compared with stored briefings too, and a narrative that
                 is checked against the text and written again

What was finished before an interruption is not done again.

Examples:
  intelligence-bot analyze talk.vtt --out briefings
  intelligence-bot analyze articles/ https://example.org/feed.xml --depth quick
  curl -s https://example.org/talk.srt | intelligence-bot analyze - --json | jq .counts`;

/**
 * Understands the arguments and runs the command they name.
 *
 * @param sample analysed where no command is named
 * @returns the exit code; rejects with what the command rejects with
 */
export async function runCommandLine(
  given: readonly string[],
  run: CommandRun,
  sample: string,
): Promise<ExitCode> {
  let code: ExitCode = EXIT_CODE.ok;
  const program = programFor(run, (result) => {
    code = result;
  });
  try {
    await program.parseAsync(withCommand(given, sample), { from: 'user' });
    return code;
  } catch (error) {
    if (error instanceof UsageError) {
      complain(run.io, error);
      return EXIT_CODE.usage;
    }
    if (!(error instanceof CommanderError)) throw error;
    if (error.exitCode === 0) return EXIT_CODE.ok;
    run.io.complaint = { message: error.message.replace(/^error: /, ''), code: 'USAGE' };
    return EXIT_CODE.usage;
  }
}

/** Options alone are for the sample; asking for help is not. */
function withCommand(given: readonly string[], sample: string): string[] {
  const [first] = given;
  const isCommand =
    first !== undefined && (!first.startsWith('-') || ['-h', '--help', '-V', '--version'].includes(first));
  return isCommand ? [...given] : ['analyze', sample, ...given];
}

function programFor(run: CommandRun, done: (code: ExitCode) => void): Command {
  const { io } = run;
  const program = new Command('intelligence-bot')
    .description('Content in, a checked briefing out, stored and found again.')
    .version('0.1.0', '-V, --version')
    .showHelpAfterError('(--help lists what can be written.)')
    .exitOverride()
    .configureOutput({
      writeOut: (text) => void io.out.write(text),
      writeErr: (text) => void io.err.write(text),
      getOutHasColors: () => io.outColors,
      getErrHasColors: () => io.errColors,
    })
    .addHelpText('after', AFTER_HELP);

  const json = () => new Option('--json', 'print JSON');
  const verbose = () => new Option('-v, --verbose', 'log what happens to stderr');
  const limit = () => new Option('--limit <n>', 'how many at most').argParser(wholeNumber(1, 500));

  program
    .command('analyze')
    .description('analyse files, folders, web pages and feeds')
    .argument('<sources...>', 'paths, URLs, and "-" for standard input')
    .addOption(new Option('-d, --depth <depth>', 'how much is done').choices(DEPTHS).default('standard'))
    .addOption(new Option('-o, --out <dir>', 'write Markdown, HTML and JSON into a folder'))
    .addOption(new Option('-f, --force', 'analyse again what is known'))
    .addOption(
      new Option('--budget <amount>', 'US dollars that each source may cost at most').argParser(amount),
    )
    .addOption(
      new Option('--max-items <n>', 'items taken of a feed (default 10)').argParser(wholeNumber(1, 100)),
    )
    .addOption(new Option('-q, --quiet', 'no progress and no notes'))
    .addOption(json())
    .addOption(verbose())
    .addHelpText('after', ANALYZE_HELP)
    .action(async (sources: string[], options: AnalyzeOptions & { readonly depth: Depth }) => {
      done(await analyze(run, sources, options));
    });
  program
    .command('search')
    .description('find stored briefings by words')
    .addArgument(new Argument('<words...>', 'all must occur; "two words" is a phrase, econ* a beginning'))
    .addOption(limit())
    .addOption(json())
    .addOption(verbose())
    .action(async (words: string[], options: StoredOptions) => {
      done(await search(run, words.join(' '), options));
    });
  program
    .command('show')
    .description('print a stored briefing')
    .argument('<id>', 'as list shows it, or its beginning')
    .addOption(new Option('--format <format>', 'how').choices(SHOW_FORMATS).default('terminal'))
    .addOption(new Option('--json', 'the same as --format json').implies({ format: 'json' }))
    .addOption(verbose())
    .action(async (id: string, options: { readonly format: ShowFormat; readonly verbose?: true }) => {
      done(await show(run, id, options));
    });
  program
    .command('list')
    .description('list stored briefings, newest first')
    .addOption(limit())
    .addOption(json())
    .addOption(verbose())
    .action(async (options: StoredOptions) => {
      done(await list(run, options));
    });
  program
    .command('mission')
    .description('plan and run a mission; without a source list the missions')
    .argument('[source]', 'a path or URL, or the id of a mission that is planned or was interrupted')
    .addOption(
      new Option('-d, --depth <depth>', 'how many stages').choices(MISSION_DEPTHS).default('standard'),
    )
    .addOption(new Option('--budget <amount>', 'US dollars that it may cost at most').argParser(amount))
    .addOption(new Option('--minutes <n>', 'that it may take at most').argParser(wholeNumber(1, 1_440)))
    .addOption(new Option('--plan', 'only plan it'))
    .addOption(new Option('-q, --quiet', 'no progress and no notes'))
    .addOption(json())
    .addOption(verbose())
    .action(async (source: string | undefined, options: MissionCommandOptions) => {
      const { mission } = await import('./commands/mission.js');
      done(await mission(run, source, options));
    });
  program
    .command('watch')
    .description('follow feeds, pages and folders, and analyse what is new')
    .argument('<sources...>', 'addresses of feeds and pages, folders, or discord:<channel id>')
    .addOption(
      new Option('--every <minutes>', 'from one look to the next')
        .default(10)
        .argParser(wholeNumber(1, 10_080)),
    )
    .addOption(verbose())
    .action(async (sources: string[], options: WatchOptions) => {
      const { watch } = await import('./commands/watch.js');
      done(await watch(run, sources, options));
    });
  program
    .command('discord')
    .description('answer in Discord until Ctrl-C')
    .addOption(verbose())
    .action(async (options: DiscordOptions) => {
      const { discord } = await import('./commands/discord.js');
      done(await discord(run, options));
    });
  program
    .command('call')
    .description('call any operation of these, and print what it gives as JSON')
    .argument('<orchestrator>', 'its name')
    .argument('[operation]', 'the default one where it is left out')
    .argument('[params]', 'an object in JSON')
    .addOption(new Option('-q, --quiet', 'no progress'))
    .addOption(new Option('--json', 'no progress, and JSON on stdout also where it fails'))
    .addOption(verbose())
    .action(
      async (
        name: string,
        operation: string | undefined,
        params: string | undefined,
        options: CallOptions,
      ) => {
        const { call } = await import('./commands/call.js');
        done(await call(run, [name, operation, params], options));
      },
    );
  program
    .command('orchestrators')
    .description('show the orchestrators that run')
    .addOption(json())
    .addOption(verbose())
    .action(async (options: { readonly json?: true; readonly verbose?: true }) => {
      done(await orchestrators(run, options));
    });
  return program;
}

function amount(text: string): number {
  const value = Number(text);
  if (/^\d+(?:\.\d+)?$/.test(text) && value <= 1e6) return value;
  throw new InvalidArgumentError('Write US dollars from 0 to 1000000, for example 0.25.');
}

function wholeNumber(min: number, max: number): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (/^\d+$/.test(text) && value >= min && value <= max) return value;
    throw new InvalidArgumentError(`Write a whole number from ${String(min)} to ${String(max)}.`);
  };
}
