/** The report on a terminal. */
import { styleText } from 'node:util';

const SIGNS = { kept: '✓', broken: '✗', 'not offered': '·', error: '!' };
const COLOURS = { kept: 'green', broken: 'red', 'not offered': 'gray', error: 'yellow' };

/** @param report as `--json` gives it */
export function printTable({ node, libraries, groups }) {
  const inColour = process.stdout.isTTY === true && process.env.NO_COLOR === undefined;
  const style = (format, text) => (inColour ? styleText(format, text) : text);
  const columns = Math.max(72, (process.stdout.columns ?? 120) - 1);
  const widths = libraries.map(({ label, version }) => Math.max(label.length, version.length) + 2);
  const left = columns - widths.reduce((sum, width) => sum + width, 0);
  const row = (cells) => cells.map((cell, index) => cell.padStart(widths[index])).join('');

  for (const { title, promises } of groups) {
    console.log(style('bold', `\n${title.padEnd(left)}`) + row(libraries.map(({ label }) => label)));
    console.log(' '.repeat(left) + style('gray', row(libraries.map(({ version }) => version))));
    for (const { promise, results } of promises) {
      const lines = wrapped(promise, left - 2);
      const signs = libraries.map(({ id }, index) => {
        const { verdict } = results[id];
        return ' '.repeat(widths[index] - 1) + style(COLOURS[verdict], SIGNS[verdict]);
      });
      lines.forEach((line, index) =>
        console.log(index === 0 ? line.padEnd(left) + signs.join('') : `  ${line}`),
      );
      for (const { id, label } of libraries) {
        const { verdict, seen } = results[id];
        if (verdict === 'broken') console.log(style('gray', `    ${label}: ${seen}`));
      }
    }
  }
  console.log(`\n✓ kept   ✗ seen otherwise   · its API does not offer what is asked   (Node ${node})`);
}

function wrapped(text, width) {
  const lines = [''];
  for (const word of text.split(' ')) {
    const line = lines.at(-1);
    if (line.length + word.length + 1 > width) lines.push(word);
    else lines[lines.length - 1] = line === '' ? word : `${line} ${word}`;
  }
  return lines;
}
