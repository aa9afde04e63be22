import type { BusinessMetrics, KpiReading } from './business-metrics.js';

/** What a key figure says, in a sentence with its numbers. */
export interface BusinessInsight {
  readonly kpi: string;
  readonly kind: 'needs_attention' | 'below_target' | 'unknown';
  readonly text: string;
}

/** What the figures of the business say that is not as it should be, the worst first; nothing of those at their targets. */
export function businessInsights({ kpis }: BusinessMetrics): readonly BusinessInsight[] {
  const known = kpis.filter(({ reached }) => reached !== undefined && reached < 1);
  const unknown = kpis.filter(({ reached }) => reached === undefined);
  return [
    ...known.sort((a, b) => (a.reached ?? 1) - (b.reached ?? 1)).map(belowTarget),
    ...unknown.map(({ name, why = 'It cannot be told.' }) => ({
      kpi: name,
      kind: 'unknown' as const,
      text: `Nothing is known of ${name}: ${why}`,
    })),
  ];
}

function belowTarget({ name, value = 0, target, reached = 0, trend }: KpiReading): BusinessInsight {
  return {
    kpi: name,
    kind: trend === 'needs_attention' ? 'needs_attention' : 'below_target',
    text: `${name} is ${shown(value)} of ${shown(target)}: ${Math.floor(reached * 100)} % of its target.`,
  };
}

function shown(value: number): string {
  return String(Math.round(value * 1_000) / 1_000);
}
