/** The report as a page of the documentation. */
import { writeFile } from 'node:fs/promises';
import { join, relative } from 'node:path';

import * as prettier from 'prettier';

const PATH = 'docs/reference/promises.md';

const superscript = (number) => [...String(number)].map((digit) => '⁰¹²³⁴⁵⁶⁷⁸⁹'[digit]).join('');

/** @param report as `--json` gives it. Writes the page, and returns its path. */
export async function writePage(root, { node, libraries, groups }) {
  const lines = [
    '# Promises',
    '',
    '<!-- Written by "npm run promises -- --page". Changes made here are lost. -->',
    '',
    `The same scenarios, run against Kapelle and against libraries that are used for the same work: ${listed(
      libraries.slice(1).map(({ label, version }) => `${label} ${version}`),
    )}. Each pair of a scenario and a library has a process of its own, on Node ${node.replace(/^v(\d+).*/, '$1')}.`,
    '',
    '- **yes**: the scenario saw what the sentence says.',
    '- **no**, with a number: it saw something else; the list below the table says what.',
    '- **–**: the API of the library has nothing to ask with. That is no fault: most of them do one thing on purpose.',
    '',
    'Nearly all of the sentences are what `@kapelle/resilience` promises, so its column is what its own tests hold it to; where a library says',
    '“no” it seldom promised anything else. What these libraries can do and Kapelle cannot is not asked here: queues that are paused or',
    'ordered by priority (p-queue), rates shared by many processes (bottleneck), caches and coalesced calls (opossum).',
    '',
    '`npm run promises` asks again; the scenarios are in `tests/promises/groups`.',
    '',
    '## How each was set up',
    '',
    'As favourably as its documentation allows.',
    '',
    '| Library | Version | Set up with |',
    '| --- | --- | --- |',
    ...libraries.map(({ label, version, setUp }) => `| ${label} | ${version} | ${setUp} |`),
    '',
    ...libraries.flatMap(({ newer }) => (newer === undefined ? [] : [newer])),
    '',
  ];
  let note = 0;
  for (const { title, promises } of groups) {
    const shown = libraries.filter(({ id }) =>
      promises.some(({ results }) => results[id].verdict !== 'not offered'),
    );
    const notes = [];
    lines.push(
      `## ${title}`,
      '',
      `| Promise | ${shown.map(({ label }) => label).join(' | ')} |`,
      `| --- |${' :-: |'.repeat(shown.length)}`,
    );
    for (const { promise, why, results } of promises) {
      // One note for all that were seen doing the same.
      const own = [];
      const cells = shown.map(({ id, label }) => {
        const { verdict, seen } = results[id];
        if (verdict === 'kept') return 'yes';
        if (verdict === 'not offered') return '–';
        let same = own.find((other) => other.seen === seen);
        if (same === undefined) own.push((same = { number: (note += 1), seen, labels: [] }));
        same.labels.push(label);
        return `no ${superscript(same.number)}`;
      });
      notes.push(
        ...own.map(({ number, labels, seen }) => `${number}. ${labels.join(', ')}: ${escaped(seen)}.`),
      );
      lines.push(`| **${promise}**<br>${why} | ${cells.join(' | ')} |`);
    }
    lines.push('', ...notes, '');
  }
  const path = join(root, PATH);
  const text = await prettier.format(lines.join('\n'), {
    ...(await prettier.resolveConfig(path)),
    filepath: path,
  });
  await writeFile(path, text);
  return relative(root, path);
}

const listed = (words) => `${words.slice(0, -1).join(', ')} and ${words.at(-1)}`;

/** What was seen may quote a library. */
const escaped = (text) => text.replace(/[|<>*_`[\]]/g, (character) => `\\${character}`);
