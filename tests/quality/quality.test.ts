import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { beforeAll, describe, expect, it } from '@jest/globals';

import { estimate, f1, macroF1, precision, proportion, recall } from './figures.js';
import { belowFloors, FLOORS, HOUR_LIMITS, type Below } from './floors.js';
import { readLabels } from './labels.js';
import { plainText, type Measured } from './measure.js';
import { rougeL, rougeN } from './rouge.js';

const here = dirname(fileURLToPath(import.meta.url));
const root = join(here, '../..');
const labels = readLabels(root);
let measured: { readonly rows: readonly Measured[]; readonly below: readonly Below[] };

// In a process of its own, as the command runs: inside of Jest the same analysis takes several times as long.
beforeAll(() => {
  const { stdout, stderr } = spawnSync(process.execPath, [join(here, 'run.mjs'), '--fast', '--json'], {
    encoding: 'utf8',
    maxBuffer: 16 * 2 ** 20,
  });
  // It ends with 1 where something is below its floor, and has printed what all the same.
  if (stdout === '') throw new Error(`The command printed nothing: ${stderr}`);
  measured = JSON.parse(stdout) as typeof measured;
}, 180_000);

describe('the analysis of held-out sentences and statements', () => {
  it('is at or above every floor', () => {
    expect(measured.below).toEqual([]);
    const fast = FLOORS.filter(({ data }) => data.startsWith('held-out'));
    for (const { task, data, metric } of fast)
      expect(measured.rows).toContainEqual(expect.objectContaining({ task, data, metric }));
  });

  it('is better than its baseline where that is no mere shortcut to one of precision and recall', () => {
    for (const { task, metric, value, baseline } of measured.rows) {
      if (metric === 'false verdicts') expect(value).toBeLessThan(baseline?.value ?? 0);
      else if (['F1', 'macro F1', 'accuracy'].includes(metric))
        expect({ task, metric, gain: value - (baseline?.value ?? 1) > 0 }).toEqual({
          task,
          metric,
          gain: true,
        });
    }
  });
});

describe('the labels', () => {
  it('quote the samples word for word, each sentence in one set', () => {
    const words = (text: string): string => (text.toLowerCase().match(/[\p{L}\p{N}]+/gu) ?? []).join(' ');
    const samples = new Map([...labels.samples].map(([name, { text }]) => [name, words(plainText(text))]));
    const sets = new Map<string, string>();
    for (const { source, quote, set } of labels.sentences) {
      expect({ quote, stands: samples.get(source)?.includes(words(quote)) }).toEqual({ quote, stands: true });
      expect({ quote, set: sets.get(words(quote)) ?? set }).toEqual({ quote, set });
      sets.set(words(quote), set);
    }
    for (const { sentence, set } of labels.names) expect(sets.get(words(sentence)) ?? set).toBe(set);
    for (const { source, quote } of labels.verdicts) expect(samples.get(source)).toContain(words(quote));
  });

  it('name what stands in their sentences', () => {
    for (const { sentence, names, unsure } of labels.names)
      for (const text of [...names.map((name) => name.text), ...unsure])
        expect(sentence.toLowerCase()).toContain(text.toLowerCase());
    expect(new Set(labels.statements.map(({ text }) => text)).size).toBe(labels.statements.length);
  });
});

describe('the figures', () => {
  it('are those of the textbooks', () => {
    const decisions = [
      ...Array.from({ length: 6 }, () => ({ found: true, right: true })),
      ...Array.from({ length: 2 }, () => ({ found: true, right: false })),
      ...Array.from({ length: 4 }, () => ({ found: false, right: true })),
    ];
    expect([precision(decisions), recall(decisions)]).toEqual([0.75, 0.6]);
    expect(f1(decisions)).toBeCloseTo(2 / 3, 10);
    expect(macroF1([{ found: 'a', right: 'a' }, { found: 'a', right: 'b' }])).toBeCloseTo(1 / 3, 10); // prettier-ignore
    // Wilson's interval of 10 hits of 10, as published: 0.722 to 1.
    const ten = Array.from({ length: 10 }, () => ({ found: true, right: true }));
    expect(proportion(ten, precision)?.low).toBeCloseTo(0.722, 3);
    expect(estimate(decisions, f1)).toEqual(estimate(decisions, f1));
    expect(rougeN('the cat sat', 'the cat ran', 1)).toBeCloseTo(2 / 3, 10);
    expect(rougeN('the cat sat', 'the cat ran', 2)).toBeCloseTo(0.5, 10);
    expect(rougeL('a b c d', 'a c b d')).toBeCloseTo(0.75, 10);
  });

  it('fall below a floor, and false verdicts rise above it', () => {
    const row = { n: 1, low: 0, high: 1, task: 'check', data: 'held-out statements' };
    expect(
      belowFloors(
        [
          { ...row, metric: 'accuracy', value: 0.1 },
          { ...row, metric: 'false verdicts', value: 1 },
        ],
        { cpuSeconds: HOUR_LIMITS.cpuSeconds + 1, maxRssMb: HOUR_LIMITS.maxRssMb },
      ).map(({ what }) => what),
    ).toEqual([
      'check, held-out statements, accuracy',
      'check, held-out statements, false verdicts',
      'hour of transcript, cpuSeconds',
    ]);
  });

  it('that the page states are those of a run of the command', () => {
    const page = readFileSync(join(root, 'docs/reference/quality.md'), 'utf8').replace(/ +/g, ' ');
    for (const { task, data, metric, value } of measured.rows) {
      const shown = metric === 'false verdicts' ? String(value) : value.toFixed(3);
      expect(page).toMatch(new RegExp(`\\| ${task} \\| ${data} \\| \\d+ \\| ${metric} \\| ${shown} \\|`));
    }
  });
});
