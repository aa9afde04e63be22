import 'reflect-metadata';

import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { StepResult } from '@kapelle/core';
import { TestHost } from '@kapelle/core/testing';
import { ContainerModule } from 'inversify';
import { NodeHttpClient } from '../../../http/index.js';
import { DEPLOYMENT_DRIVERS, DEPLOYMENT_TRAFFIC, type DeploymentGoal } from '../deployment-driver.js';
import { DEPLOYMENT_OPTIONS } from '../deployment-options.js';
import { DeploymentOrchestrator } from '../deployment-orchestrator.js';
import type { DeploymentRecord } from '../deployment-record.js';
import { SimulatedKubernetesApi } from '../fixtures/simulated-kubernetes-api.js';
import { emptyBuckets } from '../latency-histogram.js';
import { KubernetesRestClient, type KubernetesRestClientOptions } from './kubernetes-client.js';
import { KubernetesDriver, type KubernetesDriverOptions } from './kubernetes-driver.js';
import { rolloutStatus } from './rollout-status.js';

const TARGET = { tenantId: 'acme', environment: 'production', service: 'shop' };
const NEVER = { signal: new AbortController().signal };
const BLUE = '/apis/apps/v1/namespaces/production/deployments/shop-blue';
const GREEN = '/apis/apps/v1/namespaces/production/deployments/shop-green';
const SERVICE = '/api/v1/namespaces/production/services/shop';

let api: SimulatedKubernetesApi;
let http: NodeHttpClient;
beforeEach(async () => {
  api = await SimulatedKubernetesApi.listen();
  http = new NodeHttpClient({ allowAddresses: ['127.0.0.1'], attempts: 2, backoffMs: 0 });
});
afterEach(async () => {
  await http.close();
  await api.close();
});

const aClient = (options: Partial<KubernetesRestClientOptions> = {}): KubernetesRestClient =>
  new KubernetesRestClient({ http, url: `${api.url}/`, token: () => api.token, ...options });

const aDriver = (options: Partial<KubernetesDriverOptions> = {}): KubernetesDriver =>
  new KubernetesDriver({
    client: aClient(),
    namespace: ({ environment }) => environment,
    workload: ({ service }, { version, artifact = `registry.test/${service}:${version}` }) => ({
      image: artifact,
      port: 8080,
      readyPath: '/ready',
      secrets: ['shop-secrets'],
    }),
    pollMs: 10,
    ...options,
  });

const goal = (...releases: DeploymentGoal['releases']): DeploymentGoal => ({
  releases,
  maxSurge: 1,
  maxUnavailable: 0,
});
const of = (version: string, replicas: number, share: number) => ({ version, replicas, share });
const selectorOf = (): unknown => (api.spec(SERVICE) as { selector: unknown }).selector;

describe('KubernetesDriver', () => {
  it('makes manifests that name a version, a slot and its secrets, and nothing of their values', async () => {
    const driver = aDriver();
    await driver.connect(TARGET, {} as never, NEVER);
    expect(selectorOf()).toEqual({ 'app.kubernetes.io/name': 'shop', 'kapelle.dev/slot': 'none' });
    await driver.apply(TARGET, goal(of('1.0', 2, 100)), NEVER);
    expect(api.spec(BLUE)).toMatchObject({
      replicas: 2,
      progressDeadlineSeconds: 600,
      selector: { matchLabels: { 'app.kubernetes.io/name': 'shop', 'kapelle.dev/slot': 'blue' } },
      strategy: { type: 'RollingUpdate', rollingUpdate: { maxSurge: 1, maxUnavailable: 0 } },
      template: {
        metadata: {
          labels: { 'app.kubernetes.io/version': '1.0', 'app.kubernetes.io/managed-by': 'kapelle' },
        },
        spec: {
          containers: [
            {
              image: 'registry.test/shop:1.0',
              envFrom: [{ secretRef: { name: 'shop-secrets' } }],
              readinessProbe: { httpGet: { path: '/ready', port: 'http' } },
            },
          ],
        },
      },
    });
    expect(selectorOf()).toEqual({ 'app.kubernetes.io/name': 'shop', 'kapelle.dev/slot': 'blue' });
    expect(await driver.inspect(TARGET, NEVER)).toEqual([
      { version: '1.0', replicas: 2, ready: 2, share: 100 },
    ]);
  });

  it('switches the selector for blue-green once the other slot is up, and removes the old one last', async () => {
    const driver = aDriver();
    await driver.apply(TARGET, goal(of('1.0', 2, 100)), NEVER);
    expect(await driver.apply(TARGET, goal(of('1.0', 2, 100), of('2.0', 2, 0)), NEVER)).toEqual([
      { version: '1.0', replicas: 2, ready: 2, share: 100 },
      { version: '2.0', replicas: 2, ready: 2, share: 0 },
    ]);
    await driver.apply(TARGET, goal(of('1.0', 2, 0), of('2.0', 2, 100)), NEVER);
    expect(selectorOf()).toMatchObject({ 'kapelle.dev/slot': 'green' });
    await driver.apply(TARGET, goal(of('2.0', 2, 100)), NEVER);
    expect(api.paths).toEqual([SERVICE, GREEN]);
    // The next version takes the slot that is free.
    await driver.apply(TARGET, goal(of('2.0', 2, 100), of('3.0', 1, 0)), NEVER);
    expect(api.spec(BLUE)).toMatchObject({
      template: { metadata: { labels: { 'app.kubernetes.io/version': '3.0' } } },
    });
  });

  it('shares a canary by the number of pods, and tells the share that it really gets', async () => {
    const driver = aDriver();
    await driver.apply(TARGET, goal(of('1.0', 3, 100)), NEVER);
    const releases = await driver.apply(TARGET, goal(of('1.0', 3, 90), of('2.0', 1, 10)), NEVER);
    expect(selectorOf()).toEqual({ 'app.kubernetes.io/name': 'shop' });
    expect(releases.map(({ version, share }) => [version, share])).toEqual([
      ['1.0', 75],
      ['2.0', 25],
    ]);
  });

  it('takes the slot of a version that was left behind, once it has no traffic', async () => {
    const driver = aDriver();
    await driver.apply(TARGET, goal(of('1.0', 3, 100)), NEVER);
    await driver.apply(TARGET, goal(of('1.0', 3, 90), of('2.0', 1, 10)), NEVER);
    await driver.prepare(TARGET, goal(of('3.0', 1, 100)), NEVER);
    await driver.apply(TARGET, goal(of('1.0', 3, 100), of('3.0', 1, 0)), NEVER);
    expect(await driver.inspect(TARGET, NEVER)).toEqual([
      { version: '1.0', replicas: 3, ready: 3, share: 100 },
      { version: '3.0', replicas: 1, ready: 1, share: 0 },
    ]);
  });

  it.each(['rolling', 'recreate'] as const)('leaves %s to the Deployment itself', async (inPlace) => {
    const driver = aDriver();
    await driver.apply(TARGET, goal(of('1.0', 2, 100)), NEVER);
    await driver.apply(TARGET, { ...goal(of('2.0', 2, 100)), inPlace }, NEVER);
    expect(api.paths).toEqual([SERVICE, BLUE]);
    const strategy = inPlace === 'rolling' ? { type: 'RollingUpdate' } : { type: 'Recreate' };
    expect(api.spec(BLUE)).toMatchObject({ strategy });
    expect(await driver.inspect(TARGET, NEVER)).toEqual([
      { version: '2.0', replicas: 2, ready: 2, share: 100 },
    ]);
  });

  it('fails where the cluster gives up, and stops waiting when its signal fires', async () => {
    const driver = aDriver();
    await expect(driver.apply(TARGET, goal(of('bad', 1, 100)), NEVER)).rejects.toMatchObject({
      code: 'DEPLOYMENT_REPLICA_FAILED',
      message:
        'The rollout of production/shop-blue failed (ProgressDeadlineExceeded: ReplicaSet has timed out progressing.). Look at the events of its pods.',
    });
    const controller = new AbortController();
    const waiting = aDriver({ pollMs: 60_000 }).apply(TARGET, goal(of('2.0', 1, 100)), {
      signal: controller.signal,
    });
    controller.abort(new Error('enough'));
    await expect(waiting).rejects.toThrow('enough');
  });

  it('leaves alone what belongs to another manager, another tenant, or a person', async () => {
    const driver = aDriver();
    await driver.apply(TARGET, goal(of('1.0', 2, 100)), NEVER);
    await expect(driver.inspect({ ...TARGET, tenantId: 'other' }, NEVER)).rejects.toMatchObject({
      code: 'DEPLOYMENT_CONFLICT',
    });
    api.applyAs('autoscaler', BLUE, { spec: { replicas: 7 } });
    await expect(driver.apply(TARGET, goal(of('1.0', 4, 100)), NEVER)).rejects.toMatchObject({
      code: 'DEPLOYMENT_CONFLICT',
      message: expect.stringContaining('conflict with "autoscaler"') as unknown,
    });
    await expect(
      aDriver({ client: aClient({ force: true }) }).apply(TARGET, goal(of('1.0', 4, 100)), NEVER),
    ).resolves.toBeDefined();
    api.applyAs('person', '/api/v1/namespaces/production/services/cart', {
      kind: 'Service',
      metadata: { name: 'cart' },
      spec: {},
    });
    await expect(driver.connect({ ...TARGET, service: 'cart' }, {} as never, NEVER)).rejects.toMatchObject({
      code: 'DEPLOYMENT_CONFLICT',
    });
  });

  it('asks the server about a manifest before anything is changed', async () => {
    const driver = aDriver();
    await expect(driver.prepare(TARGET, goal(of('1.0', 99, 100)), NEVER)).rejects.toMatchObject({
      code: 'DEPLOYMENT_REJECTED',
      message: expect.stringContaining('422 (spec.replicas: Invalid value: quota exceeded)') as unknown,
    });
    expect(await driver.prepare(TARGET, goal(of('1.0', 2, 100)), NEVER)).toEqual({
      namespace: 'production',
      dryRun: true,
    });
    expect(api.paths).toEqual([]);
    const missing = aDriver({ namespace: () => 'missing' });
    await expect(missing.prepare(TARGET, goal(of('1.0', 2, 100)), NEVER)).rejects.toMatchObject({
      code: 'DEPLOYMENT_REJECTED',
    });
  });

  it.each([
    [{ ...TARGET, service: '1shop' }, 'production', '1.0', /"1shop" cannot be used/],
    [{ ...TARGET, service: 's'.repeat(58) }, 'production', '1.0', /1 to 57/],
    [TARGET, 'Prod_uction', '1.0', /DNS-1123/],
    [TARGET, 'production', '1.0+x', /value of a label/],
    [TARGET, 'production', 'sp ace', /value of a label/],
  ])('refuses names that Kubernetes cannot have', (target, namespace, version, message) => {
    expect(() => aDriver({ namespace: () => namespace }).check(target, { version })).toThrow(message);
  });

  it('refuses a workload that cannot be, and options out of their bounds', () => {
    const check = (workload: object) =>
      aDriver({ workload: () => ({ image: 'a', port: 80, ...workload }) }).check(TARGET, { version: '1.0' });
    expect(() => check({ image: 'a b' })).toThrow(/no name of an image/);
    expect(() => check({ port: 0 })).toThrow(/port is 0/);
    expect(() => check({ secrets: ['A_B'] })).toThrow(/no name of a Secret/);
    expect(() => check({ readyPath: 'x' })).toThrow(/slash/);
    expect(() => check({})).not.toThrow();
    expect(() => aDriver({ pollMs: 1 })).toThrow(/pollMs is 1/);
  });
});

describe('KubernetesRestClient', () => {
  it.each([
    [403, 'DEPLOYMENT_FORBIDDEN', false],
    [500, 'DEPLOYMENT_DRIVER_FAILED', true],
  ])('turns an answer %d into %s, without its token', async (status, code, retryable) => {
    api.failures.push(...Array.from({ length: 3 }, () => status));
    const failure = await aClient()
      .get({ kind: 'Service', namespace: 'production', name: 'shop' }, NEVER)
      .catch((error: unknown) => error);
    expect(failure).toMatchObject({ code, retryable });
    expect(`${JSON.stringify(failure)} ${String(failure)}`).not.toContain(api.token);
  });

  it('is refused without a token, and finds nothing where nothing is', async () => {
    const anonymous = new KubernetesRestClient({ http, url: api.url });
    const ref = { kind: 'Deployment', namespace: 'production', name: 'shop-blue' } as const;
    await expect(anonymous.get(ref, NEVER)).rejects.toMatchObject({ code: 'DEPLOYMENT_FORBIDDEN' });
    expect(await aClient().get(ref, NEVER)).toBeUndefined();
    expect(await aClient().delete(ref, NEVER)).toBe(false);
  });
});

describe('rolloutStatus', () => {
  const object = (status: object, replicas = 3) =>
    ({
      apiVersion: 'apps/v1',
      kind: 'Deployment',
      metadata: { name: 'a', namespace: 'b', generation: 2 },
      spec: { replicas },
      status,
    }) as never;

  it.each([
    [{}, 'progressing'],
    [{ observedGeneration: 1, updatedReplicas: 3, replicas: 3, availableReplicas: 3 }, 'progressing'],
    [{ observedGeneration: 2, updatedReplicas: 1, replicas: 3, availableReplicas: 3 }, 'progressing'],
    [{ observedGeneration: 2, updatedReplicas: 3, replicas: 4, availableReplicas: 3 }, 'progressing'],
    [{ observedGeneration: 2, updatedReplicas: 3, replicas: 3, availableReplicas: 2 }, 'progressing'],
    [{ observedGeneration: 2, updatedReplicas: 3, replicas: 3, availableReplicas: 3 }, 'done'],
    [
      {
        observedGeneration: 1,
        conditions: [{ type: 'Progressing', status: 'False', reason: 'ProgressDeadlineExceeded' }],
      },
      'progressing',
    ],
    [
      {
        observedGeneration: 2,
        conditions: [{ type: 'Progressing', status: 'False', reason: 'ProgressDeadlineExceeded' }],
      },
      'failed',
    ],
    [
      {
        observedGeneration: 2,
        conditions: [{ type: 'ReplicaFailure', status: 'True', reason: 'FailedCreate' }],
      },
      'failed',
    ],
  ])('reads %j as %s', (status, state) => {
    expect(rolloutStatus(object(status)).state).toBe(state);
  });
});

describe('deployment to Kubernetes', () => {
  it('completes a canary by the numbers of a bound source, and takes a version back that never comes up', async () => {
    let requests = 0;
    const test = await TestHost.start({
      orchestrators: [DeploymentOrchestrator],
      modules: [
        new ContainerModule(({ bind }) => {
          bind(DEPLOYMENT_DRIVERS).toConstantValue([aDriver()]);
          bind(DEPLOYMENT_OPTIONS).toConstantValue({ soakMs: 30, pollMs: 10 });
          bind(DEPLOYMENT_TRAFFIC).toConstantValue({
            read: async () => {
              requests += 100;
              const counters = {
                requests,
                failures: 0,
                unanswered: 0,
                latency: emptyBuckets().map((_, at) => (at === 20 ? requests : 0)),
              };
              return { '1.0': counters, '2.0': counters };
            },
          });
        }),
      ],
    });
    try {
      const deploy = (params: object) =>
        test.facade.orchestrate<DeploymentRecord>('deployment', test.context({ tenantId: 'acme' }), {
          service: 'shop',
          ...params,
        });
      StepResult.unwrap(await deploy({ version: '1.0', gates: [], soakMs: 0 }));
      const record = StepResult.unwrap(await deploy({ version: '2.0', strategy: 'canary' }));
      expect(
        record.phases[4]?.steps.map(
          ({ releases }) => releases.find(({ version }) => version === '2.0')?.share,
        ),
      ).toEqual([25, 50, 100]);
      expect(api.paths).toEqual([SERVICE, GREEN]);
      for (const strategy of ['canary', 'rolling', 'recreate', 'blue_green']) {
        const bad = await deploy({ version: 'bad', strategy });
        expect(bad).toMatchObject({ details: { code: 'DEPLOYMENT_REPLICA_FAILED', rolledBack: true } });
        expect(api.spec(GREEN)).toMatchObject({
          template: { metadata: { labels: { 'app.kubernetes.io/version': '2.0' } } },
        });
        expect(api.paths).toEqual([SERVICE, GREEN]);
      }
      expect(
        StepResult.unwrap(await deploy({ version: '3.0', strategy: 'rolling', gates: [] })),
      ).toMatchObject({ status: 'completed' });
      const text = JSON.stringify([test.logs.records, test.events]);
      expect(text).not.toContain(api.token);
    } finally {
      await test[Symbol.asyncDispose]();
    }
    // What was deployed stays where it is.
    expect(api.paths).toEqual([SERVICE, GREEN]);
  }, 20_000);
});
