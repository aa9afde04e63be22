import { describe, expect, it } from '@jest/globals';
import { ERROR_CATEGORIES, type ErrorCategory, StepFailure, StepResult } from '@kapelle/core';
import fc from 'fast-check';

import { classify, classifyRejection, classifyValue, type Outcome } from './outcome.js';
import { ResilienceError } from './resilience-error.js';

const kindOf = (category: ErrorCategory): string =>
  classifyValue(StepResult.fail('x', { errorCategory: category })).kind;

describe('classifying an outcome', () => {
  it('takes everything but a failed result for a success, and makes nothing for it', () => {
    const values = [
      1,
      undefined,
      null,
      'x',
      { status: 'failed' },
      StepResult.ok(1),
      StepResult.skip('no'),
      StepResult.uncertain(1),
    ];
    for (const value of values) expect(classifyValue(value)).toBe(classifyValue(0));
  });

  it('counts against what was called only failures that say something about it', () => {
    const counted = (Object.keys(ERROR_CATEGORIES) as ErrorCategory[]).filter(
      (category) => kindOf(category) === 'failure',
    );
    expect(counted.sort()).toEqual(
      [
        'network',
        'timeout',
        'service_unavailable',
        'dependency_failure',
        'external_service_error',
        'insufficient_resources',
        'resource_exhausted',
        'storage_full',
        'memory_error',
        'processing',
        'dependency',
        'model_error',
        'embedding_error',
        'vector_search_error',
        'system',
        'initialization_error',
        'database_error',
        'filesystem_error',
        'corruption_error',
        'transient',
        'retryable',
        'execution',
      ].sort(),
    );
  });

  it('takes the word of a failed result on retrying, and its hint where it is a length of time', () => {
    const told = classifyValue(
      StepResult.fail('x', { errorCategory: 'validation', retryable: true, retryAfterMs: 70 }),
    );
    expect(told).toMatchObject({ kind: 'ignored', retryable: true, retryAfterMs: 70 });
    for (const retryAfterMs of [-1, NaN, Infinity]) {
      expect(classifyValue(StepResult.fail('x', { retryAfterMs }))).toMatchObject({
        retryAfterMs: undefined,
      });
    }
    expect(classifyValue(StepResult.fail('x', { errorCategory: 'rate_limit' }))).toMatchObject({
      throttled: true,
    });
  });

  it('knows errors of the network by their code, also behind other errors', () => {
    const reset = Object.assign(new Error('read ECONNRESET'), { code: 'ECONNRESET' });
    const late = Object.assign(new Error('x'), { code: 'UND_ERR_HEADERS_TIMEOUT' });
    expect(classifyRejection(reset)).toMatchObject({ kind: 'failure', category: 'network', retryable: true });
    expect(classifyRejection(new Error('query failed', { cause: reset }))).toMatchObject({
      category: 'network',
    });
    expect(classifyRejection(new TypeError('fetch failed', { cause: late }))).toMatchObject({
      category: 'timeout',
    });
    expect(classifyRejection(new TypeError('fetch failed'))).toMatchObject({
      category: 'network',
      retryable: true,
    });
    expect(classifyValue(StepResult.fromError(reset))).toMatchObject({
      category: 'network',
      retryable: true,
    });
  });

  it('counts an unknown error, but not a programming error, and retries neither', () => {
    expect(classifyRejection(new Error('boom'))).toMatchObject({ kind: 'failure', retryable: false });
    for (const bug of [
      new TypeError('x'),
      new ReferenceError('x'),
      new RangeError('x'),
      new SyntaxError('x'),
    ]) {
      expect(classifyRejection(bug)).toMatchObject({ kind: 'ignored', retryable: false });
    }
    expect(classifyValue(StepResult.fromError(new TypeError('x')))).toMatchObject({ kind: 'ignored' });
  });

  it('ignores aborts, skipped results and work that was not started', () => {
    expect(classifyRejection(new DOMException('x', 'AbortError'))).toMatchObject({
      kind: 'ignored',
      category: 'cancelled',
    });
    expect(classifyRejection(new StepFailure(StepResult.skip('not today')))).toMatchObject({
      kind: 'ignored',
      retryable: false,
    });
    const late = new ResilienceError('TIMEOUT', 't', 'no time', { notStarted: true });
    expect(classifyRejection(late)).toMatchObject({ kind: 'ignored', beforeEffect: true });
    expect(classifyRejection(new ResilienceError('TIMEOUT', 't', 'slow'))).toMatchObject({
      kind: 'failure',
      beforeEffect: false,
    });
  });

  it('trusts only a policy’s own rejection that nothing has happened yet', () => {
    const refusal = new ResilienceError('BULKHEAD_FULL', 'b', 'full');
    expect(classifyRejection(refusal).beforeEffect).toBe(true);
    expect(classifyRejection(new StepFailure(StepResult.fromError(refusal))).beforeEffect).toBe(false);
    expect(classifyRejection(new ResilienceError('CANCELLED', 'b', 'x')).beforeEffect).toBe(false);
  });

  it('lets a rule of the user decide first, unless it throws or says nothing', () => {
    const busy = { ok: true, value: { httpStatus: 503 } } as const;
    expect(classify(busy, () => 'failure')).toMatchObject({
      kind: 'failure',
      category: 'transient',
      retryable: true,
    });
    expect(classify(busy, () => undefined).kind).toBe('success');
    const error = { ok: false, error: new Error('x') } as const;
    expect(classify(error, () => 'success')).toEqual({ kind: 'success' });
    expect(classify(error, () => 'ignored')).toMatchObject({ kind: 'ignored', category: 'execution' });
    expect(
      classify(error, () => {
        throw new Error('bad rule');
      }).kind,
    ).toBe('failure');
  });

  it('never throws, whatever comes back', () => {
    const trap = new Proxy(
      {},
      {
        get: () => {
          throw new Error('trap');
        },
        getPrototypeOf: () => {
          throw new Error('trap');
        },
      },
    );
    const cyclic = new Error('a');
    cyclic.cause = cyclic;
    const hostile = [
      trap,
      cyclic,
      new Error('x', { cause: trap }),
      StepResult.fail('x', { cause: trap, details: trap, errorCategory: 'execution' }),
    ];
    for (const value of hostile) {
      expect(classifyRejection(value).kind).toMatch(/failure|ignored/);
      expect(typeof classifyValue(value).kind).toBe('string');
    }
    fc.assert(
      fc.property(fc.anything(), (value) => {
        const outcomes: Outcome[] = [classifyRejection(value), classifyValue(value)];
        expect(outcomes[0]?.kind).not.toBe('success');
        expect(outcomes[1]?.kind).toBe('success');
      }),
    );
  });
});
