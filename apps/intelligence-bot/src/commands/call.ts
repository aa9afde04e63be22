import { StepResult } from '@kapelle/core';
import { failureCode } from '@kapelle/orchestrators';
import { complain, exitCodeOf, remark, UsageError } from '../complaint.js';
import { EXIT_CODE, type ExitCode } from '../exit-code.js';
import { noProgress, showProgress } from '../progress.js';
import { withBot, type CommandRun } from '../run-bot.js';

/** What the command line says of `call`. */
export interface CallOptions {
  readonly quiet?: true;
  readonly verbose?: true;
}

/** Calls any operation of any orchestrator, with params as JSON, and prints what it gives, as JSON. */
export async function call(
  run: CommandRun,
  [name, operation, text]: readonly [name: string, operation: string | undefined, params: string | undefined],
  { quiet, verbose }: CallOptions,
): Promise<ExitCode> {
  const params = paramsOf(text);
  const { composeService } = await import('../service.js');
  return withBot(
    run,
    verbose === true,
    async ({ host }, context) => {
      const { io } = run;
      const progress =
        quiet === true
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
      return tell(run, result);
    },
    (ports, logger) => composeService(ports, run.settings, logger === undefined ? {} : { logger }),
  );
}

function tell({ io }: CommandRun, result: StepResult): ExitCode {
  for (const warning of result.warnings) remark(io, 'warning', warning);
  if (result.status === 'failed') {
    const code = failureCode(result);
    complain(io, { message: result.error, ...(code === undefined ? {} : { code }) });
    // Which property it was, and why.
    if (result.details !== undefined) io.err.write(`${JSON.stringify(result.details, undefined, 2)}\n`);
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
