#!/usr/bin/env node
import 'reflect-metadata';
import { StepFailure } from '@kapelle/core';
import { failureCode } from '@kapelle/orchestrators';
import { fileURLToPath } from 'node:url';
import { runCommandLine } from './command-line.js';
import { complain, exitCodeOf, remark } from './complaint.js';
import { consoleIo } from './console-io.js';
import { EXIT_CODE, type ExitCode } from './exit-code.js';
import { readSettings, SettingsError } from './settings.js';

const SAMPLE = fileURLToPath(new URL('../samples/sotu-1982-reagan.txt', import.meta.url));

/** Runs the command line of this process and ends it. */
async function main(): Promise<void> {
  const args = process.argv.slice(2);
  const io = consoleIo(process.stdout, process.stderr, process.env);
  // Whoever reads may stop reading, as `head` does: that is no error of ours.
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code === 'EPIPE') process.exit(EXIT_CODE.ok);
    process.stderr.write(`error The output cannot be written (${error.message}). Send it elsewhere.\n`);
    process.exit(EXIT_CODE.failed);
  });
  // Nobody is left to be told; what is written to stdout and to files still counts.
  process.stderr.on('error', () => undefined);
  const interrupt = new AbortController();
  let signalled: ExitCode | undefined;
  const onSignal = (code: ExitCode, name: string) => (): void => {
    // The second time nobody wants to wait any more.
    if (signalled !== undefined) process.exit(code);
    signalled = code;
    interrupt.abort(new DOMException(`${name} was received.`, 'AbortError'));
  };
  process.on('SIGINT', onSignal(EXIT_CODE.interrupted, 'SIGINT'));
  process.on('SIGTERM', onSignal(EXIT_CODE.terminated, 'SIGTERM'));

  let code: ExitCode;
  try {
    const settings = readSettings(process.env, process.cwd());
    code = await runCommandLine(
      args,
      { io, settings, signal: interrupt.signal, stdin: process.stdin },
      SAMPLE,
    );
  } catch (error) {
    code = signalled ?? failedWith(error, io);
  }
  if (signalled !== undefined) {
    io.err.write('interrupted\n');
    if (io.afterInterrupt !== undefined) remark(io, 'note', io.afterInterrupt);
    code = signalled;
    io.complaint = { message: 'interrupted' };
  }
  if (code !== EXIT_CODE.ok && wantsJson(args) && io.isAnswered !== true) {
    const error = { ...(io.complaint ?? { message: 'The command line cannot be meant.' }), exitCode: code };
    io.out.write(`${JSON.stringify({ error }, undefined, 2)}\n`);
  }
  await Promise.all([written(process.stdout), written(process.stderr)]);
  process.exit(code);
}

/** Whether stdout is read by a program, so that it must hold JSON whatever happens. */
function wantsJson(args: readonly string[]): boolean {
  return args.some(
    (arg, at) =>
      arg === '--json' || arg === '--format=json' || (arg === 'json' && args[at - 1] === '--format'),
  );
}

function failedWith(error: unknown, io: ReturnType<typeof consoleIo>): ExitCode {
  if (error instanceof SettingsError) {
    complain(io, error);
    return EXIT_CODE.usage;
  }
  if (error instanceof StepFailure && error.result.status === 'failed') {
    const { result } = error;
    const code = failureCode(result);
    complain(io, { message: result.error, ...(code === undefined ? {} : { code }) });
    return exitCodeOf({ code, errorCategory: result.errorCategory });
  }
  complain(io, { message: error instanceof Error ? error.message : String(error) });
  return EXIT_CODE.failed;
}

/** A pipe takes what it is given in its own time. */
function written(stream: NodeJS.WriteStream): Promise<void> {
  return new Promise((resolve) => {
    stream.write('', () => {
      resolve();
    });
  });
}

await main();
