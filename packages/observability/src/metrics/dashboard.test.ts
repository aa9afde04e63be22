import { readFile } from 'node:fs/promises';

import { beforeAll, describe, expect, it } from '@jest/globals';
import { BaseOrchestrator, createOrchestrationHost, operation, orchestrator } from '@kapelle/core';
import { aContext } from '@kapelle/core/testing';
import { parse } from 'yaml';

import { METRIC_FAMILIES, type MetricName } from './metric-families.js';
import { createMetrics } from './metrics.js';
import { SpanAttribute } from '../tracing/span-attributes.js';

@orchestrator('domain', 'business_logic')
class ShopOrchestrator extends BaseOrchestrator {
  @operation()
  sell() {
    return 1;
  }
}

interface Panel {
  readonly id: number;
  readonly title: string;
  readonly type: string;
  readonly description?: string;
  readonly gridPos: { readonly x: number; readonly y: number; readonly w: number; readonly h: number };
  readonly targets?: readonly { readonly expr: string }[];
}
interface Dashboard {
  readonly panels: readonly Panel[];
  readonly templating: { readonly list: readonly { readonly name: string; readonly definition?: string }[] };
}
interface Rule {
  readonly alert: string;
  readonly expr: string;
  readonly for?: string;
  readonly labels: { readonly severity: string };
  readonly annotations: { readonly summary: string; readonly action: string };
}

const file = (path: string): Promise<string> => readFile(new URL(`../../${path}`, import.meta.url), 'utf8');
const page = (path: string): Promise<string> =>
  readFile(new URL(`../../../../${path}`, import.meta.url), 'utf8');

/** The names of series that expressions use. */
const seriesIn = (expressions: readonly string[]): Set<string> =>
  new Set(expressions.flatMap((expr) => expr.match(/\bkapelle_\w+/g) ?? []));

/** The labels that each expression asks of each series in braces. */
const matchersIn = (expressions: readonly string[]): [string, string][] =>
  expressions.flatMap((expr) =>
    [...expr.matchAll(/\bkapelle_(\w+)\{([^}]*)\}/g)].flatMap(([, name, inner]) =>
      [...(inner as string).matchAll(/(\w+)\s*(?:=~|!~|!=|=)/g)].map(
        ([, label]) => [name as string, label as string] as [string, string],
      ),
    ),
  );

describe('the dashboard and the alert rules', () => {
  let dashboard: Dashboard;
  let rules: readonly Rule[];
  let queries: readonly string[];
  let alerts: readonly string[];
  let scraped: Set<string>;

  beforeAll(async () => {
    dashboard = JSON.parse(await file('dashboards/kapelle.json')) as Dashboard;
    const { groups } = parse(await file('alerts/kapelle.rules.yaml')) as {
      groups: readonly { name: string; rules: readonly Rule[] }[];
    };
    rules = groups.flatMap((group) => group.rules);
    queries = [
      ...dashboard.panels.flatMap((panel) => (panel.targets ?? []).map(({ expr }) => expr)),
      ...dashboard.templating.list.flatMap(({ definition }) => definition ?? []),
    ];
    alerts = rules.map(({ expr }) => expr);

    const host = createOrchestrationHost({ orchestrators: [ShopOrchestrator] });
    const metrics = createMetrics({ host });
    await host.start();
    await host.facade.orchestrate('shop', aContext());
    const { text } = await metrics.scrape();
    scraped = new Set([...text.matchAll(/^# TYPE (\w+) /gm)].map(([, name]) => name as string));
    for (const [, name] of text.matchAll(/^(\w+)[ {]/gm)) scraped.add(name as string);
    await host.stop();
    metrics.close();
  });

  it('use no series that a scrape of a host does not have', () => {
    expect([...seriesIn([...queries, ...alerts])].filter((name) => !scraped.has(name))).toEqual([]);
  });

  it('ask a family only for labels that it has', () => {
    const target = ['instance', 'job', 'le'];
    const wrong = matchersIn([...queries, ...alerts]).filter(([name, label]) => {
      const family = name.replace(/^(call_duration_seconds)_(bucket|sum|count)$/, '$1') as MetricName;
      const labels: readonly string[] = METRIC_FAMILIES[family].labels;
      return !labels.includes(label) && !target.includes(label);
    });
    expect(wrong).toEqual([]);
  });

  it('show every family on the dashboard, and alert on the main ones', () => {
    const shown = [...seriesIn(queries)].map((name) =>
      name.replace(/_seconds_(bucket|sum|count)$/, '_seconds'),
    );
    expect(Object.keys(METRIC_FAMILIES).filter((name) => !shown.includes(`kapelle_${name}`))).toEqual([]);
    const watched = seriesIn(alerts);
    for (const name of [
      'calls_total',
      'call_duration_seconds_bucket',
      'queue_depth',
      'background_given_up',
      'breaker_state',
      'host_state',
      'event_loop_delay_seconds',
    ]) {
      expect(watched).toContain(`kapelle_${name}`);
    }
  });

  it('have panels that do not overlap, each with an id of its own and an explanation', () => {
    const { panels } = dashboard;
    expect(new Set(panels.map(({ id }) => id)).size).toBe(panels.length);
    for (const [at, { gridPos: one, title, type, description }] of panels.entries()) {
      if (type !== 'row') expect([title, description]).toEqual([title, expect.stringMatching(/./)]);
      expect(one.x + one.w).toBeLessThanOrEqual(24);
      for (const { gridPos: other } of panels.slice(at + 1)) {
        const apart =
          one.x + one.w <= other.x ||
          other.x + other.w <= one.x ||
          one.y + one.h <= other.y ||
          other.y + other.h <= one.y;
        expect(apart).toBe(true);
      }
    }
  });

  it('say for each alert how bad it is, what happened and what to do', () => {
    expect(rules.length).toBeGreaterThan(10);
    expect(new Set(rules.map(({ alert }) => alert)).size).toBe(rules.length);
    for (const { alert, labels, annotations, for: hold } of rules) {
      expect(alert).toMatch(/^Kapelle[A-Z]\w+$/);
      expect(['info', 'warning', 'critical']).toContain(labels.severity);
      expect(annotations.summary).toMatch(/\.$/);
      expect(annotations.action).toMatch(/\.$/);
      if (hold !== undefined) expect(hold).toMatch(/^\d+m$/);
    }
  });

  it('have as many opening as closing brackets in each expression', () => {
    for (const expr of [...queries, ...alerts]) {
      for (const [open, close] of ['()', '{}', '[]']) {
        expect(expr.split(open as string).length).toBe(expr.split(close as string).length);
      }
    }
  });
});

describe('the reference pages', () => {
  it('have a row for each family, with its type and labels, and no row too many', async () => {
    const rows = [
      ...(await page('docs/reference/metrics.md')).matchAll(/^\| `(\w+)` +\| (\w+) +\| ([^|]*) \|/gm),
    ].map(([, name, type, labels]) => [
      name,
      { type, labels: [...(labels as string).matchAll(/`(\w+)`/g)].map(([, label]) => label) },
    ]);
    const { PROCESS_FAMILIES } = await import('./metric-families.js');
    const families = Object.entries({ ...METRIC_FAMILIES, ...PROCESS_FAMILIES }).map(
      ([name, { type, labels }]) => [name, { type, labels: [...labels] }],
    );
    expect(rows).toEqual(families);
  });

  it('have a row for each span attribute, and no row too many', async () => {
    const rows = [...(await page('docs/reference/tracing.md')).matchAll(/^\| `([a-z._]+)`/gm)].map(
      ([, name]) => name,
    );
    expect(rows).toEqual(Object.values(SpanAttribute));
  });
});
