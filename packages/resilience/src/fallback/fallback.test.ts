import { describe, expect, it } from '@jest/globals';
import { type ErrorCategory, StepResult } from '@kapelle/core';

import { ResilienceError } from '../resilience-error.js';
import { fallback } from './fallback.js';

const failing = (errorCategory: ErrorCategory) => () => StepResult.fail('broken', { errorCategory });

describe('fallback', () => {
  it('leaves successes alone', async () => {
    const policy = fallback({ fallback: () => 'other' });
    const result = StepResult.skip('nothing to do');
    expect(await policy.execute(() => result)).toBe(result);
    expect(await policy.execute(() => 1)).toBe(1);
    expect(policy.stats).toEqual({ answered: 0, failed: 0 });
  });

  it('answers a failed result with an uncertain one that says so', async () => {
    const work = failing('network');
    for (const answer of [
      'cached',
      StepResult.ok('cached'),
      Promise.resolve(StepResult.uncertain('cached')),
    ]) {
      const result = await fallback({ fallback: () => answer }).execute<unknown>(work);
      expect(result).toMatchObject({
        status: 'uncertain',
        data: 'cached',
        reason: 'Answered by the fallback, after a failure of category network.',
        metadata: { fallback: true, fallback_for: 'network' },
      });
      expect(StepResult.isResult(result)).toBe(true);
    }
    const kept = StepResult.uncertain('cached', {
      reason: 'a day old',
      metadata: { ageMs: 86_400_000 },
      warnings: ['old'],
    });
    expect(await fallback({ fallback: () => kept }).execute<unknown>(work)).toMatchObject({
      reason: 'a day old',
      metadata: { ageMs: 86_400_000, fallback: true },
      warnings: ['old'],
    });
    expect(await fallback({ fallback: () => StepResult.skip('later') }).execute<unknown>(work)).toMatchObject(
      {
        status: 'skipped',
        reason: 'later',
        metadata: { fallback: true },
      },
    );
  });

  it('answers a rejection with the plain value, and marks a result', async () => {
    const open = (): never => {
      throw new ResilienceError('CIRCUIT_OPEN', 'breaker', 'open');
    };
    const seen: unknown[] = [];
    const policy = fallback({
      fallback: (failure, attempt) => {
        seen.push(failure.category, attempt.signal.aborted);
        return 'cached';
      },
    });
    expect(await policy.execute<string>(open)).toBe('cached');
    expect(seen).toEqual(['circuit_breaker_open', false]);
    expect(await fallback({ fallback: () => StepResult.ok(1) }).execute<unknown>(open)).toMatchObject({
      status: 'uncertain',
      metadata: { fallback: true, fallback_for: 'circuit_breaker_open' },
    });
  });

  it('answers what failed and what was refused, not mistakes, missing rights, bugs or cancels', async () => {
    const answered: ErrorCategory[] = [
      'timeout',
      'network',
      'rate_limit',
      'service_overloaded',
      'circuit_breaker_open',
      'model_error',
      'execution',
    ];
    const left: ErrorCategory[] = [
      'validation',
      'not_found',
      'permission_denied',
      'cancelled',
      'cycle_detected',
      'policy_violation',
    ];
    const policy = fallback({ fallback: () => 'other' });
    for (const category of answered)
      expect(await policy.execute<unknown>(failing(category))).toMatchObject({ data: 'other' });
    for (const category of left)
      expect(await policy.execute(failing(category))).toMatchObject({ errorCategory: category });
    await expect(policy.execute(() => Promise.reject(new TypeError('bug')))).rejects.toThrow('bug');
    const eager = fallback({ fallback: () => 'other', shouldHandle: () => true });
    expect(await eager.execute<unknown>(failing('validation'))).toMatchObject({ data: 'other' });
    expect(await eager.execute<unknown>(failing('cancelled'))).toMatchObject({ status: 'failed' });
    const confused = fallback({
      fallback: () => 'other',
      shouldHandle: () => {
        throw new Error('bad rule');
      },
    });
    expect(await confused.execute<unknown>(failing('network'))).toMatchObject({ status: 'failed' });
  });

  it('returns the first failure where it has no answer either, with a warning', async () => {
    for (const answer of [
      () => StepResult.fail('cache is empty'),
      () => Promise.reject(new Error('cache is empty')),
    ]) {
      const policy = fallback({ fallback: answer });
      expect(await policy.execute<unknown>(failing('network'))).toMatchObject({
        status: 'failed',
        error: 'broken',
        errorCategory: 'network',
        retryable: true,
        warnings: ['The fallback had no answer either: cache is empty'],
      });
      const error = new Error('down');
      await expect(policy.execute(() => Promise.reject(error))).rejects.toBe(error);
      expect(policy.stats).toEqual({ answered: 0, failed: 2 });
    }
  });

  it('never answers a caller that has cancelled', async () => {
    const policy = fallback({ fallback: () => 'other', shouldHandle: () => true });
    const controller = new AbortController();
    const work = (): never => {
      controller.abort();
      throw new Error('down');
    };
    await expect(policy.execute(work, { signal: controller.signal })).rejects.toThrow('down');
    await expect(policy.execute(() => 1, { signal: controller.signal })).rejects.toMatchObject({
      code: 'CANCELLED',
    });
  });

  it('refuses to be made without a function', () => {
    expect(() => fallback({ fallback: 'cached' as never })).toThrow(
      'fallback: fallback must be a function, got "cached". Correct the option.',
    );
    expect(() => fallback({ fallback: () => 1, shouldHandle: {} as never })).toThrow(ResilienceError);
  });
});
