import 'reflect-metadata';

import { describe, expect, it } from '@jest/globals';
import {
  Container,
  inject,
  injectable,
  injectFromBase,
  named,
  optional,
  preDestroy,
  tagged,
} from 'inversify';

import { bindingReader, injectionOf } from './inspect.js';
import { forgetPlans } from './plan-cache.js';

/*
 * What Inversify 8.2.3 does and we build upon, or avoid. A later version that does otherwise fails here first.
 */
describe('Inversify', () => {
  const settle = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
  const container = (): Container => new Container();

  it('does not await the first asynchronous container-level deactivation, so we use those of bindings', async () => {
    const done: string[] = [];
    const late = (name: string) => async (): Promise<void> => {
      await settle();
      done.push(name);
    };
    const lost = container();
    lost.bind('x').toConstantValue({});
    lost.onDeactivation('x', late('container'));
    lost.get('x');
    await lost.unbindAllAsync();
    expect(done).toEqual([]);
    const kept = container();
    kept.bind('x').toConstantValue({}).onDeactivation(late('binding'));
    kept.get('x');
    await kept.unbindAllAsync();
    expect(done).toContain('binding');
  });

  it('caches a rejected asynchronous singleton for ever, and begins one for `get` too: ours are synchronous', async () => {
    let made = 0;
    const poisoned = container();
    poisoned
      .bind('x')
      .toDynamicValue(() => {
        made += 1;
        return made === 1 ? Promise.reject(new Error('first')) : Promise.resolve('second');
      })
      .inSingletonScope();
    await expect(poisoned.getAsync('x')).rejects.toThrow('first');
    await expect(poisoned.getAsync('x')).rejects.toThrow('first');
    expect(made).toBe(1);
    const eager = container();
    eager.bind('x').toDynamicValue(() => Promise.resolve((made += 1)));
    expect(() => eager.get('x')).toThrow(/^Unexpected asynchronous service/);
    expect(made).toBe(2);
  });

  it('retries a singleton whose making threw at once', () => {
    let made = 0;
    const again = container();
    again
      .bind('x')
      .toDynamicValue(() => {
        made += 1;
        if (made === 1) throw new Error('first');
        return 'second';
      })
      .inSingletonScope();
    expect(() => again.get('x')).toThrow('first');
    expect(again.get('x')).toBe('second');
  });

  it('ends a request scope at each top-level `get`', () => {
    const scoped = container();
    scoped
      .bind('x')
      .toDynamicValue(() => ({}))
      .inRequestScope();
    scoped.bind('both').toDynamicValue((context) => [context.get('x'), context.get('x')]);
    const [one, two] = scoped.get<object[]>('both') as [object, object];
    expect(one).not.toBe(two);
  });

  it('gives untagged bindings to who asks by tag, so aliases have an id of their own', () => {
    const mixed = container();
    mixed.bind('x').toConstantValue('plain');
    mixed.bind('x').toConstantValue('tagged').whenTagged('layer', 'domain');
    const tag = { key: 'layer', value: 'domain' };
    expect(mixed.getAll('x', { tag })).toEqual(['plain', 'tagged']);
    expect(() => mixed.get('x', { tag })).toThrow(/^Ambiguous bindings found/);
    mixed
      .bind('y')
      .toConstantValue('found')
      .when(({ name, tags }) => name === 'type' && tags.get('layer') === 'domain');
    expect(mixed.get('y', { name: 'type', tag })).toBe('found');
  });

  it('takes a chain deeper than 500 for a cycle, unless it is built from below', () => {
    const deep = container();
    for (let at = 0; at < 600; at += 1) {
      const binding = at === 0 ? deep.bind('n0').toConstantValue(0) : undefined;
      if (binding === undefined) {
        deep
          .bind(`n${at}`)
          .toResolvedValue((below: number) => below + 1, [`n${at - 1}`])
          .inSingletonScope();
      }
    }
    expect(() => deep.get('n599')).toThrow(/Circular dependency found/);
    for (let at = 0; at < 600; at += 1) expect(deep.get(`n${at}`)).toBe(at);
  });

  it('makes undefined of a service whose activation returns nothing: ours always returns it', () => {
    const forgotten = container();
    forgotten
      .bind('x')
      .toConstantValue({})
      .onActivation(() => undefined);
    expect(forgotten.get('x')).toBeUndefined();
  });

  it('deactivates in binding order, @preDestroy first, all at once, and only what was resolved', async () => {
    const log: string[] = [];
    @injectable()
    class Service {
      @preDestroy()
      destroy(): void {
        log.push('preDestroy');
      }
    }
    const ordered = container();
    ordered
      .bind(Service)
      .toSelf()
      .inSingletonScope()
      .onDeactivation(() => {
        log.push('binding');
      });
    ordered.onDeactivation(Service, () => {
      log.push('container');
    });
    ordered
      .bind('unused')
      .toDynamicValue(() => 1)
      .inSingletonScope()
      .onDeactivation(() => {
        log.push('unused');
      });
    ordered
      .bind('later')
      .toConstantValue(1)
      .onDeactivation(async () => {
        log.push('later begins');
        await settle();
      });
    ordered
      .bind('last')
      .toConstantValue(1)
      .onDeactivation(() => {
        log.push('last');
      });
    for (const token of [Service, 'last', 'later']) ordered.get(token);
    await ordered.unbindAllAsync();
    expect(log).toEqual(['preDestroy', 'binding', 'container', 'later begins', 'last']);
    await ordered.unbindAllAsync();
    expect(log).toHaveLength(5);
  });

  it('plans anew all that it has given of one id while bindings come back, and throws, unless it forgot its plans', () => {
    @injectable()
    class Low {}
    @injectable()
    class High {
      constructor(@inject(Low) readonly low: Low) {}
    }
    const ALIAS = Symbol('Alias');
    const fill = (into: Container): void => {
      for (const each of [High, Low]) {
        into.bind(each).toSelf().inSingletonScope();
        into
          .bind(ALIAS)
          .toResolvedValue((instance: unknown) => instance, [each])
          .when(({ name }) => name === undefined || name === each.name);
      }
    };
    const emptied = (): Container => {
      const one = container();
      fill(one);
      one.getAll(ALIAS);
      return one;
    };
    const empty = (one: Container): void => {
      for (const each of [ALIAS, High, Low]) one.unbind(each);
    };
    const careless = emptied();
    empty(careless);
    expect(() => {
      fill(careless);
    }).toThrow('No bindings found for service: "Low"');

    const careful = emptied();
    const low = careful.get(Low);
    forgetPlans(careful);
    expect(careful.get(Low)).toBe(low);
    forgetPlans(careful);
    empty(careful);
    fill(careful);
    expect(careful.get<High>(ALIAS, { name: 'High' }).low).toBe(careful.get(Low));
  });

  it('asks the constraint of a binding when somebody asks whether it is bound, which hands modules our kernel', () => {
    const one = container();
    const heard: unknown[] = [];
    one
      .bind('x')
      .toConstantValue(1)
      .when(({ tags }) => heard.push(tags.get('who')) > 0);
    expect(one.isBound('x', { tag: { key: 'who', value: 'me' } })).toBe(true);
    expect(heard).toEqual(['me']);
  });

  it('does not mind a binding that is gone when it is unbound by its identifier', async () => {
    const gone = container();
    const identifier = gone.bind('x').toConstantValue(1).getIdentifier();
    await gone.unbindAllAsync();
    await gone.unbindAsync(identifier);
    expect(() => {
      gone.unbind(identifier);
    }).not.toThrow();
  });

  it('gives a subclass none of the injections of its base, unless @injectFromBase says so', () => {
    @injectable()
    class Base {
      constructor(@inject('x') readonly x: unknown) {}
    }
    @injectable()
    class Bare extends Base {}
    @injectFromBase()
    @injectable()
    class Heir extends Base {}
    const bound = container();
    bound.bind('x').toConstantValue('x');
    for (const target of [Bare, Heir]) bound.bind(target).toSelf();
    expect([bound.get(Bare).x, bound.get(Heir).x]).toEqual([undefined, 'x']);
  });

  it('refuses @injectable twice, and a class with parameters that it cannot tell', () => {
    expect(() => {
      class Twice {}
      injectable()(Twice);
      injectable()(Twice);
    }).toThrow(/twice|Cannot apply @injectable/);
    class Unknown {
      constructor(readonly x: unknown) {}
    }
    expect(() => container().bind(Unknown).toSelf()).toThrow(/requires at least 1 arguments, found 0/);
  });

  it('keeps constructor metadata and bindings where inspect.ts reads them', () => {
    @injectable()
    class Emitted {}
    @injectable()
    class Wanting {
      @inject('property') property!: unknown;
      constructor(
        readonly emitted: Emitted,
        @inject('x') @named('name') @tagged('key', 'value') readonly x: unknown,
        @inject('y') @optional() readonly y: unknown,
      ) {}
    }
    expect(injectionOf(Wanting)).toMatchObject({
      unknownParameters: [],
      lostParameters: 0,
      wanted: [
        { where: 'parameter 1', token: Emitted, optional: false, many: false, fromEmittedType: true },
        { where: 'parameter 2', token: 'x', name: 'name', tags: new Map([['key', 'value']]) },
        { where: 'parameter 3', token: 'y', optional: true },
        { where: 'property property', token: 'property' },
      ],
    });
    const parent = container();
    parent.bind('inherited').toConstantValue(1);
    const bound = new Container({ parent });
    bound.bind(Wanting).toSelf().inRequestScope();
    bound.bind('alias').toService(Wanting);
    bound
      .bind('value')
      .toResolvedValue((x: unknown) => x, ['x'])
      .inSingletonScope();
    bound.bind('choice').toConstantValue(1).whenNamed('one');
    const read = bindingReader(bound);
    expect(read(Wanting)).toMatchObject([
      { type: 'Instance', scope: 'Request', implementation: Wanting, arguments: [] },
    ]);
    expect(read('alias')).toMatchObject([{ alias: Wanting }]);
    expect(read('value')).toMatchObject([{ scope: 'Singleton', arguments: [{ token: 'x' }] }]);
    expect(read('inherited')).toHaveLength(1);
    expect(read('nothing')).toBeUndefined();
    const wanted = injectionOf(Wanting).wanted[0];
    const choose = (name: string) => read('choice')?.[0]?.matches({ ...wanted, name } as never);
    expect([choose('one'), choose('two')]).toEqual([true, false]);
  });
});
