import { writeSync } from 'node:fs';

import { createSanitizer } from '../logging/redact.js';
import { escapeControls } from '../logging/control-characters.js';
import type { LogFields, Logger } from '../logging/logger.js';

const sanitizer = createSanitizer({ stack: true });
/** Stray errors that are written out; a storm of them must not drown what else is said. */
const MAX_STRAYS = 10;

/**
 * What the runner says: to a logger where it was given one, else to stderr, and there only what is a problem. Never
 * throws, since a process that ends has nobody left to catch it.
 */
export class RunnerVoice {
  readonly #logger: Logger | undefined;
  #strays = 0;

  constructor(logger: Logger | undefined) {
    this.#logger = logger;
  }

  /** Something that goes as it should. */
  tell(event: string, fields: LogFields): void {
    try {
      this.#logger?.info(event, fields);
    } catch {
      // As in the class comment.
    }
  }

  /** A problem; `line` says it where there is no logger. */
  warn(event: string, line: string, fields: LogFields): void {
    try {
      if (this.#logger !== undefined) this.#logger.error(event, fields);
      else writeSync(2, `kapelle: ${escapeControls(line)}\n`);
    } catch {
      // As in the class comment; a pipe that nobody reads is full or closed.
    }
  }

  /** An error that nothing has caught. */
  stray(kind: string, thrown: unknown): void {
    this.#strays += 1;
    if (this.#strays > MAX_STRAYS) return;
    const error = sanitizer.describeError(thrown);
    const more = this.#strays === MAX_STRAYS ? ' (further ones are not written)' : '';
    this.warn('process_error', `${kind}: ${error.stack ?? `${error.name}: ${error.message}`}${more}`, {
      kind,
      error,
    });
  }
}
