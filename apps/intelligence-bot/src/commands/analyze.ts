import { escapeControls, type OrchestrationContext, StepResult } from '@kapelle/core';
import {
  ContentIntakeOrchestrator,
  MAX_SOURCES,
  renderTerminal,
  type Depth,
  type IntakeReport,
  type SourceBriefed,
  type SourceOutcome,
} from '@kapelle/orchestrators';
import { resolve } from 'node:path';
import type { Bot } from '../compose.js';
import { complain, exitCodeOf, remark, UsageError } from '../complaint.js';
import { colorsOf, fitted, widthOf } from '../console-io.js';
import { EXIT_CODE, type ExitCode } from '../exit-code.js';
import { OutputError, writeBriefing } from '../output-files.js';
import { noProgress, showProgress } from '../progress.js';
import { withBot, type CommandRun } from '../run-bot.js';
import { findSources, shownPath, type FoundSource } from './find-sources.js';

export interface AnalyzeOptions {
  readonly depth: Depth;
  readonly json?: true;
  readonly out?: string;
  readonly force?: true;
  readonly quiet?: true;
  readonly verbose?: true;
  readonly maxItems?: number;
  /** US dollars for each source. */
  readonly budget?: number;
}

/** Files that a line names. */
const MAX_NAMED = 5;

/** Analyses sources and prints the briefing, or one line for each where there are several. */
export async function analyze(
  run: CommandRun,
  named: readonly string[],
  options: AnalyzeOptions,
): Promise<ExitCode> {
  const { settings, signal } = run;
  if (options.out?.trim() === '') throw new UsageError('The folder of --out is empty. Write a path.');
  const sources = await findSources(named, settings.baseFolder, signal);
  const content = sources.filter(({ kind }) => kind === 'content');
  if (content.length > MAX_SOURCES) {
    complain(run.io, {
      message: `${String(content.length)} sources are more than the ${String(MAX_SOURCES)} of one call. Name fewer.`,
      code: 'TOO_MANY_SOURCES',
    });
    return EXIT_CODE.usage;
  }
  if (options.json !== true && options.quiet !== true) tellPassedOver(run, sources);
  return withBot(run, options.verbose === true, async (bot, context) => {
    const stopCounting = countKept(run, bot, context.requestId, content.length, options);
    const result = await takeIn(
      run,
      bot,
      context,
      content.map(({ uri }) => uri),
      options,
    ).finally(stopCounting);
    if (result.status === 'failed') {
      if (signal.aborted) return EXIT_CODE.interrupted;
      complain(run.io, { message: result.error });
      return exitCodeOf({ errorCategory: result.errorCategory });
    }
    if (result.status === 'skipped') return EXIT_CODE.failed;
    const report = withProblems(result.data, sources);
    return await tell(run, report, options);
  });
}

function tellPassedOver({ io, settings }: CommandRun, sources: readonly FoundSource[]): void {
  const tellThose = (which: FoundSource['kind'], because: readonly [one: string, several: string]): void => {
    const names = sources.flatMap(({ kind, uri }) =>
      kind === which ? [shownPath(uri, settings.baseFolder)] : [],
    );
    if (names.length === 0) return;
    const more = names.length > MAX_NAMED ? ` and ${String(names.length - MAX_NAMED)} more` : '';
    const told = `${names.slice(0, MAX_NAMED).join(', ')}${more}`;
    const why = because[names.length === 1 ? 0 : 1];
    remark(io, 'note', `Passed over, as ${why}: ${told}. What is named itself is analysed.`);
  };
  tellThose('passedOver', ['it describes its folder', 'they describe their folder']);
  tellThose('ownOutput', [
    'it is a briefing that --out has written',
    'they are briefings that --out has written',
  ]);
}

/** Keeps in mind what an interruption leaves, where there are several sources. */
function countKept(
  { io }: CommandRun,
  { host }: Bot,
  requestId: string,
  sources: number,
  { json, quiet }: AnalyzeOptions,
): () => void {
  if (sources < 2 || json === true || quiet === true) return () => undefined;
  let kept = 0;
  const tellKept = (): void => {
    io.afterInterrupt = `${String(kept)} ${kept === 1 ? 'briefing is' : 'briefings are'} done and kept, of ${String(sources)} sources; the same command goes on with the rest.`;
  };
  tellKept();
  return host.facade.events.on('call.ended', ({ orchestrator, requestId: of, result }) => {
    if (orchestrator !== 'autonomous_intelligence' || of !== requestId) return;
    const isBriefed = result.status === 'ok' || result.status === 'uncertain';
    if (!isBriefed || result.metadata['stored'] === false) return;
    kept += 1;
    tellKept();
  });
}

async function takeIn(
  { io, settings }: CommandRun,
  { host }: Bot,
  context: OrchestrationContext,
  sources: readonly string[],
  { depth, force, json, quiet, maxItems, budget }: AnalyzeOptions,
): Promise<StepResult<IntakeReport>> {
  if (sources.length === 0) {
    return StepResult.ok({
      outcomes: [],
      counts: { analysed: 0, cached: 0, reduced: 0, duplicate: 0, failed: 0 },
      leftOut: [],
    });
  }
  const progress =
    json === true || quiet === true
      ? noProgress
      : showProgress(host.facade, io, {
          requestId: context.requestId,
          sources: sources.length,
          nameOf: (source) => shownPath(source, settings.baseFolder),
        });
  try {
    return await host.facade.client(ContentIntakeOrchestrator).takeIn(context, {
      sources: [...sources],
      depth,
      force: force === true,
      ...(maxItems === undefined ? {} : { maxItems }),
      ...(budget === undefined ? {} : { budgetUsd: budget }),
    });
  } finally {
    progress.end();
  }
}

/** The report with the folders that hold nothing in their places at the end. */
function withProblems(report: IntakeReport, sources: readonly FoundSource[]): IntakeReport {
  const problems = sources.flatMap((source): SourceOutcome[] =>
    source.kind !== 'problem'
      ? []
      : [
          {
            source: source.uri,
            status: 'failed',
            error: source.message,
            errorCategory: 'validation',
            code: source.code,
            retryable: false,
          },
        ],
  );
  return {
    ...report,
    outcomes: [...report.outcomes, ...problems],
    counts: { ...report.counts, failed: report.counts.failed + problems.length },
  };
}

async function tell(run: CommandRun, report: IntakeReport, options: AnalyzeOptions): Promise<ExitCode> {
  const { io, settings } = run;
  const { outcomes } = report;
  let code: ExitCode = EXIT_CODE.ok;
  const worst = (next: ExitCode): void => {
    if (code === EXIT_CODE.ok || next === EXIT_CODE.failed) code = next;
  };
  if (options.json === true) {
    io.out.write(`${JSON.stringify(report, undefined, 2)}\n`);
    io.isAnswered = true;
  }
  for (const outcome of outcomes) {
    const name = shownName(outcome, settings.baseFolder);
    if (outcome.status === 'failed') {
      complain(io, {
        message: outcomes.length === 1 ? outcome.error : `${name}: ${outcome.error}`,
        ...(outcome.code === undefined ? {} : { code: outcome.code }),
      });
      worst(exitCodeOf(outcome));
      continue;
    }
    if (options.json !== true) tellBriefed(run, outcome, name, outcomes.length === 1, options);
    if (!outcome.stored) worst(EXIT_CODE.store);
    if (options.out !== undefined) worst(await writeFiles(run, outcome, options));
  }
  if (options.json !== true && options.quiet !== true) tellTotals(run, report);
  return code;
}

function tellBriefed(
  { io, settings }: CommandRun,
  outcome: SourceBriefed,
  name: string,
  isOnly: boolean,
  { quiet }: AnalyzeOptions,
): void {
  const { briefing, status } = outcome;
  if (isOnly) {
    io.out.write(`${renderTerminal(briefing, { width: widthOf(io.out), colors: io.outColors }).trimEnd()}\n`);
  } else {
    const colors = colorsOf(io.outColors);
    const facts = `  ${status.padEnd(9)}  `;
    const shown = fitted(escapeControls(name), io.out, briefing.id.length + facts.length);
    io.out.write(`${colors.bold(briefing.id)}${facts}${shown}\n`);
  }
  if (quiet !== true && isOnly && status === 'cached') {
    remark(io, 'note', `Already analysed on ${when(briefing.createdAt)}; --force analyses again.`);
  }
  if (quiet !== true) {
    for (const note of storyOf(outcome, settings.baseFolder))
      remark(io, 'note', isOnly ? note : `${name}: ${note}`);
  }
  for (const warning of outcome.warnings) remark(io, 'warning', `${name}: ${warning}`);
}

/** What happened on the way to a briefing, in sentences. */
function storyOf({ resumedFrom, firstSource, budget }: SourceBriefed, baseFolder: string): readonly string[] {
  return [
    ...(resumedFrom === undefined
      ? []
      : [
          `This analysis was resumed from stage "${resumedFrom}": what was finished before was not done again.`,
        ]),
    ...(firstSource === undefined
      ? []
      : [`The same content was first analysed from ${shownPath(firstSource.uri, baseFolder)}.`]),
    ...(budget === undefined
      ? []
      : [
          `It cost ${shownUsd(budget.spent.usd)} of ${shownUsd(budget.limits.usd)} US dollars` +
            `${budget.isEstimated ? ' at most' : ''}: ${String(budget.spent.inputTokens + budget.spent.outputTokens)} tokens in ${String(budget.spent.modelCalls)} calls.`,
        ]),
  ];
}

/** With as many digits as it takes to show something. */
const shownUsd = (usd: number): string => (usd === 0 || usd >= 0.01 ? usd.toFixed(2) : usd.toPrecision(2));

async function writeFiles(
  { io, settings }: CommandRun,
  { briefing }: SourceBriefed,
  { out, quiet }: AnalyzeOptions,
): Promise<ExitCode> {
  try {
    const paths = await writeBriefing(resolve(settings.baseFolder, out ?? '.'), briefing);
    if (quiet !== true) {
      remark(io, 'note', `Written: ${paths.map((path) => shownPath(path, settings.baseFolder)).join(', ')}`);
    }
    return EXIT_CODE.ok;
  } catch (error) {
    if (!(error instanceof OutputError)) throw error;
    complain(io, error);
    return EXIT_CODE.failed;
  }
}

function tellTotals({ io, settings }: CommandRun, { outcomes, counts, leftOut }: IntakeReport): void {
  for (const { source, items } of leftOut) {
    const name = shownPath(source, settings.baseFolder);
    remark(io, 'note', `${name}: ${String(items)} more items were left out; --max-items takes more.`);
  }
  if (outcomes.length < 2) return;
  const told = Object.entries(counts).filter(([, count]) => count > 0);
  remark(
    io,
    'note',
    `${told.map(([status, count]) => `${String(count)} ${status}`).join(', ')}; "show <id>" prints one.`,
  );
}

function shownName({ source, item }: SourceOutcome, baseFolder: string): string {
  const name = shownPath(source, baseFolder);
  return item === undefined ? name : `${name} #${String(item)}`;
}

/** A time as people write it, in the time zone of the computer. */
export function when(iso: string): string {
  const date = new Date(iso);
  const two = (value: number): string => String(value).padStart(2, '0');
  return `${String(date.getFullYear())}-${two(date.getMonth() + 1)}-${two(date.getDate())} ${two(date.getHours())}:${two(date.getMinutes())}`;
}
