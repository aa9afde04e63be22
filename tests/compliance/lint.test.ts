import { execFileSync } from 'node:child_process';
import { join } from 'node:path';

import { beforeAll, describe, expect, it } from '@jest/globals';

import { ROOT } from './repository.js';

const LIBRARY = 'packages/observability/src/metrics/snippet.ts';
const DOMAIN = 'packages/orchestrators/src/domain/mission/snippet.ts';
const APP = 'apps/intelligence-bot/src/snippet.ts';
const WRAPPER = 'packages/orchestrators/src/http/snippet.ts';
const PLATFORM = 'packages/orchestrators/src/infrastructure/deployment/process/snippet.ts';
const CLOCK = 'packages/core/src/clock/clock.ts';
const RUNNER = 'packages/core/src/lifecycle/process-runner.ts';
const TEST = 'packages/observability/src/metrics/snippet.test.ts';
const FIXTURE = 'packages/observability/src/metrics/fixtures/snippet.ts';

const WRAP = /HTTP_CLIENT/;
const ASK = /Ask the Clock/;

/** Code, where it stands, and what the message has to say. */
const REFUSED: readonly (readonly [code: string, path: string, message: RegExp])[] = [
  [`export const a = () => fetch('x');`, LIBRARY, WRAP],
  [`export const a = () => fetch('x');`, DOMAIN, WRAP],
  [`export const a = () => fetch('x');`, APP, WRAP],
  [`export const a = () => globalThis.fetch('x');`, APP, WRAP],
  [`export const a = () => globalThis['fetch']('x');`, DOMAIN, WRAP],
  [`export const a = () => new WebSocket('x');`, LIBRARY, WRAP],
  [`import { request } from 'node:http';\nexport const a = request;`, DOMAIN, WRAP],
  [`import { get } from 'https';\nexport const a = get;`, APP, WRAP],
  [`import * as web from 'node:https';\nexport const a = web;`, LIBRARY, WRAP],
  [`import web from 'node:http';\nexport const a = web;`, LIBRARY, WRAP],
  [`import { request } from 'undici';\nexport const a = request;`, APP, WRAP],
  [`import axios from 'axios';\nexport const a = axios;`, DOMAIN, WRAP],
  [`export { request } from 'undici';`, DOMAIN, WRAP],
  [`export const a = () => import('undici');`, APP, WRAP],
  [`export const a = () => import('node:https');`, DOMAIN, WRAP],
  [`import { spawn } from 'node:child_process';\nexport const a = spawn;`, DOMAIN, /Declare a port/],
  [`export const a = () => console.log('x');`, LIBRARY, /console/],
  [`export const a = () => process.exit(1);`, DOMAIN, /let the runner end the process/],
  [`export const a = () => process.env['X'];`, LIBRARY, /reads the environment/],
  [`export const a = () => process.env['X'];`, RUNNER, /reads the environment/],
  [`export const a = (f: () => void) => setTimeout(f, 1);`, LIBRARY, ASK],
  [`export const a = (f: () => void) => setInterval(f, 1);`, DOMAIN, ASK],
  [`export const a = () => Date.now();`, DOMAIN, ASK],
  [`export const a = () => performance.now();`, LIBRARY, ASK],
  [`export const a = () => new Date();`, DOMAIN, ASK],
  [`export const a = () => Date();`, DOMAIN, ASK],
  [`export const a = () => Math.random();`, DOMAIN, /context\.random/],
  [`export const a = (f: () => void) => { try { f(); } catch {} };`, LIBRARY, /[Ee]mpty block/],
  [`export const a = (f: () => void) => { try { f(); } catch {} };`, TEST, /[Ee]mpty block/],
  [`const a = 1;\nexport default a;`, LIBRARY, /Use a named export/],
  [`export default function a() {}`, APP, /Use a named export/],
  [`export * from './x.js';`, LIBRARY, /Name each export/],
  [`export * as x from './x.js';`, DOMAIN, /Name each export/],
  [`export * from './x.js';`, TEST, /Name each export/],
  [
    `import { a } from '../../application/index.js';\nexport const b = a;`,
    DOMAIN,
    /domain layer does not import the application layer/,
  ],
  [`export const a = (b: any) => b;`, DOMAIN, /Unexpected any/],
  [
    `// eslint-disable-next-line no-console -- nothing to except\nexport const a = 1;`,
    LIBRARY,
    /Unused eslint-disable/,
  ],
];

/** Code that only looks like the above, or stands where it may. */
const ACCEPTED: readonly (readonly [code: string, path: string])[] = [
  [`import { createServer } from 'node:http';\nexport const a = createServer;`, LIBRARY],
  [`import type { Agent } from 'node:http';\nexport type A = Agent;`, LIBRARY],
  [`import type { Dispatcher } from 'undici';\nexport type A = Dispatcher;`, DOMAIN],
  [`export class A { fetch(): number { return 1; }\n  take(): number { return this.fetch(); } }`, DOMAIN],
  [`import * as http from 'node:http';\nexport const a = http;`, WRAPPER],
  [`import { spawn } from 'node:child_process';\nexport const a = spawn;`, PLATFORM],
  [`export const a = (random: () => number = Math.random) => random();`, DOMAIN],
  [`export const a = (at: number) => new Date(at);`, DOMAIN],
  [
    `export const a = (clock: { now(): number; setTimeout(f: () => void): void }) => clock.setTimeout(() => clock.now());`,
    DOMAIN,
  ],
  [`export const a = (f: () => void) => setTimeout(f, Date.now());`, CLOCK],
  [`export const a = () => process.exit(1);`, RUNNER],
  [
    `export const a = (f: () => void) => { try { f(); } catch { /* It was taken away already. */ } };`,
    LIBRARY,
  ],
  [
    `// eslint-disable-next-line no-console -- it is what this is about\nexport const a = () => console.log('x');`,
    LIBRARY,
  ],
  [`export const a = () => fetch('http://127.0.0.1');`, TEST],
  [`export const a = () => Date.now() + Math.random();`, FIXTURE],
  [`export const a = () => process.exit(1);`, APP],
  [`export type * from './x.js';`, LIBRARY],
];

describe('the rules of the linter', () => {
  let found: readonly (readonly { readonly rule: string | null; readonly message: string }[])[];

  beforeAll(() => {
    const input = [...REFUSED, ...ACCEPTED].map(([code, path]) => ({ code: `${code}\n`, path }));
    const output = execFileSync(process.execPath, [join(ROOT, 'tests/compliance/lint-snippets.mjs')], {
      cwd: ROOT,
      input: JSON.stringify(input),
      encoding: 'utf8',
      env: { ...process.env, NODE_OPTIONS: '' },
    });
    found = JSON.parse(output) as typeof found;
  }, 120_000);

  it.each(REFUSED.map((each, at) => [at, ...each] as const))(
    'refuse (%i) %s in %s',
    (at, _code, _path, message) => {
      expect(found[at]?.map((each) => each.message)).toEqual([expect.stringMatching(message)]);
    },
  );

  it.each(ACCEPTED.map((each, at) => [at, ...each] as const))('accept (%i) %s in %s', (at) => {
    expect(found[REFUSED.length + at]).toEqual([]);
  });
});
