import { escapeControls, StepFailure, StepResult, type OrchestrationContext } from '@kapelle/core';
import {
  AutonomousIntelligenceOrchestrator,
  renderHtml,
  renderJson,
  renderMarkdown,
  renderTerminal,
  type Briefing,
  type Snippet,
} from '@kapelle/orchestrators';
import { join } from 'node:path';
import { DATABASE_FILE, type Bot } from '../compose.js';
import { remark, UsageError } from '../complaint.js';
import { colorsOf, fitted, roomOf, widthOf, type Colors } from '../console-io.js';
import { EXIT_CODE, type ExitCode } from '../exit-code.js';
import { withBot, type CommandRun } from '../run-bot.js';
import { when } from './analyze.js';
import { shownPath } from './find-sources.js';

export const SHOW_FORMATS = ['terminal', 'markdown', 'html', 'json'] as const;
export type ShowFormat = (typeof SHOW_FORMATS)[number];

export interface StoredOptions {
  readonly json?: true;
  readonly limit?: number;
  readonly verbose?: true;
}

const clientOf = ({ host }: Bot) => host.facade.client(AutonomousIntelligenceOrchestrator);

/** Prints stored briefings, newest first. */
export async function list(run: CommandRun, { json, limit, verbose }: StoredOptions): Promise<ExitCode> {
  return withBot(run, verbose === true, async (bot, context) => {
    const briefings = StepResult.unwrap(
      await clientOf(bot).list(context, limit === undefined ? {} : { limit }),
    );
    const { io } = run;
    if (json === true) {
      io.out.write(`${JSON.stringify(briefings, undefined, 2)}\n`);
      return EXIT_CODE.ok;
    }
    if (briefings.length === 0) {
      remark(
        io,
        'note',
        `No briefings in "${join(run.settings.dataFolder, DATABASE_FILE)}" yet; "analyze" makes one.`,
      );
    }
    const colors = colorsOf(io.outColors);
    for (const { id, createdAt, title, wordCount, claimCount, producedBy } of briefings) {
      const facts = `${String(wordCount)} ${wordCount === 1 ? 'word' : 'words'}, ${String(claimCount)} ${claimCount === 1 ? 'claim' : 'claims'}`;
      const reduced = producedBy === 'fallback_autonomous' ? colors.yellow('  reduced') : '';
      io.out.write(`${colors.bold(id)}  ${when(createdAt)}  ${colors.dim(facts)}${reduced}\n`);
      io.out.write(`  ${fitted(escapeControls(title), io.out, 2)}\n`);
    }
    return EXIT_CODE.ok;
  });
}

/** Prints what contains some words, best first. */
export async function search(
  run: CommandRun,
  query: string,
  { json, limit, verbose }: StoredOptions,
): Promise<ExitCode> {
  if (query.trim() === '') throw new UsageError('There is nothing to search for. Write one word or more.');
  return withBot(run, verbose === true, async (bot, context) => {
    const hits = StepResult.unwrap(
      await clientOf(bot).search(context, { query, ...(limit === undefined ? {} : { limit }) }),
    );
    const { io } = run;
    if (json === true) {
      io.out.write(`${JSON.stringify(hits, undefined, 2)}\n`);
      return EXIT_CODE.ok;
    }
    if (hits.length === 0)
      remark(io, 'note', 'Nothing found. All words must occur; "econ*" finds the beginning of words.');
    const colors = colorsOf(io.outColors);
    for (const { summary, snippet } of hits) {
      io.out.write(
        `${colors.bold(summary.id)}  ${fitted(escapeControls(summary.title), io.out, summary.id.length + 2)}\n`,
      );
      io.out.write(`  ${marked(snippet, roomOf(io.out, 2), colors)}\n`);
    }
    return EXIT_CODE.ok;
  });
}

/** Prints one briefing. The beginning of an id will do where all that begin so are of one content: then it is the newest. */
export async function show(
  run: CommandRun,
  id: string,
  { format, verbose }: { readonly format: ShowFormat; readonly verbose?: true },
): Promise<ExitCode> {
  return withBot(run, verbose === true, async (bot, context) => {
    const { briefing, alsoSeenAs, others } = await find(bot, context, id);
    run.io.out.write(`${rendered(briefing, format, run).trimEnd()}\n`);
    if (others.length > 0) {
      remark(
        run.io,
        'note',
        `This is ${briefing.id}, the newest. The same content was also briefed as ${others.join(', ')}.`,
      );
    }
    if (format !== 'json' && alsoSeenAs.length > 0) {
      const names = alsoSeenAs.map((uri) => shownPath(uri, run.settings.baseFolder));
      remark(run.io, 'note', `The same content was also seen as ${names.join(', ')}.`);
    }
    return EXIT_CODE.ok;
  });
}

interface FoundBriefing {
  readonly briefing: Briefing;
  /** Other addresses of the same content. */
  readonly alsoSeenAs: readonly string[];
  /** Ids that begin in the same way: the same content at other depths. */
  readonly others: readonly string[];
}

async function find(bot: Bot, context: OrchestrationContext, id: string): Promise<FoundBriefing> {
  const exact = await clientOf(bot).get(context, { id });
  if (exact.status === 'ok') return foundIn(exact);
  if (exact.status === 'failed' && exact.errorCategory === 'not_found') {
    const known = StepResult.unwrap(await clientOf(bot).list(context, { limit: 500 }));
    const alike = known.filter((each) => each.id.startsWith(id));
    // The newest comes first.
    const [newest, ...others] = alike;
    if (newest !== undefined && others.every(({ contentHash }) => contentHash === newest.contentHash)) {
      const found = foundIn(await clientOf(bot).get(context, { id: newest.id }));
      return { ...found, others: others.map((each) => each.id) };
    }
    if (alike.length > 1) {
      throw new StepFailure(
        StepResult.fail(
          `"${id}" begins several ids: ${alike
            .slice(0, 5)
            .map((each) => each.id)
            .join(', ')}. Give more of it.`,
          { errorCategory: 'not_found', details: { code: 'BRIEFING_UNKNOWN' } },
        ),
      );
    }
  }
  return foundIn(exact);
}

function foundIn(result: StepResult<Briefing>): FoundBriefing {
  const briefing = StepResult.unwrap(result);
  const { alsoSeenAs } = result.metadata as { readonly alsoSeenAs?: readonly string[] };
  return { briefing, alsoSeenAs: alsoSeenAs ?? [], others: [] };
}

function rendered(briefing: Briefing, format: ShowFormat, { io }: CommandRun): string {
  switch (format) {
    case 'terminal':
      return renderTerminal(briefing, { width: widthOf(io.out), colors: io.outColors });
    case 'markdown':
      return renderMarkdown(briefing);
    case 'html':
      return renderHtml(briefing);
    case 'json':
      return renderJson(briefing);
  }
}

/** A snippet in one line with its matches marked; without colours by asterisks. */
function marked({ text, matches }: Snippet, width: number, colors: Colors): string {
  // Cut in such a way that the first match stays in sight.
  const first = matches[0]?.start ?? 0;
  const cut = Math.max(0, Math.min(first - Math.floor(width / 3), text.length - width));
  // Begun with a whole word, where one begins before the match.
  const blank = cut === 0 ? -1 : text.indexOf(' ', cut);
  const from = blank >= 0 && blank < first ? blank + 1 : cut;
  let line = '';
  let at = from;
  const end = Math.min(text.length, from + width);
  for (const match of matches) {
    if (match.start < at || match.end > end) continue;
    const word = escapeControls(text.slice(match.start, match.end));
    line += escapeControls(text.slice(at, match.start));
    line += colors.isColorSupported ? colors.yellow(colors.bold(word)) : `*${word}*`;
    at = match.end;
  }
  return (line + escapeControls(text.slice(at, end))).replaceAll(/\\n|\s+/g, ' ').trim();
}
