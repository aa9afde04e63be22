import 'reflect-metadata';

import { describe, expect, it } from '@jest/globals';
import { inject } from 'inversify';

import type { OrchestrationContext } from '../context.js';
import type { OperationContext } from '../operation-context.js';
import { BaseOrchestrator } from '../orchestrator/base-orchestrator.js';
import { operation, orchestrator } from '../orchestrator/decorators.js';
import { StepResult } from '../step-result.js';
import { aContext, resultMatchers, VerificationError, verifyOrchestrator } from './index.js';

expect.extend(resultMatchers);

const STORE = Symbol('Store');
const did: string[] = [];

@orchestrator('domain', 'business_logic')
class SoundOrchestrator extends BaseOrchestrator {
  constructor(@inject(STORE) readonly store: { word: string }) {
    super();
    did.push('construct');
  }
  override start(): void {
    did.push('start');
  }
  @operation({ default: true })
  greet(context: OperationContext, params: { name?: string } = {}) {
    did.push('greet');
    return `${this.store.word} ${params.name ?? context.tenantId}`;
  }
  @operation()
  fail() {
    return StepResult.fail('nothing there', { errorCategory: 'not_found' });
  }
  override cleanup(): void {
    did.push('cleanup');
  }
}

class HandWrittenOrchestrator extends BaseOrchestrator {
  constructor() {
    super({ layer: 'application', name: 'hand_written', type: 'sequential' });
  }
  override orchestrate(_context: OrchestrationContext, params?: unknown): Promise<StepResult> {
    return Promise.resolve(StepResult.ok(params));
  }
}

class UncleanOrchestrator extends HandWrittenOrchestrator {
  override cleanup(): void {
    throw new Error('the loop does not end');
  }
}

const overrides = [[STORE, { word: 'Hello' }]] as const;
const errorOf = async (verification: Promise<unknown>): Promise<VerificationError> => {
  const error: unknown = await verification.catch((thrown: unknown) => thrown);
  expect(error).toBeInstanceOf(VerificationError);
  return error as VerificationError;
};

describe('verifyOrchestrator', () => {
  it('goes through the five steps in order, once', async () => {
    did.length = 0;
    const report = await verifyOrchestrator(SoundOrchestrator, { overrides, params: { name: 'Ada' } });
    expect(report.ok).toBe(true);
    expect(report.orchestrator).toEqual({ name: 'sound', layer: 'domain', type: 'business_logic' });
    expect(report.steps.map(({ step, outcome }) => [step, outcome])).toEqual([
      ['import', 'passed'],
      ['instantiate', 'passed'],
      ['register', 'passed'],
      ['execute', 'passed'],
      ['clean up', 'passed'],
    ]);
    expect(report.result).toBeOk('Hello Ada');
    expect(did).toEqual(['construct', 'start', 'greet', 'cleanup']);
    expect(String(report)).toBe(
      'import: passed\ninstantiate: passed\nregister: passed\nexecute: passed\nclean up: passed',
    );
  });

  it('takes a context and an operation, and the hand-written form', async () => {
    const report = await verifyOrchestrator(SoundOrchestrator, {
      overrides,
      operation: 'greet',
      context: aContext({ tenantId: 'acme' }),
    });
    expect(report.result).toBeOk('Hello acme');
    const handWritten = await verifyOrchestrator(HandWrittenOrchestrator, { params: { a: 1 } });
    expect(handWritten.orchestrator).toEqual({
      name: 'hand_written',
      layer: 'application',
      type: 'sequential',
    });
    expect(handWritten.result).toBeOk({ a: 1 });
  });

  it('names the step that fails, and cleans up all the same', async () => {
    did.length = 0;
    const error = await errorOf(verifyOrchestrator(SoundOrchestrator, { overrides, operation: 'fail' }));
    expect(error).toMatchObject({
      step: 'execute',
      code: 'VERIFICATION_FAILED',
      message:
        'SoundOrchestrator fails at the step "execute": nothing there. Mend that and verify again. [VERIFICATION_FAILED]',
    });
    expect(error.report.result).toBeFailed('not_found');
    expect(error.report.steps.map((each) => each.outcome)).toEqual([
      'passed',
      'passed',
      'passed',
      'failed',
      'passed',
    ]);
    expect(did.at(-1)).toBe('cleanup');
  });

  it('fails at the step where the fault lies', async () => {
    class Stranger {
      readonly nothing = true;
    }
    @orchestrator('domain', 'business_logic')
    class BrokenOrchestrator extends BaseOrchestrator {
      constructor() {
        super();
        throw new Error('no configuration');
      }
    }
    @orchestrator('domain', 'business_logic')
    class StubbornOrchestrator extends BaseOrchestrator {
      override start(): Promise<never> {
        return Promise.reject(new Error('no database'));
      }
    }
    @orchestrator('domain', 'business_logic')
    class SlowOrchestrator extends BaseOrchestrator {
      @operation()
      run(context: OperationContext) {
        return context.sleep(60_000);
      }
    }
    const faults: [() => Promise<unknown>, string, string][] = [
      [() => verifyOrchestrator(Stranger), 'import', 'Class Stranger is not an orchestrator.'],
      [() => verifyOrchestrator(undefined as never), 'import', 'got undefined'],
      [() => verifyOrchestrator(SoundOrchestrator), 'instantiate', 'Nothing is bound to Store'],
      [() => verifyOrchestrator(BrokenOrchestrator), 'instantiate', 'no configuration'],
      [() => verifyOrchestrator(StubbornOrchestrator), 'register', 'no database'],
      [() => verifyOrchestrator(SlowOrchestrator, { timeoutMs: 20 }), 'execute', '20 ms'],
      [
        () => verifyOrchestrator(UncleanOrchestrator),
        'clean up',
        'hand_written: cleanup failed (the loop does not end)',
      ],
    ];
    for (const [verify, step, message] of faults) {
      const error = await errorOf(verify());
      expect([error.step, error.message]).toEqual([step, expect.stringContaining(message)]);
      expect(error.cause).toBeDefined();
      expect(error.report.steps).toHaveLength(5);
    }
    const unused = verifyOrchestrator(SoundOrchestrator, { overrides: [...overrides, [Symbol('x'), 1]] });
    expect((await errorOf(unused)).step).toBe('register');
    await expect(verifyOrchestrator(SoundOrchestrator, { timeoutMs: 0 })).rejects.toThrow(RangeError);
  });
});

describe('resultMatchers', () => {
  const failed = StepResult.fail('the disk is full', { errorCategory: 'processing' });

  it('match each status, and what it carries', () => {
    expect(StepResult.ok({ id: 'a1', n: 1 })).toBeOk();
    expect(StepResult.ok({ id: 'a1', n: 1 })).toBeOk({ id: expect.any(String), n: 1 });
    expect(StepResult.ok()).toBeOk(undefined);
    expect(failed).toBeFailed();
    expect(failed).toBeFailed('processing');
    expect(failed).toBeFailed('processing', 'disk');
    expect(failed).toBeFailed(undefined, /full$/);
    expect(StepResult.skip('it is Sunday')).toBeSkipped();
    expect(StepResult.skip('it is Sunday')).toBeSkipped('Sunday');
    expect(StepResult.uncertain(1)).toBeUncertain();

    expect(StepResult.ok(1)).not.toBeOk(2);
    expect(StepResult.uncertain(1)).not.toBeOk();
    expect(failed).not.toBeFailed('timeout');
    expect(failed).not.toBeFailed('processing', 'network');
    expect(StepResult.skip('it is Sunday')).not.toBeSkipped(/Monday/);
    expect(StepResult.ok()).not.toBeUncertain();
  });

  it('say what they wanted and what they got', () => {
    expect(() => {
      expect(failed).toBeOk(1);
    }).toThrow(/^Expected the result to be ok with 1, got \{[^]*error: 'the disk is full'/);
    expect(() => {
      expect(failed).not.toBeFailed('processing', 'disk');
    }).toThrow("Expected the result not to be failed as processing with 'disk', got {");
    expect(() => {
      expect(StepResult.ok(1)).toBeSkipped('x');
    }).toThrow("Expected the result to be skipped for 'x', got { status: 'ok', data: 1 }");
  });

  it('take only results, so that a promise that nobody awaits does not pass', () => {
    expect(() => {
      expect(Promise.resolve(StepResult.ok())).not.toBeFailed();
    }).toThrow('expect(…) was given a promise, which is not a step result. Await it first.');
    expect(() => {
      expect({ status: 'ok' }).toBeOk();
    }).toThrow("expect(…) was given { status: 'ok' }, which is not a step result.");
  });

  it('need no framework', () => {
    expect(resultMatchers.toBeOk.call(undefined, StepResult.ok([1]), [1]).pass).toBe(true);
    expect(resultMatchers.toBeOk.call(undefined, StepResult.ok([1]), [2]).pass).toBe(false);
  });

  it('are typed', () => {
    // @ts-expect-error there is no such category
    expect(failed).not.toBeFailed('no_such_category');
    // @ts-expect-error uncertain takes nothing
    expect(StepResult.uncertain(1)).toBeUncertain(1);
  });
});
