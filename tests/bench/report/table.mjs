/** The report on a terminal. */
import { stripVTControlCharacters, styleText } from 'node:util';

import { plusMinus, target, withUnit } from './numbers.mjs';

const inColour = process.stdout.isTTY === true && process.env.NO_COLOR === undefined;
const style = (format, text) => (inColour ? styleText(format, text) : text);
const widthOf = (text) => stripVTControlCharacters(text).length;

/** The first column to the left, the others to the right. */
export function printTable(heads, rows) {
  const widths = heads.map((head, column) =>
    Math.max(widthOf(head), ...rows.map((row) => widthOf(row[column] ?? ''))),
  );
  const line = (cells) =>
    cells
      .map((cell, column) => {
        const padding = ' '.repeat(widths[column] - widthOf(cell));
        return column === 0 ? cell + padding : padding + cell;
      })
      .join('   ');
  console.log(`  ${style('dim', line(heads))}`);
  for (const row of rows) console.log(`  ${line(row)}`);
}

const named = ({ what, ours }) => (ours ? style('cyan', what) : what);

function printCosts({ cases, base }) {
  const unit = cases.find(({ id }) => id === base)?.values?.cpuNs?.median;
  printTable(
    ['', 'CPU time', '±', 'wall time', 'ratio'],
    cases.map((each) => {
      if (each.failed !== undefined) return [named(each), style('red', 'failed'), '', '', ''];
      const { cpuNs, wallNs } = each.values;
      return [
        named(each),
        style('bold', withUnit(cpuNs.median, 'ns')),
        style('dim', plusMinus(cpuNs.spread)),
        withUnit(wallNs.median, 'ns'),
        unit === undefined ? '' : `${(cpuNs.median / unit).toFixed(2)} ×`,
      ];
    }),
  );
}

function printColumns({ cases, columns }) {
  printTable(
    ['', ...columns.map(({ title }) => title)],
    cases.map((each) => [
      named(each),
      ...columns.map(({ id, unit }) => {
        if (each.failed !== undefined) return style('red', 'failed');
        const seen = each.values[id];
        return seen === undefined ? '–' : `${withUnit(seen.median, unit)}`;
      }),
    ]),
  );
}

function printFigures(figures) {
  printTable(
    ['', 'target', 'seen', ''],
    figures.map(({ what, remark, seen, unit, reached, ...figure }) => [
      remark === undefined ? what : `${what} (${remark})`,
      target({ ...figure, unit }),
      withUnit(seen, unit),
      reached ? style('green', 'reached') : style('red', 'missed'),
    ]),
  );
}

/** @param report as `--json` gives it */
export function printReport({ machine, rounds, seconds, parts }) {
  const { node, platform, cpu, cores, memoryGiB, loadAverage } = machine;
  console.log(
    `Node ${node}, ${platform}, ${cores} × ${cpu}, ${memoryGiB} GiB, load ${loadAverage} at the start`,
  );
  console.log(`Medians of ${rounds} ${rounds === 1 ? 'round' : 'rounds'}, ${seconds} s in all`);
  for (const { title, groups, figures } of parts) {
    console.log(`\n${style(['bold', 'underline'], title)}`);
    for (const group of groups) {
      console.log(`\n${style('bold', group.title)}`);
      if (group.note !== undefined) console.log(`  ${style('dim', group.note)}`);
      if (group.columns === undefined) printCosts(group);
      else printColumns(group);
    }
    if (figures.length > 0) {
      console.log(`\n${style('bold', `${title}: targets`)}`);
      printFigures(figures);
    }
  }
}
