import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { escapeControls } from './control-characters.js';
import { createSanitizer, describeError, sanitize, SanitizeOptionsError } from './redact.js';

const CONTROLS = /[\p{Cc}\p{Zl}\p{Zp}\p{Bidi_Control}\p{Cs}]/u;

interface Plant {
  readonly shape: string;
  /** A key it may stand under; an innocent one where the value is known by its own shape. */
  readonly key: string;
  readonly value: string;
  /** Must not be found anywhere. */
  readonly secret: string;
  /** As it turns up in running text. */
  readonly text: string;
}

const base64 = (text: string): string => Buffer.from(text).toString('base64');
const plant = (shape: string, key: string, secret: string, value = secret, text = value): Plant => ({
  shape,
  key,
  value,
  secret,
  text: `call 7 failed for bob, ${text} was refused`,
});

const githubToken = `ghp_${'a1B2'.repeat(9)}`;
const jwt = [base64('{"alg":"HS256"}'), base64('{"sub":"17"}'), 'sflKxwRJSMeKKF2QT4fw']
  .join('.')
  .replace(/=/g, '');
const pemBody = `MIIEvQIBADANBgkq${'Qw3r'.repeat(8)}`;
const pem = `-----BEGIN RSA PRIVATE KEY-----\n${pemBody}\n-----END RSA PRIVATE KEY-----`;
const discordToken = ['M' + 'Tk4NjIyNDgzNDcxOTI1MjQ4', 'Cl2FMQ', 'ZnCjm1XVW7vRze4b7Cq4se7kKWs'].join('.');

const PLANTS: readonly Plant[] = [
  plant('password', 'db_password', 'hunter-two', 'hunter-two', 'password=hunter-two'),
  plant('API key', 'X-Api-Key', 'k3y9f7d1', 'k3y9f7d1', '{"apiKey":"k3y9f7d1"}'),
  plant('bearer header', 'note', 'mF_9.B5f-4.1JqM', 'Bearer mF_9.B5f-4.1JqM'),
  plant('basic header', 'note', base64('bob:hunter2'), `Basic ${base64('bob:hunter2')}`),
  plant('JSON web token', 'note', jwt),
  plant('PEM block', 'note', pemBody, pem),
  plant('AWS access key', 'note', 'AKIA' + 'IOSFODNN7EXAMPLE'),
  plant('GitHub token', 'note', githubToken),
  plant('Slack token', 'note', 'xoxb-' + '17653672481-19874698323-pdFZKVeTuE8sk7oOcHrzqqgy'),
  plant('OpenAI key', 'note', 'sk-' + 'proj-4fT9zzKq2LmN8pQr7sTu1vWx'),
  plant('Discord token', 'note', discordToken),
  plant('URL with a user', 'note', 'hunt/er@2', 'postgres://bob:hunt/er@2@db:5432/app?x=1'),
  plant('card number', 'note', '4111 1111 1111 1111'),
  plant('cookie', 'Set-Cookie', 'sid=8f7a6b', 'sid=8f7a6b; Path=/', 'Cookie: theme=dark; sid=8f7a6b'),
  plant('connection string', 'note', 'aGVsbG8/K2V5', 'Endpoint=sb://x;SharedAccessKey=aGVsbG8/K2V5=;A=b'),
];

const PLACES: Readonly<Record<string, (plant: Plant) => unknown>> = {
  'a top key': ({ key, value }) => ({ [key]: value, [key.toUpperCase()]: value }),
  'a nested key': ({ key, value }) => ({
    a: { b: { list: [{ [key]: value }], map: new Map([[key, value]]) } },
  }),
  'an array': ({ key, value, text }) => [[key, value], { name: key, value }, text, ['--' + key, value]],
  'an error': ({ key, value, text }) =>
    Object.assign(new Error(text, { cause: new AggregateError([new Error(text), { [key]: value }], text) }), {
      config: { [key]: value },
      [key]: value,
    }),
  'a message': ({ text }) => text,
};

describe('sanitize', () => {
  it('lets no planted secret through, in any of the places', () => {
    const leaks = PLANTS.flatMap((plant) =>
      Object.entries(PLACES).flatMap(([place, build]) => {
        const source = build(plant);
        const shown = JSON.stringify([
          sanitize(source),
          describeError(source, { stack: true }),
          createSanitizer({ stack: true }).record([{ source }, source]),
        ]);
        const isHidden =
          !shown.includes(JSON.stringify(plant.secret).slice(1, -1)) && shown.includes('[redacted]');
        return isHidden ? [] : [`${plant.shape} in ${place}: ${shown}`];
      }),
    );
    expect(PLANTS.length * Object.keys(PLACES).length).toBeGreaterThanOrEqual(60);
    expect(leaks).toEqual([]);
  });

  it('hides values by the words of their key, in any spelling', () => {
    const hidden = [
      ...[
        'password',
        'PASSWORD',
        'dbPassword',
        'userpassword',
        'passwd',
        'DB_PASS',
        'pwd',
        'secret',
        'clientSecret',
      ],
      ...[
        'token',
        'access_token',
        'refreshToken',
        'JWTsecret',
        'apiKey',
        'api_key',
        'API-KEY',
        'apikey',
        'x-api-key',
      ],
      ...[
        'authorization',
        'Proxy-Authorization',
        'auth',
        'cookie',
        'set-cookie',
        'credential',
        'credentials',
        'pin',
      ],
      ...[
        'privateKey',
        'private_key',
        'AWS_SECRET_ACCESS_KEY',
        'ssn',
        'cvv',
        'cardNumber',
        'passphrase',
        'OTP',
      ],
      ...['pass\u200Bword', 'ｐａｓｓｗｏｒｄ', 'passwordHash', 'token2', 'connectionString', 'discordToken'],
    ];
    for (const key of hidden) expect([key, sanitize({ [key]: 'v' })]).toEqual([key, { [key]: '[redacted]' }]);
    expect(
      sanitize({ password: { old: 'a', new: 'b' }, tokens: ['a'], secret: 12, token: 7, pin: 1234n }),
    ).toEqual({
      password: '[redacted]',
      tokens: '[redacted]',
      secret: '[redacted]',
      token: '[redacted]',
      pin: '[redacted]',
    });
  });

  it('keeps what only looks or sounds like a secret', () => {
    const fields = {
      ...{
        monkey: 'm',
        author: 'bob',
        keyboard: 'de',
        secretary: 'eve',
        authority: 'x',
        spinner: 'y',
        passenger: 'z',
      },
      ...{
        tokens: 512,
        maxTokens: 4096,
        totalTokens: 12,
        tokenCount: 5,
        token_count: '5',
        tokenType: 'access',
      },
      ...{
        cookies: 3,
        pass: 14,
        passCount: 3,
        passwordPolicy: 'strong',
        passwordless: 'webauthn',
        authMethod: 'oidc',
      },
      ...{
        hasPassword: true,
        password: null,
        secret: false,
        cacheKey: 'a:b',
        publicKey: 'pk',
        key: 'k',
        pinned: 'p',
      },
      ...{ email: 'bob@example.org', sessionId: 's-1', userId: '175928847299117063', id: 1_700_000_000_000 },
      uuid: '4111f1aa-1111-4111-8111-111111111111',
      at: '2024-05-05T10:00:00.000Z',
      url: 'https://discord.com/api/v10/users/@me?page=2&email=bob@example.org',
      port: 'http://localhost:3000/a?to=bob@example.org',
      frame: 'at Object.token (file:///srv/node_modules/@acme/token.ts:10:5)',
      sentences: [
        ...[
          'bearer token expired',
          'Basic authentication failed',
          'auth: failed',
          'token: expired',
          'tokens: 512',
        ],
        ...[
          'risk-assessment-orchestrator-v2 done',
          'author: bob',
          'monkey=banana',
          'password is required',
          '1 + 1 = 2',
        ],
        ...[
          'token::refresh',
          'cache key: abc',
          'pass: 3, fail: 0',
          'password: null',
          'order 4111111111111112',
          '--verbose yes',
        ],
      ],
    };
    expect(sanitize(fields)).toEqual(fields);
  });

  it('hides more key words on request, as words and as phrases', () => {
    const { sanitize: strict } = createSanitizer({
      redact: ['e-mail', 'email', 'sessionId', 'Geburtsdatum'],
    });
    const fields = {
      userEmail: 'a',
      'E-Mail': 'b',
      session_id: 'c',
      geburtsdatum: 'd',
      session: 'e',
      id: 'f',
    };
    expect(strict({ ...fields, text: 'email=a@b.c for session_id: 12' })).toEqual({
      ...{
        userEmail: '[redacted]',
        'E-Mail': '[redacted]',
        session_id: '[redacted]',
        geburtsdatum: '[redacted]',
      },
      ...{ session: 'e', id: 'f', text: 'email=[redacted] for session_id: [redacted]' },
    });
  });

  it('replaces only the secret part of a text', () => {
    const cases: readonly (readonly [string, string])[] = [
      ['GET /x?access_token=abc&page=2', 'GET /x?access_token=[redacted]&page=2'],
      ['{"password":"a\\"b","user":"bob"}', '{"password":"[redacted]","user":"bob"}'],
      ['"{\\"token\\":\\"a b\\",\\"n\\":1}"', '"{\\"token\\":\\"[redacted]\\",\\"n\\":1}"'],
      ['curl -H "Authorization: Bearer abc" https://x/y', 'curl -H "Authorization: [redacted]" https://x/y'],
      ['cli --api-key abc --out dir', 'cli --api-key [redacted] --out dir'],
      ['<password>my pass</password><user>bob</user>', '<password>[redacted]</password><user>bob</user>'],
      ["{ secret: 'a b', id: 4 }", "{ secret: '[redacted]', id: 4 }"],
      [
        'amqp://bob:pw@mq:5672/v and http://c:d@e/f@g',
        'amqp://[redacted]@mq:5672/v and http://[redacted]@e/f@g',
      ],
      ['Invalid API key: abcdef (401)', 'Invalid API key: [redacted] (401)'],
      [`key ${githubToken}, used`, 'key [redacted], used'],
      ['cards 5500-0000-0000-0004 and 340000000000009.', 'cards [redacted] and [redacted].'],
      [
        'POST https://discord.com/api/webhooks/17592/aBc-d_e0123456789 204',
        'POST https://discord.com/api/webhooks/17592/[redacted] 204',
      ],
    ];
    for (const [text, shown] of cases) expect(sanitize(text)).toBe(shown);
    expect(sanitize(4_111_111_111_111_111)).toBe('[redacted]');
  });

  it('cuts depth, width and length, and says by how much', () => {
    const deep = { a: { b: { c: { d: { e: { f: { g: 1 } } } } } } };
    expect(sanitize(deep)).toEqual({ a: { b: { c: { d: { e: { f: '[nested too deep]' } } } } } });
    expect(sanitize({ a: { b: 1 } }, { maxDepth: 1 })).toEqual({ a: '[nested too deep]' });
    expect(sanitize([1, 2, 3, 4], { maxEntries: 2 })).toEqual([1, 2, '… (+2 entries)']);
    expect(sanitize({ a: 1, b: 2, c: 3 }, { maxEntries: 2 })).toEqual({ a: 1, b: 2, '…': '(+1 entries)' });
    expect(sanitize(new Set([1, 2, 3]), { maxEntries: 1 })).toEqual([1, '… (+2 entries)']);
    expect(sanitize(new Map([[1, 2], [3, 4]]), { maxEntries: 1 })).toEqual({ '1': 2, '…': '(+1 entries)' }); // prettier-ignore
    expect(sanitize('x'.repeat(1_500))).toBe(`${'x'.repeat(1_000)}… (+500 characters)`);
    expect(sanitize(`${'x'.repeat(15)}😀${'y'.repeat(9)}`, { maxStringLength: 16 })).toBe(
      `${'x'.repeat(15)}… (+11 characters)`,
    );
    expect(sanitize(`${'x'.repeat(990)} ${githubToken} tail`)).toBe(
      `${'x'.repeat(990)} [redacted]… (+5 characters)`,
    );
    const wide = Array.from({ length: 100 }, () => Array.from({ length: 100 }, () => 'é"\\'.repeat(300)));
    for (const maxBytes of [1_024, 65_536]) {
      const bytes = Buffer.byteLength(JSON.stringify(sanitize(wide, { maxBytes })));
      expect(bytes).toBeLessThanOrEqual(maxBytes);
      expect(bytes).toBeGreaterThan(maxBytes * 0.5);
    }
  });

  it('turns every kind of value into JSON data', () => {
    class Account {
      readonly id = 7;
      readonly #balance = 3;
      get balance(): number {
        return this.#balance;
      }
    }
    const cycle: Record<string, unknown> = { shared: 1 };
    cycle['self'] = [cycle];
    const twice = { a: 1 };
    const invoked: string[] = [];
    const hostileJson = {
      a: 1,
      toJSON: () => invoked.push('toJSON'),
      valueOf: () => invoked.push('valueOf'),
    };
    const cases: readonly (readonly [unknown, unknown])[] = [
      [
        [undefined, NaN, -Infinity, 10n, Symbol('s'), () => 1],
        [null, 'NaN', '-Infinity', '10n', 'Symbol(s)', '[function]'],
      ],
      [10n ** 100n, '[bigint of more than 256 bits]'],
      [{ a: undefined, b: null }, { b: null }],
      [
        [new Date(0), new Date(NaN)],
        ['1970-01-01T00:00:00.000Z', '[invalid date]'],
      ],
      [new Map<unknown, unknown>([['secret', 1], [1, 2], ['1', 3], [{}, 4]]), { secret: '[redacted]', '1': 2, '1~2': 3, '[object]': 4 }], // prettier-ignore
      [[Buffer.from('abc'), new Float64Array(2), new ArrayBuffer(3)], ['[Buffer: 3 bytes]', '[binary view: 16 bytes]', '[binary: 3 bytes]']], // prettier-ignore
      [[/a/g, new URL('http://u:p@h/x'), Promise.resolve(1), new WeakMap()], ['/a/g', 'http://[redacted]@h/x', '[promise]', '[weak collection]']], // prettier-ignore
      [
        [new String('password=abc'), Object(1n), Object(true)],
        ['password=[redacted]', '1n', 'true'],
      ],
      [new Account(), { id: 7 }],
      [Object.assign(Object.create(null), { a: 1 }), { a: 1 }],
      [JSON.parse('{"__proto__":{"polluted":1}}'), { '[__proto__]': { polluted: 1 } }],
      [cycle, { shared: 1, self: ['[circular]'] }],
      [
        [twice, twice],
        [{ a: 1 }, { a: 1 }],
      ],
      [hostileJson, { a: 1, toJSON: '[function toJSON]', valueOf: '[function valueOf]' }],
      [
        { 'a\nb': 1, 'a\\nb': 2 },
        { 'a\\nb': 1, 'a\\nb~2': 2 },
      ],
      [{ [githubToken]: 1 }, { '[redacted]': 1 }],
    ];
    for (const [value, expected] of cases) expect(sanitize(value)).toEqual(expected);
    expect(invoked).toEqual([]);
    expect(({} as { polluted?: unknown }).polluted).toBeUndefined();
  });

  it('survives values whose own code throws', () => {
    const fail = (): never => {
      throw new Error('trap');
    };
    const revoked = Proxy.revocable({}, {});
    revoked.revoke();
    const traps: ProxyHandler<object> = {
      get: fail,
      ownKeys: fail,
      getPrototypeOf: fail,
      getOwnPropertyDescriptor: fail,
    };
    class Throwing {
      constructor() {
        Object.defineProperty(this, 'a', { enumerable: true, get: fail });
      }
    }
    const hostile = {
      getter: Object.defineProperty({ b: 1 }, 'a', { enumerable: true, get: fail }),
      instance: new Throwing(),
      revoked: revoked.proxy,
      proxy: new Proxy({}, traps),
      list: new Proxy([1], { get: fail }),
      fn: new Proxy(() => 1, traps),
    };
    expect(sanitize(hostile)).toEqual({
      getter: { a: '[unreadable]', b: 1 },
      instance: { a: '[getter]' },
      revoked: '[unreadable]',
      proxy: '[unreadable]',
      list: '[unreadable]',
      fn: '[function]',
    });
    const recurse = (depth: number): unknown => {
      try {
        return recurse(depth + 1);
      } catch {
        return sanitize({ a: { b: [1, 'x'.repeat(2_000)] } });
      }
    };
    expect(() => recurse(0)).not.toThrow();
  });

  it('refuses bounds that are no integers in range', () => {
    expect(() => sanitize(1, { maxDepth: 0 })).toThrow(SanitizeOptionsError);
    expect(() => createSanitizer({ maxBytes: 10.5 })).toThrow(
      'sanitize: maxBytes is 10.5. Give an integer from 1024 to 16777216. [SANITIZE_INVALID_OPTION]',
    );
  });

  it('takes time in proportion to the text, whatever the text', () => {
    const bits = [
      '://',
      '://a:',
      '=',
      'a=',
      ':"',
      '\\"',
      'eyJ',
      'sk-',
      '-----BEGIN ',
      '4111 ',
      '--a ',
      '"',
      '{',
      'A',
      '<a>',
    ];
    const attack = (length: number): string[] =>
      bits.flatMap((bit) =>
        [`token=`, 'x://a:', '"password":"', ''].map((head) => head + bit.repeat(length / bit.length)),
      );
    const { sanitize: wide } = createSanitizer({ maxStringLength: 1_000_000, maxBytes: 16_777_216 });
    const cost = (texts: readonly string[]): number => {
      const before = process.cpuUsage();
      for (const text of texts) wide(text);
      const { user, system } = process.cpuUsage(before);
      return user + system;
    };
    cost(attack(1_000));
    // 60 texts of 100 kB; quadratic behaviour in one of them would take minutes.
    expect(cost(attack(100_000))).toBeLessThan(6_000_000);
  });

  it('never throws, and gives bounded JSON without control characters, whatever comes in', () => {
    const anything = fc.anything({
      ...{ withBigInt: true, withBoxedValues: true, withDate: true, withMap: true, withSet: true },
      ...{ withNullPrototype: true, withObjectString: true, withTypedArray: true, withSparseArray: true },
      key: fc.oneof(
        fc.string({ unit: 'binary' }),
        fc.constantFrom('password', '__proto__', 'toJSON', 'value', 'name'),
      ),
      values: [
        fc.string({ unit: 'binary' }),
        fc.integer(),
        fc.double(),
        fc.constantFrom('\u2028\u202e\u001b[0m\ud800', '=:>"\\'),
      ],
    });
    const strings = (value: unknown): string[] =>
      typeof value === 'string'
        ? [value]
        : typeof value === 'object' && value !== null
          ? Object.entries(value).flatMap(([key, inner]) => [key, ...strings(inner)])
          : [];
    fc.assert(
      fc.property(anything, fc.string({ unit: 'binary' }), (value, text) => {
        const thrown = Object.assign(new Error(text, { cause: value }), { value });
        for (const result of [
          sanitize(value),
          sanitize(text),
          describeError(value),
          sanitize(thrown, { maxBytes: 1_024 }),
        ]) {
          const json = JSON.stringify(result) as string | undefined;
          expect(json === undefined || !CONTROLS.test(json)).toBe(true);
          expect(strings(result).filter((found) => CONTROLS.test(found))).toEqual([]);
        }
        expect(
          Buffer.byteLength(JSON.stringify(sanitize([value, thrown], { maxBytes: 1_024 }))),
        ).toBeLessThanOrEqual(1_024);
      }),
      { numRuns: 400 },
    );
  });
});

describe('describeError', () => {
  it('keeps class, code, message, properties, members and the chain of causes', () => {
    class QuotaError extends Error {
      readonly code = 'QUOTA';
      readonly limit = 5;
    }
    const cause = new AggregateError([new TypeError('first'), 'second'], 'all failed');
    expect(describeError(new QuotaError('too many', { cause }))).toEqual({
      name: 'QuotaError',
      message: 'too many',
      code: 'QUOTA',
      limit: 5,
      cause: {
        name: 'AggregateError',
        message: 'all failed',
        errors: [{ name: 'TypeError', message: 'first' }, 'second'],
      },
    });
    expect(describeError(new Error('x'), { stack: true }).stack).toMatch(/^Error: x\\n {4}at /);
    expect(describeError(new Error('x'))).not.toHaveProperty('stack');
    expect(describeError(new DOMException('gone', 'AbortError'))).toMatchObject({
      name: 'AbortError',
      message: 'gone',
    });
    expect(describeError(new Error('m'.repeat(9_000))).message).toBe(
      `${'m'.repeat(8_192)}… (+808 characters)`,
    );
  });

  it('bounds chains, marks cycles and survives hostile errors', () => {
    let chain = new Error('error 0');
    for (let index = 1; index <= 20_000; index += 1)
      chain = new Error(`error ${String(index)}`, { cause: chain });
    let depth = 0;
    let link: unknown = describeError(chain);
    while (typeof link === 'object' && link !== null) {
      link = (link as { cause?: unknown }).cause;
      depth += 1;
    }
    expect([depth, link]).toEqual([11, '[more causes]']);

    const itself = new Error('self');
    itself.cause = itself;
    const throwing = Object.defineProperties(new Error('x'), {
      message: { get: () => { throw new Error('no'); } }, // prettier-ignore
      cause: { get: () => { throw new Error('no'); } }, // prettier-ignore
    });
    const trapped = new Proxy(new Error('x'), { get: () => { throw new Error('no'); } }); // prettier-ignore
    const revoked = Proxy.revocable(new Error('x'), {});
    revoked.revoke();
    const cases: readonly (readonly [unknown, unknown])[] = [
      [itself, { name: 'Error', message: 'self', cause: '[circular]' }],
      [Object.freeze(new RangeError('ice')), { name: 'RangeError', message: 'ice' }],
      [throwing, { name: 'Error', message: '[unreadable]', cause: '[unreadable]' }],
      [
        trapped,
        { name: '[unreadable]', message: '[unreadable]', code: '[unreadable]', cause: '[unreadable]' },
      ],
      [revoked.proxy, { name: 'NonError', message: '[unreadable]' }],
      [undefined, { name: 'NonError', message: 'undefined' }],
      [null, { name: 'NonError', message: 'null' }],
      ['boom token=abc', { name: 'NonError', message: 'boom token=[redacted]' }],
      [Symbol('s'), { name: 'NonError', message: 'Symbol(s)' }],
      [
        { message: 'plain', code: 5, name: 'Odd' },
        { name: 'Odd', message: 'plain', code: 5 },
      ],
      [Object.assign(Object.create(null), { a: 1 }), { name: 'NonError', message: '{"a":1}' }],
    ];
    for (const [value, expected] of cases) expect(describeError(value)).toEqual(expected);
  });
});

describe('Sanitizer.record', () => {
  it('lets later sources win, within one size', () => {
    const { record } = createSanitizer({ maxBytes: 1_024 });
    expect(record([{ a: 1, b: 1 }, undefined, { b: 2, password: 'x' }])).toEqual({
      a: 1,
      b: 2,
      password: '[redacted]',
    });
    expect(record([new Error('x'), 7])).toEqual({ error: { name: 'Error', message: 'x' }, value: 7 });
    const large = record([{ a: 'x'.repeat(900) }, { b: 'y'.repeat(900) }, { c: { d: 1 } }]);
    expect(Buffer.byteLength(JSON.stringify(large))).toBeLessThanOrEqual(1_024);
  });
});

describe('escapeControls', () => {
  it('writes out what could break or disguise a line, and nothing else', () => {
    expect(escapeControls('a\r\n\tb\u0000\u001b[31m\u0085\u2028\u2029\u202e\u2066\ud800c')).toBe(
      'a\\r\\n\\tb\\u0000\\u001b[31m\\u0085\\u2028\\u2029\\u202e\\u2066\\ud800c',
    );
    expect(escapeControls('Grüße 👩‍👩‍👧 C:\\new')).toBe('Grüße 👩‍👩‍👧 C:\\new');
  });
});
