import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';

import { OrchestrationContext, type OrchestrationContextInit, OrchestrationError } from './index.js';

const make = (init: Partial<OrchestrationContextInit> = {}) =>
  new OrchestrationContext({ tenantId: 'acme', requestId: 'r-1', ...init });

/** Data as JSON has it, whatever the keys but those that are refused. */
const jsonLike = fc.dictionary(
  fc.string().filter((key) => !['__proto__', 'constructor', 'prototype'].includes(key)),
  fc
    .jsonValue({ maxDepth: 4 })
    .filter((value) => !/"(__proto__|constructor|prototype)":/.test(JSON.stringify(value))),
);

function everyObject(value: unknown, found: object[] = []): object[] {
  if (typeof value !== 'object' || value === null) return found;
  found.push(value);
  for (const each of Object.values(value)) everyObject(each, found);
  return found;
}

describe('OrchestrationContext', () => {
  it('has what it was given, depth 0, no parent, and a signal that never fires by itself', () => {
    const context = make({
      traceId: 't-1',
      deadline: 123,
      metadata: { a: 1 },
      principal: { id: 'u', scopes: ['read'] },
    });
    expect(context).toMatchObject({
      tenantId: 'acme',
      requestId: 'r-1',
      traceId: 't-1',
      deadline: 123,
      metadata: { a: 1 },
      principal: { id: 'u', scopes: ['read'] },
      orchestrationDepth: 0,
    });
    expect(context.parentOrchestrator).toBeUndefined();
    expect(context.signal.aborted).toBe(false);
    expect(make().metadata).toEqual({});
    expect(make().deadline).toBeUndefined();
  });

  it('makes a request id of its own with create, unless it is given one', () => {
    const [a, b] = [
      OrchestrationContext.create({ tenantId: 'x' }),
      OrchestrationContext.create({ tenantId: 'x' }),
    ];
    expect(a.requestId).not.toBe(b.requestId);
    expect(a.requestId).toMatch(/^[0-9a-f-]{36}$/);
    expect(
      OrchestrationContext.create({ tenantId: 'x', requestId: 'mine', metadata: { k: 1 } }),
    ).toMatchObject({
      requestId: 'mine',
      metadata: { k: 1 },
    });
  });

  it.each([
    ['no tenant', { tenantId: undefined }, 'tenantId must be a non-empty string, got undefined'],
    ['an empty tenant', { tenantId: '' }, 'tenantId must be a non-empty string, got ""'],
    ['a request id of the wrong kind', { requestId: 7 }, 'requestId must be a non-empty string, got 7'],
    ['a trace id of the wrong kind', { traceId: {} }, 'traceId must be a string, got an object'],
    ['a deadline that is no number', { deadline: NaN }, 'deadline must be a finite number'],
    ['a look-alike of a signal', { signal: { aborted: false } }, 'signal must be an AbortSignal'],
    [
      'a principal without scopes',
      { principal: { id: 'u' } },
      'principal.scopes must be an array of strings',
    ],
    ['metadata that is a list', { metadata: [] }, 'metadata must be a plain object'],
  ])('refuses %s, naming the field', (_what, broken, message) => {
    const attempt = (): unknown => make(broken as never);
    expect(attempt).toThrow(OrchestrationError);
    expect(attempt).toThrow(message);
    expect(attempt).toThrow('[CONTEXT_INVALID]');
  });

  it.each([
    ['a function', () => 1],
    ['a symbol', Symbol('s')],
    ['a bigint', 1n],
    ['a class instance', new (class Session {})()],
    ['a map', new Map()],
    ['a number that JSON has not', Infinity],
    ['a key that reaches the prototype', JSON.parse('{"__proto__":{"polluted":true}}')],
  ])('refuses metadata that holds %s, naming the path', (_what, value) => {
    expect(() => make({ metadata: { deep: { bad: value as unknown } } })).toThrow(/metadata\.deep\.bad/);
    expect(({} as { polluted?: unknown }).polluted).toBeUndefined();
  });

  it('refuses metadata that contains itself', () => {
    const loop: Record<string, unknown> = {};
    loop['self'] = loop;
    expect(() => make({ metadata: loop })).toThrow('a reference to one of its own parents');
  });

  it('keeps a deep-frozen copy of metadata, whatever the giver does to the original later', () => {
    fc.assert(
      fc.property(jsonLike, (metadata) => {
        const before = JSON.stringify(metadata);
        const context = make({ metadata });
        for (const each of everyObject(metadata)) Object.assign(each, { changed: true });
        expect(JSON.stringify(context.metadata)).toBe(before);
        for (const each of everyObject(context.metadata)) {
          expect(Object.isFrozen(each)).toBe(true);
          expect(Reflect.set(each, 'changed', true)).toBe(false);
        }
      }),
    );
  });

  it('copies arrays by index: one that answers its own map stays out of reach', () => {
    const leaked: unknown[] = [{ open: true }];
    const array = Object.assign([1, undefined, 2], { map: () => leaked });
    const { metadata } = make({ metadata: { array } });
    expect(metadata).toEqual({ array: [1, null, 2] });
    expect(Object.isFrozen(leaked)).toBe(false);
  });

  it('cannot be changed by who receives it', () => {
    const context = make({ metadata: { a: { b: 1 } }, principal: { id: 'u', scopes: ['read'] } });
    const before = JSON.stringify(context);
    for (const key of [
      'tenantId',
      'requestId',
      'traceId',
      'metadata',
      'deadline',
      'principal',
      'orchestrationDepth',
      'signal',
    ]) {
      expect(() => {
        (context as unknown as Record<string, unknown>)[key] = 'other';
      }).toThrow(TypeError);
      expect(() => Object.defineProperty(context, key, { value: 'other' })).toThrow(TypeError);
      expect(Reflect.deleteProperty(context, key)).toBe(true);
    }
    expect(() => Object.assign(context.metadata, { c: 1 })).toThrow(TypeError);
    expect(() => (context.principal?.scopes as string[]).push('admin')).toThrow(TypeError);
    expect(JSON.stringify(context)).toBe(before);
  });

  it('cannot be changed as a child either, nor as one that came over the wire', () => {
    const root = make();
    const wire = JSON.parse(JSON.stringify(root)) as unknown;
    for (const context of [
      root.createChildContext('mission'),
      root.createChildContext('mission', { traceId: 'trace' }),
      OrchestrationContext.fromJSON(wire),
    ]) {
      expect(() => Object.defineProperty(context, 'tenantId', { value: 'other' })).toThrow(TypeError);
      expect(() => Object.assign(context, { note: 'mine' })).toThrow(TypeError);
      expect(context.tenantId).toBe(root.tenantId);
    }
  });

  it('says what is wrong where no object is given at all', () => {
    for (const nothing of [undefined, null, 'acme'] as never[]) {
      expect(() => OrchestrationContext.create(nothing)).toThrow('[CONTEXT_INVALID]');
      expect(() => new OrchestrationContext(nothing)).toThrow('[CONTEXT_INVALID]');
      expect(() => OrchestrationContext.fromJSON(nothing)).toThrow('[CONTEXT_INVALID]');
    }
    expect(() => make().createChildContext('mission', null as never)).toThrow('[CONTEXT_INVALID]');
  });

  it('lets a subclass have fields of its own', () => {
    class Traced extends OrchestrationContext {
      span = 'open';
    }
    expect(new Traced({ tenantId: 't', requestId: 'r' }).span).toBe('open');
  });

  it('gives a child depth + 1, the parent name, and metadata that is its own', () => {
    const parent = make({ metadata: { a: 1, b: 1 }, traceId: 't', principal: { id: 'u', scopes: [] } });
    const child = parent.createChildContext('mission');
    const grandchild = child.createChildContext('worker', { metadata: { b: 2 }, tenantId: 'other' });
    expect(child).toMatchObject({
      tenantId: 'acme',
      requestId: 'r-1',
      traceId: 't',
      parentOrchestrator: 'mission',
      orchestrationDepth: 1,
      metadata: { a: 1, b: 1 },
    });
    expect(child.principal).toEqual({ id: 'u', scopes: [] });
    expect(child.metadata).not.toBe(parent.metadata);
    expect(child.metadata).toBe(child.metadata);
    expect(Object.isFrozen(child.metadata)).toBe(true);
    expect(grandchild).toMatchObject({
      tenantId: 'other',
      requestId: 'r-1',
      orchestrationDepth: 2,
      parentOrchestrator: 'worker',
      metadata: { a: 1, b: 2 },
    });
    expect(parent.metadata).toEqual({ a: 1, b: 1 });
    expect(parent.orchestrationDepth).toBe(0);
    expect(grandchild.toJSON().callPath).toEqual(['mission', 'worker']);
  });

  it('gives a child the earlier deadline, whoever has it', () => {
    const times = fc.option(fc.integer({ min: 0, max: 1_000 }), { nil: undefined });
    fc.assert(
      fc.property(times, times, (mine, overriding) => {
        const parent = make(mine === undefined ? {} : { deadline: mine });
        const child = parent.createChildContext(
          'a',
          overriding === undefined ? {} : { deadline: overriding },
        );
        const both = [mine, overriding].filter((each) => each !== undefined);
        expect(child.deadline).toBe(both.length === 0 ? undefined : Math.min(...both));
      }),
    );
  });

  it('takes overrides that are undefined for left out', () => {
    const child = make({ deadline: 5 }).createChildContext('a', {
      tenantId: undefined,
      metadata: undefined,
      deadline: undefined,
      requestId: 'forged',
    } as never);
    expect(child).toMatchObject({ tenantId: 'acme', requestId: 'r-1', deadline: 5 });
  });

  it('links the signal of a child to its own and the parent, one way only', () => {
    const [mine, theirs] = [new AbortController(), new AbortController()];
    const parent = make({ signal: mine.signal });
    const child = parent.createChildContext('a', { signal: theirs.signal });
    const sibling = parent.createChildContext('a');
    theirs.abort(new Error('enough'));
    expect(child.signal.aborted).toBe(true);
    expect(parent.signal.aborted || sibling.signal.aborted).toBe(false);
    mine.abort();
    expect(parent.signal.aborted && sibling.signal.aborted).toBe(true);
    expect(parent.createChildContext('late').signal.aborted).toBe(true);
  });

  it('goes to JSON and back without loss, the signal apart', () => {
    fc.assert(
      fc.property(
        fc.record(
          {
            tenantId: fc.string({ minLength: 1 }),
            requestId: fc.string({ minLength: 1 }),
            traceId: fc.string(),
            deadline: fc.integer(),
            metadata: jsonLike,
            principal: fc.record({ id: fc.string({ minLength: 1 }), scopes: fc.array(fc.string()) }),
          },
          { requiredKeys: ['tenantId', 'requestId'] },
        ),
        fc.array(fc.string({ minLength: 1 }), { maxLength: 4 }),
        (init, parents) => {
          let context = new OrchestrationContext(init);
          for (const parent of parents) context = context.createChildContext(parent);
          const wire = JSON.stringify(context);
          const back = OrchestrationContext.fromJSON(JSON.parse(wire));
          expect(JSON.stringify(back)).toBe(wire);
          expect(back.orchestrationDepth).toBe(parents.length);
          expect(back.parentOrchestrator).toBe(parents.at(-1));
        },
      ),
    );
  });

  it.each([
    null,
    7,
    'x',
    {},
    { tenantId: 't' },
    { tenantId: 't', requestId: 'r', orchestrationDepth: -1 },
    { tenantId: 't', requestId: 'r', callPath: [1] },
  ])('refuses %j as the JSON of a context', (json) => {
    expect(() => OrchestrationContext.fromJSON(json)).toThrow('[CONTEXT_INVALID]');
  });

  it('knows a context from a look-alike, a proxy and a revoked proxy', () => {
    const { proxy, revoke } = Proxy.revocable(make(), {});
    revoke();
    expect(OrchestrationContext.isContext(make())).toBe(true);
    for (const other of [
      make().toJSON(),
      Object.create(make()),
      new Proxy(make(), {}),
      proxy,
      null,
      'x',
      undefined,
    ]) {
      expect(OrchestrationContext.isContext(other)).toBe(false);
    }
  });
});
