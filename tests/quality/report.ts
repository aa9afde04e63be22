import type { Measured } from './measure.js';

/** The figures as a Markdown table. */
export function reportOf(rows: readonly Measured[]): string {
  const lines = rows.map(({ task, data, n, metric, value, low, high, baseline }) => {
    const isCount = metric === 'false verdicts';
    const shown = (figure: number): string => (isCount ? String(figure) : figure.toFixed(3));
    const range = isCount
      ? `${low.toFixed(1)} to ${high.toFixed(1)}`
      : `${low.toFixed(3)} to ${high.toFixed(3)}`;
    const base = baseline === undefined ? '' : `${shown(baseline.value)} (${baseline.name})`;
    return `| ${task} | ${data} | ${String(n)} | ${metric} | ${shown(value)} | ${range} | ${base} |`;
  });
  return [
    '| task | data | n | metric | value | 95 % interval | baseline |',
    '| --- | --- | ---: | --- | ---: | --- | --- |',
    ...lines,
  ].join('\n');
}
