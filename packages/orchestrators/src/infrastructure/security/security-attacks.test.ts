import 'reflect-metadata';

import { afterEach, describe, expect, it } from '@jest/globals';
import { BaseOrchestrator, operation, type OperationContext, orchestrator, StepResult } from '@kapelle/core';
import { aContext, FakeClock, TestHost } from '@kapelle/core/testing';
import { ContainerModule } from 'inversify';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { MemoryStateStore, STATE_STORE, type StateStore } from '../../state/index.js';
import { type AuditEvent, type AuditLine, AuditTrail } from './audit/audit-trail.js';
import { detectInFields, MAX_INSPECTED_TOGETHER } from './detection/detect-in-fields.js';
import { fieldsOf } from './params-fields.js';
import type { RequestVerdict } from './request-desk.js';
import { ADVISORY_SOURCE, type AdvisorySource } from './scan/advisories.js';
import { readLockFile } from './scan/read-lock-file.js';
import { scanSource } from './scan/scan-source.js';
import { SECURITY_OPTIONS, type SecurityOptions } from './security-options.js';
import { SecurityOrchestrator } from './security-orchestrator.js';
import type { SecurityReport } from './security-report.js';
import { SourceWatch } from './source-watch.js';
import type { SecurityThreat } from './threat-book.js';

@orchestrator('domain', 'business_logic', { name: 'shop' })
class Shop extends BaseOrchestrator {
  @operation({ default: true })
  sell(_context: OperationContext, _params: object): string {
    return 'sold';
  }
}

const hosts: TestHost[] = [];
afterEach(async () => {
  for (const host of hosts.splice(0)) await host[Symbol.asyncDispose]();
});

async function start(
  options: SecurityOptions = {},
  store: StateStore = new MemoryStateStore(),
  advisories?: AdvisorySource,
) {
  const clock = new FakeClock();
  const host = await TestHost.start({
    orchestrators: [SecurityOrchestrator, Shop],
    modules: [
      new ContainerModule(({ bind }) => {
        bind(SECURITY_OPTIONS).toConstantValue(options);
        bind(STATE_STORE).toConstantValue(store);
        if (advisories !== undefined) bind(ADVISORY_SOURCE).toConstantValue(advisories);
      }),
    ],
    clock,
  });
  hosts.push(host);
  const call = <T>(name: string, params: object, tenantId = 'acme') =>
    host.facade.orchestrate<T>(name, aContext({ tenantId }), params);
  const ask = async <T>(operationName: string, params = {}, tenantId = 'acme'): Promise<T> =>
    StepResult.unwrap(await call<T>('security', { operation: operationName, ...params }, tenantId));
  const request = (value: string, source: string, tenantId = 'acme') =>
    ask<RequestVerdict>('analyze_request', { fields: [{ name: 'q', value }], source }, tenantId);
  return { clock, host, call, ask, request };
}

const ATTACK = "' or 1=1 --";

describe('security under attack', () => {
  it('keeps tenants apart: blocks, threats, counts, and room for them', async () => {
    const { ask, request, call } = await start({ maxThreats: 5, maxSources: 20 });
    await ask('block_source', { source: 'ada', reason: 'known' });
    await ask('record_auth_failure', { source: 'bob' });
    expect(await request('hello', 'ada', 'other')).toMatchObject({ decision: 'allow' });
    expect(await call('security', { operation: 'unblock_source', source: 'ada' }, 'other')).toMatchObject({
      errorCategory: 'not_found',
    });
    const [threat] = await ask<SecurityThreat[]>('get_threats');
    // A flood of one tenant's leaves the other's as it was.
    for (let i = 0; i < 30; i += 1) await request(ATTACK, `source-${i}`, 'other');
    expect(await ask('get_threats')).toEqual([threat]);
    expect(await call('security', { operation: 'resolve_threat', id: threat?.id }, 'other')).toMatchObject({
      errorCategory: 'not_found',
    });
    expect((await ask<SecurityReport>('get_security_report')).metrics).toMatchObject({
      detected: 1,
      blockedSources: 1,
    });
    expect(await request('hello', 'ada')).toMatchObject({ decision: 'block' });
  });

  it('forgets no block for the sources that come after it, and gives back after a restart all there are', async () => {
    const store = new MemoryStateStore();
    const first = await start({ maxSources: 1_500, blockMs: 3_600_000 }, store);
    for (let i = 0; i < 1_200; i += 1) await first.ask('block_source', { source: `bad-${i}` });
    await hosts.pop()?.[Symbol.asyncDispose]();
    const { request, ask, clock } = await start({ maxSources: 1_500, blockMs: 3_600_000 }, store);
    expect((await ask<SecurityReport>('get_security_report')).metrics.blockedSources).toBe(1_200);
    for (let i = 0; i < 1_600; i += 1) await request('hello', `good-${i}`);
    expect(await request('hello', 'bad-0')).toMatchObject({ decision: 'block' });
    // Every ten minutes, give or take one.
    await clock.advance(3_600_000 + 700_000);
    expect(await store.list({ tenantId: '_shared', collection: 'security.blocked_sources' })).toEqual([]);
  });

  it('counts in bounded memory, and does not hold a clock that was set back against anybody', () => {
    const watch = new SourceWatch({
      ...{
        requestsPerMinute: 3,
        authFailuresPerMinute: 3,
        maxRequestBytes: 1,
        blockMs: 1_000,
        maxSources: 2,
      },
    });
    for (let i = 0; i < 1_000; i += 1) watch.request(`s${i}`, i);
    expect(watch.size).toBe(2);
    for (let i = 0; i < 3; i += 1) watch.request('a', 10_000_000);
    expect(watch.request('a', 10_000_000).isTooMany).toBe(true);
    expect(watch.request('a', 1_000_000).isTooMany).toBe(false);
  });

  it('deals with the open threats of a source by blocking it', async () => {
    const { ask } = await start();
    await ask('record_auth_failure', { source: 'a' });
    const { threat_summary: before } = await ask<SecurityReport>('get_security_report');
    expect(before.openSources).toEqual([
      { source: 'a', threats: 1, level: 'low', descriptions: ['A failed authentication.'] },
    ]);
    await ask('block_source', { source: 'a' });
    expect(await ask('get_security_report')).toMatchObject({ threat_summary: { open: 0, openSources: [] } });
  });

  it('looks at no more than it has time for, at the beginning and the end of each', () => {
    const fields = Array.from({ length: 500 }, (_none, i) => ({ name: `f${i}`, value: '<a'.repeat(50_000) }));
    fields[499] = { name: 'last', value: `${'x'.repeat(99_000)} ${ATTACK}` };
    const begun = performance.now();
    const findings = detectInFields(fields);
    // A hundred times less than all of it would take.
    expect(performance.now() - begun).toBeLessThan(10_000);
    expect(findings.some(({ field }) => field === 'last')).toBe(true);
    const one = { name: 'one', value: `${'y'.repeat(40_000)}${ATTACK}${'y'.repeat(40_000)}` };
    const short = Array.from({ length: 1_000 }, () => ({ name: 's', value: 'quiet' }));
    expect(one.value.length + 5_000).toBeLessThan(MAX_INSPECTED_TOGETHER);
    expect(detectInFields([...short, one]).map(({ field }) => field)).toContain('one');
  });

  it('finds an attack behind hundreds of harmless texts and deep down, and comes back from what has no end', async () => {
    const { call } = await start({ enforcement: 'block' });
    const blocked = { status: 'failed', details: { code: 'SECURITY_BLOCKED' } };
    const many = Object.fromEntries(Array.from({ length: 900 }, (_none, i) => [`p${i}`, 'quiet']));
    expect(await call('shop', { ...many, last: ATTACK })).toMatchObject(blocked);
    expect(
      await call('shop', { list: [...Array.from({ length: 900 }, () => 'quiet'), ATTACK] }),
    ).toMatchObject(blocked);
    let deep: object = { q: ATTACK };
    for (let i = 0; i < 20; i += 1) deep = { in: deep };
    expect(await call('shop', deep)).toMatchObject(blocked);

    const cyclic: Record<string, unknown> = { q: ATTACK };
    for (let i = 0; i < 50; i += 1) cyclic[`self${i}`] = cyclic;
    expect(fieldsOf(cyclic, () => 'text')).toHaveLength(1);
    const wide = Array.from({ length: 300 }, () => Array.from({ length: 300 }, () => ({})));
    expect(fieldsOf(wide, () => 'text')).toEqual([]);
    const kinds: unknown[] = [];
    for (const name of ['constructor', '__proto__', 'toString']) {
      const own = Object.defineProperty({}, name, { value: 'quiet', enumerable: true });
      kinds.push(...fieldsOf(own, () => 'text'));
    }
    expect(kinds).toHaveLength(3);
  });

  it('takes the name of a field for nothing else, whatever it is called', async () => {
    const { call, ask } = await start({ fieldKinds: { note: 'html' } });
    await call('shop', { constructor: ATTACK, toString: ATTACK });
    const [threat] = await ask<SecurityThreat[]>('get_threats');
    expect(threat?.findings.every(({ kind }) => kind === 'text')).toBe(true);
    expect(() => new SecurityOrchestrator({ fieldKinds: { note: 'prose' as never } })).toThrow(
      'fieldKinds["note"] is prose',
    );
  });

  it('keeps of a request that is one great attack no more than can be looked through', async () => {
    const { ask } = await start();
    const fields = Array.from({ length: 500 }, (_none, i) => ({ name: `f${i}`, value: ATTACK }));
    const verdict = await ask<RequestVerdict>('analyze_request', { fields });
    expect(verdict.findings.length).toBeLessThanOrEqual(200);
    expect((await ask<SecurityThreat[]>('get_threats'))[0]?.findings).toHaveLength(50);
  });

  it.each([
    ['analyze_request', { fields: [null] }],
    ['analyze_request', { fields: [{ name: 'q', value: 'x', kind: '__proto__' }] }],
    ['analyze_request', { fields: [{ name: 'q', value: 'x', kind: 'k'.repeat(1_000_000) }] }],
    ['analyze_request', { fields: [{ name: 'q', value: 'x', kind: 10n }] }],
    ['analyze_request', { fields: Array.from({ length: 501 }, () => ({ name: 'q', value: '' })) }],
    ['analyze_request', { fields: [], bytes: Number.NaN }],
    ['analyze_request', { fields: [], bytes: -1 }],
    ['record_auth_failure', { source: '' }],
    ['block_source', { source: 'x'.repeat(201) }],
    ['read_audit', { after: Number.POSITIVE_INFINITY }],
    ['read_audit', { limit: 0 }],
    ['scan_folder', { folder: '\u0000' }],
    ['resolve_threat', { id: '__proto__' }],
  ])('refuses %s of rubbish', async (operationName, params) => {
    const { call } = await start();
    const result = await call('security', { operation: operationName, ...params });
    expect(result).toMatchObject({ status: 'failed' });
    expect(['validation', 'not_found', 'filesystem_error']).toContain(result.errorCategory);
    expect(String(result.error).length).toBeLessThan(2_000);
  });

  it('takes any text as a source, and blocks that one alone', async () => {
    const { ask, request } = await start();
    for (const source of ['__proto__', 'constructor', 'ü\u202e😀', ' ', 'a\nb', '\u0001', '../../etc']) {
      await ask('block_source', { source });
      expect(await request('hello', source)).toMatchObject({ decision: 'block' });
    }
    expect(await request('hello', 'toString')).toMatchObject({ decision: 'allow' });
  });
});

describe('scans under attack', () => {
  it('ends where a source of advisories never answers, and says that it failed', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'kapelle-scan-'));
    try {
      await writeFile(
        join(folder, 'package-lock.json'),
        JSON.stringify({
          packages: { 'node_modules/a': { version: '1.0.0' }, 'node_modules/b': null, c: 3 },
        }),
      );
      const { clock, ask } = await start({}, new MemoryStateStore(), {
        advisoriesFor: () => new Promise(() => undefined),
      });
      const scan = ask('scan_folder', { folder });
      let report: unknown;
      void scan.then((value) => (report = value));
      while (report === undefined) {
        await clock.advance(10_000);
        await new Promise((resolve) => setImmediate(resolve));
      }
      expect(report).toMatchObject({ advisories: 'failed', dependencies: 1 });
    } finally {
      await rm(folder, { recursive: true });
    }
  });

  it.each([
    'null',
    '7',
    '"x"',
    '{"packages":null}',
    '{"packages":[null]}',
    '{"packages":{"node_modules/a":null}}',
  ])('reads a lock file of %s as one of nothing', (text) => {
    expect(readLockFile('package-lock.json', text).packages).toEqual([]);
  });

  it('passes over a million empty lines in no time', () => {
    const begun = performance.now();
    expect(scanSource('a.ts', '\n'.repeat(1_000_000))).toEqual([]);
    expect(performance.now() - begun).toBeLessThan(2_000);
  });
});

describe('the audit trail under attack', () => {
  const event = (n: number): AuditEvent => ({
    actor: `a${n}`,
    action: 'x',
    resource: 'r',
    decision: 'allow',
    reason: 'because',
  });
  const lines = { tenantId: 'acme', collection: 'security.audit' };
  const head = { tenantId: 'acme', collection: 'security.audit_heads', key: 'head' };
  const keyOf = (n: number): string => String(n).padStart(12, '0');
  const written = async (count: number, key?: string) => {
    const store = new MemoryStateStore();
    const trail = new AuditTrail(store, () => 1, key);
    for (let n = 1; n <= count; n += 1) await trail.append('acme', event(n));
    return { store, trail };
  };

  it('goes on where a slow writer notes its end after two others have noted theirs', async () => {
    const store = new MemoryStateStore();
    const put = store.put.bind(store);
    let release: () => void = () => undefined;
    let isHeld = true;
    const slowStore: StateStore = Object.assign(Object.create(store) as StateStore, {
      get: store.get.bind(store),
      list: store.list.bind(store),
      put: async (...given: Parameters<typeof put>) => {
        if (given[0].collection === head.collection && isHeld) {
          isHeld = false;
          await new Promise<void>((resolve) => (release = resolve));
        }
        return put(...given);
      },
    });
    const slow = new AuditTrail(slowStore, () => 1).append('acme', event(1));
    while (isHeld) await Promise.resolve();
    const fast = new AuditTrail(store, () => 2);
    await fast.append('acme', event(2));
    await fast.append('acme', event(3));
    release();
    await slow;
    await fast.append('acme', event(4));
    expect(await fast.verify('acme')).toEqual({ intact: true, lines: 4 });
    expect((await store.get<{ sequence: number }>(head))?.value.sequence).toBe(4);
  });

  it('notices that the end was cut off where its note is gone, or was moved by somebody without the key', async () => {
    const cut = async (key?: string) => {
      const { store, trail } = await written(20, key);
      for (const n of [19, 20]) await store.delete({ ...lines, key: keyOf(n) });
      return { store, trail };
    };
    const gone = await cut();
    await gone.store.delete(head);
    expect(await gone.trail.verify('acme')).toMatchObject({ intact: false, problem: 'cut_off' });
    const moved = await cut('a key of 16 characters');
    const last = (await moved.store.get<AuditLine>({ ...lines, key: keyOf(18) }))?.value as AuditLine;
    await moved.store.put(head, { formatVersion: 1, sequence: 18, hash: last.hash });
    expect(await moved.trail.verify('acme')).toMatchObject({ intact: false, problem: 'cut_off' });
  });

  it('notices lines written anew before one that was appended, lines in another order, and lines of a rubbish', async () => {
    const { store, trail } = await written(4);
    const [first, second] = [1, 2].map((n) => ({ ...lines, key: keyOf(n) }));
    const [one, two] = [await store.get(first as never), await store.get(second as never)];
    await store.put(first as never, two?.value);
    await store.put(second as never, one?.value);
    expect(await trail.verify('acme')).toMatchObject({ intact: false, sequence: 1 });
    for (const rubbish of [null, 7, 'x', [], {}]) {
      await store.put(first as never, rubbish);
      expect(await trail.verify('acme')).toMatchObject({ intact: false, sequence: 1, problem: 'changed' });
    }
    const rewritten = await written(3);
    const { value: end } = (await rewritten.store.get(head)) as { value: unknown };
    const forged = await written(0);
    for (let n = 11; n <= 14; n += 1) await forged.trail.append('acme', event(n));
    await forged.store.put(head, end);
    expect(await forged.trail.verify('acme')).toMatchObject({ intact: false, problem: 'cut_off' });
    const withKey = await written(3, 'a key of 16 characters');
    const appended = (await forged.store.get<AuditLine>({ ...lines, key: keyOf(4) }))?.value;
    await withKey.store.put({ ...lines, key: keyOf(4) }, appended);
    expect(await withKey.trail.verify('acme')).toMatchObject({
      intact: false,
      sequence: 4,
      problem: 'changed',
    });
  });

  it.each([null, 'x', { formatVersion: 2 }, { formatVersion: 1, sequence: '3' }])(
    'says that it cannot read an end of %j',
    async (value) => {
      const { store, trail } = await written(1);
      await store.put(head, value);
      await expect(trail.verify('acme')).rejects.toMatchObject({ code: 'SECURITY_RECORD_UNREADABLE' });
    },
  );

  it('is written to the end when the host stops, and counts what a store refuses', async () => {
    const store = new MemoryStateStore();
    const { call } = await start({}, store);
    await Promise.all(Array.from({ length: 100 }, () => call('shop', { q: ATTACK })));
    await hosts.pop()?.[Symbol.asyncDispose]();
    const trail = new AuditTrail(store, () => 1);
    expect(await trail.verify('acme')).toEqual({ intact: true, lines: 2 });
    expect((await trail.read('acme'))[1]?.reason).toContain('99 more times');
  });
});
