import { escapeControls, type ErrorCategory } from '@kapelle/core';
import { EXIT_CODE, type ExitCode } from './exit-code.js';
import { colorsOf, type Complaint, type ConsoleIo } from './console-io.js';

/** Arguments that cannot be meant. The message says what to write. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
  readonly code = 'USAGE';
}

/** Writes it to stderr: what happened, what to do, and the code. */
export function complain(io: ConsoleIo, complaint: Complaint): void {
  const { message, code } = complaint;
  // Said again: the message of an error is not among the fields that a copy takes.
  io.complaint = { message: message.trim(), ...(code === undefined ? {} : { code }) };
  const colors = colorsOf(io.errColors);
  const text = escapeControls(message.trim());
  const tag = code === undefined || text.endsWith(`[${code}]`) ? '' : colors.dim(` [${code}]`);
  io.err.write(`${colors.red('error')} ${text}${tag}\n`);
}

/** Writes something to stderr that is no error. */
export function remark(io: ConsoleIo, kind: 'note' | 'warning', message: string): void {
  const colors = colorsOf(io.errColors);
  const label = kind === 'note' ? colors.cyan(kind) : colors.yellow(kind);
  io.err.write(`${label} ${escapeControls(message)}\n`);
}

/** Codes beginning with these are about content that cannot be got or read. */
const UNREADABLE = ['SOURCE_', 'CONTENT_', 'ITEM_', 'FOLDER_'];

/** The exit code of a failure. */
export function exitCodeOf({
  code,
  errorCategory,
}: {
  code?: string | undefined;
  errorCategory?: ErrorCategory;
}): ExitCode {
  if (errorCategory === 'cancelled') return EXIT_CODE.interrupted;
  if (code?.startsWith('STORE_') === true) return EXIT_CODE.store;
  if (code === 'BRIEFING_UNKNOWN' || code === 'MISSION_UNKNOWN') return EXIT_CODE.notFound;
  return UNREADABLE.some((beginning) => code?.startsWith(beginning) === true)
    ? EXIT_CODE.unreadable
    : EXIT_CODE.failed;
}
