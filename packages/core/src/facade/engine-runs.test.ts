import { describe, expect, it } from '@jest/globals';

import {
  BaseOrchestrator,
  type CallOptions,
  defineOrchestrator,
  type ExecuteRun,
  type ExecutionEngine,
  type OperationContext,
  OrchestrationContext,
  OrchestrationFacade,
  type RunEnvelope,
  StepResult,
} from '../index.js';
import { FakeClock } from '../testing/fake-clock.js';
import { internalsOf } from './orchestration-facade.js';

const aContext = (init: { readonly signal?: AbortSignal } = {}): OrchestrationContext =>
  OrchestrationContext.create({ tenantId: 'acme', ...init });

/** Runs each id once, in this process, and lives longer than a facade does. */
class Ledger implements ExecutionEngine {
  readonly name = 'ledger';
  readonly capabilities = ['durable-steps', 'signals', 'cancel'] as const;
  readonly runs = new Map<string, Promise<StepResult>>();
  readonly asked: unknown[] = [];
  isDown = false;
  execute: ExecuteRun | undefined;

  start(execute: ExecuteRun): void {
    this.execute = execute;
  }
  async run(envelope: RunEnvelope): Promise<StepResult> {
    this.#reach();
    const known = this.runs.get(envelope.runId);
    if (known !== undefined) return known;
    const run = Promise.resolve(this.execute?.(envelope, {} as never) ?? StepResult.fail('not started'));
    this.runs.set(envelope.runId, run);
    return run;
  }
  async signal(runId: string, name: string, payload: unknown): Promise<StepResult> {
    return this.#answer(runId, ['signal', runId, name, payload]);
  }
  async cancel(runId: string, reason: string): Promise<StepResult> {
    return this.#answer(runId, ['cancel', runId, reason]);
  }
  stop(): void {
    this.execute = undefined;
  }
  #reach(): void {
    if (this.isDown) throw new Error('no route to the ledger');
  }
  #answer(runId: string, question: unknown): StepResult {
    this.#reach();
    if (!this.runs.has(runId)) return StepResult.fail('no such run', { errorCategory: 'not_found' });
    this.asked.push(question);
    return StepResult.ok();
  }
}

function setUp(engine: ExecutionEngine = new Ledger(), begun: string[] = []) {
  const clock = new FakeClock();
  const facade = new OrchestrationFacade({ clock, engine });
  let open = (): void => undefined;
  const gate = new Promise<void>((resolve) => {
    open = resolve;
  });
  class Job extends BaseOrchestrator {
    quick(context: OperationContext): string {
      begun.push(context.runId);
      return 'done';
    }
    async slow(context: OperationContext): Promise<string> {
      begun.push(context.runId);
      await gate;
      return 'at last';
    }
  }
  const operations = { quick: { default: true }, slow: true } as const;
  facade.register(
    defineOrchestrator(Job, { layer: 'domain', type: 'sequential', name: 'job', durable: true, operations }),
  );
  const { invoker } = internalsOf(facade);
  void engine.start((envelope, verbs) => invoker.execute(envelope, verbs), []);
  const call = (options: CallOptions, operation = 'quick', context = aContext()) =>
    facade.orchestrate<unknown>('job', context, { operation }, options);
  return { clock, facade, call, begun, open };
}

describe('runs on an engine', () => {
  it('are reached by the same id or key once an engine that was down is back', async () => {
    for (const options of [{ runId: 'r' }, { idempotencyKey: 'k' }]) {
      const engine = new Ledger();
      const { call, begun } = setUp(engine);
      engine.isDown = true;
      expect(await call(options)).toMatchObject({ errorCategory: 'service_unavailable', retryable: true });
      engine.isDown = false;
      expect(await call(options)).toMatchObject({ data: 'done' });
      expect(await call(options)).toMatchObject({ data: 'done' });
      expect(begun).toHaveLength(1);
    }
  });

  it('are attached to by the same id or key after a restart', async () => {
    const engine = new Ledger();
    const begun: string[] = [];
    for (let process = 0; process < 2; process += 1) {
      const { call } = setUp(engine, begun);
      expect(await call({ runId: 'r' })).toMatchObject({ data: 'done' });
      expect(await call({ idempotencyKey: 'k' })).toMatchObject({ data: 'done' });
    }
    expect(begun).toHaveLength(2);
  });

  it('go on when a caller gives up, who has the result when asking again', async () => {
    const { clock, call, begun, open } = setUp();
    const caller = new AbortController();
    const leaving = call({ runId: 'r' }, 'slow', aContext({ signal: caller.signal }));
    await clock.advance(0);
    caller.abort();
    expect(await leaving).toMatchObject({ errorCategory: 'cancelled' });
    const again = call({ runId: 'r' }, 'slow');
    open();
    await clock.advance(0);
    expect(await again).toMatchObject({ data: 'at last' });
    expect(begun).toEqual(['r']);
  });

  it('attach to the durable children that they have begun when the engine repeats them', async () => {
    const engine = new Ledger();
    const { facade, begun } = setUp(engine);
    class Parent extends BaseOrchestrator {
      async run(context: OperationContext): Promise<readonly unknown[]> {
        const answers = [await context.call('job'), await context.call('job', { operation: 'quick' })];
        return answers.map((answer) => answer.data);
      }
    }
    const parent = { layer: 'application', type: 'sequential', name: 'parent', durable: true } as const;
    facade.register(defineOrchestrator(Parent, { ...parent, operations: ['run'] }));
    const call = () => facade.orchestrate('parent', aContext(), {}, { runId: 'p' });
    expect(await call()).toMatchObject({ data: ['done', 'done'] });
    expect(begun).toEqual(['p/job.1', 'p/job.2']);
    engine.runs.delete('p');
    const envelope = { runId: 'p', orchestrator: 'parent', operation: 'run', params: {} };
    expect(await engine.run({ ...envelope, context: aContext().toJSON() })).toMatchObject({
      data: ['done', 'done'],
    });
    expect(begun).toHaveLength(2);
  });

  it('get events and cancellations from the engine, running, ended here or begun by another process', async () => {
    const engine = new Ledger();
    const { clock, facade, call, open } = setUp(engine);
    const running = facade.runs.submit('job', aContext(), { operation: 'slow' }, { runId: 'r' });
    await clock.advance(0);
    expect(await running.signal('go', { n: 1 })).toMatchObject({ status: 'ok' });
    expect(await running.cancel('enough')).toMatchObject({ status: 'ok' });
    expect(await running.result()).toMatchObject({ errorCategory: 'cancelled' });
    engine.runs.set('elsewhere', Promise.resolve(StepResult.ok()));
    expect(await facade.runs.signal('elsewhere', 'go')).toMatchObject({ status: 'ok' });
    expect(await facade.runs.cancel('elsewhere')).toMatchObject({ status: 'ok' });
    expect(await facade.runs.signal('nowhere', 'go')).toMatchObject({ errorCategory: 'not_found' });
    expect(engine.asked).toEqual([
      ['signal', 'r', 'go', { n: 1 }],
      ['cancel', 'r', 'enough'],
      ['signal', 'elsewhere', 'go', undefined],
      ['cancel', 'elsewhere', 'cancelled'],
    ]);
    engine.isDown = true;
    expect(await facade.runs.signal('elsewhere', 'go')).toMatchObject({
      errorCategory: 'service_unavailable',
      error: 'Engine ledger cannot be asked about run "elsewhere". Try again later.',
    });
    engine.isDown = false;
    await call({ runId: 'done' });
    expect(await facade.runs.cancel('done')).toMatchObject({ status: 'skipped' });
    expect(await facade.runs.signal('done', 'go')).toMatchObject({
      errorCategory: 'business_rule_violation',
    });
    open();
  });

  it('are cancelled here alone where the engine has no such request', async () => {
    const engine = new Ledger();
    Object.assign(engine, { signal: undefined, cancel: undefined });
    const { clock, facade, open } = setUp(engine);
    const running = facade.runs.submit('job', aContext(), { operation: 'slow' });
    await clock.advance(0);
    expect(await running.cancel()).toMatchObject({ status: 'ok' });
    expect(await running.result()).toMatchObject({ errorCategory: 'cancelled' });
    expect(await facade.runs.cancel('nowhere')).toMatchObject({ errorCategory: 'not_found' });
    open();
  });
});
