import 'reflect-metadata';

import { afterEach, describe, expect, it } from '@jest/globals';
import { StepResult, systemClock } from '@kapelle/core';
import { FakeClock, TestHost } from '@kapelle/core/testing';
import { buildSync } from 'esbuild';
import fc from 'fast-check';
import { ContainerModule } from 'inversify';
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, request as send, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import { DEPLOYMENT_DRIVERS, type DeploymentGoal } from '../deployment-driver.js';
import { DEPLOYMENT_OPTIONS, deploymentSettings } from '../deployment-options.js';
import { DeploymentOrchestrator } from '../deployment-orchestrator.js';
import type { DeploymentRecord } from '../deployment-record.js';
import { ShareRouter } from '../share-router.js';
import { Backend } from './backend.js';
import { LoadBalancer } from './load-balancer.js';
import { ProcessGroupDriver, type ProcessGroupDriverOptions } from './process-group-driver.js';

const HERE = dirname(fileURLToPath(import.meta.url));
const SERVICE = join(HERE, '../fixtures/demo-service.mjs');
const TARGET = { tenantId: 'acme', environment: 'production', service: 'shop' };
const POLICY = deploymentSettings({}).mesh;
const NEVER = { signal: new AbortController().signal };

/** What each version is told by its environment. */
const VERSIONS: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  bad: { FAIL_EVERY: '2' },
  dead: { EXIT: '3' },
  slow: { READY_AFTER_MS: '60000' },
  stubborn: { STUBBORN: '1' },
  lazy: { DELAY_MS: '300' },
};

const closing: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

function aDriver(options: Partial<ProcessGroupDriverOptions> = {}): ProcessGroupDriver {
  const driver = new ProcessGroupDriver({
    launch: (_target, { version }) => ({
      command: process.execPath,
      args: [SERVICE],
      readyPath: '/ready',
      env: { VERSION: version, SECRET_TOKEN: 'hidden-value', ...VERSIONS[version] },
    }),
    probeMs: 20,
    ...options,
  });
  closing.push(() => driver.close());
  return driver;
}

const goal = (...releases: DeploymentGoal['releases']): DeploymentGoal => ({
  releases,
  maxSurge: 1,
  maxUnavailable: 1,
});
const of = (version: string, replicas: number, share: number) => ({ version, replicas, share });

interface Answer {
  readonly status: number;
  readonly version: string | undefined;
  readonly pid: number;
  readonly body: string;
}

function ask(
  url: string,
  { method = 'GET', body }: { readonly method?: string; readonly body?: string } = {},
): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const outgoing = send(url, { method, agent: false }, (response) => {
      let text = '';
      response.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
      response.on('error', reject);
      response.on('end', () => {
        const isJson = response.headers['content-type'] === 'application/json';
        const { pid = 0, version } = isJson ? (JSON.parse(text) as { pid?: number; version?: string }) : {};
        resolve({ status: response.statusCode ?? 0, version, pid, body: text });
      });
    });
    outgoing.on('error', reject);
    outgoing.end(body);
  });
}

function isThere(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

async function until(isSo: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await isSo())) await new Promise<void>((resolve) => systemClock.setTimeout(resolve, 20));
}

describe('ShareRouter', () => {
  it('gives each version its share exactly, evenly spread, whatever the shares are', () => {
    fc.assert(
      fc.property(fc.array(fc.nat(100), { minLength: 1, maxLength: 5 }), (shares) => {
        const router = new ShareRouter();
        router.set(shares.map((share, at) => ({ key: `v${at}`, share })));
        const total = shares.reduce((sum, share) => sum + share, 0);
        const counts = new Map<string | undefined, number>();
        for (let n = 0; n < total; n += 1) {
          const key = router.next();
          counts.set(key, (counts.get(key) ?? 0) + 1);
        }
        expect(shares.map((share, at) => [share, counts.get(`v${at}`) ?? 0]).every(([a, b]) => a === b)).toBe(
          true,
        );
        if (total === 0) expect(router.next()).toBeUndefined();
      }),
    );
  });

  it('never gives a version more than its share and one while shares change', () => {
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.integer({ min: 1, max: 99 }), fc.nat(40)), { maxLength: 8 }),
        (changes) => {
          const router = new ShareRouter();
          for (const [share, requests] of changes) {
            router.set([
              { key: 'old', share: 100 - share },
              { key: 'new', share },
            ]);
            let count = 0;
            for (let n = 0; n < requests; n += 1) if (router.next() === 'new') count += 1;
            expect(Math.abs(count - (requests * share) / 100)).toBeLessThanOrEqual(2);
          }
        },
      ),
    );
  });
});

describe('LoadBalancer', () => {
  async function aBalancer(policy = POLICY): Promise<LoadBalancer> {
    const balancer = await LoadBalancer.listen({ host: '127.0.0.1', port: 0, clock: systemClock, policy });
    closing.push(() => balancer.close());
    return balancer;
  }

  async function aServer(
    answer: Parameters<typeof createServer>[1],
  ): Promise<{ server: Server; backend: Backend }> {
    const server = createServer(answer as never);
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const backend = new Backend('127.0.0.1', (server.address() as AddressInfo).port, 10);
    closing.push(async () => {
      backend.agent.destroy();
      server.closeAllConnections();
      server.close();
    });
    return { server, backend };
  }

  /** Where nobody listens. */
  async function aDeadBackend(): Promise<Backend> {
    const { server, backend } = await aServer(() => undefined);
    await new Promise<void>((resolve) => server.close(() => resolve()));
    return backend;
  }

  it('asks another replica where a connection was refused, but only for what may be sent twice', async () => {
    const balancer = await aBalancer();
    const { backend } = await aServer((_request, response) => response.end('ok'));
    for (const each of [await aDeadBackend(), backend]) balancer.add('v1', each);
    balancer.setShares([{ key: 'v1', share: 100 }]);
    for (let n = 0; n < 4; n += 1) expect(await ask(balancer.url)).toMatchObject({ status: 200 });
    expect(balancer.counters()['v1']).toMatchObject({ requests: 4, failures: 0 });
    const posts = await Promise.all([1, 2, 3, 4].map(() => ask(balancer.url, { method: 'POST', body: 'x' })));
    expect(posts.some(({ status }) => status === 502)).toBe(true);
    expect(balancer.counters()['v1']?.unanswered).toBe(posts.filter(({ status }) => status === 502).length);
  });

  it('says 503 without a replica, 504 for one that takes too long, and takes out one that fails in a row', async () => {
    const balancer = await aBalancer({ ...POLICY, timeoutMs: 50, ejectAfter: 2, retries: 0 });
    expect(await ask(balancer.url)).toMatchObject({ status: 503, body: 'no replica can take the request\n' });
    expect(balancer.unrouted).toBe(1);
    const { backend: mute } = await aServer(() => undefined);
    const { backend: good } = await aServer((_request, response) => response.end('ok'));
    balancer.add('v1', mute);
    balancer.add('v1', good);
    balancer.setShares([{ key: 'v1', share: 100 }]);
    const statuses: number[] = [];
    for (let n = 0; n < 10; n += 1) statuses.push((await ask(balancer.url)).status);
    expect(statuses.filter((status) => status === 504)).toHaveLength(2);
    expect(statuses.slice(-5)).toEqual([200, 200, 200, 200, 200]);
    expect(balancer.counters()['v1']).toMatchObject({ requests: 10, failures: 2, unanswered: 2 });
  });

  it('passes bodies and headers on, without those of the connection, and counts no caller that left', async () => {
    const balancer = await aBalancer();
    let seen: NodeJS.Dict<string | string[]> = {};
    const { backend } = await aServer((request, response) => {
      seen = request.headers;
      if (request.url === '/hang') return;
      response.writeHead(201, { 'set-cookie': ['a=1', 'b=2'], connection: 'x-private', 'x-private': '1' });
      request.pipe(response);
    });
    balancer.add('v1', backend);
    balancer.setShares([{ key: 'v1', share: 100 }]);
    const body = 'ä'.repeat(100_000);
    const answer = await fetch(balancer.url, {
      method: 'POST',
      body,
      headers: { 'x-forwarded-for': '10.0.0.1', te: 'trailers' },
    });
    expect(answer.status).toBe(201);
    expect(await answer.text()).toBe(body);
    expect(answer.headers.getSetCookie()).toEqual(['a=1', 'b=2']);
    expect(answer.headers.get('x-private')).toBeNull();
    expect(seen).toMatchObject({ 'x-forwarded-for': '10.0.0.1, 127.0.0.1' });
    expect(seen['te']).toBeUndefined();
    const controller = new AbortController();
    const left = fetch(`${balancer.url}/hang`, { signal: controller.signal });
    await until(() => backend.inFlight === 1);
    controller.abort();
    await expect(left).rejects.toThrow();
    await until(() => backend.inFlight === 0);
    expect(balancer.counters()['v1']).toMatchObject({ requests: 1, failures: 0 });
  });

  it('refuses what is beyond its limits instead of letting it wait', async () => {
    const balancer = await aBalancer({ ...POLICY, maxConnections: 1, maxPending: 1 });
    const open: (() => void)[] = [];
    const { backend } = await aServer((_request, response) => open.push(() => response.end()));
    balancer.add('v1', backend);
    balancer.setShares([{ key: 'v1', share: 100 }]);
    const waiting = [ask(balancer.url), ask(balancer.url)];
    await until(() => backend.inFlight === 2);
    expect(await ask(balancer.url)).toMatchObject({ status: 503 });
    await until(() => open.length === 2);
    for (const answer of open) answer();
    expect((await Promise.all(waiting)).map(({ status }) => status)).toEqual([200, 200]);
  });
});

describe('ProcessGroupDriver', () => {
  it('runs replicas behind one address, shares their traffic, and leaves nothing behind', async () => {
    const driver = aDriver();
    await driver.connect(TARGET, POLICY);
    const url = driver.url(TARGET) as string;
    expect(await driver.apply(TARGET, goal(of('v1', 2, 100)), NEVER)).toEqual([
      { version: 'v1', replicas: 2, ready: 2, share: 100 },
    ]);
    const first = await Promise.all(Array.from({ length: 10 }, () => ask(url)));
    expect(new Set(first.map(({ pid }) => pid)).size).toBe(2);
    await driver.apply(TARGET, goal(of('v1', 2, 80), of('v2', 1, 20)), NEVER);
    const second = await Promise.all(Array.from({ length: 50 }, () => ask(url)));
    expect(second.filter(({ version }) => version === 'v2')).toHaveLength(10);
    await driver.apply(TARGET, goal(of('v2', 1, 100)), NEVER);
    expect(await driver.inspect(TARGET)).toEqual([{ version: 'v2', replicas: 1, ready: 1, share: 100 }]);
    expect((await driver.traffic.read(TARGET, NEVER))['v1']).toMatchObject({ requests: 50, failures: 0 });
    const pids = new Set([...first, ...second].map(({ pid }) => pid));
    expect(pids.size).toBe(3);
    await driver.close();
    expect([...pids].filter(isThere)).toEqual([]);
    await expect(ask(url)).rejects.toThrow();
  });

  it('ends by force what does not end by itself, after its requests are answered', async () => {
    const driver = aDriver({ termMs: 200 });
    await driver.connect(TARGET, POLICY);
    await driver.apply(TARGET, goal(of('stubborn', 1, 50), of('lazy', 1, 50)), NEVER);
    const url = driver.url(TARGET) as string;
    const answers = [ask(url), ask(url), ask(url), ask(url)];
    await new Promise<void>((resolve) => systemClock.setTimeout(resolve, 50));
    await driver.apply(TARGET, goal(of('v1', 1, 100)), NEVER);
    const seen = await Promise.all(answers);
    expect(seen.map(({ status }) => status)).toEqual([200, 200, 200, 200]);
    expect(seen.map(({ pid }) => pid).filter(isThere)).toEqual([]);
  });

  it.each([
    ['dead', /ended before it answered \(code 3\)/],
    ['slow', /did not answer \/ready within 2000 ms/],
  ])(
    'says why a replica of the version %s is not ready, without its secrets, and keeps what is live',
    async (version, message) => {
      const driver = aDriver({ readyTimeoutMs: 2_000 });
      await driver.connect(TARGET, POLICY);
      await driver.apply(TARGET, goal(of('v1', 1, 100)), NEVER);
      const failure = await driver
        .apply(TARGET, goal(of('v1', 1, 0), of(version, 2, 100)), NEVER)
        .catch((error: unknown) => error);
      expect(failure).toMatchObject({
        code: 'DEPLOYMENT_REPLICA_FAILED',
        message: expect.stringMatching(message) as unknown,
      });
      expect(JSON.stringify(failure)).not.toContain('hidden-value');
      expect(await driver.inspect(TARGET)).toEqual([{ version: 'v1', replicas: 1, ready: 1, share: 100 }]);
      expect(await ask(driver.url(TARGET) as string)).toMatchObject({ version: 'v1' });
    },
  );

  it('starts nothing more once its signal fires, and says which program is missing', async () => {
    const driver = aDriver();
    const controller = new AbortController();
    const applying = driver.apply(TARGET, goal(of('slow', 1, 100)), { signal: controller.signal });
    controller.abort(new Error('enough'));
    await expect(applying).rejects.toThrow('enough');
    expect(await driver.inspect(TARGET)).toEqual([]);
    const missing = aDriver({ launch: () => ({ command: '/no/such/program' }) });
    await expect(missing.apply(TARGET, goal(of('v1', 1, 100)), NEVER)).rejects.toThrow(/ENOENT/);
    expect(() => aDriver({ launch: () => ({ command: '' }) }).check(TARGET, { version: 'v1' })).toThrow(
      /Give a program/,
    );
    expect(() => aDriver({ drainMs: -1 })).toThrow(/drainMs is -1/);
  });

  it('replaces a replica that dies by itself', async () => {
    const driver = aDriver();
    await driver.apply(TARGET, goal(of('v1', 2, 100)), NEVER);
    const url = driver.url(TARGET) as string;
    const { pid } = await ask(url);
    process.kill(pid, 'SIGKILL');
    await until(async () => (await driver.inspect(TARGET))[0]?.ready === 1);
    await until(async () => (await driver.inspect(TARGET))[0]?.ready === 2);
    for (let n = 0; n < 6; n += 1) expect((await ask(url)).status).toBe(200);
  }, 15_000);
});

describe('a process that is killed', () => {
  it('leaves no replica behind that ends with its standard input', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'kapelle-deployment-'));
    closing.push(async () => rmSync(folder, { recursive: true }));
    const program = join(folder, 'parent.mjs');
    buildSync({
      stdin: {
        resolveDir: HERE,
        loader: 'ts',
        contents: `
          import { Replica } from './replica.js';
          import { systemClock } from '@kapelle/core';
          const launch = { command: process.execPath, args: [process.argv[2]], readyPath: '/ready' };
          const { pid } = await Replica.start(
            { launch, host: '127.0.0.1', clock: systemClock, maxConnections: 1, readyTimeoutMs: 10_000, probeMs: 20 },
            new AbortController().signal,
          );
          console.log(pid);
          setInterval(() => undefined, 1_000);
        `,
      },
      bundle: true,
      platform: 'node',
      format: 'esm',
      conditions: ['@kapelle/source'],
      external: ['inversify', 'reflect-metadata', 'class-validator'],
      outfile: program,
    });
    const parent = spawn(process.execPath, [program, SERVICE], { stdio: ['ignore', 'pipe', 'inherit'] });
    const pid = await new Promise<number>((resolve) => {
      parent.stdout.once('data', (text) => resolve(Number(String(text))));
    });
    expect(isThere(pid)).toBe(true);
    parent.kill('SIGKILL');
    await until(() => !isThere(pid));
  }, 15_000);
});

describe('deployment with processes', () => {
  it('puts a version live under requests, takes a bad one back, and is gone after stop', async () => {
    const driver = aDriver();
    const test = await TestHost.start({
      orchestrators: [DeploymentOrchestrator],
      modules: [
        new ContainerModule(({ bind }) => {
          bind(DEPLOYMENT_DRIVERS).toConstantValue([driver]);
          bind(DEPLOYMENT_OPTIONS).toConstantValue({ soakMs: 200, pollMs: 20, replicas: 2 });
        }),
      ],
    });
    const pids = new Set<number>();
    let isOver = false;
    try {
      const deploy = (params: object) =>
        test.facade.orchestrate<DeploymentRecord>('deployment', test.context({ tenantId: 'acme' }), {
          service: 'shop',
          ...params,
        });
      StepResult.unwrap(await deploy({ version: 'v1', gates: [], soakMs: 0 }));
      const url = driver.url(TARGET) as string;
      const failed: Record<string, number> = {};
      const asking = Promise.all(
        [1, 2, 3, 4].map(async () => {
          while (!isOver) {
            const { status, version = 'none', pid } = await ask(url);
            pids.add(pid);
            if (status >= 500) failed[version] = (failed[version] ?? 0) + 1;
            await new Promise<void>((resolve) => systemClock.setTimeout(resolve, 2));
          }
        }),
      );
      const gates = [{ name: 'errors', metric: 'error_ratio', max: 0.01, minRequests: 10 }];
      expect(await deploy({ version: 'v2', strategy: 'rolling', gates })).toMatchObject({ status: 'ok' });
      expect(failed).toEqual({});
      expect(await deploy({ version: 'bad', strategy: 'canary', gates })).toMatchObject({
        details: { code: 'DEPLOYMENT_GATE_FAILED', rolledBack: true },
      });
      expect(await driver.inspect(TARGET)).toEqual([{ version: 'v2', replicas: 2, ready: 2, share: 100 }]);
      expect(Object.keys(failed)).toEqual(['bad']);
      isOver = true;
      await asking;
    } finally {
      isOver = true;
      await test[Symbol.asyncDispose]();
    }
    expect(pids.size).toBeGreaterThanOrEqual(3);
    expect([...pids].filter(isThere)).toEqual([]);
  }, 30_000);
});

describe('Backend', () => {
  it('is waited for no longer than the time there is', async () => {
    const clock = new FakeClock();
    const backend = new Backend('127.0.0.1', 1, 1);
    backend.begin();
    const drained = backend.drained(clock, 1_000);
    await clock.advance(1_000);
    expect(await drained).toBe(false);
    const answered = new Backend('127.0.0.1', 1, 1);
    answered.begin();
    const idle = answered.drained(clock, 1_000);
    answered.end();
    expect(await idle).toBe(true);
    expect(clock.pending).toBe(0);
  });
});
