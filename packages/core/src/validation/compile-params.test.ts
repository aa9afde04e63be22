import 'reflect-metadata';

import { describe, expect, it, jest } from '@jest/globals';
import { Type } from 'class-transformer';
import {
  Allow,
  ArrayMaxSize,
  ArrayMinSize,
  ArrayNotEmpty,
  Equals,
  IsArray,
  IsBoolean,
  IsDefined,
  IsEmail,
  IsEmpty,
  IsEnum,
  IsIn,
  IsInt,
  IsNegative,
  IsNotEmpty,
  IsNumber,
  IsObject,
  IsOptional,
  IsPositive,
  IsString,
  Length,
  Matches,
  Max,
  MaxLength,
  Min,
  MinLength,
  NotEquals,
  registerDecorator,
  Validate,
  ValidateIf,
  ValidateNested,
  ValidatePromise,
  ValidatorConstraint,
} from 'class-validator';

import { compileParams } from './compile-params.js';
import { constraintsOf, hasValidationMetadata, rulesOf, type DtoClass } from './dto-metadata.js';
import { Colour, SafeInt, ShorterThanAll } from './fixtures/generated-dto.js';
import { InvalidDtoError, type InvalidDtoCode } from './invalid-dto-error.js';
import { recogniseStockCheck } from './recognise-stock-check.js';
import { STOCK_CHECKS } from './stock-checks.js';

class Address {
  @IsString() street!: string;
  @IsOptional() @IsString() city?: string;
}

class Base {
  @IsString() @Length(1, 40) title!: string;
  @IsOptional() @IsInt({ message: '$property is $value, not an integer' }) @Min(0) @Max(10) count = 3;
}

class Task extends Base {
  @IsBoolean() isUrgent = false;
  @IsOptional() @IsString({ each: true }) tags?: string[];
  @IsOptional() @ValidateNested() address?: Address;
  @IsOptional() @ValidateNested({ each: true }) @Type(() => Address) others?:
    Address[] | Map<string, Address>;
  @Allow() extra?: unknown;
  internal = 'kept';
}

class Node {
  @IsOptional() @ValidateNested() @Type(() => Node) left?: Node;
  @IsOptional() @ValidateNested() @Type(() => Node) right?: Node;
}

const violationsOf = (dto: DtoClass, params: unknown) => {
  const outcome = compileParams(dto)(params);
  return outcome.ok ? [] : outcome.violations;
};
const pairsOf = (dto: DtoClass, params: unknown) =>
  violationsOf(dto, params).map((found) => `${found.property}: ${found.constraint}`);

const valueOf = <T extends object>(dto: DtoClass<T>, params: unknown): T => {
  const outcome = compileParams(dto)(params);
  if (!outcome.ok) throw new Error(JSON.stringify(outcome.violations));
  return outcome.value;
};

const throwing = (trap: string): object =>
  new Proxy({}, { [trap]: () => { throw new Error(`no ${trap}`); } }); // prettier-ignore

describe('compileParams', () => {
  it('makes a new instance with the declared properties and the defaults of the class', () => {
    const params = Object.freeze({
      title: 'Tune',
      tags: ['a'],
      unknown: 1,
      internal: 'changed',
      count: undefined,
    });
    const task = valueOf(Task, params);
    expect(task).toBeInstanceOf(Task);
    expect(task).toEqual(
      Object.assign(new Task(), { title: 'Tune', tags: ['a'], count: 3, isUrgent: false }),
    );
    expect(task).not.toHaveProperty('unknown');
    expect(task.internal).toBe('kept');
    expect(task.tags).toBe(params.tags);
    expect(valueOf(Task, { title: 'Tune' })).not.toBe(valueOf(Task, { title: 'Tune' }));
  });

  it('lists each constraint with its path and message, those of parents and elements included', () => {
    expect(
      violationsOf(Task, {
        count: 1.5,
        tags: ['a', 2],
        address: { street: 7 },
        others: [{ street: 'x' }, 5, null, undefined, [{}]],
      }),
    ).toEqual([
      { property: 'tags', constraint: 'isString', message: 'each value in tags must be a string' },
      { property: 'address.street', constraint: 'isString', message: 'street must be a string' },
      {
        property: 'others[1]',
        constraint: 'nestedValidation',
        message: 'each value in nested property others must be either object or array',
      },
      {
        property: 'others[2]',
        constraint: 'nestedValidation',
        message: 'each value in nested property others must be either object or array',
      },
      { property: 'others[4][0].street', constraint: 'isString', message: 'street must be a string' },
      {
        property: 'title',
        constraint: 'isLength',
        message: 'title must be longer than or equal to 1 characters',
      },
      { property: 'title', constraint: 'isString', message: 'title must be a string' },
      { property: 'count', constraint: 'isInt', message: 'count is 1.5, not an integer' },
    ]);
  });

  it('refuses a nested value that is no object even if all else is right', () => {
    for (const address of [null, 'text', 1, () => 1]) {
      expect(compileParams(Task)({ title: 'T', address }).ok).toBe(address === null); // null is optional there
      expect(compileParams(Task)({ title: 'T', others: [address] }).ok).toBe(false);
    }
  });

  it('copies nested objects, through arrays, sets and maps, into their class', () => {
    const address = { street: 'High', city: 'Ulm', unknown: 1 };
    const task = valueOf(Task, { title: 'T', address, others: new Map([['home', address]]) });
    expect(task.address).toEqual(Object.assign(new Address(), { street: 'High', city: 'Ulm' }));
    expect(task.address).toBeInstanceOf(Address);
    expect((task.others as Map<string, Address>).get('home')).toBeInstanceOf(Address);
    expect(address).toEqual({ street: 'High', city: 'Ulm', unknown: 1 });
    expect(pairsOf(Task, { title: 'T', others: new Map([['home', {}]]) })).toEqual([
      'others[home].street: isString',
    ]);
  });

  it('takes the class of a nested value from a discriminator, or from the value where none is declared', () => {
    class Circle { @IsString() kind!: string; @IsPositive() radius!: number } // prettier-ignore
    class Square { @IsString() kind!: string; @IsPositive() side!: number } // prettier-ignore
    class Drawing {
      @ValidateNested()
      @Type(() => Circle, {
        discriminator: {
          property: 'kind',
          subTypes: [
            { name: 'circle', value: Circle },
            { name: 'square', value: Square },
          ],
        },
      })
      shape!: unknown;
      @IsOptional() @ValidateNested() anything?: unknown;
    }
    const drawing = valueOf(Drawing, { shape: { kind: 'square', side: 2, radius: 1 } });
    expect(drawing.shape).toEqual(Object.assign(new Square(), { kind: 'square', side: 2 }));
    expect(pairsOf(Drawing, { shape: { kind: 'blob' } })).toEqual(['shape.radius: isPositive']);

    const own = Object.assign(new Square(), { kind: 'square', side: 1, more: 1 });
    const { anything } = valueOf(Drawing, { shape: own, anything: own });
    expect(anything).toBeInstanceOf(Square);
    expect(anything).not.toHaveProperty('more');
    expect(own).toHaveProperty('more', 1);
    expect(pairsOf(Drawing, { shape: own, anything: { side: 1 } })).toEqual(['anything: unknownValue']);
  });

  it('checks defaults too, copying nested ones so that a shared one is never changed', () => {
    const shared = Object.assign(new Address(), { street: 'High', secret: 1 });
    class WithDefault {
      @IsInt() count: unknown = 'none';
      @ValidateNested() address = shared;
    }
    expect(pairsOf(WithDefault, {})).toEqual(['count: isInt']);
    const { address } = valueOf(WithDefault, { count: 1 });
    expect(address).not.toBe(shared);
    expect(address).toEqual(Object.assign(new Address(), { street: 'High' }));
  });

  it('treats absent params as an empty object and refuses what is no object', () => {
    expect(compileParams(Node)(undefined)).toEqual({ ok: true, value: new Node() });
    expect(compileParams(Node)(null).ok).toBe(true);
    expect(compileParams(Node)(Object.create(null)).ok).toBe(true);
    for (const [params, kind] of [
      [[], 'an array'],
      ['text', 'a string'],
      [7, 'a number'],
      [() => 1, 'a function'],
      [Symbol('s'), 'a symbol'],
    ] as const) {
      expect(violationsOf(Node, params)).toEqual([
        { property: '', constraint: 'isObject', message: `params must be an object, got ${kind}` },
      ]);
    }
  });

  it('takes own enumerable properties only', () => {
    const inherited: unknown = Object.create({ title: 'inherited' });
    expect(pairsOf(Base, inherited)).toEqual(['title: isLength', 'title: isString']);
    const hidden = Object.defineProperty({}, 'title', { value: 'hidden', enumerable: false });
    expect(pairsOf(Base, hidden)).toEqual(['title: isLength', 'title: isString']);
  });

  it('lets no key through that could change a prototype, at any depth', () => {
    const json =
      '{"title":"T","__proto__":{"polluted":1},"constructor":{"prototype":{"polluted":1}},' +
      '"address":{"street":"s","__proto__":{"polluted":1}},' +
      '"extra":{"list":[{"deep":{"prototype":1,"__proto__":{"polluted":1},"kept":1}}],"constructor":1}}';
    const params = JSON.parse(json) as { extra: object };
    const task = valueOf(Task, params);
    expect(Object.getPrototypeOf(task)).toBe(Task.prototype);
    expect(Object.getPrototypeOf(task.address)).toBe(Address.prototype);
    expect(JSON.stringify(task.extra)).toBe('{"list":[{"deep":{"kept":1}}]}');
    expect(JSON.stringify(params)).toBe(JSON.stringify(JSON.parse(json)));
    expect({}).not.toHaveProperty('polluted');
    expect(valueOf(Task, { title: 'T', extra: params.extra }).extra).not.toBe(params.extra);
  });

  it('passes clean values by reference, cyclic and very deep ones too', () => {
    const cyclic: Record<string, unknown> = { list: [] };
    cyclic['self'] = cyclic;
    expect(valueOf(Task, { title: 'T', extra: cyclic }).extra).toBe(cyclic);
    cyclic['prototype'] = 1;
    const copy = valueOf(Task, { title: 'T', extra: cyclic }).extra as Record<string, unknown>;
    expect(Object.keys(copy)).toEqual(['list', 'self']);
    expect(copy['self']).toBe(copy);

    const deep = JSON.parse('['.repeat(50_000) + ']'.repeat(50_000)) as unknown;
    expect(valueOf(Task, { title: 'T', extra: deep }).extra).toBe(deep);
    const sparse = new Array<unknown>(2 ** 32 - 1);
    expect(valueOf(Task, { title: 'T', extra: sparse }).extra).toBe(sparse);
  });

  it('bounds nested values by depth and by number', () => {
    const cyclic: Record<string, unknown> = {};
    cyclic['left'] = cyclic;
    cyclic['right'] = cyclic;
    const path = Array.from({ length: 65 }, () => 'left').join('.');
    expect(violationsOf(Node, cyclic)).toEqual([
      { property: path, constraint: 'maxDepth', message: `${path} must not be nested deeper than 64 levels` },
    ]);

    let shared: object = {};
    for (let level = 0; level < 60; level++) shared = { left: shared, right: shared };
    expect(violationsOf(Node, shared)).toEqual([
      expect.objectContaining({
        constraint: 'maxValues',
        message: expect.stringContaining('100000 nested values'),
      }),
    ]);
    expect(pairsOf(Task, { title: 'T', others: new Array<unknown>(2 ** 32 - 1) })).toEqual([
      'others[99999]: maxValues',
    ]);
    expect(violationsOf(Task, { title: 'T', others: new Array(2_000).fill(1) })).toHaveLength(1_000);
  });

  it.each(['get', 'ownKeys', 'getOwnPropertyDescriptor', 'getPrototypeOf', 'has'])(
    'survives params and nested values whose %s trap throws',
    (trap) => {
      const hostile = throwing(trap);
      for (const params of [
        hostile,
        { title: hostile },
        { title: 'T', address: hostile, others: [hostile] },
      ]) {
        const outcome = compileParams(Task)(params);
        for (const found of outcome.ok ? [] : outcome.violations) {
          expect(typeof found.message).toBe('string');
          expect(found.message).not.toBe('');
        }
      }
      expect(compileParams(Task)({ title: hostile }).ok).toBe(false);
    },
  );

  it('tells which property could not be read, whatever was thrown', () => {
    const getter = (error: unknown) => ({ get street() { throw error; } }); // prettier-ignore
    expect(violationsOf(Task, { title: 'T', others: [{ street: 's' }, getter(new Error('gone'))] })).toEqual([
      {
        property: 'others[1].street',
        constraint: 'isReadable',
        message: 'others[1].street could not be read: gone',
      },
    ]);
    expect(violationsOf(Address, getter('text'))[0]?.message).toBe(
      'street could not be read: a string was thrown',
    );
    expect(violationsOf(Address, getter(throwing('getPrototypeOf')))[0]?.message).toBe(
      'street could not be read: what was thrown cannot be read either',
    );
    const { proxy, revoke } = Proxy.revocable({}, {});
    revoke();
    expect(pairsOf(Address, proxy)).toEqual([': isReadable']);
    expect(pairsOf(Task, { title: 'T', extra: { inner: throwing('getPrototypeOf') } })).toEqual([
      'extra: isReadable',
    ]);
    const array: unknown = new Proxy([1, 2], { get: (target, key) => { if (key === '1') throw new Error('no'); return Reflect.get(target, key); } }); // prettier-ignore
    expect(pairsOf(Task, { title: 'T', others: array })).toEqual(['others: isReadable']);
  });

  it('does not let an array hide its elements', () => {
    const tags = Object.assign([1], { map: () => [] });
    expect(pairsOf(Task, { title: 'T', tags })).toEqual(['tags: isString']);
  });

  it('calls custom checks once, with the arguments of class-validator, and only while their condition holds', () => {
    const validate = jest.fn((value: unknown, _args?: unknown) => value !== 'bad');
    const IsFine = (target: object, propertyName: string) =>
      registerDecorator({
        name: 'isFine',
        target: target.constructor,
        propertyName,
        constraints: [1],
        options: { validateIf: (object: { mode?: string }) => object.mode !== 'off' },
        validator: { validate },
      });
    class Custom {
      @IsFine name!: string;
      @IsOptional() @IsString() mode?: string;
    }
    const check = compileParams(Custom);
    const params = { name: 'bad', mode: 'on' };
    expect(check(params)).toEqual({
      ok: false,
      violations: [{ property: 'name', constraint: 'isFine', message: 'name does not satisfy isFine' }],
    });
    expect(validate).toHaveBeenCalledTimes(1);
    expect(validate).toHaveBeenCalledWith('bad', {
      targetName: 'Custom',
      property: 'name',
      object: Object.assign(new Custom(), params),
      value: 'bad',
      constraints: [1],
    });
    expect(check({ name: 'bad', mode: 'off' }).ok).toBe(true);
    expect(validate).toHaveBeenCalledTimes(1);
  });

  it('takes a check or condition that throws or answers with a promise for a failure', () => {
    const boom = () => {
      throw new Error('boom');
    };
    const check = (name: string, validate: () => boolean | Promise<boolean>, message?: () => string) =>
      (target: object, propertyName: string) =>
        registerDecorator({ name, target: target.constructor, propertyName, validator: { validate }, ...(message ? { options: { message } } : {}) }); // prettier-ignore
    class Broken {
      @check('throws', boom) a = 1;
      @check('later', () => Promise.reject(new Error('unhandled'))) b = 1;
      @check('mute', () => false, boom) c = 1;
      @ValidateIf(boom) @IsInt() d = 1;
      @IsInt() get e(): number { return boom(); } // prettier-ignore
      @IsNumber({ maxDecimalPlaces: 2 }) f = 1;
    }
    expect(pairsOf(Broken, { f: 1e-7 })).toEqual([
      'a: throws',
      'b: later',
      'c: mute',
      'd: conditionalValidation',
      'e: isReadable',
      'f: isNumber',
    ]);
  });

  it('sees properties that are accessors', () => {
    class Accessors {
      #size = 0;
      @IsInt() get size(): number { return this.#size; } // prettier-ignore
      set size(size: number) { this.#size = size * 2; } // prettier-ignore
      @IsInt() get half(): number { return this.#size / 2; } // prettier-ignore
    }
    expect(valueOf(Accessors, { size: 1, half: 'ignored' })).toMatchObject({ size: 2, half: 1 });
    expect(pairsOf(Accessors, { size: 0.25 })).toEqual(['size: isInt', 'half: isInt']);
  });

  it('keeps track of more properties than fit the bits of an integer', () => {
    class Wide {}
    const names = Array.from({ length: 40 }, (_, index) => `p${index}`);
    for (const name of names) IsInt()(Wide.prototype, name);
    const params = Object.fromEntries(names.map((name) => [name, 1]));
    expect(valueOf(Wide, params)).toEqual(Object.assign(new Wide(), params));
    expect(pairsOf(Wide, { ...params, p3: 'x', p39: 'x', p35: undefined })).toEqual([
      'p3: isInt',
      'p35: isInt',
      'p39: isInt',
    ]);
  });

  it('refuses a DTO it cannot use when it is compiled', () => {
    @ValidatorConstraint({ name: 'isUnique', async: true })
    class IsUnique {
      validate = () => Promise.resolve(true);
    }
    class Async { @Validate(IsUnique) name!: string } // prettier-ignore
    class Outer { @ValidateNested() @Type(() => Async) inner!: Async } // prettier-ignore
    class Awaited { @ValidatePromise() @IsInt() later!: Promise<number> } // prettier-ignore
    class Forbidden { @IsString() prototype!: string } // prettier-ignore
    class Bare {}
    class Needy {
      @IsInt() size: number;
      constructor(source: { size: number }) {
        this.size = source.size;
      }
    }
    const refusal = (dto: unknown, code: InvalidDtoCode, message: RegExp) => {
      let thrown: unknown;
      try {
        compileParams(dto as DtoClass);
      } catch (error) {
        thrown = error;
      }
      expect(thrown).toBeInstanceOf(TypeError);
      expect(thrown).toBeInstanceOf(InvalidDtoError);
      expect(thrown).toMatchObject({ code, message: expect.stringMatching(message) });
    };
    refusal(Async, 'DTO_ASYNC_CHECK', /^Async\.name has the asynchronous check "isUnique".* Make the check/);
    refusal(Outer, 'DTO_ASYNC_CHECK', /^Async\.name/);
    refusal(Awaited, 'DTO_ASYNC_CHECK', /^Awaited\.later has @ValidatePromise/);
    refusal(
      Forbidden,
      'DTO_FORBIDDEN_PROPERTY',
      /^Forbidden declares the property "prototype".* Rename it\./,
    );
    refusal(Bare, 'DTO_NOT_DECORATED', /^Bare has no class-validator decorators/);
    refusal(Needy, 'DTO_NOT_CONSTRUCTIBLE', /^new Needy\(\) threw an error/);
    for (const dto of [undefined, {}, 'Task', () => 1]) {
      refusal(dto, 'DTO_NOT_A_CLASS', /^The DTO must be a class, got .* Pass the class itself\./);
    }
  });
});

describe('hasValidationMetadata', () => {
  it('is true for classes with decorators of their own or inherited, and never throws', () => {
    class Child extends Address {}
    class Bare {}
    expect([Address, Child].map(hasValidationMetadata)).toEqual([true, true]);
    const others = [
      Bare,
      Object,
      String,
      Promise,
      undefined,
      null,
      {},
      () => 1,
      throwing('get'),
      new Address(),
    ];
    expect(others.filter(hasValidationMetadata)).toEqual([]);
  });
});

describe('recogniseStockCheck', () => {
  class Stock {
    @IsDefined() isDefined!: unknown;
    @IsString() isString!: unknown;
    @IsBoolean() isBoolean!: unknown;
    @IsInt() isInt!: unknown;
    @IsNumber({ maxDecimalPlaces: 2 }) isNumber!: unknown;
    @IsArray() isArray!: unknown;
    @IsObject() isObject!: unknown;
    @IsEmpty() isEmpty!: unknown;
    @IsNotEmpty() isNotEmpty!: unknown;
    @IsPositive() isPositive!: unknown;
    @IsNegative() isNegative!: unknown;
    @ArrayNotEmpty() arrayNotEmpty!: unknown;
    @Min(2) min!: unknown;
    @Max(0.5) max!: unknown;
    @ArrayMinSize(2) arrayMinSize!: unknown;
    @ArrayMaxSize(3) arrayMaxSize!: unknown;
    @Equals('a') equals!: unknown;
    @NotEquals(NaN) notEquals!: unknown;
    @IsIn(['a', 1]) isIn!: unknown;
    @IsEnum(Colour) isEnum!: unknown;
    @MinLength(2, { message: 'short', each: true }) minLength!: unknown;
    @MaxLength(5) maxLength!: unknown;
    @Length(2, 7) isLength!: unknown;
  }
  const isRecognised = (dto: DtoClass, name: string) => {
    const rule = rulesOf(dto).get(name)![0]!;
    return recogniseStockCheck(rule, constraintsOf(rule)[0]!) !== undefined;
  };

  it('recognises every check that has a short form', () => {
    const names = [...STOCK_CHECKS.keys()];
    expect(names.filter((name) => !isRecognised(Stock, name))).toEqual([]);
    expect(Object.keys(new Stock()).sort()).toEqual(names.sort());
  });

  it('leaves alone checks that only look like one, and constraints out of the ordinary', () => {
    class Others {
      @SafeInt() sameNameAndMessage!: unknown;
      @IsIn([NaN, undefined]) fine!: unknown;
      @IsEnum({ NONE: NaN }) sameValueZero!: unknown;
      @Length(1, null as never) noBound!: unknown;
      @Matches(/a/) noShortForm!: unknown;
      @Validate(ShorterThanAll) custom!: unknown;
      @IsEmail() longForm!: unknown;
    }
    expect(Object.keys(new Others()).filter((name) => isRecognised(Others, name))).toEqual(['fine']);
  });
});

describe('a flat DTO, copied by generated code', () => {
  class Odd {
    '"]; throw 1; //': unknown;
    'with space'?: unknown;
    'é\u2028'?: unknown;
    size = 3;
  }
  IsString()(Odd.prototype, '"]; throw 1; //');
  IsOptional()(Odd.prototype, 'with space');
  IsOptional()(Odd.prototype, 'é\u2028');
  IsInt()(Odd.prototype, 'size');

  it('takes names of properties as text, whatever is in them', () => {
    const check = compileParams(Odd);
    const params = { '"]; throw 1; //': 'a', 'with space': 1, 'é\u2028': 2, other: 3 };
    const outcome = check(params);
    expect(outcome.ok && { ...outcome.value }).toEqual({
      '"]; throw 1; //': 'a',
      'with space': 1,
      'é\u2028': 2,
      size: 3,
    });
  });

  it('reads each declared property once, own and enumerable ones only', () => {
    let reads = 0;
    const inherited = Object.create({ size: 9 }) as object;
    Object.defineProperty(inherited, 'with space', { value: 'hidden', enumerable: false });
    Object.defineProperty(inherited, '"]; throw 1; //', {
      enumerable: true,
      get: () => {
        reads += 1;
        return 'a';
      },
    });
    const outcome = compileParams(Odd)(inherited);
    expect(outcome.ok && { ...outcome.value }).toEqual({
      '"]; throw 1; //': 'a',
      size: 3,
      'with space': undefined,
      'é\u2028': undefined,
    });
    expect(reads).toBe(1);
  });

  it('names the property that cannot be read', () => {
    const outcome = compileParams(Odd)({
      '"]; throw 1; //': 'a',
      get size(): number {
        throw new Error('no');
      },
    });
    expect(outcome).toMatchObject({
      ok: false,
      violations: [{ property: 'size', constraint: 'isReadable' }],
    });
  });
});
