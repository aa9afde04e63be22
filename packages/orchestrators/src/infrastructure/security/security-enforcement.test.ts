import 'reflect-metadata';

import { afterEach, describe, expect, it } from '@jest/globals';
import { BaseOrchestrator, operation, type OperationContext, orchestrator, StepResult } from '@kapelle/core';
import { aContext, FakeClock, TestHost } from '@kapelle/core/testing';
import fc from 'fast-check';
import { ContainerModule } from 'inversify';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { MemoryStateStore, STATE_STORE, type StateStore } from '../../state/index.js';
import type { AuditEvent, AuditLine } from './audit/audit-trail.js';
import { RepeatedLines } from './audit/repeated-lines.js';
import type { RequestVerdict } from './request-desk.js';
import { readLockFile } from './scan/read-lock-file.js';
import { SECURITY_OPTIONS, type SecurityOptions } from './security-options.js';
import { SecurityOrchestrator } from './security-orchestrator.js';
import type { SecurityReport } from './security-report.js';
import type { SecurityThreat } from './threat-book.js';

type Refusal = 'authorization' | 'permission_denied' | 'compliance_violation' | 'timeout';

let sold = 0;

@orchestrator('domain', 'business_logic', { name: 'shop' })
class Shop extends BaseOrchestrator {
  @operation({ default: true })
  sell(_context: OperationContext, _params: object): string {
    sold += 1;
    return 'sold';
  }

  @operation()
  refund(_context: OperationContext, { as = 'authorization' }: { readonly as?: Refusal }): StepResult {
    const unreadable = {
      get code(): string {
        throw new Error('unreadable');
      },
    };
    return StepResult.fail('not yours', {
      errorCategory: as,
      details: as === 'permission_denied' ? unreadable : { code: 'NOT_YOURS' },
    });
  }

  @operation()
  async read(context: OperationContext, { page }: { readonly page: string }): Promise<readonly string[]> {
    const results = [];
    for (let i = 0; i < 8; i += 1) results.push(await context.call('archive', { text: unpacked(page) }));
    return results.map(({ status }) => status);
  }

  @operation()
  reach(context: OperationContext, _params: object): Promise<StepResult> {
    return context.call('back_office', {});
  }
}

@orchestrator('domain', 'business_logic', { name: 'archive' })
class Archive extends BaseOrchestrator {
  @operation({ default: true })
  keep(_context: OperationContext, _params: object): number {
    return 1;
  }
}

/** What a page holds. */
const unpacked = (page: string): string => (page === 'lesson' ? "Try ' or 1=1 --" : page);

@orchestrator('application', 'business_logic', { name: 'back_office' })
class BackOffice extends BaseOrchestrator {
  @operation({ default: true })
  count(_context: OperationContext, _params: object): number {
    return 1;
  }
}

const hosts: TestHost[] = [];
const folders: string[] = [];
afterEach(async () => {
  for (const host of hosts.splice(0)) await host[Symbol.asyncDispose]();
  for (const folder of folders.splice(0)) await rm(folder, { recursive: true, force: true });
});

async function start(options: SecurityOptions = {}, store: StateStore = new MemoryStateStore()) {
  sold = 0;
  const clock = new FakeClock({ now: 1_700_000_000_000 });
  const host = await TestHost.start({
    orchestrators: [SecurityOrchestrator, Shop, Archive, BackOffice],
    modules: [
      new ContainerModule(({ bind }) => {
        bind(SECURITY_OPTIONS).toConstantValue(options);
        bind(STATE_STORE).toConstantValue(store);
      }),
    ],
    clock,
  });
  hosts.push(host);
  const callAs = (id: string, name: string, params: object, tenantId = 'acme') =>
    host.facade.orchestrate(name, aContext({ tenantId, principal: { id, scopes: [] } }), params);
  const ask = async <T>(operationName: string, params = {}): Promise<T> =>
    StepResult.unwrap(
      await host.facade.orchestrate<T>('security', aContext({ tenantId: 'acme' }), {
        operation: operationName,
        ...params,
      }),
    );
  const lines = async (): Promise<readonly AuditLine[]> => ask('read_audit', { limit: 1_000 });
  return { clock, callAs, ask, lines };
}

const ATTACK = { item: "' or 1=1 --" };

describe('a blocked source', () => {
  it.each(['monitor', 'block'] as const)(
    'makes no call of anything until it is let in again, where enforcement is %s',
    async (enforcement) => {
      const { callAs, ask, clock } = await start({ enforcement });
      expect(await callAs('eve', 'shop', {})).toMatchObject({ status: 'ok' });
      await ask('block_source', { source: 'eve', reason: 'known' });
      expect(await callAs('eve', 'shop', {})).toMatchObject({
        status: 'failed',
        errorCategory: 'policy_violation',
        retryable: false,
        retryAfterMs: 900_000,
        details: { code: 'SECURITY_SOURCE_BLOCKED', until: clock.now() + 900_000 },
        error: 'shop.sell was refused: eve is blocked (known).',
      });
      expect(sold).toBe(1);
      for (const [id, tenant] of [
        ['ada', 'acme'],
        ['eve', 'other'],
      ] as const) {
        expect(await callAs(id, 'shop', {}, tenant)).toMatchObject({ status: 'ok' });
      }
      await ask('unblock_source', { source: 'eve' });
      expect(await callAs('eve', 'shop', {})).toMatchObject({ status: 'ok' });
      await ask('block_source', { source: 'eve' });
      await clock.advance(900_001);
      expect(await callAs('eve', 'shop', {})).toMatchObject({ status: 'ok' });
    },
  );

  it('is let alone where nothing is looked at', async () => {
    const { callAs, ask } = await start({ enforcement: 'off' });
    await ask('block_source', { source: 'eve' });
    expect(await callAs('eve', 'shop', {})).toMatchObject({ status: 'ok' });
  });

  it('is one line of the trail, and then one a minute with the number, however often it comes', async () => {
    const { callAs, ask, lines, clock } = await start();
    await ask('block_source', { source: 'eve', reason: 'known' });
    for (let i = 0; i < 500; i += 1) await callAs('eve', 'shop', {});
    for (let i = 0; i < 300; i += 1) {
      const verdict = await ask<RequestVerdict>('analyze_request', {
        fields: [{ name: 'q', value: ATTACK.item }],
        source: 'eve',
      });
      expect(verdict).toMatchObject({ decision: 'block', findings: [], threats: [], retryAfterMs: 900_000 });
    }
    expect((await lines()).map(({ action }) => action)).toEqual(['block_source', 'call', 'request']);
    await clock.advance(60_000);
    expect((await lines()).slice(3)).toMatchObject([
      {
        actor: 'eve',
        action: 'call',
        reason:
          '499 more times from 2023-11-14T22:13:20.000Z to 2023-11-14T22:13:20.000Z: The source is blocked: known.',
      },
      { action: 'request', reason: expect.stringContaining('299 more times') as unknown },
    ]);
    // Nothing goes on any more: nothing is written.
    await clock.advance(600_000);
    expect(await lines()).toHaveLength(5);
    expect(await ask('verify_audit')).toEqual({ intact: true, lines: 5 });
  });
});

describe('calls', () => {
  it('block their maker after five attacks within a minute, where attacks are refused', async () => {
    const { callAs, lines, ask } = await start({ enforcement: 'block' });
    for (let i = 0; i < 5; i += 1) {
      expect(await callAs('eve', 'shop', ATTACK)).toMatchObject({ details: { code: 'SECURITY_BLOCKED' } });
    }
    expect(await callAs('eve', 'shop', { item: 'tea' })).toMatchObject({
      details: { code: 'SECURITY_SOURCE_BLOCKED' },
    });
    expect((await lines()).find(({ action }) => action === 'block_source')).toMatchObject({
      actor: 'security',
      resource: 'eve',
      reason: 'repeated injection attempts',
    });
    expect(await ask<SecurityThreat[]>('get_threats')).toMatchObject([
      { type: 'injection_attempt', source: 'eve', times: 5 },
    ]);
  });

  it('of anybody are noted and nothing else, where they are only watched', async () => {
    const { callAs, ask } = await start();
    for (let i = 0; i < 8; i += 1) {
      expect(await callAs('ada', 'shop', ATTACK)).toMatchObject({ status: 'ok' });
    }
    const { threat_summary: threats } = await ask<SecurityReport>('get_security_report');
    expect(threats.openSources).toMatchObject([{ source: 'ada', threats: 8, level: 'critical' }]);
  });

  it('that orchestrators make are not held against whoever asked, nor cut off when he is blocked', async () => {
    const { callAs, ask } = await start();
    expect(await callAs('ada', 'shop', { operation: 'read', page: 'lesson' })).toMatchObject({
      status: 'ok',
    });
    const { threat_summary: noted } = await ask<SecurityReport>('get_security_report');
    expect([noted.total, noted.openSources]).toEqual([1, []]);
    const blocking = await start({ enforcement: 'block' });
    const answer = blocking.callAs('ada', 'shop', { operation: 'read', page: 'a quiet day' });
    await blocking.ask('block_source', { source: 'ada' });
    expect(await answer).toMatchObject({ data: Array.from({ length: 8 }, () => 'ok') });
    expect(await blocking.callAs('bob', 'shop', { operation: 'read', page: 'lesson' })).toMatchObject({
      data: Array.from({ length: 8 }, () => 'failed'),
    });
    expect(await blocking.callAs('bob', 'shop', {})).toMatchObject({ status: 'ok' });
  });

  it('that are refused for missing rights are violations, and ten within a minute block their maker', async () => {
    const { callAs, ask, lines } = await start({ violationCodes: ['NOT_YOURS'] });
    for (let i = 0; i < 9; i += 1) await callAs('eve', 'shop', { operation: 'refund' });
    expect(await ask<SecurityThreat[]>('get_threats')).toMatchObject([
      {
        type: 'authz_violation',
        level: 'medium',
        description: 'shop.refund was refused: authorization (NOT_YOURS).',
        source: 'eve',
        times: 9,
      },
    ]);
    expect(await callAs('eve', 'shop', {})).toMatchObject({ status: 'ok' });
    await callAs('eve', 'shop', { operation: 'refund' });
    expect(await callAs('eve', 'shop', {})).toMatchObject({ details: { code: 'SECURITY_SOURCE_BLOCKED' } });
    expect((await lines()).map(({ action, decision }) => `${action} ${decision}`)).toEqual([
      'shop.refund monitor',
      'block_source block',
      'call block',
    ]);
  });

  it('that break a rule are noted, also where they reach nothing, and whatever their failure holds', async () => {
    const { callAs, ask } = await start({ violationCodes: ['NOT_YOURS'] });
    expect(await callAs('ada', 'shop', { operation: 'reach' })).toMatchObject({
      errorCategory: 'policy_violation',
    });
    await callAs('ada', 'shop', { operation: 'refund', as: 'permission_denied' });
    await callAs('ada', 'shop', { operation: 'refund', as: 'compliance_violation' });
    await callAs('ada', 'shop', { operation: 'refund', as: 'timeout' });
    const types = (await ask<SecurityThreat[]>('get_threats')).map(({ type, level }) => `${type} ${level}`);
    // Of a failure that cannot be read, and of one that says nothing of its caller, nothing is noted.
    expect(types.sort()).toEqual(['policy_violation low', 'policy_violation medium']);
  });

  it('that fail because a server refuses this program are nobody’s violation', async () => {
    const { callAs, ask } = await start();
    for (let i = 0; i < 20; i += 1) await callAs('ada', 'shop', { operation: 'refund' });
    expect(await ask('get_threats')).toEqual([]);
    expect(await callAs('ada', 'shop', {})).toMatchObject({ status: 'ok' });
  });
});

describe('threats', () => {
  it('are there after a restart, as long as they count', async () => {
    const store = new MemoryStateStore();
    const first = await start({}, store);
    for (let i = 0; i < 3; i += 1) await first.callAs('ada', 'shop', ATTACK);
    const before = await first.ask<SecurityReport>('get_security_report');
    await hosts.pop()?.[Symbol.asyncDispose]();
    const second = await start({}, store);
    expect(await second.ask<SecurityReport>('get_security_report')).toEqual(before);
    expect(before).toMatchObject({ security_score: { score: 75 }, metrics: { detected: 3 } });
    await second.callAs('bob', 'shop', ATTACK);
    // What ends without a stop has lost a minute at most.
    await second.clock.advance(60_000);
    const third = await start({}, store);
    const ids = (await third.ask<SecurityThreat[]>('get_threats')).map(({ id }) => id);
    expect(new Set(ids).size).toBe(2);
    await third.clock.advance(86_400_000);
    expect(await third.ask('get_threats')).toEqual([]);
  });

  it('that cannot be read or kept keep nothing from starting and going on', async () => {
    const store = new MemoryStateStore();
    const place = { tenantId: '_shared', collection: 'security.threats' };
    for (const [i, value] of [
      null,
      7,
      { formatVersion: 2 },
      { formatVersion: 1, tenantId: 'acme' },
    ].entries()) {
      await store.put({ ...place, key: `k${i}` }, value);
    }
    const { callAs, ask, clock } = await start({}, store);
    store.put = () => Promise.reject(new Error('full'));
    await callAs('ada', 'shop', ATTACK);
    await clock.advance(120_000);
    expect(await ask('get_threats')).toHaveLength(1);
  });

  it('are what a scan found, until the next one finds it no more, and count as its findings do', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'kapelle-scan-'));
    folders.push(folder);
    const file = join(folder, 'a.ts');
    await writeFile(file, `const id = 'AKIA${'ABCDEFGHIJKLMNOP'}';\n`);
    const { ask, lines } = await start();
    await ask('scan_folder', { folder });
    await ask('scan_folder', { folder });
    expect(await ask<SecurityThreat[]>('get_threats')).toMatchObject([
      {
        type: 'vulnerability_detected',
        level: 'high',
        description: expect.stringMatching(/found 1 secret\.$/) as unknown,
      },
    ]);
    expect(await ask('get_security_score')).toMatchObject({ score: 90, findings: 1, openThreats: 1 });
    await writeFile(file, 'const id = process.env.ID;\n');
    await ask('scan_folder', { folder });
    expect(await ask('get_threats')).toEqual([]);
    expect((await lines()).map(({ decision }) => decision)).toEqual(['alert', 'alert', 'allow']);
    await ask('record_audit', {
      actor: 'ada',
      action: 'deploy',
      resource: 'shop',
      decision: 'allow',
      reason: 'asked for',
      severity: 'low',
    });
    expect((await lines()).at(-1)).toMatchObject({ severity: 'low' });
  });
});

describe('a lock file', () => {
  it('tells of packages that run a script when they are installed', () => {
    const packages = {
      '': { name: 'app', hasInstallScript: true },
      'node_modules/quiet': { version: '1.0.0' },
      'node_modules/a/node_modules/@b/c': { version: '2.0.0', hasInstallScript: true },
    };
    expect(readLockFile('package-lock.json', JSON.stringify({ packages }))).toMatchObject({
      packages: [{ name: 'quiet' }, { name: '@b/c' }],
      findings: [
        { kind: 'lock_file', level: 'low', what: '@b/c runs a script of its own when it is installed' },
      ],
    });
  });
});

describe('repeated lines', () => {
  it('count everything once, and write few lines, whatever comes when', async () => {
    const step = fc.record({
      actor: fc.integer({ min: 0, max: 3 }),
      what: fc.integer({ min: 0, max: 40 }),
      afterMs: fc.integer({ min: -10_000, max: 70_000 }),
      sums: fc.boolean(),
    });
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 200 }), async (steps) => {
        const written: AuditEvent[] = [];
        const repeated = new RepeatedLines((_tenantId, event) => {
          written.push(event);
          return Promise.resolve();
        });
        let now = 1_700_000_000_000;
        for (const { actor, what, afterMs, sums } of steps) {
          now += afterMs;
          const event = { actor: `a${actor}`, action: `x${what}`, resource: 'r', reason: 'so' } as const;
          await repeated.note('acme', { ...event, decision: 'block' }, now);
          if (sums) await repeated.sumUp(now);
        }
        await repeated.sumUp(now, true);
        const times = written.map(({ reason }) =>
          reason.startsWith('Once more') ? 1 : Number(/^(\d+) more times/.exec(reason)?.[1] ?? 1),
        );
        expect(times.reduce((sum, each) => sum + each, 0)).toBe(steps.length);
      }),
      { numRuns: 200 },
    );
  });

  it('of one who varies what he does are few, and of many each has his own', async () => {
    const written: AuditEvent[] = [];
    const repeated = new RepeatedLines((_tenantId, event) => {
      written.push(event);
      return Promise.resolve();
    });
    const event = { resource: 'r', decision: 'block', reason: 'so' } as const;
    for (let i = 0; i < 5_000; i += 1)
      await repeated.note('acme', { ...event, actor: 'eve', action: `x${i}` }, 0);
    expect(written).toHaveLength(21);
    for (let i = 0; i < 12_000; i += 1)
      await repeated.note('acme', { ...event, actor: `e${i}`, action: 'x' }, 0);
    expect(written.length).toBe(12_022);
    await repeated.sumUp(0, true);
    expect(written.some(({ reason }) => reason.startsWith('4979 more times'))).toBe(true);
  });
});
