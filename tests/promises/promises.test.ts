import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { describe, expect, it } from '@jest/globals';

interface Asked {
  readonly sentences: readonly string[];
  readonly ids: readonly string[];
  readonly libraryIds: readonly string[];
}

const here = dirname(fileURLToPath(import.meta.url));
const read = (path: string): string => readFileSync(join(here, path), 'utf8');

const page = read('../../docs/reference/promises.md');
const script =
  "const { promises, libraryIds } = await import('./promises.mjs');" +
  'console.log(JSON.stringify({ sentences: promises.map((each) => each.promise), ids: promises.map((each) => each.id), libraryIds }))';
const asked = JSON.parse(
  execFileSync(process.execPath, ['--input-type=module', '--eval', script], { cwd: here, encoding: 'utf8' }),
) as Asked;
/** The cells of each row that asks for a promise. */
const rows = page
  .split('\n')
  .filter((line) => line.startsWith('| **'))
  .map((line) => line.split(' | ').map((cell) => cell.replace(/^\| | \|$/g, '').trim()));

describe('the page of promises', () => {
  it('has a row for each promise that is asked for, in order', () => {
    expect(rows.map(([promise]) => /^\*\*(.*?)\*\*/.exec(promise as string)?.[1])).toEqual(asked.sentences);
    expect(new Set(asked.ids).size).toBe(asked.ids.length);
  });

  it('compares with the versions that are locked', () => {
    const { dependencies } = JSON.parse(read('package.json')) as {
      readonly dependencies: Readonly<Record<string, string>>;
    };
    expect(Object.keys(dependencies).sort()).toEqual(asked.libraryIds.slice(1).sort());
    const said = new Map(
      [...page.matchAll(/^\| ([\w-]+) +\| ([\d.]+) +\|/gm)].map(([, id, version]) => [id, version]),
    );
    said.delete('Kapelle');
    expect(said).toEqual(new Map(Object.entries(dependencies)));
  });

  it('says of Kapelle only what is kept, or not offered', () => {
    expect(rows.map(([, kapelle]) => kapelle).filter((cell) => cell !== 'yes' && cell !== '–')).toEqual([]);
  });

  it('has a note for each number', () => {
    const digits = '⁰¹²³⁴⁵⁶⁷⁸⁹';
    const numbers = [...page.matchAll(/\bno ([⁰¹²³⁴⁵⁶⁷⁸⁹]+)/g)].map(([, number]) =>
      Number([...(number as string)].map((digit) => digits.indexOf(digit)).join('')),
    );
    const notes = [...page.matchAll(/^(\d+)\. /gm)].map(([, number]) => Number(number));
    expect([...new Set(numbers)]).toEqual(notes);
    expect(notes).toEqual(notes.map((_, index) => index + 1));
  });
});
