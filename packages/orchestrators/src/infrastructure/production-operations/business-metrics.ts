import { boundedWork, type WorkBounds } from '../../bounded-work.js';

/** Binding key of the sources of business metrics. */
export const KPI_SOURCES = Symbol.for('kapelle.KpiSources');

/** Measures a key figure of the business. */
export interface KpiSource {
  readonly name: string;
  /** Among the others; more than 0. */
  readonly weight: number;
  /** What it should reach; more than 0. */
  readonly target: number;
  /** The value now, or `undefined` where it cannot be told. */
  measure(options: { readonly signal: AbortSignal }): Promise<number | undefined>;
}

/** A key figure, measured. */
export interface KpiReading {
  readonly name: string;
  readonly target: number;
  readonly value?: number;
  /** Value over target, 1 at most. */
  readonly reached?: number;
  /** Why there is no value. */
  readonly why?: string;
  readonly trend: 'strong_positive' | 'positive' | 'neutral' | 'needs_attention' | 'unknown';
}

/** The figures of the business, each and together. */
export interface BusinessMetrics {
  readonly kpis: readonly KpiReading[];
  /** The weighted mean of what was reached, over the figures that are known; 0 to 1; absent where none is. */
  readonly composite?: number;
}

/** Asks every source. One that fails, or takes longer than it may, counts as unknown, not as 0. */
export async function measureBusiness(
  sources: readonly KpiSource[],
  bounds: Omit<WorkBounds, 'what'>,
): Promise<BusinessMetrics> {
  const kpis = await Promise.all(sources.map((source) => readingOf(source, bounds)));
  let sum = 0;
  let weights = 0;
  for (const [i, { reached }] of kpis.entries()) {
    if (reached === undefined) continue;
    const { weight } = sources[i] as KpiSource;
    sum += reached * weight;
    weights += weight;
  }
  return { kpis, ...(weights === 0 ? {} : { composite: sum / weights }) };
}

async function readingOf(source: KpiSource, bounds: Omit<WorkBounds, 'what'>): Promise<KpiReading> {
  const { name, target } = source;
  let value: number | undefined;
  try {
    const what = `The measurement of "${name}"`;
    value = await boundedWork((signal) => source.measure({ signal }), { ...bounds, what });
  } catch (thrown) {
    return { name, target, trend: 'unknown', why: thrown instanceof Error ? thrown.message : String(thrown) };
  }
  if (typeof value !== 'number' || !Number.isFinite(value)) {
    return { name, target, trend: 'unknown', why: 'It cannot be told.' };
  }
  const reached = Math.max(0, Math.min(1, value / target));
  return { name, target, value, reached, trend: trendOf(reached) };
}

function trendOf(reached: number): KpiReading['trend'] {
  if (reached >= 0.8) return 'strong_positive';
  if (reached >= 0.6) return 'positive';
  return reached >= 0.4 ? 'neutral' : 'needs_attention';
}
