import { DEPTHS, type Depth } from '@kapelle/orchestrators';
import { Argument, Command, CommanderError, InvalidArgumentError, Option } from 'commander';
import { analyze, type AnalyzeOptions } from './commands/analyze.js';
import { orchestrators } from './commands/orchestrators.js';
import { list, search, show, SHOW_FORMATS, type ShowFormat, type StoredOptions } from './commands/stored.js';
import { EXIT_CODE, type ExitCode } from './exit-code.js';
import { complain, UsageError } from './complaint.js';
import type { CommandRun } from './run-bot.js';

const AFTER_HELP = `
Without a command it analyses the sample that comes with it.

Exit codes: 0 done, 1 failed, 2 wrong command line or setting, 3 content cannot be got or read, 4 no such briefing,
5 the database does not work (a briefing that was made is still shown), 130 Ctrl-C.

Settings (environment): KAPELLE_DATA (folder of the database, default .kapelle), KAPELLE_LOG_LEVEL, KAPELLE_KNOWLEDGE
(YAML file), KAPELLE_LLM_BASE_URL, KAPELLE_LLM_MODEL, KAPELLE_LLM_API_KEY, KAPELLE_ALLOW_ADDRESSES (private servers).`;

const ANALYZE_HELP = `
Depths:
  quick          a summary of 3 sentences, keywords, sentiment
  standard       5 sentences, and topics, names, claims (20, checked), fallacies, persuasion, readability, quality
  deep           8 sentences, 40 claims, and a narrative where a language model is set
  comprehensive  12 sentences, 100 claims

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
    .command('orchestrators')
    .description('show the orchestrators that run')
    .addOption(json())
    .addOption(verbose())
    .action(async (options: { readonly json?: true; readonly verbose?: true }) => {
      done(await orchestrators(run, options));
    });
  return program;
}

function wholeNumber(min: number, max: number): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (/^\d+$/.test(text) && value >= min && value <= max) return value;
    throw new InvalidArgumentError(`Write a whole number from ${String(min)} to ${String(max)}.`);
  };
}
