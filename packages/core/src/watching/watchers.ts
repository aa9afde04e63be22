import { OrchestrationContext } from '../context.js';
import { OkResult, StepResult } from '../step-result.js';
import type { WatchedBatch, WatchedCall, WatchedStep, WatchedTask, Watcher, WorkScope } from './watcher.js';

/** The watchers of a facade. Each flag says whether anybody watches work of its kind: asked before it is described. */
export class Watchers {
  #calls: readonly Watcher[] = [];
  #steps: readonly Watcher[] = [];
  #batches: readonly Watcher[] = [];
  #tasks: readonly Watcher[] = [];
  calls = false;
  steps = false;
  batches = false;
  tasks = false;

  /** Outermost first. */
  set(watchers: readonly Watcher[]): void {
    this.#calls = watchers.filter((each) => each.call !== undefined);
    this.#steps = watchers.filter((each) => each.step !== undefined);
    this.#batches = watchers.filter((each) => each.batch !== undefined);
    this.#tasks = watchers.filter((each) => each.task !== undefined);
    this.calls = this.#calls.length > 0;
    this.steps = this.#steps.length > 0;
    this.batches = this.#batches.length > 0;
    this.tasks = this.#tasks.length > 0;
  }

  /** Every call comes by here: no closure, and a list only where there are two scopes. */
  call(call: WatchedCall): WorkScope | undefined {
    let only: WorkScope | undefined;
    let several: WorkScope[] | undefined;
    for (const watcher of this.#calls) {
      try {
        const scope = watcher.call?.(call);
        if (scope === undefined) continue;
        if (only === undefined) only = scope;
        else (several ??= [only]).push(scope);
      } catch {
        // Whoever watches must not change what it watches.
      }
    }
    return several === undefined ? only : combined(several);
  }

  step(step: WatchedStep): WorkScope | undefined {
    return scopeOf(this.#steps, (each) => each.step?.(step));
  }

  batch(batch: WatchedBatch): WorkScope | undefined {
    return scopeOf(this.#batches, (each) => each.batch?.(batch));
  }

  task(task: WatchedTask): WorkScope | undefined {
    return scopeOf(this.#tasks, (each) => each.task?.(task));
  }
}

/**
 * What accompanies the call that `context` belongs to, also after its end: a watcher finds what it returned for it.
 * `undefined` for a context that no call got, and where nobody watches.
 */
export function workScopeOf(context: OrchestrationContext): WorkScope | undefined {
  return OrchestrationContext.callOf(context)?.scope;
}

/** Runs `fn` inside `scope`. What the scope itself gets wrong does not keep it from running. */
export function runInside<T>(scope: WorkScope, fn: () => T): T {
  if (scope.run === undefined) return fn();
  const outcome: { value?: { readonly of: T }; thrown?: { readonly error: unknown } } = {};
  const once = (): T => {
    try {
      const value = fn();
      outcome.value = { of: value };
      return value;
    } catch (error) {
      outcome.thrown = { error };
      throw error;
    }
  };
  try {
    scope.run(once);
  } catch {
    // Either what `fn` threw, told below, or the scope's own error.
  }
  if (outcome.thrown !== undefined) throw outcome.thrown.error;
  return outcome.value === undefined ? fn() : outcome.value.of;
}

/** Tells `scope` how its work ended. */
export function endScope(scope: WorkScope, result: StepResult): void {
  try {
    scope.end(result);
  } catch {
    // Whoever watches must not change what it watches.
  }
}

/** Runs `fn` inside `scope` and ends the scope with what it comes to: a throw and a rejection are failures. */
export function runWatched<T>(scope: WorkScope | undefined, fn: () => T): T {
  if (scope === undefined) return fn();
  const failed = (thrown: unknown): void => {
    endScope(scope, StepResult.fromError(thrown));
  };
  const ended = (value: unknown): void => {
    endScope(scope, StepResult.isResult(value) ? value : new OkResult(value));
  };
  let value: T;
  try {
    value = runInside(scope, fn);
  } catch (thrown) {
    failed(thrown);
    throw thrown;
  }
  if (!(value instanceof Promise)) {
    ended(value);
    return value;
  }
  value.then(ended, failed);
  return value;
}

function scopeOf(
  watchers: readonly Watcher[],
  begin: (watcher: Watcher) => WorkScope | undefined,
): WorkScope | undefined {
  const scopes: WorkScope[] = [];
  for (const each of watchers) {
    try {
      const scope = begin(each);
      if (scope !== undefined) scopes.push(scope);
    } catch {
      // Whoever watches must not change what it watches.
    }
  }
  return scopes.length < 2 ? scopes[0] : combined(scopes);
}

function combined(scopes: readonly WorkScope[]): WorkScope {
  return scopes.some((each) => each.run !== undefined) ? new RunningScopes(scopes) : new Scopes(scopes);
}

/** Several scopes of one piece of work; they end in reverse. */
class Scopes implements WorkScope {
  readonly parts: readonly WorkScope[];

  constructor(scopes: readonly WorkScope[]) {
    this.parts = scopes;
  }

  end(result: StepResult): void {
    for (let at = this.parts.length - 1; at >= 0; at -= 1) endScope(this.parts[at] as WorkScope, result);
  }

  carry(): ReturnType<NonNullable<WorkScope['carry']>> {
    for (const each of this.parts) {
      const carried = each.carry?.();
      if (carried !== undefined) return carried;
    }
    return undefined;
  }
}

class RunningScopes extends Scopes {
  run<T>(fn: () => T): T {
    return this.parts.reduceRight<() => T>((inner, each) => () => runInside(each, inner), fn)();
  }
}
