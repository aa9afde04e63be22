import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';

import {
  ERROR_CATEGORIES,
  ErrorCategory,
  FailedResult,
  OkResult,
  OrchestrationError,
  StepFailure,
  StepResult,
} from './index.js';

describe('StepResult', () => {
  it('says success for everything that did not fail', () => {
    const all = [
      StepResult.ok({ a: 1 }),
      StepResult.skip('nothing to do'),
      StepResult.uncertain(0.4, { reason: 'weak signal' }),
      StepResult.fail('no'),
    ];
    expect(all.map(({ status, success }) => [status, success])).toEqual([
      ['ok', true],
      ['skipped', true],
      ['uncertain', true],
      ['failed', false],
    ]);
    for (const each of all) expect(each).toMatchObject({ metadata: {}, warnings: [] });
  });

  it('keeps the payload as it is, never wrapped a second time', () => {
    const data = { result: { result: 1 } };
    expect(StepResult.ok(data).data).toBe(data);
    expect(StepResult.ok().data).toBeUndefined();
    expect(StepResult.ok(null, { warnings: ['slow'], metadata: { source: 'cache' } })).toMatchObject({
      data: null,
      warnings: ['slow'],
      metadata: { source: 'cache' },
    });
  });

  it('takes severity and retryability from the table, and lets the failure say otherwise', () => {
    expect(StepResult.fail('x')).toMatchObject({
      error: 'x',
      errorCategory: 'execution',
      severity: 'medium',
      retryable: false,
    });
    for (const [category, info] of Object.entries(ERROR_CATEGORIES)) {
      const failed = StepResult.fail('x', { errorCategory: category as ErrorCategory });
      expect(failed).toMatchObject({ errorCategory: category, ...info });
    }
    const cause = new Error('root');
    expect(
      StepResult.fail('later', {
        errorCategory: ErrorCategory.RATE_LIMIT,
        retryable: false,
        severity: 'critical',
        retryAfterMs: 50,
        details: [1],
        cause,
        metadata: { a: 1 },
      }),
    ).toMatchObject({
      errorCategory: 'rate_limit',
      retryable: false,
      severity: 'critical',
      retryAfterMs: 50,
      details: [1],
      cause,
      metadata: { a: 1 },
    });
    expect(StepResult.fail('x', { errorCategory: 'toString' as never }).errorCategory).toBe('execution');
  });

  it('has 48 categories, listed as constants under their upper-case names', () => {
    expect(Object.keys(ERROR_CATEGORIES)).toHaveLength(48);
    for (const name of Object.keys(ERROR_CATEGORIES)) {
      expect((ErrorCategory as Record<string, string>)[name.toUpperCase()]).toBe(name);
    }
  });

  it('knows results by their brand, never by their shape', () => {
    const { proxy, revoke } = Proxy.revocable(StepResult.ok(), {});
    revoke();
    expect(
      [StepResult.ok(), StepResult.skip('x'), StepResult.uncertain(1), StepResult.fail('x')].every(
        StepResult.isResult,
      ),
    ).toBe(true);
    for (const other of [
      { status: 'ok', success: true, data: 1, metadata: {}, warnings: [] },
      StepResult.ok().toJSON(),
      proxy,
      null,
      'ok',
      undefined,
      { [Symbol.for('kapelle.StepResult')]: true },
    ]) {
      expect(StepResult.isResult(other)).toBe(false);
    }
  });

  it('gives the payload with unwrap, and throws where there is none', () => {
    expect(StepResult.unwrap(StepResult.ok(1))).toBe(1);
    expect(StepResult.unwrap(StepResult.uncertain(2))).toBe(2);
    const cause = new Error('root');
    const failed = StepResult.fail('no', { cause });
    expect(() => StepResult.unwrap(failed)).toThrow(StepFailure);
    try {
      StepResult.unwrap(failed);
    } catch (thrown) {
      expect((thrown as StepFailure).result).toBe(failed);
      expect(thrown).toMatchObject({ message: 'no', name: 'StepFailure', cause });
    }
    expect(() => StepResult.unwrap(StepResult.skip('later'))).toThrow('Skipped: later');
  });

  it('matches one handler per status, with the payload, reason or failure first', () => {
    const told = [StepResult.ok(1), StepResult.skip('s'), StepResult.uncertain(2), StepResult.fail('f')].map(
      (result) =>
        StepResult.match(result, {
          ok: (data, whole) => `ok ${data} ${whole.status}`,
          skipped: (reason) => `skipped ${reason}`,
          uncertain: (data) => `uncertain ${data}`,
          failed: (failure) => `failed ${failure.error}`,
        }),
    );
    expect(told).toEqual(['ok 1 ok', 'skipped s', 'uncertain 2', 'failed f']);
  });

  it('maps the payload and keeps status, metadata, warnings and reason', () => {
    const extra = { metadata: { a: 1 }, warnings: ['w'] };
    expect(StepResult.map(StepResult.ok(2, extra), (n) => n * 2)).toMatchObject({
      status: 'ok',
      data: 4,
      ...extra,
    });
    expect(StepResult.map(StepResult.uncertain(2, { ...extra, reason: 'r' }), String)).toMatchObject({
      status: 'uncertain',
      data: '2',
      reason: 'r',
      ...extra,
    });
    const [skipped, failed] = [StepResult.skip('x'), StepResult.fail('x')];
    expect(StepResult.map(skipped, () => 1)).toBe(skipped);
    expect(StepResult.map(failed, () => 1)).toBe(failed);
  });

  it('goes to JSON and back without loss', () => {
    const extra = fc.record(
      {
        metadata: fc.dictionary(
          fc.string().filter((key) => key !== '__proto__'),
          fc.jsonValue(),
          { minKeys: 1 },
        ),
        warnings: fc.array(fc.string(), { minLength: 1 }),
      },
      { requiredKeys: [] },
    );
    const failure = fc.record(
      {
        errorCategory: fc.constantFrom(...(Object.keys(ERROR_CATEGORIES) as ErrorCategory[])),
        retryable: fc.boolean(),
        severity: fc.constantFrom('low' as const, 'high' as const),
        retryAfterMs: fc.nat(),
        details: fc.jsonValue().filter((value) => value !== null),
      },
      { requiredKeys: [] },
    );
    const anyResult = fc.oneof(
      fc.tuple(fc.jsonValue(), extra).map(([data, more]) => StepResult.ok(data, more as never)),
      fc.tuple(fc.string(), extra).map(([reason, more]) => StepResult.skip(reason, more as never)),
      fc
        .tuple(fc.jsonValue(), extra, fc.option(fc.string(), { nil: undefined }))
        .map(([data, more, reason]) =>
          StepResult.uncertain(data, { ...more, ...(reason === undefined ? {} : { reason }) }),
        ),
      fc
        .tuple(fc.string(), failure, extra)
        .map(([error, said, more]) => StepResult.fail(error, { ...said, ...more })),
    );
    fc.assert(
      fc.property(anyResult, (result) => {
        const wire = JSON.stringify(result);
        const back = StepResult.fromJSON(JSON.parse(wire));
        expect(StepResult.isResult(back)).toBe(true);
        expect(JSON.stringify(back)).toBe(wire);
        expect(back.success).toBe(result.success);
      }),
      { numRuns: 500 },
    );
  });

  it('carries causes over the wire as errors, at most ten deep, whatever they are', () => {
    const root = Object.assign(new TypeError('root'), { code: 'E_ROOT' });
    const back = StepResult.fromJSON(
      JSON.parse(JSON.stringify(StepResult.fail('x', { cause: new Error('outer', { cause: root }) }))),
    ) as FailedResult;
    expect(back.cause).toMatchObject({
      message: 'outer',
      cause: { name: 'TypeError', message: 'root', code: 'E_ROOT' },
    });
    const loop = new Error('loop');
    loop.cause = loop;
    expect(() => JSON.stringify(StepResult.fail('x', { cause: loop }))).not.toThrow();
    const hostile = new Proxy(
      {},
      {
        get: () => {
          throw new Error('hands off');
        },
      },
    );
    expect(JSON.stringify(StepResult.fail('x', { cause: hostile }))).toContain('cannot be read');
  });

  it.each([
    null,
    undefined,
    3,
    'ok',
    {},
    { status: 'great' },
    [],
    { status: { toString: 1 } },
    { status: 'failed' },
    { status: 'failed', error: 5 },
    { status: 'skipped' },
    { status: 'uncertain', reason: 5 },
    { status: 'ok', metadata: 5 },
    { status: 'ok', warnings: 'late' },
    { status: 'ok', warnings: [5] },
  ])('refuses %j as the JSON of a result', (json) => {
    expect(() => StepResult.fromJSON(json)).toThrow(OrchestrationError);
    expect(() => StepResult.fromJSON(json)).toThrow('[RESULT_INVALID]');
  });

  it('takes from JSON what it understands of a failure, and the table for the rest', () => {
    let cause: object = { message: 'root' };
    for (let depth = 0; depth < 100_000; depth += 1) cause = { name: 'E', message: 'm', cause };
    const wire = { status: 'failed', error: 'x', errorCategory: 'from the future', severity: 'wild' };
    const back = StepResult.fromJSON({ ...wire, retryable: 'yes', retryAfterMs: 'soon', cause });
    expect(back).toMatchObject({ errorCategory: 'execution', severity: 'medium', retryable: false });
    expect((back as FailedResult).retryAfterMs).toBeUndefined();
    let links = 0;
    for (let each = (back as FailedResult).cause; each instanceof Error; each = each.cause) links += 1;
    expect(links).toBe(10);
  });

  it('takes whatever plain JavaScript says of a failure without throwing', () => {
    expect(StepResult.fail('x', null as never)).toMatchObject({ error: 'x', errorCategory: 'execution' });
    expect(StepResult.fail(new Error('an error for a message') as never).error).toBe(
      'an error for a message',
    );
    expect(
      StepResult.fail('x', {
        errorCategory: 'network',
        severity: 'wild',
        retryable: 1,
        retryAfterMs: NaN,
      } as never),
    ).toMatchObject({ severity: 'low', retryable: true });
    expect(StepResult.fail('x', { retryAfterMs: -1 }).retryAfterMs).toBeUndefined();
  });

  it('knows a StepFailure of another copy of the package, and nothing that only looks like one', () => {
    class StepFailureOfAnotherCopy extends Error {
      readonly result: unknown;
      constructor(result: unknown) {
        super('from afar');
        this.result = result;
      }
    }
    Object.defineProperty(StepFailureOfAnotherCopy.prototype, Symbol.for('kapelle.StepFailure'), {
      value: true,
    });
    const result = StepResult.fail('full', { errorCategory: 'quota_exceeded' });
    expect(StepResult.fromError(new StepFailureOfAnotherCopy(result))).toBe(result);
    for (const wrong of [StepResult.ok(1), { status: 'failed', error: 'shape' }, undefined]) {
      expect(StepResult.fromError(new StepFailureOfAnotherCopy(wrong))).toMatchObject({
        error: 'from afar',
        errorCategory: 'execution',
      });
    }
    const branded = { [Symbol.for('kapelle.StepResult')]: true, status: 'none of the four' };
    expect(StepResult.isResult(branded)).toBe(false);
  });

  it('turns anything thrown into a failed result, once', () => {
    const failure = StepResult.fail('known', { errorCategory: 'rate_limit' });
    expect(StepResult.fromError(new StepFailure(failure))).toBe(failure);
    expect(StepResult.fromError(failure)).toBe(failure);
    expect(StepResult.fromError(StepResult.ok('thrown by mistake')).status).toBe('failed');
    expect(StepResult.fromError(new DOMException('x', 'AbortError'))).toMatchObject({
      errorCategory: 'cancelled',
    });
    expect(StepResult.fromError(new DOMException('x', 'TimeoutError'))).toMatchObject({
      errorCategory: 'timeout',
      retryable: true,
    });
    const error = Object.freeze(new RangeError('out'));
    expect(StepResult.fromError(error)).toMatchObject({
      error: 'out',
      errorCategory: 'execution',
      retryable: false,
      cause: error,
    });
    expect(StepResult.fromError(new OrchestrationError('CONTEXT_INVALID', 'Bad.'))).toMatchObject({
      errorCategory: 'validation',
      details: { code: 'CONTEXT_INVALID' },
    });
    const trap = (): never => {
      throw new Error('trap');
    };
    const { proxy, revoke } = Proxy.revocable({}, {});
    revoke();
    for (const thrown of [
      undefined,
      null,
      'text',
      7,
      10n,
      Symbol('s'),
      () => 1,
      {},
      [],
      proxy,
      new Proxy({}, { get: trap, has: trap, getPrototypeOf: trap }),
      Object.create(null),
      '',
    ]) {
      const result = StepResult.fromError(thrown);
      expect(result).toBeInstanceOf(FailedResult);
      expect((result as FailedResult).error).toMatch(/./);
      expect(Object.is((result as FailedResult).cause, thrown)).toBe(true);
      expect(() => JSON.stringify(result)).not.toThrow();
    }
  });

  it('is a union that instanceof narrows too', () => {
    expect(StepResult.ok(1)).toBeInstanceOf(OkResult);
    expect(StepResult.fail('x')).toBeInstanceOf(FailedResult);
  });
});
