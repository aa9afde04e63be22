import 'reflect-metadata';

import { createHash } from 'node:crypto';
import { mkdtemp, mkdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from '@jest/globals';
import { BaseOrchestrator, operation, type OperationContext, orchestrator, StepResult } from '@kapelle/core';
import { aContext, FakeClock, TestHost } from '@kapelle/core/testing';
import fc from 'fast-check';
import { ContainerModule } from 'inversify';
import type { HttpClient, HttpRequest } from '../../http/index.js';
import { MemoryStateStore, STATE_STORE, type StateStore } from '../../state/index.js';
import { AuditTrail, type AuditLine } from './audit/audit-trail.js';
import { detectAttacks } from './detection/detect-attacks.js';
import { ADVISORY_SOURCE, type AdvisorySource, NpmAdvisories } from './scan/advisories.js';
import type { ScanReport } from './scan/finding.js';
import { entropyOf, scanSource } from './scan/scan-source.js';
import { SECURITY_OPTIONS, type SecurityOptions } from './security-options.js';
import type { RequestVerdict } from './request-desk.js';
import { SecurityOrchestrator } from './security-orchestrator.js';
import type { SecurityReport } from './security-report.js';

let test: TestHost | undefined;
const folders: string[] = [];
afterEach(async () => {
  await test?.[Symbol.asyncDispose]();
  test = undefined;
  for (const folder of folders.splice(0)) await rm(folder, { recursive: true, force: true });
});

const ran: unknown[] = [];

@orchestrator('domain', 'business_logic', { name: 'shop' })
class Shop extends BaseOrchestrator {
  @operation({ default: true })
  sell(_context: OperationContext, params: unknown): string {
    ran.push(params);
    return 'sold';
  }
}

interface World {
  readonly options?: SecurityOptions;
  readonly store?: StateStore;
  readonly advisories?: AdvisorySource;
}

async function start({ options = {}, store, advisories }: World = {}) {
  ran.length = 0;
  const clock = new FakeClock();
  test = await TestHost.start({
    orchestrators: [SecurityOrchestrator, Shop],
    modules: [
      new ContainerModule(({ bind }) => {
        bind(SECURITY_OPTIONS).toConstantValue(options);
        if (store !== undefined) bind(STATE_STORE).toConstantValue(store);
        if (advisories !== undefined) bind(ADVISORY_SOURCE).toConstantValue(advisories);
      }),
    ],
    clock,
  });
  const { facade } = test.host;
  const ask = async <T>(name: string, params = {}, tenantId = 'acme'): Promise<T> =>
    StepResult.unwrap(
      await facade.orchestrate<T>('security', aContext({ tenantId }), { operation: name, ...params }),
    );
  const request = (value: string, source?: string, more = {}): Promise<RequestVerdict> =>
    ask('analyze_request', {
      fields: [{ name: 'q', value }],
      ...(source === undefined ? {} : { source }),
      ...more,
    });
  return { clock, ask, request, facade };
}

async function aFolder(files: Readonly<Record<string, string>>): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'kapelle-scan-'));
  folders.push(folder);
  for (const [file, text] of Object.entries(files)) {
    await mkdir(join(folder, file, '..'), { recursive: true });
    await writeFile(join(folder, file), text);
  }
  return folder;
}

describe('detection', () => {
  const families = (value: string, kind?: 'html' | 'path' | 'identifier' | 'header' | 'email' | 'number') => [
    ...new Set(
      detectAttacks({ name: 'f', value, ...(kind === undefined ? {} : { kind }) }).map(
        ({ family }) => family,
      ),
    ),
  ];

  it('finds attacks, however they are written', () => {
    expect(families("' OR 1=1 --")).toContain('sql_injection');
    expect(families('%27%20OR%201%3D1')).toContain('sql_injection');
    expect(families('1/**/UNION/**/SELECT/**/a,b')).toContain('sql_injection');
    expect(families('&lt;script&gt;x')).toContain('script_injection');
    expect(families('＜script＞')).toContain('script_injection');
    expect(families('<scr\u0000ipt>')).toContain('script_injection');
    expect(families('%252e%252e%252f%252e%252e%252fetc')).toContain('path_traversal');
    expect(families('; cat /etc/passwd')).toContain('command_injection');
    expect(families('${jndi:ldap://x}')).toContain('command_injection');
    expect(families('{{7*7}}')).toContain('template_injection');
    expect(families('<!DOCTYPE a [<!ENTITY b "c">]>')).toContain('xml_injection');
    expect(families('{"$ne": 1}')).toContain('query_injection');
    expect(families('a\r\nSet-Cookie: b=c', 'header')).toContain('header_injection');
  });

  it('leaves ordinary text alone, with all its quotes, semicolons and back-ticks', () => {
    for (const text of [
      "He said 'no' -- and left; the cat sat down.",
      'Select the best of the union; drop the rest & move on.',
      'Use `npm test` && then go home.',
      'Is 5 > 3 or 2 < 4? Yes: {always}.',
      "O'Brien's union selected 12 delegates or 13.",
      'The script of the play... and/or the book (see p. 12).',
      'JavaScript: the good parts.',
      'Cost: $5; id required; find more at https://example.org/a/../b.',
      'Wait... what?! 100 % -- really',
    ]) {
      expect({ text, found: detectAttacks({ name: 'f', value: text }) }).toEqual({ text, found: [] });
    }
  });

  it('asks of a field what it is for', () => {
    expect(families('../secret', 'path')).toEqual(['path_traversal']);
    expect(families('a/../b')).toEqual([]);
    expect(families('<b>bold</b> <p>text</p>', 'html')).toEqual([]);
    expect(families('<b onclick=x()>bold</b>', 'html')).toEqual(['script_injection']);
    expect(families('two words', 'identifier')).toEqual(['malformed']);
    expect(families('order-17', 'identifier')).toEqual([]);
    expect(families('1e3', 'number')).toEqual([]);
    expect(families('1 or 1', 'number')).toEqual(['malformed']);
    expect(families('a@b.example', 'email')).toEqual([]);
  });

  it('gives an excerpt that can be printed, and takes its time on nothing', () => {
    const [finding] = detectAttacks({ name: 'f', value: `<script>\u001b[31m${'x'.repeat(500)}` });
    expect(finding?.excerpt.length).toBeLessThanOrEqual(120);
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 300 }), (value) => {
        for (const { excerpt } of detectAttacks({ name: 'f', value })) {
          expect([...excerpt].every((character) => character >= ' ' && character !== '\u007f')).toBe(true);
        }
      }),
    );
    const from = performance.now();
    for (const part of ["'", '<', '<a ', '../', '; ', '{{ ', "' or ", 'union select ']) {
      detectAttacks({ name: 'f', value: part.repeat(1_000_000 / part.length) });
    }
    // Eight megabytes of the worst there is: seconds would mean a pattern that goes back and forth.
    expect(performance.now() - from).toBeLessThan(20_000);
  });
});

describe('security', () => {
  it('lets ordinary requests go on, and blocks attacks with the reason', async () => {
    const { request, ask } = await start();
    expect(await request('A quiet day.', '10.0.0.1')).toMatchObject({ decision: 'allow', threats: [] });
    expect(await request("x' OR 1=1--", '10.0.0.1')).toMatchObject({
      decision: 'block',
      reasons: ['"q" has the form of sql injection.'],
      threats: [
        { type: 'injection_attempt', level: 'critical', mitigation: 'blocked_request', source: '10.0.0.1' },
      ],
    });
    expect(await ask('get_threats')).toHaveLength(1);
    expect(await ask('get_threats', {}, 'other')).toEqual([]);
  });

  it('slows a source down after a hundred requests within a minute, and lets it go on later', async () => {
    const { request, clock } = await start();
    const verdicts = await Promise.all(Array.from({ length: 100 }, () => request('hello', 'a')));
    expect(verdicts.every(({ decision }) => decision === 'allow')).toBe(true);
    expect(await request('hello', 'a')).toMatchObject({
      decision: 'block',
      retryAfterMs: 60_000,
      threats: [{ type: 'rate_limit_exceeded' }],
    });
    expect(await request('hello', 'b')).toMatchObject({ decision: 'allow' });
    await clock.advance(60_001);
    expect(await request('hello', 'a')).toMatchObject({ decision: 'allow' });
    expect(await request('hello', 'a', { bytes: 11 * 1024 * 1024 })).toMatchObject({
      decision: 'block',
      threats: [{ type: 'data_exfiltration' }],
    });
  });

  it('blocks a source after ten failed authentications, also after a restart, until the time is over', async () => {
    const store = new MemoryStateStore();
    const first = await start({ store });
    for (let i = 0; i < 9; i += 1) {
      expect(await first.ask('record_auth_failure', { source: 'a', user: 'eve' })).toEqual({
        isBlocked: false,
      });
    }
    expect(await first.ask('record_auth_failure', { source: 'a' })).toMatchObject({ isBlocked: true });
    expect(await first.request('hello', 'a')).toMatchObject({
      decision: 'block',
      reasons: ['The source is blocked: too many failed authentications.'],
    });
    await test?.[Symbol.asyncDispose]();
    const { request, clock, ask } = await start({ store });
    expect(await request('hello', 'a')).toMatchObject({ decision: 'block' });
    await clock.advance(16 * 60_000);
    expect(await request('hello', 'a')).toMatchObject({ decision: 'allow' });
    await clock.advance(10 * 60_000);
    expect(await store.list({ tenantId: '_shared', collection: 'security.blocked_sources' })).toEqual([]);
    await ask('block_source', { source: 'b', reason: 'known' });
    expect(await request('hello', 'b')).toMatchObject({ decision: 'block' });
    expect(await ask('unblock_source', { source: 'b' })).toEqual({ source: 'b' });
    expect(await request('hello', 'b')).toMatchObject({ decision: 'allow' });
    await expect(ask('unblock_source', { source: 'b' })).rejects.toThrow('"b" is not blocked.');
  });

  it('blocks a source that tries again and again', async () => {
    const { request } = await start();
    for (let i = 0; i < 5; i += 1) await request('<script>alert(1)</script>', 'a');
    expect(await request('a quiet day', 'a')).toMatchObject({
      decision: 'block',
      reasons: ['The source is blocked: repeated injection attempts.'],
    });
  });

  it('refuses a call of any orchestrator before its body runs, where it is to', async () => {
    const { facade, ask } = await start({
      options: { enforcement: 'block', fieldKinds: { 'shop.sell.note': 'html' } },
    });
    expect(
      await facade.orchestrate('shop', aContext({ tenantId: 'acme' }), { item: 'tea', note: '<b>soon</b>' }),
    ).toMatchObject({
      status: 'ok',
    });
    const refused = await facade.orchestrate('shop', aContext({ tenantId: 'acme' }), {
      list: [{ item: '$(rm -rf /)' }],
    });
    expect(refused).toMatchObject({
      status: 'failed',
      errorCategory: 'policy_violation',
      details: { code: 'SECURITY_BLOCKED' },
    });
    expect(await facade.orchestrate('shop', aContext({ tenantId: 'acme' }), { $where: '1' })).toMatchObject({
      status: 'failed',
    });
    expect(ran).toHaveLength(1);
    expect(await ask<AuditLine[]>('read_audit')).toMatchObject([
      { action: 'shop.sell', decision: 'block', resource: 'list[0].item', sequence: 1 },
      { action: 'shop.sell', decision: 'block', sequence: 2 },
    ]);
  });

  it('only notes calls by default, and looks at none where it is off', async () => {
    const monitoring = await start();
    expect(
      await monitoring.facade.orchestrate('shop', aContext({ tenantId: 'acme' }), {
        item: '; cat /etc/passwd',
      }),
    ).toMatchObject({
      status: 'ok',
    });
    expect(await monitoring.ask('get_security_score')).toMatchObject({ score: 75, openThreats: 1 });
    await test?.[Symbol.asyncDispose]();
    const off = await start({ options: { enforcement: 'off' } });
    await off.facade.orchestrate('shop', aContext({ tenantId: 'acme' }), { item: '; cat /etc/passwd' });
    expect(await off.ask('get_security_score')).toMatchObject({
      score: 100,
      openThreats: 0,
      isScanned: false,
    });
  });

  it('scores by what is open and was found, lets threats expire, and says what to do', async () => {
    const { request, ask, clock, facade } = await start();
    await facade.orchestrate('shop', aContext({ tenantId: 'acme' }), { item: "' OR 1=1 --" });
    await request("' OR 1=1 --");
    const report = await ask<SecurityReport>('get_security_report');
    expect(report.security_score).toMatchObject({ score: 75, openThreats: 1 });
    expect(report.metrics).toEqual({ detected: 2, mitigated: 1, mitigationRatio: 0.5, blockedSources: 0 });
    expect(report.recommendations).toHaveLength(3);
    const open = report.threat_summary.recent.find(({ mitigation }) => mitigation === undefined);
    expect(await ask('resolve_threat', { id: open?.id })).toMatchObject({ mitigation: 'resolved_by_hand' });
    expect(await ask('get_security_score')).toMatchObject({ score: 100 });
    await expect(ask('resolve_threat', { id: 'nobody' })).rejects.toThrow('There is no threat "nobody"');
    await clock.advance(25 * 3_600_000);
    expect(await ask('get_threats')).toEqual([]);
  });

  it('scans a folder for secrets, dangerous code and what the lock file lets in', async () => {
    const key = `AKIA${'ABCDEFGHIJKLMNOP'}`;
    const folder = await aFolder({
      'src/config.ts': `const region = 'eu';\nconst id = '${key}';\nconst password = process.env.PASSWORD;\n`,
      'src/query.ts':
        'db.run(`SELECT * FROM users WHERE name = ${name}`);\ncreateHash("md5");\neval(input);\n',
      'src/fine.ts': 'const token = "<your-token>"; db.run("SELECT * FROM users WHERE name = ?", [name]);\n',
      '.env': `API_KEY="q8Zt3LmW0xVb7NcR5yUp"\n`,
      'node_modules/x/index.js': `const id = '${key}';\n`,
      'logo.png': key,
      'package-lock.json': JSON.stringify({
        lockfileVersion: 3,
        packages: {
          '': { name: 'app' },
          'node_modules/left-pad': { version: '1.0.0', resolved: 'http://registry.example/left-pad.tgz' },
          'node_modules/safe': {
            version: '2.0.0',
            resolved: 'https://registry.example/safe.tgz',
            integrity: 'sha512-x',
          },
        },
      }),
    });
    const asked: unknown[] = [];
    const { ask } = await start({
      advisories: {
        advisoriesFor: (packages) => {
          asked.push(...packages);
          return Promise.resolve([
            { name: 'left-pad', version: '1.0.0', id: 'A-1', title: 'pads on the wrong side', level: 'high' },
          ]);
        },
      },
    });
    const report = await ask<ScanReport>('scan_folder', { folder });
    expect(report).toMatchObject({ files: 5, dependencies: 2, advisories: 'asked', skipped: [] });
    expect(asked).toEqual([
      { name: 'left-pad', version: '1.0.0' },
      { name: 'safe', version: '2.0.0' },
    ]);
    expect(report.findings.map(({ kind, file, line }) => `${kind} ${file}:${line}`).sort()).toEqual([
      'code_evaluation src/query.ts:3',
      'dependency package-lock.json:0',
      'lock_file package-lock.json:0',
      'lock_file package-lock.json:0',
      'secret .env:1',
      'secret src/config.ts:2',
      'string_built_sql src/query.ts:1',
      'weak_crypto src/query.ts:2',
    ]);
    expect(JSON.stringify(report)).not.toContain(key);
    expect(await ask('get_security_score')).toMatchObject({ isScanned: true, findings: 8 });
    expect(await ask('get_security_report')).toMatchObject({
      vulnerability_summary: { total: 8, byKind: { secret: 2, dependency: 1 }, advisories: 'asked' },
    });
  });

  it('says when a folder cannot be read, and when nobody knew of advisories', async () => {
    const { facade, ask } = await start({
      advisories: { advisoriesFor: () => Promise.reject(new Error('no network')) },
    });
    expect(
      await facade.orchestrate('security', aContext(), {
        operation: 'scan_folder',
        folder: '/nowhere/at/all',
      }),
    ).toMatchObject({ errorCategory: 'filesystem_error', details: { code: 'SECURITY_SCAN_FAILED' } });
    const folder = await aFolder({
      'package-lock.json': JSON.stringify({ packages: { 'node_modules/a': { version: '1.0.0' } } }),
    });
    expect(await ask('scan_folder', { folder })).toMatchObject({
      advisories: 'failed',
      skipped: [{ file: 'advisories', why: 'no network' }],
    });
    const broken = await aFolder({ 'package-lock.json': '{' });
    expect(await ask('scan_folder', { folder: broken })).toMatchObject({ findings: [{ kind: 'lock_file' }] });
  });

  it('refuses params and options that it cannot use', async () => {
    const { facade } = await start();
    for (const fields of [
      [7],
      [{ name: 'a' }],
      [{ name: 'a', value: 1 }],
      [{ name: 'a', value: 'b', kind: 'odd' }],
    ]) {
      expect(
        await facade.orchestrate('security', aContext(), { operation: 'analyze_request', fields }),
      ).toMatchObject({ errorCategory: 'validation', details: { code: 'SECURITY_FIELDS_INVALID' } });
    }
    for (const options of [
      { requestsPerMinute: 0 },
      { blockMs: Number.NaN },
      { maxThreats: 1.5 },
      { enforcement: 'perhaps' },
      { auditKey: 'short' },
    ] as readonly SecurityOptions[]) {
      expect(() => new SecurityOrchestrator(options)).toThrow(Object.keys(options)[0]);
    }
  });
});

describe('the audit trail', () => {
  const place = { tenantId: 'acme', collection: 'security.audit' };
  const event = (n: number) =>
    ({ actor: 'ada', action: `act ${n}`, resource: 'r', decision: 'allow', reason: 'so' }) as const;

  async function aTrail(lines: number, key?: string) {
    const store = new MemoryStateStore();
    const trail = new AuditTrail(store, () => 1_000, key);
    await Promise.all(Array.from({ length: lines }, (_none, n) => trail.append('acme', event(n))));
    return { store, trail };
  }

  it('has every line, in order, however many are written at once, by two at once too', async () => {
    const { store, trail } = await aTrail(50);
    const other = new AuditTrail(store, () => 2_000);
    await Promise.all([
      ...Array.from({ length: 20 }, (_none, n) => trail.append('acme', event(n))),
      ...Array.from({ length: 20 }, (_none, n) => other.append('acme', event(n))),
    ]);
    expect(await trail.verify('acme')).toEqual({ intact: true, lines: 90 });
    expect(await trail.verify('nobody')).toEqual({ intact: true, lines: 0 });
  });

  it('finds any line that was changed, removed or cut off, and says which', async () => {
    for (let wrong = 1; wrong <= 6; wrong += 1) {
      const key = String(wrong).padStart(12, '0');
      const changed = await aTrail(6);
      const line = (await changed.store.get<AuditLine>({ ...place, key }))?.value as AuditLine;
      await changed.store.put({ ...place, key }, { ...line, actor: 'eve' });
      expect(await changed.trail.verify('acme')).toMatchObject({
        intact: false,
        sequence: wrong,
        problem: 'changed',
      });

      const removed = await aTrail(6);
      await removed.store.delete({ ...place, key });
      expect(await removed.trail.verify('acme')).toMatchObject({
        intact: false,
        sequence: wrong,
        problem: wrong === 6 ? 'cut_off' : 'missing',
      });
    }
  });

  it('is not fooled by a line whose hash was made anew, and with a key by none', async () => {
    const key = '000000000003';
    const forged = async (auditKey?: string) => {
      const { store, trail } = await aTrail(5, auditKey);
      const line = (await store.get<AuditLine>({ ...place, key }))?.value as AuditLine;
      const { sequence, at, tenantId, action, resource, decision, reason, previous } = line;
      const hash = createHash('sha256')
        .update(
          JSON.stringify([sequence, at, tenantId, 'eve', action, resource, decision, reason, null, previous]),
        )
        .digest('hex');
      await store.put({ ...place, key }, { ...line, actor: 'eve', hash });
      return trail.verify('acme');
    };
    expect(await forged()).toMatchObject({ intact: false, sequence: 4, problem: 'unlinked' });
    expect(await forged('a key of 16 characters')).toMatchObject({ sequence: 3, problem: 'changed' });
  });

  it('goes on after a line whose end was not noted', async () => {
    const { store, trail } = await aTrail(3);
    const head = { tenantId: 'acme', collection: 'security.audit_heads', key: 'head' };
    const { value } = (await store.get(head)) as { value: unknown };
    await trail.append('acme', event(4));
    await store.put(head, value);
    expect(await trail.verify('acme')).toEqual({ intact: true, lines: 4 });
    await trail.append('acme', event(5));
    expect(await trail.verify('acme')).toEqual({ intact: true, lines: 5 });
  });
});

describe('a scan', () => {
  it('knows keys from words', () => {
    expect(entropyOf('aaaaaaaa')).toBe(0);
    expect(entropyOf('q8Zt3LmW0xVb7NcR')).toBe(4);
    expect(scanSource('a.ts', 'const password = "password";')).toEqual([]);
    expect(scanSource('a.ts', 'const apiKey = "your-api-key-here";')).toEqual([]);
    expect(scanSource('a.yaml', 'secret: "k3Jx9_qLm2Zt8Rw5"')).toMatchObject([{ kind: 'secret', line: 1 }]);
    expect(scanSource('a.txt', 'postgres://app:s3cr3tpw@db.example/x')).toMatchObject([
      { what: 'password in an address', excerpt: 'postgres://app:…@db.example/x' },
    ]);
  });

  it('asks a registry for advisories, one version of a package at a time', async () => {
    const requests: HttpRequest[] = [];
    const http: HttpClient = {
      request: (request) => {
        requests.push(request);
        const asked = JSON.parse(request.body as string) as Record<string, string[]>;
        const answer =
          asked['a']?.[0] === '1.0.0' ? { a: [{ id: 7, title: 'bad', severity: 'moderate' }] } : {};
        return Promise.resolve({
          status: 200,
          headers: {},
          body: new TextEncoder().encode(JSON.stringify(answer)),
          url: String(request.url),
          cached: false,
          attempts: 1,
        });
      },
    };
    const found = await new NpmAdvisories(http, 'https://registry.example/').advisoriesFor(
      [
        { name: 'a', version: '1.0.0' },
        { name: 'a', version: '2.0.0' },
        { name: 'b', version: '1.0.0' },
      ],
      { signal: new AbortController().signal },
    );
    expect(found).toEqual([{ name: 'a', version: '1.0.0', id: '7', title: 'bad', level: 'medium' }]);
    expect(requests.map(({ url, body }) => [url, body])).toEqual([
      ['https://registry.example/-/npm/v1/security/advisories/bulk', '{"a":["1.0.0"],"b":["1.0.0"]}'],
      ['https://registry.example/-/npm/v1/security/advisories/bulk', '{"a":["2.0.0"]}'],
    ]);
  });
});
