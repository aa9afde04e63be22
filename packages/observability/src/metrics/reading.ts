import type { MetricFamily } from './metric-families.js';

/** One value of a family at the moment of a scrape. */
export interface Reading {
  /** Labels that come first and belong to many readings: the same object each time, so that they are written once. */
  readonly shared?: Readonly<Record<string, string>>;
  readonly labels: Readonly<Record<string, string | number>>;
  readonly value: number;
  /** Where it is not the family's: the parts of a histogram. */
  readonly metricName?: string;
}

/** A family under its whole name, and where its values come from. */
export interface FamilySource {
  readonly name: string;
  readonly family: MetricFamily;
  readonly read: () => readonly Reading[];
}

/** What prom-client writes of a metric: everything it needs is worked out when it asks. */
export class ScrapedFamily {
  /** Written by prom-client, which takes `_total` off it for OpenMetrics. */
  name: string;
  readonly help: string;
  readonly type: MetricFamily['type'];
  readonly aggregator = 'sum';
  readonly #read: () => readonly Reading[];

  constructor({ name, family, read }: FamilySource) {
    this.name = name;
    this.help = family.help;
    this.type = family.type;
    this.#read = read;
  }

  async get(): Promise<{
    name: string;
    help: string;
    type: string;
    aggregator: string;
    values: readonly Reading[];
  }> {
    const { name, help, type, aggregator } = this;
    const values = this.#read().map(({ shared, ...reading }) =>
      shared === undefined ? reading : { ...reading, labels: { ...shared, ...reading.labels } },
    );
    return { name, help, type, aggregator, values };
  }

  /** Counts belong to what is counted; a registry cannot set them back. */
  reset(): void {}
}
