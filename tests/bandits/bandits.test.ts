import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { beforeAll, describe, expect, it } from '@jest/globals';
import { BanditRandom, evaluatePolicy, type LoggedDecision } from '@kapelle/orchestrators';

import type { measureFast } from './main.js';
import { PUBLISHED } from './report.js';

const here = dirname(fileURLToPath(import.meta.url));
let measured: ReturnType<typeof measureFast>;

// In a process of its own, as the command runs: inside of Jest the same arithmetic takes many times as long.
beforeAll(() => {
  const script = join(here, 'run.mjs');
  const options = { encoding: 'utf8', maxBuffer: 16 * 2 ** 20 } as const;
  measured = JSON.parse(execFileSync(process.execPath, [script, '--fast'], options)) as typeof measured;
}, 180_000);

describe('the bandits', () => {
  it('lose less and less where rewards are linear', () => {
    expect(measured.linear.rows).toHaveLength(3);
    for (const { growth, percentOfUniform } of measured.linear.rows) {
      expect(growth).toBeLessThan(0.85);
      expect(percentOfUniform).toBeLessThan(45);
    }
  });

  it('lose about as much on the wheel as was published for the same posterior', () => {
    expect(Math.abs(measured.wheel.mean - PUBLISHED.wheel.mean)).toBeLessThan(PUBLISHED.wheel.spread);
  });

  it('grow trees where linear models fail', () => {
    const [robust, tree, linear] = measured.bands.rows.map(({ percentOfUniform }) => percentOfUniform);
    expect(tree).toBeLessThan(0.7 * Math.min(robust ?? 0, linear ?? 0));
    expect(measured.bands.rows[1]?.growth).toBeLessThan(0.8);
  });

  it('have no more regret on Bernoulli arms than the lower bound allows to the best', () => {
    // Σ Δ / KL of these arms, for the natural logarithm.
    expect(measured.bernoulliSlope).toBeCloseTo(17.45, 1);
    const [, early, late] = measured.bernoulli;
    const slope = ((late?.mean ?? 0) - (early?.mean ?? 0)) / Math.log(10);
    expect(late?.mean).toBeLessThan(late?.bound ?? 0);
    expect(slope).toBeGreaterThan(0.5 * measured.bernoulliSlope);
    expect(slope).toBeLessThan(2 * measured.bernoulliSlope);
  });
});

describe('the evaluation of policies', () => {
  it('holds the truth as often as it says, without bias, and doubly robust with less variance than IPS', () => {
    expect(measured.evaluation).toHaveLength(2);
    for (const { logs, quality } of measured.evaluation) {
      const { rows, nominal } = quality;
      const chance = 3.5 * Math.sqrt((nominal * (1 - nominal)) / logs);
      const [ips, , dr] = rows;
      for (const { bias, sd, coverage } of rows) {
        // Two points less for what a log of 300 rows lacks of the normal distribution.
        expect(coverage).toBeGreaterThan(nominal - chance - 0.02);
        expect(coverage).toBeLessThanOrEqual(Math.min(1, nominal + chance));
        expect(Math.abs(bias)).toBeLessThan((4 * sd) / Math.sqrt(logs));
      }
      expect(dr?.sd).toBeLessThan(0.85 * (ips?.sd ?? 0));
      expect(dr?.width).toBeLessThan(0.85 * (ips?.width ?? 0));
    }
  });

  it('does not hold the truth where the propensities that were logged are wrong', () => {
    const random = BanditRandom.seeded('wrong');
    const log = Array.from({ length: 2_000 }, (): LoggedDecision => {
      const action = random.next() < 0.8 ? 0 : 1;
      return {
        x: Float64Array.of(1),
        action,
        reward: action === 0 ? 0.2 : 0.9,
        probability: 0.5,
        target: Float64Array.of(0, 1),
      };
    });
    const settings = { confidence: 0.95, interval: 'normal', resamples: 100, random, actions: 2 } as const;
    const { ips, dr } = evaluatePolicy(log, settings);
    expect(ips.high).toBeLessThan(0.9);
    // The reward model makes up for it.
    expect(dr.value).toBeCloseTo(0.9, 1);
  });
});

describe('the page of the bandits', () => {
  it('has the figures of the command, with the published one beside them', () => {
    const page = readFileSync(join(here, '../../docs/reference/orchestrators/advanced-bandits.md'), 'utf8');
    const [, figures = ''] =
      /<!-- measured: npm run bandits -->([\s\S]*)<!-- measured: end -->/.exec(page) ?? [];
    for (const heading of ['Against published figures', 'Regret', 'Off-policy evaluation', 'Cost']) {
      expect(figures).toContain(`### ${heading}\n`);
    }
    expect(figures).toContain(PUBLISHED.wheel.source);
    // What is cheap to play again is what the page says: simulators and algorithms are those that were measured.
    const [, table = ''] = /\*\*bands\*\*([\s\S]*?)\n\*\*/.exec(figures) ?? [];
    for (const { algorithm, at, percentOfUniform, growth } of measured.bands.rows) {
      const row = table.split('\n').find((line) => line.includes(`\`${algorithm}\``));
      expect(row?.split('|').map((cell) => cell.trim())).toEqual([
        '',
        `\`${algorithm}\``,
        ...at.map(({ mean, half }) => `${mean.toFixed(1)} ± ${half.toFixed(1)}`),
        percentOfUniform.toFixed(1),
        growth.toFixed(2),
        '',
      ]);
    }
  });
});
