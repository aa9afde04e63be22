import { type FailedResult, type SkippedResult, StepResult } from '@kapelle/core';
import { failureCode } from '@kapelle/orchestrators';
import { complain, exitCodeOf, remark, UsageError } from '../complaint.js';
import { EXIT_CODE, type ExitCode } from '../exit-code.js';
import { noProgress, showProgress } from '../progress.js';
import { withBot, type CommandRun } from '../run-bot.js';

/** What the command line says of `call`. */
export interface CallOptions {
  /** Also what fails or is skipped goes to stdout, as the whole result in JSON. */
  readonly json?: true;
  readonly quiet?: true;
  readonly verbose?: true;
}

/** Calls any operation of any orchestrator, with params as JSON, and prints what it gives, as JSON. */
export async function call(
  run: CommandRun,
  [name, operation, text]: readonly [name: string, operation: string | undefined, params: string | undefined],
  { json, quiet, verbose }: CallOptions,
): Promise<ExitCode> {
  const params = paramsOf(text);
  const { composeService } = await import('../service.js');
  return withBot(
    run,
    verbose === true,
    async ({ host }, context) => {
      const { io } = run;
      const progress =
        quiet === true || json === true
          ? noProgress
          : showProgress(host.facade, io, {
              requestId: context.requestId,
              sources: 1,
              nameOf: (source) => source,
              only: name,
            });
      const result = await host.facade
        .orchestrate(name, context, { ...params, ...(operation === undefined ? {} : { operation }) })
        .finally(() => {
          progress.end();
        });
      const names = Object.keys(host.facade.listOrchestrators());
      return tell(run, names.includes(name) ? result : asToldInShell(result, name), json === true);
    },
    (ports, logger) => composeService(ports, run.settings, logger === undefined ? {} : { logger }),
  );
}

/** That there is no such orchestrator, for somebody who registers none. */
function asToldInShell(result: StepResult, name: string): StepResult {
  const { nearest } = (result.status === 'failed' ? result.details : {}) as { readonly nearest?: unknown };
  if (result.status !== 'failed' || result.errorCategory !== 'not_found' || !Array.isArray(nearest))
    return result;
  const near = nearest.map((each) => `"${String(each)}"`).join(', ');
  return StepResult.fail(
    `There is no orchestrator "${name.slice(0, 80)}". Near to it: ${near}; "orchestrators" lists all of them.`,
    { errorCategory: 'not_found', details: { code: 'ORCHESTRATOR_UNKNOWN', name, nearest } },
  );
}

function tell({ io }: CommandRun, result: StepResult, json: boolean): ExitCode {
  if (json && (result.status === 'failed' || result.status === 'skipped')) {
    io.out.write(`${JSON.stringify(shownResult(result), undefined, 2)}\n`);
    io.isAnswered = true;
  }
  for (const warning of result.warnings) remark(io, 'warning', warning);
  if (result.status === 'failed') {
    const code = failureCode(result);
    complain(io, { message: result.error, ...(code === undefined ? {} : { code }) });
    // Which property it was, and why.
    if (!json && result.details !== undefined)
      io.err.write(`${JSON.stringify(result.details, undefined, 2)}\n`);
    return exitCodeOf({ code, errorCategory: result.errorCategory });
  }
  if (result.status === 'skipped') {
    remark(io, 'note', `Nothing was done: ${result.reason}`);
    return EXIT_CODE.ok;
  }
  if (result.status === 'uncertain' && result.reason !== undefined) remark(io, 'note', result.reason);
  io.out.write(`${JSON.stringify(result.data ?? null, undefined, 2)}\n`);
  return EXIT_CODE.ok;
}

function shownResult(result: FailedResult | SkippedResult): object {
  const { status } = result;
  if (result.status === 'skipped') return { status, reason: result.reason };
  const { error, errorCategory, retryable, details } = result;
  const code = failureCode(result);
  return {
    ...{ status, error, errorCategory, retryable },
    ...(code === undefined ? {} : { code }),
    details: details ?? {},
  };
}

function paramsOf(text: string | undefined): object {
  if (text === undefined) return {};
  let params: unknown;
  try {
    params = JSON.parse(text);
  } catch {
    params = undefined;
  }
  if (typeof params === 'object' && params !== null && !Array.isArray(params)) return params;
  throw new UsageError(`The params are no object in JSON. Write for example '{"limit": 5}'.`);
}
