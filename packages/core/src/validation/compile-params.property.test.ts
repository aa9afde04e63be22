import 'reflect-metadata';

import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';

import { compileParams } from './compile-params.js';
import { dtoClass, expected, hostileParams } from './fixtures/generated-dto.js';
import { fallbackMessage } from './violation.js';

/** As in a process that forbids code from strings, where the plan is followed field by field. */
function compileWithoutCode(dto: Parameters<typeof compileParams>[0]): ReturnType<typeof compileParams> {
  const { Function: original } = globalThis;
  globalThis.Function = class {
    constructor() {
      throw new EvalError('Code generation from strings disallowed for this context');
    }
  } as unknown as FunctionConstructor;
  try {
    return compileParams(dto);
  } finally {
    globalThis.Function = original;
  }
}

describe('compileParams, compared with validateSync', () => {
  it.each([
    ['as one generated function', compileParams],
    ['field by field, where code from strings is forbidden', compileWithoutCode],
  ])('reports the same constraints at the same paths with the same messages, %s', (_how, compile) => {
    const seen = { passed: 0, failed: 0, threw: 0 };
    fc.assert(
      fc.property(dtoClass, fc.array(hostileParams, { minLength: 5, maxLength: 15 }), (dto, samples) => {
        const check = compile(dto);
        for (const params of samples) {
          const theirs = expected(dto, params);
          const outcome = check(params);
          if (theirs === undefined) {
            seen.threw++;
            expect(outcome.ok).toBe(false);
            continue;
          }
          const ours = new Map(
            outcome.ok
              ? []
              : outcome.violations.map((found) => [`${found.property} ${found.constraint}`, found]),
          );
          seen[outcome.ok ? 'passed' : 'failed']++;
          expect([...ours.keys()].sort()).toEqual([...theirs.keys()].sort());
          for (const [key, message] of theirs) {
            const found = ours.get(key)!;
            expect(found.message).toBe(message || fallbackMessage(found.property, found.constraint));
          }
        }
      }),
      { numRuns: 300, seed: 20_240_229 },
    );
    // The comparison is only worth something if each outcome was met often.
    expect(Math.min(seen.passed, seen.failed)).toBeGreaterThan(250);
    expect(seen.threw).toBeGreaterThan(20);
  });
});
