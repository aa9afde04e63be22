import { beforeAll, describe, expect, it } from '@jest/globals';
import ts from 'typescript';

import { exportsOf, forgottenTypes, unlistedNames, unlistedOrchestrators } from './complete-exports.js';
import { deprecations, judged } from './deprecations.js';
import { missingDocstrings } from './docstrings.js';
import { type Finding, listed } from './finding.js';
import { unlistedEvents, unlistedOptions } from './orchestrator-pages.js';
import { outsideWorld, type Permit } from './outside-world.js';
import { ENTRIES, pathOf, readRepository, type Repository, textIfAny, textOf } from './repository.js';
import { callsGiveResults, stepResults } from './step-results.js';
import { unexplainedExceptions } from './unexplained-exceptions.js';

/** Who goes out of the process without the wrapper. A permit that is not used is a finding. */
const PERMITS: readonly Permit[] = [
  { path: 'packages/orchestrators/src/http/', door: 'http', why: 'It is the wrapper.' },
  ...(['http', 'process'] as const).map((door) => ({
    path: 'packages/orchestrators/src/infrastructure/deployment/process/',
    door,
    why: 'It starts the processes that it deploys, and forwards streams to them on the loopback, which the wrapper refuses.',
  })),
  {
    path: 'apps/intelligence-bot/src/adapters/database-file.ts',
    door: 'http',
    why: 'libsql could reach a server; it gets the path of a file.',
  },
  {
    path: 'apps/intelligence-bot/src/adapters/openai-language-model.ts',
    door: 'http',
    why: "The vendor's client, with a fetch that goes through the wrapper.",
  },
  {
    path: 'apps/intelligence-bot/src/discord/',
    door: 'http',
    why: "The vendor's client: its requests go through the wrapper, its gateway is a web socket to a checked host.",
  },
];

/**
 * Types that public ones name without being public: steps of a computation with types, bases, what is made inside and
 * handed in by nobody, parts that are read through their whole.
 */
const KNOWN_HIDDEN: ReadonlySet<string> = new Set(
  `Answer AnyClass AnyOrchestratorClass Branches CommonMetricsOptions ContextState CountFact DefaultNeeds ErrorJSON
  EventFact EventOf Expression FrameLink GrowingTreeSettings HealthPart HierarchicalFlowOrder HostSettings InstanceFor
  LazyDecorator MeantNames MeasureFact MethodParams MethodsNamed MetricBase MissionRecord NamedParams NamesOf Next NotGiven Of OfSource Office
  OfficeFact OrchestratorUnit OverrideBase ParamsFitNoOperation PayloadOf PayloadOfUnion PropertyType QueueOptions QueuedSignal
  RecoveryReport RelatedStatement Relation RelationFact RobustScale SeriesLimits StageUse Unit
  UnnamedParams ValueOf WaitingRoom`.split(/\s+/),
);

/** By which somebody calls an operation. */
const DOORS = [
  ['OrchestrationFacade', 'orchestrate'],
  ['BaseOrchestrator', 'orchestrate'],
  ['OperationContext', 'call'],
  ['OperationContext', 'waitForEvent'],
] as const;

const FOLDER = 'packages/orchestrators/src/domain/mission';
const snippet = (name: string): string => `${FOLDER}/snippet-${name}.ts`;

const HEAD = `import { BaseOrchestrator, operation, type OperationContext, orchestrator, StepResult } from '@kapelle/core';
`;
const inClass = (members: string): string => `${HEAD}
@orchestrator('domain', 'business_logic')
export class Snippet extends BaseOrchestrator {
${members}
}
`;
const gives = (type: string): string =>
  inClass(
    `  @operation({ name: 'take_in' })\n  declare(_context: OperationContext): ${type} { throw new Error(); }`,
  );

const GOING_OUT: Readonly<Record<string, string>> = {
  fetch: `export const a = () => fetch('https://example.com');`,
  'fetch-of-global': `export const a = () => globalThis.fetch('https://example.com');`,
  'fetch-by-index': `export const a = () => globalThis['fetch']('https://example.com');`,
  'fetch-destructured': `const { fetch: ask } = globalThis;\nexport const a = () => ask('https://example.com');`,
  'fetch-as-default': `export const a = (ask: typeof fetch = fetch) => ask('https://example.com');`,
  'web-socket': `export const a = () => new WebSocket('wss://example.com');`,
  'http-named': `import { request } from 'node:http';\nexport const a = () => request('http://example.com');`,
  'http-renamed': `import { get as take } from 'https';\nexport const a = () => take('https://example.com');`,
  'http-namespace': `import * as web from 'node:https';\nexport const a = () => web.get('https://example.com');`,
  'http-default': `import web from 'node:http';\nexport const a = web.request;`,
  'http-destructured': `import * as web from 'node:http';\nconst { request: ask } = web;\nexport const a = ask;`,
  'http-passed-on': `export { request as ask } from 'node:http';`,
  'http-dynamic': `export const a = async () => (await import('node:http')).get('http://example.com');`,
  'http-agent': `import { Agent } from 'node:https';\nexport class Pool extends Agent {}`,
  http2: `import { connect } from 'node:http2';\nexport const a = () => connect('https://example.com');`,
  socket: `import { connect } from 'node:net';\nexport const a = () => connect(80, 'example.com');`,
  library: `import axios from 'axios';\nexport const a = axios;`,
  'library-dynamic': `export const a = () => import('undici');`,
  'library-nobody-knows': `import { x } from '@somebody/something/part';\nexport const a = x;`,
  computed: `export const a = (name: string) => import(name);`,
  process: `import { spawn } from 'node:child_process';\nexport const a = spawn;`,
};

const STAYING_IN: Readonly<Record<string, string>> = {
  server: `import { createServer } from 'node:http';\nexport const a = createServer;`,
  types: `import type { Agent, ClientRequest } from 'node:http';\nimport type { Dispatcher } from 'undici';
export interface A { readonly agent: Agent; readonly request: ClientRequest; readonly dispatcher: Dispatcher; readonly ask: typeof fetch }`,
  'own-fetch': `export class A { readonly #known = new Map<string, string>();
  fetch(key: string): string | undefined { return this.#known.get(key); }
  request(key: string): string | undefined { return this.fetch(key); } }`,
  wrapper: `import type { HttpClient } from '../../http/index.js';
export const a = (client: HttpClient, signal: AbortSignal) => client.request({ url: 'https://example.com', signal });`,
  libraries: `import { parse } from 'yaml';\nimport { isIP } from 'node:net';\nexport const a = [parse, isIP];`,
  words: `// fetch('https://example.com')\nexport const a = "fetch('https://example.com')";`,
};

const BAD_RESULTS: Readonly<Record<string, readonly [source: string, finding: string]>> = {
  unsaid: [
    inClass('  @operation()\n  take(_context: OperationContext) { return 1; }'),
    'Snippet.take does not say what it gives.',
  ],
  any: [gives('Promise<any>'), 'Snippet.take_in gives any.'],
  unknown: [gives('unknown'), 'Snippet.take_in gives unknown.'],
  both: [
    gives('Promise<StepResult<string> | string>'),
    'Snippet.take_in gives a StepResult or something else',
  ],
  perhaps: [gives('StepResult<string> | undefined'), 'Snippet.take_in gives a StepResult or something else'],
  twice: [
    gives('Promise<StepResult<StepResult<string>>>'),
    'Snippet.take_in gives a StepResult within a StepResult.',
  ],
  'any-data': [gives('StepResult<any>'), 'Snippet.take_in gives a StepResult of any.'],
  'by-hand': [
    gives('Promise<{ success: boolean; error?: string }>'),
    'Snippet.take_in says in `success` how it went.',
  ],
  'by-hand-union': [
    gives('{ ok: true; data: string } | { ok: false; error: string }'),
    'Snippet.take_in says in `ok` how it went.',
  ],
  'by-hand-within': [
    gives('StepResult<{ success: boolean; message: string }>'),
    'Snippet.take_in says in `success`',
  ],
  error: [gives('Promise<string | Error>'), 'Snippet.take_in gives an Error as if it were an answer.'],
  route: [
    inClass('  override orchestrate = undefined as never;').replace(
      'override orchestrate = undefined as never;',
      '// @ts-expect-error what is wrong here\n  override async orchestrate(): Promise<{ done: boolean }> { return { done: true }; }',
    ),
    'Snippet.orchestrate gives no StepResult.',
  ],
};

const GOOD_RESULTS: Readonly<Record<string, string>> = {
  result: gives('Promise<StepResult<{ readonly id: string }>>'),
  'result-at-once': gives('StepResult<number> '),
  plain: gives('Promise<readonly { readonly id: string }[]>'),
  measured: gives('{ readonly success: boolean; readonly attempts: number }'),
  route: inClass(
    '  override async orchestrate(): Promise<StepResult<never>> { return StepResult.fail("no"); }',
  ),
};

const MORE: Readonly<Record<string, string>> = {
  'public-index': `export { type Shown, show, Unsaid, Said } from './snippet-public.js';`,
  'folder-index': `export { Said, Unsaid, show, type Shown, type Hidden } from './snippet-public.js';`,
  public: `/** Not listed. */
export interface Hidden { readonly a: number }
/** Listed. */
export interface Shown { readonly map: ReadonlyMap<string, Hidden> }
/** Only its own members see it. */
interface Inner { readonly a: number }
/** Shows. */
export function show(_shown: Shown, _kind: 'a'): void {}
export class Unsaid {}
/** Is said. */
export class Said { readonly #inner: Inner = { a: 1 }; private readonly other: Inner = { a: 2 };
  /** Gives it. */
  give(): number { return this.#inner.a + this.other.a; } }
`,
  deprecated: `/** @deprecated since 0.1.0, removed in 0.9.0: use b. */
export const a = 1;
/** @deprecated use b */
export const b = 2;
export interface C {
  /** @deprecated since 0.1.0, removed on 2026-01-31: use b. */
  readonly c?: number;
}
`,
  exceptions: `// eslint-disable-next-line no-console -- the console is what this is about
export const a = 1;
// eslint-disable-next-line no-console
export const b = 2;
/* eslint-disable no-console */
export const c = 3; // @ts-ignore
// @ts-expect-error the type is wrong on purpose
export const d: number = 'x';
// @ts-expect-error
export const e: number = 'x';
`,
  'told-orchestrator': inClass(
    `  constructor(@inject(SNIPPET_OPTIONS) @optional() options: SnippetOptions = {}) { super(); void options; }
  @operation()
  take(_context: OperationContext): string {
    this.logger.info('thing_taken', { a: 1 });
    this.logger.warn('thing_lost');
    return '';
  }`,
  ).replace(
    '@orchestrator(',
    `import { inject, optional } from 'inversify';
const SNIPPET_OPTIONS = Symbol.for('kapelle.SnippetOptions');
interface SnippetOptions { readonly maxThings?: number; readonly pauseMs?: number }
@orchestrator(`,
  ),
};

const named = (kind: string, sources: Readonly<Record<string, string>>): [string, string][] =>
  Object.entries(sources).map(([name, source]) => [snippet(`${kind}-${name}`), source]);

let repository: Repository;
let catalogue: readonly ts.SourceFile[];

beforeAll(() => {
  repository = readRepository(
    Object.fromEntries([
      ...named('out', GOING_OUT),
      ...named('in', STAYING_IN),
      ...named(
        'bad',
        Object.fromEntries(Object.entries(BAD_RESULTS).map(([name, [source]]) => [name, source])),
      ),
      ...named('good', GOOD_RESULTS),
      ...Object.entries(MORE).map(([name, source]) => [snippet(name), source]),
    ]),
  );
  catalogue = repository.shipped.filter(({ fileName }) =>
    pathOf(fileName).startsWith('packages/orchestrators/src/'),
  );
}, 240_000);

describe('what goes out of the process', () => {
  const check = (name: string, permits: readonly Permit[] = []): readonly Finding[] =>
    outsideWorld(repository.checker, [repository.file(snippet(name))], permits);

  it.each(Object.keys(GOING_OUT))('is found: %s', (name) => {
    const [finding] = check(`out-${name}`);
    expect(finding?.file).toBe(snippet(`out-${name}`));
    expect(finding?.what).toMatch(/ goes out by itself\.$/);
  });

  it.each(Object.keys(STAYING_IN))('is not taken for more than it is: %s', (name) => {
    expect(check(`in-${name}`)).toEqual([]);
  });

  it('is told with the line and with what to do', () => {
    expect(listed(check('out-http-renamed'))).toEqual([
      `${snippet('out-http-renamed')}:2 https.get goes out by itself. Inject HTTP_CLIENT and send it through that: it guards addresses, bounds time and size, and counts.`,
    ]);
  });

  it('may have a permit of its own kind, which must be used', () => {
    const permit = (path: string, door: Permit['door']): Permit => ({ path, door, why: 'a test' });
    expect(check('out-fetch', [permit(snippet('out-fetch'), 'http')])).toEqual([]);
    expect(check('out-fetch', [permit(`${FOLDER}/`, 'http')])).toEqual([]);
    expect(check('out-fetch', [permit(FOLDER, 'http')])).toHaveLength(2);
    expect(check('out-fetch', [permit(`${FOLDER}/`, 'process')])).toHaveLength(2);
    expect(listed(check('in-server', [permit('gone.ts', 'http')]))).toEqual([
      'gone.ts:1 Nothing here uses its permit for http. Take the permit away.',
    ]);
  });

  it('is the wrapper in all packages and apps, and what has a permit', () => {
    expect(listed(outsideWorld(repository.checker, repository.shipped, PERMITS))).toEqual([]);
  });
});

describe('what operations give', () => {
  it.each(Object.entries(BAD_RESULTS))('is refused: %s', (name, [, finding]) => {
    const found = stepResults(repository.checker, [repository.file(snippet(`bad-${name}`))]);
    expect(listed(found)).toEqual([expect.stringContaining(finding)]);
  });

  it.each(Object.keys(GOOD_RESULTS))('is accepted: %s', (name) => {
    expect(stepResults(repository.checker, [repository.file(snippet(`good-${name}`))])).toEqual([]);
  });

  it('is a StepResult or plain data in every orchestrator that is shipped', () => {
    expect(listed(stepResults(repository.checker, repository.shipped))).toEqual([]);
  });

  it('reaches every caller as a StepResult', () => {
    const { checker } = repository;
    const core = exportsOf(checker, repository.file('packages/core/src/index.ts'));
    expect(callsGiveResults(checker, core, DOORS)).toEqual([]);
    expect(callsGiveResults(checker, core, [['OrchestrationFacade', 'listOrchestrators']])).toEqual([
      expect.stringMatching(/^OrchestrationFacade\.listOrchestrators gives /),
    ]);
    expect(callsGiveResults(checker, core, [['OperationContext', 'tenantId']])).toEqual([
      'OperationContext.tenantId is no method.',
    ]);
  });
});

describe('what is exported', () => {
  const file = (name: string): ts.SourceFile => repository.file(snippet(name));
  const entries = (): ts.SourceFile[] => ENTRIES.map(({ path }) => repository.file(path));

  it('has each orchestrator of the catalogue', () => {
    const { checker } = repository;
    const index = repository.file('packages/orchestrators/src/index.ts');
    expect(listed(unlistedOrchestrators(checker, [file('good-plain')], index))).toEqual([
      `${snippet('good-plain')}:4 Snippet is in no index. Name it in packages/orchestrators/src/index.ts.`,
    ]);
    expect(listed(unlistedOrchestrators(checker, catalogue, index))).toEqual([]);
  });

  it('has what each folder lists', () => {
    const { checker } = repository;
    expect(
      unlistedNames(checker, [file('folder-index')], file('public-index')).map(({ what }) => what),
    ).toEqual(['Hidden is listed here only.']);
    const index = repository.file('packages/orchestrators/src/index.ts');
    const folders = catalogue.filter(({ fileName }) =>
      /^packages\/orchestrators\/src\/(\w+|\w+\/[\w-]+)\/index\.ts$/.test(pathOf(fileName)),
    );
    expect(folders.length).toBeGreaterThan(12);
    expect(listed(unlistedNames(checker, folders, index))).toEqual([]);
  });

  it('names no type that is not', () => {
    const { checker } = repository;
    expect(
      forgottenTypes(checker, [file('public-index')], (source) => !source.isDeclarationFile).map(
        ({ what }) => what,
      ),
    ).toEqual(['Shown is public and names Hidden, which is not.']);
    const found = forgottenTypes(checker, entries(), (source) =>
      pathOf(source.fileName).startsWith('packages/'),
    );
    const hidden = new Set(found.map(({ what }) => / names (\w+),/.exec(what)?.[1] ?? what));
    expect(
      listed(found.filter(({ what }) => !KNOWN_HIDDEN.has(/ names (\w+),/.exec(what)?.[1] ?? ''))),
    ).toEqual([]);
    expect([...KNOWN_HIDDEN].filter((name) => !hidden.has(name))).toEqual([]);
  });

  it('has a docstring', () => {
    const { checker } = repository;
    expect(listed(missingDocstrings(checker, [file('public-index')]))).toEqual([
      `${snippet('public')}:9 Unsaid is public and has no docstring. Say what it is or does.`,
    ]);
    expect(listed(missingDocstrings(checker, entries()))).toEqual([]);
  });
});

describe('what is deprecated', () => {
  const present = { today: '2026-06-30', version: '1.4.2' };

  it.each([
    'since 1.2.0, removed in 2.0.0: use x.',
    'since 1.2.0, removed in 1.4.3: use x.',
    'since 1.2.0, removed in 1.10.0. Nothing takes its place.',
    'since 2026-01-01, removed on 2026-07-01: use x.',
  ])('says when it ends: %s', (comment) => {
    expect(judged(comment, present)).toBeUndefined();
  });

  it.each([
    ['', 'A deprecation says "".'],
    ['use x', 'A deprecation says "use x".'],
    ['since 1.2.0: use x', 'A deprecation says "since 1.2.0: use x".'],
    ['since 1.2.0, removed soon: use x', 'A deprecation says "since 1.2.0, removed soon: use x".'],
    ['since 1.2.0, removed on 2026-06-30: use x', 'What was to be removed on 2026-06-30 is still here.'],
    ['since 1.2.0, removed on 2025-12-31: use x', 'What was to be removed on 2025-12-31 is still here.'],
    ['since 1.2.0, removed on 2027-02-30: use x', '2027-02-30 is no day.'],
    ['since 1.2.0, removed in 1.4.2: use x', 'What was to be removed in 1.4.2 is still in 1.4.2.'],
    ['since 1.2.0, removed in 1.4.0: use x', 'What was to be removed in 1.4.0 is still in 1.4.2.'],
    ['since 1.2.0, removed in 2.0.0.', 'A deprecation says no other way.'],
  ])('is refused: "%s"', (comment, what) => {
    expect(judged(comment, present)?.what).toBe(what);
  });

  it('is found wherever it stands', () => {
    expect(
      listed(
        deprecations([repository.file(snippet('deprecated'))], { today: '2026-06-30', version: '0.2.0' }),
      ),
    ).toEqual([
      expect.stringMatching(/:3 A deprecation says "use b"\./),
      expect.stringMatching(/:6 What was to be removed on 2026-01-31 is still here\. Remove it\./),
    ]);
  });

  it('has not come to its end in the repository', () => {
    const { version } = JSON.parse(textOf('packages/core/package.json')) as { version: string };
    const today = new Date().toISOString().slice(0, 10);
    expect(listed(deprecations(repository.shipped, { today, version }))).toEqual([]);
  });
});

describe('an exception to a rule', () => {
  it('says why', () => {
    expect(listed(unexplainedExceptions([repository.file(snippet('exceptions'))]))).toEqual([
      expect.stringMatching(/:3 eslint-disable-next-line says no reason\./),
      expect.stringMatching(/:5 eslint-disable says no reason\./),
      expect.stringMatching(/:6 @ts-ignore says no reason\./),
      expect.stringMatching(/:9 @ts-expect-error says no reason\./),
    ]);
    expect(listed(unexplainedExceptions(repository.shipped))).toEqual([]);
  });
});

describe('the page of an orchestrator', () => {
  const page = (): string => 'It takes `maxThings` of `SNIPPET_OPTIONS`. It logs `thing_taken`, not pauseMs.';

  it('names every option', () => {
    const { checker } = repository;
    const source = [repository.file(snippet('told-orchestrator'))];
    expect(listed(unlistedOptions(checker, source, page))).toEqual([
      'docs/reference/orchestrators/mission.md:1 The option `pauseMs` is not told. Say what it is.',
    ]);
    expect(unlistedOptions(checker, source, () => undefined)).toHaveLength(3);
    expect(listed(unlistedOptions(checker, catalogue, textIfAny))).toEqual([]);
  });

  it('names every log event', () => {
    expect(listed(unlistedEvents([repository.file(snippet('told-orchestrator'))], page))).toEqual([
      'docs/reference/orchestrators/mission.md:1 The log event `thing_lost` is not told. Say what it is.',
    ]);
    expect(listed(unlistedEvents(catalogue, textIfAny))).toEqual([]);
  });
});
