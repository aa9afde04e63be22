import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { DEPTHS } from '../autonomous-intelligence/model.js';
import { AUTONOMY_PATHS, haveSameParts, lowerDepths, needsOf, schemeOf } from './autonomy-path.js';
import { choosePath, type PathView } from './choose-path.js';
import { MAX_ATTEMPTS, nextSteps } from './next-step.js';
import { type PathRun, RUN_OUTCOMES, shareInterval, statisticsOf } from './path-statistics.js';

const [FULL, FALLBACK] = AUTONOMY_PATHS;
const depths = fc.constantFrom(...DEPTHS);
const aRun = fc.record({ at: fc.nat(), ms: fc.nat(100_000), outcome: fc.constantFrom(...RUN_OUTCOMES) });
const runs = fc.array(aRun, { maxLength: 40 });
const can: PathView = { canRun: true, lacks: [] };
const cannot = (...lacks: readonly string[]): PathView => ({ canRun: false, lacks });
const known = (outcome: PathRun['outcome'], ms: number, count: number) =>
  statisticsOf(Array.from({ length: count }, (_, at) => ({ at, ms, outcome })));

describe('choosePath', () => {
  it('never chooses a path that cannot run, and always one where any can', () => {
    fc.assert(
      fc.property(
        fc.boolean(),
        fc.boolean(),
        runs,
        runs,
        depths,
        fc.constantFrom('quality' as const, 'speed' as const, undefined),
        fc.nat(200_000),
        (full, fallback, fullRuns, fallbackRuns, depth, prefer, slotMs) => {
          const view = (canRun: boolean, made: readonly PathRun[]): PathView => ({
            canRun,
            lacks: canRun ? [] : ['x'],
            statistics: statisticsOf(made),
          });
          const choice = choosePath(view(full, fullRuns), view(fallback, fallbackRuns), {
            depth,
            prefer,
            minimumRuns: 5,
            slotMs,
          });
          if (!full && !fallback) expect(choice.path).toBeUndefined();
          else expect({ [FULL]: full, [FALLBACK]: fallback }[choice.path as string]).toBe(true);
          expect(choice.why).toMatch(/\.$/);
        },
      ),
    );
  });

  it('concludes nothing from too few runs, and tries what too little is known of for speed', () => {
    const few = { ...can, statistics: known('failed', 1, 4) };
    const many = { ...can, statistics: known('complete', 1, 50) };
    const question = { depth: 'standard' as const, minimumRuns: 5 };
    expect(choosePath(few, many, { ...question, prefer: 'quality' })).toMatchObject({ path: FULL });
    expect(choosePath(many, few, { ...question, prefer: 'speed' })).toMatchObject({
      path: FALLBACK,
      why: 'Too little is known of the fallback (50 runs, the fallback 4).',
    });
    expect(
      choosePath({ ...can, statistics: known('complete', 90, 4) }, can, { ...question, slotMs: 10 }).path,
    ).toBe(FULL);
    expect(
      choosePath({ ...can, statistics: known('complete', 90, 5) }, can, { ...question, slotMs: 10 }).path,
    ).toBe(FALLBACK);
  });

  it('leaves the full path for quality only where the difference is sure', () => {
    const question = { depth: 'standard' as const, minimumRuns: 5, prefer: 'quality' as const };
    const at = (complete: number, of: number) => ({
      ...can,
      statistics: statisticsOf(
        Array.from({ length: of }, (_, n) => ({
          at: n,
          ms: 1,
          outcome: n < complete ? 'complete' : 'degraded',
        })),
      ),
    });
    expect(choosePath(at(6, 10), at(9, 10), question).path).toBe(FULL);
    expect(choosePath(at(2, 40), at(38, 40), question).path).toBe(FALLBACK);
  });

  it('names what is missing where nothing can run, each once', () => {
    expect(choosePath(cannot('a', 'b'), cannot('b'), { depth: 'quick', minimumRuns: 1 })).toEqual({
      why: 'Neither path can run: a, b are missing.',
    });
  });
});

describe('nextSteps', () => {
  it('tries nothing twice, nothing that cannot run, nothing above the depth, and not more than three', () => {
    fc.assert(
      fc.property(
        depths,
        fc.boolean(),
        fc.array(fc.nat(5), { maxLength: 4 }),
        fc.nat(1023),
        (asked, isTimeOut, picks, mask) => {
          const canRun = (path: string, depth: string): boolean =>
            (mask & (1 << (DEPTHS.indexOf(depth as never) * 2 + (path === FULL ? 0 : 1)))) !== 0;
          const tried: { path: (typeof AUTONOMY_PATHS)[number]; depth: (typeof DEPTHS)[number] }[] = [];
          for (const pick of picks) {
            const steps = nextSteps({ asked, tried, isTimeOut, canRun });
            for (const { path, depth } of steps) {
              expect(canRun(path, depth)).toBe(true);
              expect(DEPTHS.indexOf(depth)).toBeLessThanOrEqual(DEPTHS.indexOf(asked));
              expect(tried).not.toContainEqual({ path, depth });
              if (!isTimeOut) expect(haveSameParts(depth, asked)).toBe(true);
            }
            const step = steps[pick % Math.max(1, steps.length)];
            if (step === undefined) break;
            tried.push(step);
          }
          expect(tried.length).toBeLessThanOrEqual(MAX_ATTEMPTS);
        },
      ),
    );
  });

  it('goes to the lower depth first and to the fallback last', () => {
    const canRun = () => true;
    const full = { path: FULL, depth: 'deep' as const };
    expect(nextSteps({ asked: 'deep', tried: [full], isTimeOut: false, canRun })).toEqual([
      { path: FULL, depth: 'standard' },
      { path: FALLBACK, depth: 'deep' },
    ]);
    expect(
      nextSteps({ asked: 'deep', tried: [full], isTimeOut: true, canRun }).map(({ depth }) => depth),
    ).toEqual(['standard', 'quick', 'deep']);
  });
});

describe('the needs of a path', () => {
  it('are what it really uses at the depth', () => {
    const required = (depth: (typeof DEPTHS)[number], hasModel: boolean) =>
      needsOf(FULL, depth, { hasModel, requireLanguageModel: false })
        .filter(({ isRequired }) => isRequired)
        .map(({ capability }) => capability);
    expect(required('quick', true)).toEqual([FULL, 'content_source', 'briefing_store']);
    expect(required('standard', true)).toEqual([
      FULL,
      'content_source',
      'briefing_store',
      'knowledge_source',
    ]);
    expect(required('deep', true)).toContain('language_model');
    expect(required('deep', false)).not.toContain('language_model');
    for (const depth of DEPTHS) {
      const needs = needsOf(FALLBACK, depth, { hasModel: true, requireLanguageModel: true });
      expect(needs.filter(({ isRequired }) => isRequired).map(({ capability }) => capability)).toEqual([
        FALLBACK,
        'content_source',
      ]);
    }
    expect(lowerDepths('deep')).toEqual(['standard', 'quick']);
    expect(lowerDepths('quick')).toEqual([]);
    expect(haveSameParts('quick', 'standard')).toBe(false);
    expect(['HTTPS://x', 'C:\\x', '/x', 'ftp:x', ''].map(schemeOf)).toEqual([
      'https',
      'file',
      'file',
      'ftp',
      'file',
    ]);
  });
});

describe('the statistics of a path', () => {
  it('are figures that were measured, whatever was', () => {
    fc.assert(
      fc.property(runs, (made) => {
        const {
          runs: count,
          complete,
          degraded,
          failed,
          successRate,
          medianMs,
          p95Ms,
          meanMs,
        } = statisticsOf(made);
        expect(complete + degraded + failed).toBe(count);
        if (count === 0) return expect(successRate).toBeUndefined();
        const times = made.map(({ ms }) => ms);
        expect(times).toContain(medianMs);
        expect(times).toContain(p95Ms);
        expect(medianMs).toBeLessThanOrEqual(p95Ms as number);
        expect(meanMs).toBeLessThanOrEqual(Math.max(...times) + 1e-6);
        return expect(successRate).toBeCloseTo((complete + degraded) / count);
      }),
    );
    expect(
      statisticsOf(Array.from({ length: 20 }, (_, at) => ({ at, ms: at + 1, outcome: 'complete' }))),
    ).toMatchObject({
      medianMs: 10,
      p95Ms: 19,
      lastAt: 19,
    });
  });

  it('leave a share as wide as the runs are few', () => {
    expect(shareInterval(0, 0)).toEqual([0, 1]);
    const [low, high] = shareInterval(1, 1);
    expect(low).toBeCloseTo(0.2065, 3);
    expect(high).toBeCloseTo(1, 10);
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 500 }), fc.nat(500), (of, some) => {
        const hits = Math.min(of, some);
        const [least, most] = shareInterval(hits, of);
        expect(least).toBeLessThanOrEqual(hits / of + 1e-9);
        expect(most).toBeGreaterThanOrEqual(hits / of - 1e-9);
      }),
    );
  });
});
