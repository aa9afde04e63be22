import { nearestNames } from '../naming.js';
import type { BackgroundOptions, ConsumesOptions, OperationOptions, OrchestratorOptions } from './options.js';

// All of them, or the compiler says so.
const KNOWN = {
  orchestrator: {
    name: true,
    description: true,
    dependsOn: true,
    startup: true,
    reentrant: true,
    maxConcurrency: true,
    maxWaiting: true,
    timeoutMs: true,
    durable: true,
    startTimeoutMs: true,
    stopTimeoutMs: true,
    required: true,
    flow: true,
    params: true,
  } satisfies Record<keyof OrchestratorOptions, true>,
  /** What `defineOrchestrator` takes beside these, taken out of it before they are looked at. */
  sections: { layer: true, type: true, operations: true, background: true, consumes: true, inject: true },
  operation: {
    name: true,
    description: true,
    default: true,
    params: true,
    timeoutMs: true,
    policy: true,
    durable: true,
  } satisfies Record<keyof OperationOptions, true>,
  background: {
    everyMs: true,
    initialDelayMs: true,
    jitterRatio: true,
    timeoutMs: true,
    restart: true,
  } satisfies Record<keyof BackgroundOptions, true>,
  consumes: {
    queue: true,
    capacity: true,
    overflow: true,
    batchSize: true,
    concurrency: true,
    retry: true,
  } satisfies Record<keyof ConsumesOptions, true>,
};

/** An option that does not exist: nothing reads it. */
export interface OptionSlip {
  /** `@operation place`, for example. */
  readonly where: string;
  readonly name: string;
  /** The option that may have been meant. */
  readonly nearest: string | undefined;
}

const slips = new WeakMap<object, OptionSlip[]>();
let areThere = false;

/** Notes options of a class that do not exist. The compiler finds them in TypeScript, and nobody in JavaScript. */
export function noteSlips(
  target: object,
  where: string,
  kind: 'orchestrator' | 'operation' | 'background' | 'consumes',
  options: object,
): void {
  for (const name of Object.keys(options)) {
    if (Object.hasOwn(KNOWN[kind], name)) continue;
    areThere = true;
    const names = Object.keys(kind === 'orchestrator' ? { ...KNOWN[kind], ...KNOWN.sections } : KNOWN[kind]);
    const [nearest] = nearestNames(name, names, 1);
    const noted = slips.get(target) ?? [];
    if (!slips.has(target)) slips.set(target, noted);
    noted.push({ where, name: name.slice(0, 80), nearest });
  }
}

/** What was noted of a class and its parents. */
export function slipsOf(target: object): readonly OptionSlip[] {
  if (!areThere) return [];
  const found: OptionSlip[] = [];
  for (
    let current: unknown = target;
    typeof current === 'function';
    current = Object.getPrototypeOf(current)
  ) {
    found.push(...(slips.get(current) ?? []));
  }
  return found;
}
