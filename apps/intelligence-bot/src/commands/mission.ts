import { escapeControls, OrchestrationContext, StepResult } from '@kapelle/core';
import {
  failureCode,
  type Mission,
  MissionOrchestrator,
  type MissionPlan,
  type MissionSummary,
} from '@kapelle/orchestrators';
import { stat } from 'node:fs/promises';
import { resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Bot } from '../compose.js';
import { complain, exitCodeOf, remark, UsageError } from '../complaint.js';
import { colorsOf, fitted, type Colors } from '../console-io.js';
import { EXIT_CODE, type ExitCode } from '../exit-code.js';
import { noProgress, showProgress } from '../progress.js';
import { TENANT, withBot, type CommandRun } from '../run-bot.js';
import { when } from './analyze.js';
import { findSources, shownPath } from './find-sources.js';

/** What the command line says of `mission`. */
export interface MissionCommandOptions {
  readonly depth: string;
  /** US dollars at most. */
  readonly budget?: number;
  /** At most. */
  readonly minutes?: number;
  /** Only plans. */
  readonly plan?: true;
  readonly json?: true;
  readonly quiet?: true;
  readonly verbose?: true;
}

/** What ids of missions begin with. */
const MISSION_ID = /^mission_[\w]+$/;

/**
 * Plans a mission for one source and runs it; runs one that was planned, or goes on with one that was interrupted, where its id
 * is given; lists missions where nothing is.
 */
export async function mission(
  run: CommandRun,
  named: string | undefined,
  options: MissionCommandOptions,
): Promise<ExitCode> {
  const { composeService } = await import('../service.js');
  const nowhere =
    named === undefined || MISSION_ID.test(named.trim()) || named === '-'
      ? undefined
      : await leadsNowhere(named.trim(), run.settings.baseFolder);
  if (nowhere !== undefined) return failed(run.io, nowhere);
  const target = named === undefined ? undefined : await targetOf(run, named);
  return withBot(
    run,
    options.verbose === true,
    (bot) =>
      target === undefined
        ? listMissions(run, bot, options)
        : new MissionCall(run, bot, options).make(target),
    (ports, logger) => composeService(ports, run.settings, logger === undefined ? {} : { logger }),
  );
}

type Target = { readonly missionId: string } | { readonly uri: string };

async function targetOf({ settings, signal }: CommandRun, named: string): Promise<Target> {
  if (MISSION_ID.test(named.trim())) return { missionId: named.trim() };
  if (named === '-') {
    throw new UsageError(
      'A mission comes back to its source, which standard input does not allow. Write a path or a URL.',
    );
  }
  const [only] = await findSources([named], settings.baseFolder, signal);
  const isItself = only?.uri === named.trim() || only?.uri === resolve(settings.baseFolder, named);
  if (only?.kind !== 'content' || !isItself) {
    throw new UsageError(`"${named}" is a folder. A mission is about one source: name a file in it.`);
  }
  return { uri: only.uri };
}

/** What looks like an id of a mission that was mistyped. */
const ALMOST_MISSION_ID = /^m[a-z]*[_-][\w-]+$/i;
const SCHEME = /^([a-z][a-z0-9+.-]+):/i;

/** Why there is nothing to plan a mission for: `SOURCE_NOT_FOUND`, `SOURCE_UNSUPPORTED_SCHEME` or `MISSION_UNKNOWN`. */
async function leadsNowhere(named: string, baseFolder: string): Promise<StepResult | undefined> {
  if (named === '') return undefined;
  const scheme = SCHEME.exec(named)?.[1]?.toLowerCase();
  if (scheme === 'http' || scheme === 'https') return undefined;
  if (scheme !== undefined && scheme !== 'file') {
    return notFound(
      `"${named.slice(0, 80)}" has a scheme that cannot be read. Use http, https or file; write "./" in front if it is the name of a file.`,
      'SOURCE_UNSUPPORTED_SCHEME',
    );
  }
  const path = scheme === 'file' ? pathOf(named) : resolve(baseFolder, named);
  if (path !== undefined && (await stat(path).catch(() => undefined)) !== undefined) return undefined;
  const isId = scheme === undefined && ALMOST_MISSION_ID.test(named);
  return notFound(
    `There is no file, folder or mission "${named.slice(0, 200)}". Check the spelling; "mission" alone lists the missions.`,
    isId ? 'MISSION_UNKNOWN' : 'SOURCE_NOT_FOUND',
  );
}

function pathOf(fileUrl: string): string | undefined {
  try {
    return fileURLToPath(fileUrl);
  } catch {
    return undefined;
  }
}

function notFound(message: string, code: string): StepResult {
  return StepResult.fail(message, { errorCategory: 'not_found', details: { code } });
}

async function listMissions(
  { io, settings }: CommandRun,
  { host }: Bot,
  { json }: MissionCommandOptions,
): Promise<ExitCode> {
  const context = OrchestrationContext.create({ tenantId: TENANT });
  const listed = await host.facade.client(MissionOrchestrator).list(context, {});
  if (listed.status !== 'ok') return failed(io, listed);
  if (json === true) io.out.write(`${JSON.stringify(listed.data, undefined, 2)}\n`);
  else if (listed.data.length === 0)
    remark(io, 'note', 'No missions yet; "mission <source>" plans and runs one.');
  const colors = colorsOf(io.outColors);
  for (const each of json === true ? [] : listed.data) {
    io.out.write(`${colors.bold(each.missionId)}  ${factsOf(each)}\n`);
    const { uri = '', description = '' } = each.content;
    const about = uri === '' ? description : shownPath(uri, settings.baseFolder);
    io.out.write(`  ${fitted(escapeControls(about), io.out, 2)}\n`);
  }
  return EXIT_CODE.ok;
}

/** One mission, from its plan to what came of it. */
class MissionCall {
  readonly #run: CommandRun;
  readonly #bot: Bot;
  readonly #options: MissionCommandOptions;

  constructor(run: CommandRun, bot: Bot, options: MissionCommandOptions) {
    this.#run = run;
    this.#bot = bot;
    this.#options = options;
  }

  async make(target: Target): Promise<ExitCode> {
    const { io } = this.#run;
    if ('missionId' in target) {
      if (this.#options.plan !== true) return this.#execute(target.missionId);
      const known = await this.#client.get(this.#context(), target);
      return known.status === 'ok' ? this.#tell(known.data) : failed(io, known);
    }
    const { depth, budget, minutes, plan } = this.#options;
    const planned = await this.#client.plan(this.#context(), {
      uri: target.uri,
      depth,
      ...(budget === undefined ? {} : { budgetUsd: budget }),
      ...(minutes === undefined ? {} : { maxMinutes: minutes }),
    });
    if (planned.status !== 'ok') return failed(io, planned);
    for (const warning of planned.warnings) remark(io, 'warning', warning);
    if (plan === true) return this.#tell(planned.data);
    if (this.#isTold) remark(io, 'note', `${planned.data.missionId}: ${planText(planned.data.plan)}.`);
    return this.#execute(planned.data.missionId);
  }

  /** Ctrl-C stops the bot, which interrupts the mission: ending the call itself would end the mission for good. */
  async #execute(missionId: string): Promise<ExitCode> {
    const { io, signal } = this.#run;
    const context = this.#context();
    const progress = this.#isTold
      ? showProgress(this.#bot.host.facade, io, {
          requestId: context.requestId,
          sources: 1,
          nameOf: (name) => name,
          only: 'mission',
        })
      : noProgress;
    const stop = (): void => void this.#bot.close('interrupted').catch(() => undefined);
    signal.addEventListener('abort', stop, { once: true });
    if (signal.aborted) stop();
    try {
      const result = await this.#client.run(context, { missionId });
      progress.end();
      if (result.status === 'ok' || result.status === 'uncertain') return this.#tell(result.data);
      if (!signal.aborted) return failed(io, result);
      remark(io, 'note', `"mission ${missionId}" goes on with it.`);
      return EXIT_CODE.interrupted;
    } finally {
      progress.end();
      signal.removeEventListener('abort', stop);
    }
  }

  #tell(made: Mission): ExitCode {
    const { io } = this.#run;
    if (this.#options.json === true) {
      io.out.write(`${JSON.stringify(made, undefined, 2)}\n`);
      io.isAnswered = true;
    } else io.out.write(missionText(made, colorsOf(io.outColors)));
    return EXIT_CODE.ok;
  }

  get #isTold(): boolean {
    return this.#options.json !== true && this.#options.quiet !== true;
  }

  get #client() {
    return this.#bot.host.facade.client(MissionOrchestrator);
  }

  #context(): OrchestrationContext {
    return OrchestrationContext.create({ tenantId: TENANT });
  }
}

function failed(io: CommandRun['io'], result: StepResult): ExitCode {
  if (result.status !== 'failed') return EXIT_CODE.failed;
  const code = failureCode(result);
  complain(io, { message: result.error, ...(code === undefined ? {} : { code }) });
  return exitCodeOf({ code, errorCategory: result.errorCategory });
}

function factsOf({ status, depth, stages, plannedUsd, spentUsd, createdAt }: MissionSummary): string {
  const money = spentUsd === undefined ? plannedUsd : spentUsd;
  return `${when(new Date(createdAt).toISOString())}  ${depth}, ${status}, ${String(stages)} stages, ${money.toFixed(2)} US dollars ${spentUsd === undefined ? 'planned' : 'spent'}`;
}

/** Where an estimate is from, for people. */
const ESTIMATED: Readonly<Record<MissionPlan['estimate']['source'], string>> = {
  table: 'a first guess',
  mixed: 'partly as measured before',
  measured: 'as measured before',
};

function planText({ depth, stages, budget, estimate, risk }: MissionPlan): string {
  const minutes = `${estimate.lowMinutes.toFixed(1)} to ${estimate.highMinutes.toFixed(1)} minutes (${ESTIMATED[estimate.source]})`;
  return `${depth}, ${String(stages.length)} stages, ${minutes}, at most ${budget.limitUsd.toFixed(2)} US dollars, risk of the plan: ${risk.level}`;
}

/** The plan, what became of each stage, and what the mission has to say. */
function missionText({ missionId, status, plan, outcome, outputs }: Mission, colors: Colors): string {
  const width = Math.max(...[...plan.stages, ...plan.leftOut].map((each) => nameOf(each).length));
  const lines = [`${colors.bold(missionId)}  ${status}`, planText(plan), ''];
  for (const stage of plan.stages) {
    const ended = outcome?.stages.find((each) => each.stage === stage.id);
    const said = ended?.outcome === undefined || ended.outcome === 'ok' ? ended?.status : ended.outcome;
    const took = ended?.durationMs === undefined ? '' : `${(ended.durationMs / 1_000).toFixed(2)} s`;
    const mark =
      said === 'completed' ? colors.green(said.padEnd(9)) : colors.yellow((said ?? 'planned').padEnd(9));
    const reason = ended?.error ?? ended?.reason;
    const why = reason === undefined ? '' : `  ${escapeControls(reason)}`;
    lines.push(`  ${mark}  ${stage.id.padEnd(width)}  ${stage.agent.padEnd(29)}  ${took}${why}`.trimEnd());
  }
  for (const { stage, reason } of plan.leftOut) {
    lines.push(`  ${colors.yellow('left out ')}  ${stage.padEnd(width)}  ${reason}`);
  }
  if (outcome !== undefined) {
    lines.push(
      '',
      `${outcome.minutes.toFixed(2)} of about ${outcome.estimatedMinutes.toFixed(1)} minutes, ${outcome.spentUsd.toFixed(2)} of ${outcome.plannedUsd.toFixed(2)} US dollars.`,
    );
  }
  const threat = memberOf(outputs['threat_analysis'], 'level');
  if (typeof threat === 'string') {
    lines.push(
      `Threat in the content: ${threat} (${String(memberOf(outputs['threat_analysis'], 'score'))}).`,
    );
  }
  const briefingId = memberOf(outputs['content_analysis'], 'briefingId');
  if (typeof briefingId === 'string') lines.push(`Briefing: ${briefingId}; "show" prints it.`);
  const message = memberOf(outputs['communication_reporting'], 'message');
  if (typeof message === 'string')
    lines.push('', ...message.split('\n').map((line) => `  ${escapeControls(line)}`));
  return `${lines.join('\n')}\n`;
}

function nameOf(each: { readonly id: string } | { readonly stage: string }): string {
  return 'id' in each ? each.id : each.stage;
}

function memberOf(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null ? (Reflect.get(value, name) as unknown) : undefined;
}
