import 'reflect-metadata';

import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import {
  BaseOrchestrator,
  createOrchestrationHost,
  operation,
  type OperationContext,
  type OperationInfo,
  orchestrator,
  OrchestrationContext,
  type OrchestratorClass,
  type OrchestrationHost,
  StepResult,
} from '@kapelle/core';
import { FakeClock, RecordingLogger } from '@kapelle/core/testing';
import { createMetrics, type Metrics } from '@kapelle/observability';
import {
  BRIEFING_STORE,
  type BriefingStore,
  CONTENT_SOURCE,
  type ContentSource,
  KNOWLEDGE_SOURCE,
  type KnowledgeSource,
} from '@kapelle/orchestrators';
import { ContainerModule } from 'inversify';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import ts from 'typescript';

import { listed } from './finding.js';
import { uncounted } from './measured-calls.js';
import { operationPage } from './operation-pages.js';
import { orchestratorsOf } from './orchestrator-classes.js';
import { ROOT, textOf } from './repository.js';

const LAYERS = ['domain', 'application', 'infrastructure'];

/** Every source of the catalogue that declares an orchestrator, with the names of the classes. */
const declared = ts.sys
  .readDirectory(join(ROOT, 'packages/orchestrators/src'), ['.ts'], ['**/*.test.ts', '**/fixtures/**'])
  .map((path) => ({
    path,
    classes: orchestratorsOf(
      ts.createSourceFile(path, ts.sys.readFile(path) ?? '', ts.ScriptTarget.Latest, true),
    ).map(({ name }) => name),
  }))
  .filter(({ classes }) => classes.length > 0);

const empty = {
  source: { acquire: () => Promise.reject(new Error('There is no content here.')) } satisfies ContentSource,
  store: {
    save: () => Promise.resolve(),
    get: () => Promise.resolve(undefined),
    findByContent: () => Promise.resolve(undefined),
    list: () => Promise.resolve([]),
    search: () => Promise.resolve([]),
    close: () => Promise.resolve(),
  } satisfies BriefingStore,
  knowledge: {
    load: () => Promise.reject(new Error('Nothing is known here.')),
  } satisfies KnowledgeSource,
};

/** Params that no class accepts: every property is of a type that nobody asks for. */
function wrong(operation: OperationInfo): Record<string, unknown> {
  const never = (): never => {
    throw new Error('Whoever checks params does not call them.');
  };
  return {
    operation: operation.name,
    ...Object.fromEntries(
      Object.entries(operation.params?.properties ?? {}).map(([name, { type }]) => [
        name,
        type === undefined ? Number.NaN : type === 'object' ? 'no object' : { never },
      ]),
    ),
  };
}

interface Answer {
  readonly orchestrator: string;
  readonly operation: OperationInfo;
  readonly result: unknown;
}

describe('the catalogue', () => {
  let host: OrchestrationHost;
  let metrics: Metrics;
  let loaded: readonly (readonly [path: string, name: string, value: unknown])[];
  const answers: Answer[] = [];

  beforeAll(async () => {
    loaded = (
      await Promise.all(
        declared.map(async ({ path, classes }) => {
          const module = (await import(path)) as Record<string, unknown>;
          return classes.map((name) => [path, name, module[name]] as const);
        }),
      )
    ).flat();
    host = createOrchestrationHost({
      orchestrators: loaded.map(([, , value]) => value as OrchestratorClass),
      modules: [
        new ContainerModule(({ bind }) => {
          bind(CONTENT_SOURCE).toConstantValue(empty.source);
          bind(BRIEFING_STORE).toConstantValue(empty.store);
          bind(KNOWLEDGE_SOURCE).toConstantValue(empty.knowledge);
        }),
      ],
      clock: new FakeClock(),
      logger: new RecordingLogger(),
    });
    metrics = createMetrics({ host, prefix: '' });
    await host.start();
    for (const [name, { operations }] of Object.entries(host.facade.listOrchestrators())) {
      for (const operation of operations) {
        const context = OrchestrationContext.create({ tenantId: 'compliance' });
        answers.push({
          orchestrator: name,
          operation,
          result: await host.facade.orchestrate(name, context, wrong(operation)),
        });
      }
    }
  });

  afterAll(async () => {
    metrics.close();
    await host.stop();
  });

  it('is made of classes that their files export, in the folders of their layers', () => {
    expect(loaded.length).toBeGreaterThanOrEqual(13);
    expect(loaded.filter(([, , value]) => !isOrchestrator(value))).toEqual([]);
    const layers = Object.values(host.facade.listOrchestrators()).map(({ layer }) => layer);
    expect([...layers].sort()).toEqual(
      loaded.map(([path]) => LAYERS.find((layer) => path.includes(`/src/${layer}/`))).sort(),
    );
  });

  it('answers every operation with a StepResult, also where the params are wrong', () => {
    expect(answers.filter(({ result }) => !StepResult.isResult(result))).toEqual([]);
  });

  it('refuses wrong params before an operation sees them, and names each', () => {
    const checked = answers.filter(
      ({ operation }) => Object.keys(operation.params?.properties ?? {}).length > 0,
    );
    expect(checked.length).toBeGreaterThan(40);
    const accepted = checked.filter(
      ({ result }) =>
        !StepResult.isResult(result) || result.status !== 'failed' || result.errorCategory !== 'validation',
    );
    expect(accepted.map(({ orchestrator, operation }) => `${orchestrator}.${operation.name}`)).toEqual([]);
  });

  it('has nothing that its graph check warns of, such as params that nobody checks', () => {
    const lax = createOrchestrationHost({ orchestrators: [Lax] });
    expect(lax.check().map(({ code, orchestrators }) => ({ code, orchestrators }))).toEqual([
      { code: expect.stringMatching(/PARAMS/), orchestrators: ['lax'] },
    ]);
    expect(host.check()).toEqual([]);
  });

  it('has every call of every operation counted once, with orchestrator, operation and status', async () => {
    const { text } = await metrics.scrape();
    const calls = answers.map(({ orchestrator, operation, result }) => {
      const { status, errorCategory = '' } = result as { status: string; errorCategory?: string };
      return { orchestrator, operation: operation.name, status, errorCategory };
    });
    expect(uncounted(text, calls)).toEqual([]);
    const without = text.replace(/^calls_total\{orchestrator="security".*operation="scan_folder".*\n/gm, '');
    expect(uncounted(without, calls)).toEqual(['security.scan_folder failed validation: counted 0 times']);
    const otherwise = text.replace(/status="failed"/g, 'status="ok"');
    expect(uncounted(otherwise, calls).length).toBeGreaterThan(40);
  });

  it('has every operation in the table of its page, with its params', () => {
    const findings = Object.values(host.facade.listOrchestrators()).flatMap(({ name, operations }) => {
      const file = `docs/reference/orchestrators/${name.replaceAll('_', '-')}.md`;
      if (!existsSync(join(ROOT, file))) {
        return [{ file, line: 1, what: `${name} has no page.`, fix: 'Write one.' }];
      }
      return operationPage(file, textOf(file), operations, host.facade.listOrchestrators());
    });
    expect(listed(findings)).toEqual([]);
  });
});

describe('the check of an operation table', () => {
  const schema = (
    properties: readonly string[],
    required: readonly string[],
  ): NonNullable<OperationInfo['params']> => ({
    type: 'object',
    title: 'Params',
    properties: Object.fromEntries(properties.map((name) => [name, {}])),
    required,
  });
  const operations = [
    { name: 'take', default: true, params: schema(['uri', 'depth'], ['uri']) } as const,
    { name: 'give', default: false } as const,
  ];
  const page = (...rows: readonly string[]): string =>
    ['# `x`', '', '## Operations', '', '| Operation | Params | Gives |', '| --- | --- | --- |', ...rows].join(
      '\n',
    );
  const check = (...rows: readonly string[]): readonly string[] =>
    listed(
      operationPage('x.md', page(...rows), operations, {
        y: { operations: [{ name: 'take', default: true, params: schema(['uri'], ['uri']) }] },
      }),
    );

  it('accepts a table that tells each operation, its params and the default', () => {
    expect(check('| `take` (default) | `uri`, `depth?` (`quick`) | it |', '| `give` | | it |')).toEqual([]);
    expect(check('| `take` (default) | Those of `y`; `depth?` | |', '| `give` | | |')).toEqual([]);
    expect(check('| `take`, `give` (default) | `uri`, `depth?` | it |')).toEqual([]);
    expect(
      check('| `take` (default) | `uri`, `depth?` | |', '| `give` | | `odd` |', '', '| `none` | `a` | |'),
    ).toEqual([]);
  });

  it.each([
    [
      'an operation without a row',
      ['| `take` (default) | `uri`, `depth?` | |'],
      'x.md:3 The operation give has no row.',
    ],
    ['a row too many', ['| `lose` | | |'], 'x.md:7 There is no operation lose.'],
    ['a param that is not told', ['| `take` (default) | `uri` | |'], 'x.md:7 take: depth not told.'],
    ['a param that is not there', ['| `give` | `why?` | |'], 'x.md:7 give: there is no param why.'],
    [
      'a param that may be left out',
      ['| `take` (default) | `uri`, `depth` | |'],
      'x.md:7 take: wrong about whether depth may',
    ],
    [
      'a required param',
      ['| `take` (default) | `uri?`, `depth?` | |'],
      'x.md:7 take: wrong about whether uri may',
    ],
    ['the wrong default', ['| `give` (default) | | |'], 'x.md:7 The row of give is wrong about the default.'],
    [
      'a default that is not told',
      ['| `take` | `uri`, `depth?` | |'],
      'x.md:7 The row of take is wrong about the default.',
    ],
  ])('finds %s', (_what, rows, finding) => {
    expect(check(...rows)).toContainEqual(expect.stringContaining(finding));
  });
});

@orchestrator('domain', 'business_logic')
class Lax extends BaseOrchestrator {
  @operation({ default: true })
  take(_context: OperationContext, params: { readonly uri: string }): string {
    return params.uri;
  }
}

const isOrchestrator = (value: unknown): value is OrchestratorClass =>
  typeof value === 'function' && value.prototype instanceof BaseOrchestrator;
