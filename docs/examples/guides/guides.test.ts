import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';

import { beforeEach, describe, expect, it } from '@jest/globals';
import {
  createOrchestrationHost,
  OrchestrationContext,
  OrchestrationFacade,
  StepResult,
} from '@kapelle/core';
import { aContext, FakeClock } from '@kapelle/core/testing';
import { ContainerModule } from 'inversify';

import * as contexts from './context.js';
import * as injection from './injection.js';
import * as layers from './layers.js';
import * as lifecycle from './lifecycle.js';
import * as logging from './logging.js';
import * as observing from './observing.js';
import * as results from './results.js';
import { priceOf, RateOrchestrator } from './typed-names.js';
import * as validation from './validation.js';

describe('layers', () => {
  const models = new ContainerModule(({ bind }) => {
    bind(layers.ModelChoice).toConstantValue({ choose: (task) => `small model for ${task}` });
  });

  it('an application orchestrator calls a domain one; the domain asks through a port of its own', async () => {
    const host = createOrchestrationHost({
      orchestrators: [layers.DeskOrchestrator, layers.SummaryOrchestrator],
      modules: [models],
    });
    await host.start();
    const result = await host.facade.orchestrate(layers.DeskOrchestrator, aContext());
    expect(result.data).toEqual({ answeredWith: 'small model for summary' });
    await host.stop();
  });

  it('an infrastructure orchestrator that calls a domain one is refused, unless the rule says otherwise', async () => {
    const orchestrators = [layers.NosyMonitorOrchestrator, layers.SummaryOrchestrator];
    const host = createOrchestrationHost({ orchestrators, modules: [models] });
    await host.start();
    const refused = await host.facade.orchestrate(layers.NosyMonitorOrchestrator, aContext());
    expect(refused).toMatchObject({
      errorCategory: 'policy_violation',
      error:
        'nosy_monitor (infrastructure) may not call summary (domain): infrastructure calls infrastructure. Declare a port in the infrastructure layer, or move one of them.',
    });
    await host.stop();

    const loose = layers.createLooseHost();
    await loose.start();
    const answer = await loose.facade.orchestrate(layers.NosyMonitorOrchestrator, aContext());
    expect(answer).toMatchObject({ errorCategory: 'not_found' });
    await loose.stop();
  });
});

describe('results', () => {
  it('narrows on the status, matches, and throws only where it is told to', async () => {
    const facade = new OrchestrationFacade();
    facade.register(results.LookupOrchestrator);
    const find = (word: string) => facade.client(results.LookupOrchestrator).find(aContext(), { word });

    const [ok, uncertain, skipped, failed] = await Promise.all(['kapelle', 'capelle', '', 'x'].map(find));

    expect([ok, uncertain, skipped, failed].map((each) => each && results.describe(each))).toEqual([
      'orchestra',
      'orchestra (perhaps: spelt differently)',
      'skipped, because there is no word to look up',
      'not_found: "x" is not in the dictionary.',
    ]);
    expect(failed && results.asText(failed)).toBe('"x" is not in the dictionary.');
    expect(ok && results.meaningOf(ok)).toBe('orchestra');
    expect(skipped && results.meaningOf(skipped)).toBeUndefined();
    expect(failed && StepResult.fromJSON(failed.toJSON()).toJSON()).toEqual(failed?.toJSON());
  });
});

describe('context and tenancy', () => {
  it("children keep tenant and request, are one deeper, and lay their metadata over the parent's", async () => {
    const facade = new OrchestrationFacade();
    facade.register(contexts.OuterOrchestrator);
    facade.register(contexts.InnerOrchestrator);
    const context = contexts.contextOf({
      tenant: 'acme',
      user: 'ada',
      scopes: ['read'],
      signal: new AbortController().signal,
    });
    const result = await facade.orchestrate(contexts.OuterOrchestrator, context);
    expect(result.data).toEqual({
      tenantId: 'acme',
      requestId: context.requestId,
      orchestrationDepth: 1,
      parentOrchestrator: 'outer',
      metadata: { source: 'http', step: 'inner' },
    });
    expect(context.metadata).toEqual({ source: 'http' });
    expect(context.principal).toEqual({ id: 'ada', scopes: ['read'] });
  });

  it("the context of a call is found by code that was not handed it, and never another's", async () => {
    const facade = new OrchestrationFacade();
    facade.register(contexts.AskOrchestrator);
    const tenants = ['acme', 'globex', 'initech'];
    const answers = await Promise.all(
      tenants.map((tenant) => facade.orchestrate(contexts.AskOrchestrator, aContext({ tenantId: tenant }))),
    );
    expect(answers.map((each) => each.data)).toEqual(tenants.map((who) => ({ who })));
    expect(contexts.whoAsks()).toBe('nobody');
  });

  it('a call that takes too long, or is taken back, is answered at once', async () => {
    const clock = new FakeClock();
    const facade = new OrchestrationFacade({ clock });
    facade.register(contexts.PatientOrchestrator);
    const late = facade.orchestrate(contexts.PatientOrchestrator, aContext());
    await clock.advance(1_000);
    expect(await late).toMatchObject({ status: 'failed', errorCategory: 'timeout', retryable: true });

    const caller = new AbortController();
    const context = new OrchestrationContext({ tenantId: 'acme', requestId: 'r', signal: caller.signal });
    const cancelled = facade.orchestrate(contexts.PatientOrchestrator, context);
    caller.abort();
    expect(await cancelled).toMatchObject({ status: 'failed', errorCategory: 'cancelled' });
  });
});

describe('the lifecycle', () => {
  beforeEach(() => {
    lifecycle.log.length = 0;
  });

  it('starts in the order of dependencies and stops in reverse', async () => {
    const { health, report } = await lifecycle.run();
    expect(lifecycle.log).toEqual([
      'database: open',
      'cache: warm',
      'cache: the whole host is up',
      'cache: no new calls come',
      'cache: gone',
      'database: closed',
    ]);
    expect(health).toMatchObject({ status: 'healthy', live: true, ready: true, score: 100 });
    expect(report).toEqual({ clean: true, failures: [], undelivered: 0, abandoned: 0, aborted: 0 });
  });
});

describe('dependency injection', () => {
  it('injects into the constructor, and builds nothing before start', async () => {
    const host = injection.createHost();
    expect(host.check()).toEqual([]);
    await host.start();
    expect((await host.facade.orchestrate(injection.NotifyOrchestrator, aContext())).data).toEqual({
      sent: 1,
    });
    await host.stop();
  });

  it('builds what is lazy on first use', async () => {
    const host = createOrchestrationHost({
      orchestrators: [injection.ModelUserOrchestrator],
      modules: [
        new ContainerModule(({ bind }) => {
          bind(injection.HeavyModel)
            .toDynamicValue(() => new injection.HeavyModel())
            .inSingletonScope();
        }),
      ],
    });
    await host.start();
    const client = host.facade.client(injection.ModelUserOrchestrator);
    expect((await client.isLoaded(aContext())).data).toEqual({ isLoaded: false });
    expect(injection.HeavyModel.built).toBe(0);
    expect((await client.use(aContext())).data).toEqual({ used: true });
    expect((await client.isLoaded(aContext())).data).toEqual({ isLoaded: true });
    expect(injection.HeavyModel.built).toBe(1);
    await host.stop();
  });

  it('finds at start that what is lazy is bound nowhere', async () => {
    const host = createOrchestrationHost({ orchestrators: [injection.ModelUserOrchestrator] });
    expect(host.check()).toEqual([expect.objectContaining({ code: 'GRAPH_MISSING_BINDING' })]);
    await expect(host.start()).rejects.toMatchObject({ code: 'GRAPH_INVALID' });
  });

  it('a lazy dependency opens a circle', async () => {
    const host = createOrchestrationHost({
      orchestrators: [injection.ChickenOrchestrator, injection.EggOrchestrator],
    });
    expect(host.check()).toEqual([]);
    await host.start();
    const cluck = await host.facade.orchestrate(injection.ChickenOrchestrator, aContext());
    const hatch = await host.facade.orchestrate(injection.EggOrchestrator, aContext());
    expect(cluck.data).toEqual({ egg: 'egg' });
    expect(hatch.data).toEqual({ chicken: 'chicken' });
    await host.stop();
  });

  it("works in a container of one's own, and the facade is injected like anything else", async () => {
    const { container, facade } = injection.useOwnContainer();
    container
      .bind(injection.Controller)
      .toResolvedValue((own) => new injection.Controller(own), [OrchestrationFacade]);
    expect(container.get(injection.Controller).facade).toBe(facade);
    expect((await facade.orchestrate(injection.NotifyOrchestrator, aContext())).status).toBe('ok');
    await container.unbindAllAsync();
    expect((await facade.orchestrate(injection.NotifyOrchestrator, aContext())).status).toBe('failed');
  });

  it('needs no decorators', async () => {
    const host = createOrchestrationHost({
      orchestrators: [injection.PlainOrchestrator],
      modules: [
        new ContainerModule(({ bind }) => {
          bind(injection.Mailbox).toConstantValue(new injection.Mailbox());
        }),
      ],
    });
    await host.start();
    const result = await host.facade.orchestrate(injection.PlainOrchestrator, aContext());
    expect(result.data).toEqual({ count: 0 });
    await host.stop();
  });
});

describe('validation', () => {
  it('checks params before the method runs, names each violation, and strips what is unknown', async () => {
    const facade = new OrchestrationFacade();
    facade.register(validation.InviteOrchestrator);
    const invite = (params: unknown) => facade.orchestrate('invite', aContext(), params);

    expect((await invite({ to: { email: 'a@example.org' }, extra: 1 })).data).toEqual({
      invited: 'a@example.org',
      seats: 1,
      isDto: true,
    });
    expect(await invite({ to: { email: 'nobody' }, seats: 0 })).toMatchObject({
      errorCategory: 'validation',
      details: [
        { property: 'to.email', constraint: 'isEmail' },
        { property: 'seats', constraint: 'min' },
      ],
    });
    expect(facade.listOrchestrators()['invite']?.operations[0]?.params).toMatchObject({ type: 'object' });
  });

  it('takes the class from the decorator where the parameter is an interface', async () => {
    const facade = new OrchestrationFacade();
    facade.register(validation.NamedDtoOrchestrator);
    const result = await facade.orchestrate('named_dto', aContext(), { to: {} });
    expect(result).toMatchObject({ errorCategory: 'validation' });
  });

  it('warns of an operation that nothing checks; strictParams makes it an error', async () => {
    const loose = createOrchestrationHost({ orchestrators: [validation.UncheckedOrchestrator] });
    expect(loose.check()).toEqual([
      expect.objectContaining({ code: 'PARAMS_UNCHECKED', severity: 'warning' }),
    ]);
    const strict = validation.createStrictHost();
    await expect(strict.start()).rejects.toMatchObject({
      code: 'GRAPH_INVALID',
      errors: [expect.objectContaining({ code: 'PARAMS_UNCHECKED' })],
    });
  });
});

describe('logging', () => {
  it('writes one line per thing, with the ids of the call and without secrets', async () => {
    const stream = new PassThrough();
    const { host, logger } = logging.createLoggedHost(stream);
    await host.start();
    await host.facade.orchestrate('invoice', aContext(), { amount: 12, apiKey: 'sk-0123456789abcdef' });
    await host.stop();
    await logger.close();

    const lines = String(stream.read())
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as Record<string, unknown>);
    expect(lines.map((line) => line['event'])).toEqual([
      'orchestration_started',
      'invoice_written',
      'orchestration_completed',
      'host_stopped',
    ]);
    expect(lines[1]).toMatchObject({
      orchestrator: 'invoice',
      tenantId: 'test-tenant',
      requestId: 'test-request',
      amount: 12,
    });
    expect(JSON.stringify(lines)).not.toContain('0123456789abcdef');
  });

  it('looks into one orchestrator, samples what repeats, and writes to files', async () => {
    const { logger } = logging.createLoggedHost(new PassThrough());
    const stop = logging.lookInto(logger, 'invoice');
    expect(logger.child({ orchestrator: 'invoice' }).isLevelEnabled('debug')).toBe(true);
    expect(logger.child({ orchestrator: 'other' }).isLevelEnabled('debug')).toBe(false);
    stop();
    expect(logger.levelRules).toEqual([]);
    await logger.close();

    const folder = await mkdtemp(join(tmpdir(), 'kapelle-logging-'));
    const filename = join(folder, 'app.log');
    const sampled = logging.createSampledLogger(filename);
    for (let index = 0; index < 150; index += 1) sampled.info('busy', { index });
    await sampled.close();
    const lines = (await readFile(filename, 'utf8')).split('\n').slice(0, -1);
    await rm(folder, { recursive: true });
    expect([lines.length, sampled.stats.sampled]).toEqual([101, 50]);
    expect(lines[100]).toContain('log_lines_sampled');
  });
});

describe('observing', () => {
  it('events tell what happens, interceptors decide about it, names may be typed', async () => {
    const facade = new OrchestrationFacade();
    facade.register(results.LookupOrchestrator);
    facade.register(RateOrchestrator);
    const failures = observing.countFailures(facade);
    const first = observing.firstCall(facade);
    await facade.orchestrate('lookup', aContext(), { word: 'x' });
    expect(await first).toBe('find');
    expect([...failures]).toEqual([['lookup', 1]]);
    expect(await priceOf(facade, aContext(), 21)).toBe(42);

    const off = observing.requireScope(facade, 'prices');
    const refused = await facade.orchestrate('rate', aContext(), { operation: 'quote', amount: 1 });
    expect(refused).toMatchObject({ errorCategory: 'permission_denied' });
    off();
    const slow: string[] = [];
    const unwatch = observing.watchSlow(facade, 0, (operation) => slow.push(operation));
    expect(await priceOf(facade, aContext(), 1)).toBe(2);
    unwatch();
    expect(await priceOf(facade, aContext(), 1)).toBe(2);
    expect(slow).toEqual(['rate.quote']);
  });
});
