import type { FamilySource, Reading } from './reading.js';

type Labels = NonNullable<Reading['shared']>;

/** Label texts by the object they were written of: labels of cells and orchestrators stay the same for every scrape. */
const written = new WeakMap<Labels, string>();

/**
 * The text of a scrape in the format of Prometheus 0.0.4: a block per family, with an empty line between blocks.
 * Source: https://prometheus.io/docs/instrumenting/exposition_formats/
 */
export function prometheusText(sources: readonly FamilySource[]): string {
  return `${sources.map((source) => block(source, source.name)).join('\n\n')}\n`;
}

/** The same as OpenMetrics 1.0: counters are described without their `_total`, and the end is marked. */
export function openMetricsText(sources: readonly FamilySource[]): string {
  const blocks = sources.map((source) =>
    block(source, source.family.type === 'counter' ? source.name.replace(/_total$/, '') : source.name),
  );
  return `${blocks.join('\n')}\n# EOF\n`;
}

function block({ name, family, read }: FamilySource, describedAs: string): string {
  let text = `# HELP ${describedAs} ${escaped(family.help)}\n# TYPE ${describedAs} ${family.type}`;
  for (const { metricName = name, shared, labels, value } of read()) {
    const common = shared === undefined ? '' : sharedText(shared);
    const own = labelText(labels);
    const all = common === '' || own === '' ? common + own : `${common},${own}`;
    text +=
      all === '' ? `\n${metricName} ${numberText(value)}` : `\n${metricName}{${all}} ${numberText(value)}`;
  }
  return text;
}

function sharedText(shared: Labels): string {
  let text = written.get(shared);
  if (text === undefined) written.set(shared, (text = labelText(shared)));
  return text;
}

function labelText(labels: Reading['labels']): string {
  let text = '';
  for (const name in labels) {
    const value = labels[name];
    const shown = typeof value === 'string' ? escaped(value).replaceAll('"', '\\"') : String(value);
    text += text === '' ? `${name}="${shown}"` : `,${name}="${shown}"`;
  }
  return text;
}

function escaped(text: string): string {
  return text.includes('\\') || text.includes('\n')
    ? text.replaceAll('\\', '\\\\').replaceAll('\n', '\\n')
    : text;
}

function numberText(value: number): string {
  return value === Infinity ? '+Inf' : value === -Infinity ? '-Inf' : String(value);
}
