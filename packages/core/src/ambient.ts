import { AsyncLocalStorage, AsyncResource } from 'node:async_hooks';

import { OrchestrationContext } from './context.js';
import { logIds } from './logging/log-id.js';
import type { LogFields, Logger, LogLevel } from './logging/logger.js';

/** @internal Work of a facade's orchestrators that belongs to no call: a batch, a run of a task, a drain hook. */
export class OwnWork {
  /** Whether the running code is part of it. */
  get isCurrent(): boolean {
    return storage.getStore() === this;
  }

  /** Runs `fn` as part of it, and outside of any call. */
  run<R>(fn: () => R): R {
    return storage.run(this, fn);
  }
}

/** The one store of the framework: which call, or which other work, the running code belongs to. */
const storage = new AsyncLocalStorage<OrchestrationContext | OwnWork | undefined>();

/**
 * From Node 24 on stores are part of an immutable frame. There `run` makes one frame to enter and another to leave,
 * while a resource leaves by going back to the frame it was made in, which is cheaper; before Node 24 it is dearer.
 */
const LEAVES_BY_RESOURCE = Number.parseInt(process.versions.node, 10) >= 24;
const MANUAL = { requireManualDestroy: true };

/** The context of the call that the running code belongs to, where the host keeps one. */
export function currentContext(): OrchestrationContext | undefined {
  const store = storage.getStore();
  return store instanceof OwnWork ? undefined : store;
}

/** @internal Runs an operation inside its own call. Arguments one by one: gathering them would cost on every call. */
export function runOperation<C extends OrchestrationContext>(
  context: C,
  run: (context: C, params: unknown) => unknown,
  params: unknown,
): unknown {
  return LEAVES_BY_RESOURCE
    ? new AsyncResource('kapelle.call', MANUAL).runInAsyncScope(enter, undefined, context, run, params)
    : storage.run(context, run, context, params);
}

function enter<C extends OrchestrationContext>(
  context: C,
  run: (context: C, params: unknown) => unknown,
  params: unknown,
): unknown {
  storage.enterWith(context);
  return run(context, params);
}

/** @internal Runs an operation of a host that keeps no context, outside of whatever call of another host it is in. */
export function runDetached<C extends OrchestrationContext>(
  context: C,
  run: (context: C, params: unknown) => unknown,
  params: unknown,
): unknown {
  return storage.getStore() === undefined
    ? run(context, params)
    : storage.run(undefined, run, context, params);
}

/** @internal Runs `fn` inside the call of `context`, or outside of any: what was started by a call is not part of it. */
export function runInContext<R>(context: OrchestrationContext | undefined, fn: () => R): R {
  return storage.getStore() === context ? fn() : storage.run(context, fn);
}

/** The ids of the current call as log fields; `undefined` outside of any. */
export function ambientLogFields(): LogFields | undefined {
  const context = currentContext();
  return context === undefined ? undefined : contextLogFields(context);
}

/** The ids of `context` as log fields. */
export function contextLogFields(context: OrchestrationContext): LogFields {
  const { tenantId, requestId, traceId, chain, depth } = OrchestrationContext.stateOf(context);
  return logIds({
    tenantId,
    requestId,
    ...(traceId === undefined ? {} : { traceId }),
    ...(chain === undefined ? {} : { parentOrchestrator: chain.name }),
    depth,
  });
}

/** A logger that adds the ids of the current call to each event it writes. */
export function ambientLogger(base: Logger): Logger {
  return new AmbientLogger(base);
}

class AmbientLogger implements Logger {
  readonly #base: Logger;
  /** What a base without children of its own cannot add. */
  readonly #bound: LogFields | undefined;

  constructor(base: Logger, bound?: LogFields) {
    this.#base = base;
    this.#bound = bound;
  }

  debug(event: string, fields?: LogFields): void {
    this.#write('debug', event, fields);
  }
  info(event: string, fields?: LogFields): void {
    this.#write('info', event, fields);
  }
  warn(event: string, fields?: LogFields): void {
    this.#write('warn', event, fields);
  }
  error(event: string, fields?: LogFields): void {
    this.#write('error', event, fields);
  }

  child(fields: LogFields): Logger {
    try {
      const child = this.#base.child(fields) as Logger | undefined;
      if (child !== undefined) return new AmbientLogger(child, this.#bound);
    } catch {
      // `console` is a logger to many people: what it lacks must not fail the calls.
    }
    return new AmbientLogger(this.#base, { ...this.#bound, ...fields });
  }

  isLevelEnabled(level: LogLevel): boolean {
    try {
      return this.#base.isLevelEnabled?.(level) ?? true;
    } catch {
      return false;
    }
  }

  #write(level: LogLevel, event: string, fields: LogFields | undefined): void {
    if (!this.isLevelEnabled(level)) return;
    try {
      // What says whose it is belongs to that call, whichever call happens to be running: nothing of it is added.
      const named = fields?.['tenantId'] !== undefined && fields['requestId'] !== undefined;
      const ids = named ? undefined : ambientLogFields();
      const bound = this.#bound;
      this.#base[level](
        event,
        ids === undefined && bound === undefined ? fields : { ...bound, ...ids, ...fields },
      );
    } catch {
      // A logger that throws must not change what the code it watches does.
    }
  }
}
