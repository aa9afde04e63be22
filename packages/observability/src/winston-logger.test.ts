import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Writable } from 'node:stream';
import { describe, expect, it } from '@jest/globals';
import type { LogFields, LogLevel } from '@kapelle/core';
import fc from 'fast-check';
import winston from 'winston';
import {
  createWinstonLogger,
  LoggerOptionsError,
  type WinstonLogger,
  type WinstonLoggerOptions,
} from './index.js';

const CONTROLS = /[\p{Cc}\p{Zl}\p{Zp}\p{Bidi_Control}\p{Cs}]/u;
const NOON = new Date(2024, 4, 5, 12, 30, 45, 7);

/** Real winston in front of a stream that keeps what it is given. */
function captured(options: WinstonLoggerOptions = {}): {
  logger: WinstonLogger;
  lines: () => Promise<string[]>;
} {
  let written = '';
  const stream = new Writable({
    write(chunk, _encoding, done) {
      written += String(chunk);
      done();
    },
  });
  const logger = createWinstonLogger({ level: 'debug', clock: () => NOON, stream, ...options });
  return {
    logger,
    lines: async () => {
      await logger.close();
      return written.split('\n').slice(0, -1);
    },
  };
}

const parse = (line: string | undefined): Record<string, unknown> =>
  JSON.parse(line ?? 'null') as Record<string, unknown>;

async function only(write: (logger: WinstonLogger) => void, options?: WinstonLoggerOptions): Promise<string> {
  const { logger, lines } = captured(options);
  write(logger);
  const all = await lines();
  expect(all).toHaveLength(1);
  return all[0] ?? '';
}

describe('WinstonLogger in JSON', () => {
  it('writes one object per event: time, level, event, service, fields', async () => {
    const { logger, lines } = captured({ service: 'bot\u2028' });
    logger.info('orchestration_completed', { orchestrator: 'mission', durationMs: 12 });
    logger.warn('bare');
    expect(await lines()).toEqual([
      `{"timestamp":"${NOON.toISOString()}","level":"info","event":"orchestration_completed","service":"bot\\\\u2028","orchestrator":"mission","durationMs":12}`,
      `{"timestamp":"${NOON.toISOString()}","level":"warn","event":"bare","service":"bot\\\\u2028"}`,
    ]);
  });

  it('keeps fields that are called like parts of the line, under a prefix', async () => {
    const fields = {
      level: 'a',
      event: 'b',
      timestamp: 'c',
      message: 'd',
      field_level: 'e',
      exception: true,
      service: 's',
    };
    expect(parse(await only((logger) => logger.info('x', fields)))).toEqual({
      ...{ timestamp: NOON.toISOString(), level: 'info', event: 'x', exception: true, service: 's' },
      ...{
        field_level: 'a',
        field_event: 'b',
        field_timestamp: 'c',
        field_message: 'd',
        field_field_level: 'e',
      },
    });
    const named = await only((logger) => logger.info('x', { service: 's' }), { service: 'bot' });
    expect(parse(named)).toMatchObject({ service: 'bot', field_service: 's' });
  });

  it('writes errors with stack and causes on the one line', async () => {
    const error = new TypeError('broken\nthing', { cause: new Error('disk', { cause: 'full' }) });
    const line = parse(
      await only((logger) => logger.error('orchestration_failed', { error, params: { a: 1 } })),
    );
    expect(line['error']).toMatchObject({
      name: 'TypeError',
      message: 'broken\\nthing',
      stack: expect.stringMatching(/^TypeError: broken\\nthing\\n {4}at /),
      cause: { name: 'Error', message: 'disk', cause: 'full' },
    });
    expect(line['params']).toEqual({ a: 1 });
  });

  it('hides secrets in the event, in fields of every source, and in extra words', async () => {
    const options = { redact: ['email'], ambient: () => ({ authorization: 'Bearer s3cret-1' }) };
    const line = await only((logger) => {
      const child = logger.child({ apiKey: 's3cret-2', note: 'postgres://bob:s3cret-3@db/x' });
      const error = Object.assign(new Error('token=s3cret-4'), { headers: { cookie: 's3cret-5' } });
      child.info('login password=s3cret-6', { params: { password: 's3cret-7', list: [{ secret: 's3cret-8' }] }, error, email: 's3cret-9' }); // prettier-ignore
    }, options);
    expect(line).not.toContain('s3cret');
    expect(line.match(/\[redacted\]/g)?.length).toBeGreaterThanOrEqual(9);
  });
});

describe('WinstonLogger', () => {
  it('makes one line of every event, whatever is in it', async () => {
    const nasty = [
      '\r\n',
      '\u2028',
      '\u2029',
      '\u001b[2J',
      '\u0000',
      '\u0085',
      '\u202e',
      '\u2066',
      '\ud800',
      '\t',
    ];
    const fields = Object.fromEntries(
      Array.from({ length: 99 }, (_, index) => [
        `f${String(index)}${nasty[index % 10] ?? ''}`,
        `a${nasty[index % 10] ?? ''}{"level":"error"}`,
      ]),
    );
    for (const format of ['json', 'pretty'] as const) {
      const line = await only(
        (logger) => logger.child(fields).info('event\n{"level":"error"}', { x: '\n' }),
        { format, colors: false },
      );
      expect(CONTROLS.test(line)).toBe(false);
      if (format === 'json') expect(Object.keys(parse(line))).toHaveLength(103);
    }
    await fc.assert(
      fc.asyncProperty(
        fc.anything(),
        fc.string({ unit: 'binary' }),
        fc.constantFrom('json', 'pretty'),
        async (value, event, format) => {
          const line = await only((logger) => logger.info(event, { value, [event]: event }), {
            format,
            colors: false,
          });
          expect(CONTROLS.test(line)).toBe(false);
          if (format === 'json')
            expect(parse(line)).toMatchObject({ level: 'info', timestamp: NOON.toISOString() });
        },
      ),
      { numRuns: 100 },
    );
  });

  it('reads, formats and asks nothing for a level that is off', async () => {
    let reads = 0;
    const counting = { get x() { return (reads += 1); } }; // prettier-ignore
    const count = (): undefined => void (reads += 1);
    const { logger, lines } = captured({
      level: 'info',
      ambient: count,
      clock: () => {
        reads += 1;
        return NOON;
      },
    });
    const child = logger.child(counting);
    child.debug('off', counting);
    expect(reads).toBe(0);
    expect([child.isLevelEnabled('debug'), child.isLevelEnabled('info')]).toEqual([false, true]);
    child.info('on', counting);
    expect(reads).toBe(4);
    expect(await lines()).toHaveLength(1);
  });

  it('changes its level at run time, for its children too', async () => {
    const { logger, lines } = captured({ level: 'error' });
    const child = logger.child({ a: 1 });
    const levels: readonly LogLevel[] = ['debug', 'info', 'warn', 'error'];
    for (const level of levels) {
      logger.level = level;
      expect(child.level).toBe(level);
      for (const method of levels) child[method](`${method} at ${level}`);
    }
    expect((await lines()).map((line) => parse(line)['event'])).toEqual([
      ...[
        'debug at debug',
        'info at debug',
        'warn at debug',
        'error at debug',
        'info at info',
        'warn at info',
      ],
      ...['error at info', 'warn at warn', 'error at warn', 'error at error'],
    ]);
  });

  it('lets the nearest fields win: line, child, parent, ambient', async () => {
    const all = { a: 'ambient', b: 'ambient', c: 'ambient', d: 'ambient' };
    const line = await only(
      (logger) =>
        logger
          .child({ b: 'parent', c: 'parent', d: 'parent' })
          .child({ c: 'child', d: 'child' })
          .info('x', { d: 'line' }),
      { ambient: () => all },
    );
    expect(parse(line)).toMatchObject({ a: 'ambient', b: 'parent', c: 'child', d: 'line' });
  });

  it('survives fields, ambient fields and clocks that throw or lie', async () => {
    const fail = (): never => {
      throw new Error('no');
    };
    const trapped = new Proxy({}, { get: fail, ownKeys: fail, getPrototypeOf: fail });
    const { logger, lines } = captured({ ambient: fail, clock: () => new Date(NaN) });
    logger.info('a', trapped);
    logger.child(trapped).info('b', { ok: 1 });
    logger.info('c', new Error('as fields') as unknown as LogFields);
    logger.info(undefined as unknown as string, 7 as unknown as LogFields);
    logger.info({ toString: fail } as unknown as string);
    expect((await lines()).map(parse)).toEqual([
      { timestamp: '[invalid date]', level: 'info', event: 'a', value: '[unreadable]' },
      { timestamp: '[invalid date]', level: 'info', event: 'b', value: '[unreadable]', ok: 1 },
      expect.objectContaining({ event: 'c', error: expect.objectContaining({ message: 'as fields' }) }),
      { timestamp: '[invalid date]', level: 'info', event: 'undefined', value: 7 },
      { timestamp: '[invalid date]', level: 'info', event: '[unreadable]' },
    ]);
    expect(logger.stats).toEqual({ written: 5, failed: 5, dropped: 0, sampled: 0 });
  });

  it('refuses options it cannot use', () => {
    const stream = new Writable();
    expect(() => createWinstonLogger({ stream, level: 'loud' as LogLevel })).toThrow(
      'The log level is "loud". Use one of error, warn, info, debug. [OBSERVABILITY_LOGGER_OPTION]',
    );
    expect(() => createWinstonLogger({ stream, closeTimeoutMs: 0 })).toThrow(LoggerOptionsError);
    expect(() => createWinstonLogger({ transports: [stream as unknown as winston.transport] })).toThrow(
      'transports[0] has no log method. Pass an instance of a winston transport; pass a stream as stream. [OBSERVABILITY_LOGGER_OPTION]',
    );
  });
});

describe('WinstonLogger for people', () => {
  const pretty = { format: 'pretty', colors: false } as const;

  it('shows time, level, event and the fields as key=value', async () => {
    const fields = {
      id: 7,
      name: 'two words',
      path: '/a/b',
      list: [1, { a: null }],
      ok: true,
      empty: '',
      none: null,
    };
    const line = await only((logger) => logger.info('orchestration_completed', fields), pretty);
    expect(line).toBe(
      '12:30:45.007 INFO  orchestration_completed id=7 name="two words" path=/a/b list=[1,{"a":null}] ok=true empty="" none=null',
    );
  });

  it('cuts long values and shows of an error class, message, code, first frame and causes', async () => {
    const error = Object.assign(new RangeError('too far', { cause: new Error('because') }), {
      code: 'E_FAR',
    });
    const line = await only((logger) => logger.error('x', { long: 'y'.repeat(500), error }), {
      ...pretty,
      service: 'bot',
    });
    expect(line).toMatch(
      /^12:30:45\.007 ERROR bot x long="?y{160}…"? error="RangeError: too far \[E_FAR\] \(at .+\) ← Error: because"$/,
    );
  });

  it('is the default on a terminal, in colour, and only there', async () => {
    const terminal = (): { stream: Writable & { isTTY?: boolean }; text: () => string } => {
      let text = '';
      const stream: Writable & { isTTY?: boolean } = new Writable({ write: (chunk, _encoding, done) => { text += String(chunk); done(); } }); // prettier-ignore
      stream.isTTY = true;
      return { stream, text: () => text };
    };
    const cases: readonly (readonly [WinstonLoggerOptions, RegExp])[] = [
      [
        {},
        /^\u001b\[2m12:30:45\.007\u001b\[22m \u001b\[33mWARN \u001b\[39m \u001b\[1mx\u001b\[22m \u001b\[2ma=1\u001b\[22m\n$/,
      ],
      [{ colors: false }, /^12:30:45\.007 WARN {2}x a=1\n$/],
      [{ format: 'json' }, /^\{"timestamp":/],
    ];
    for (const [options, expected] of cases) {
      const { stream, text } = terminal();
      const logger = createWinstonLogger({ stream, clock: () => NOON, ...options });
      logger.warn('x', { a: 1 });
      await logger.close();
      expect(text()).toMatch(expected);
    }
  });
});

describe('WinstonLogger and what it writes to', () => {
  it('hands transports the line, and the sanitised data apart from it', async () => {
    const seen: Record<string | symbol, unknown>[] = [];
    class Collecting
      extends (winston as unknown as { Transport: new (options?: object) => winston.transport }).Transport
    {
      override log(info: Record<string | symbol, unknown>, next: () => void): void {
        seen.push(info);
        next();
      }
    }
    const logger = createWinstonLogger({
      clock: () => NOON,
      transports: [
        new Collecting({ level: 'warn' }),
        new Collecting({ silent: true }),
        new Collecting({ format: winston.format.simple() }),
      ],
    });
    logger.info('a', { exception: true, level: 'x', token: 'x' });
    logger.error('b');
    await logger.close();
    expect(
      seen.map((info) => [info['level'], info['message'], info['fields'], info[Symbol.for('message')]]),
    ).toEqual([
      [
        'info',
        'a',
        { exception: true, level: 'x', token: '[redacted]' },
        expect.stringMatching(/^info: a \{/),
      ],
      ['error', 'b', {}, `{"timestamp":"${NOON.toISOString()}","level":"error","event":"b"}`],
      ['error', 'b', {}, expect.stringMatching(/^error: b \{/)],
    ]);
  });

  it('flushes on close, at once after the first lines as well as to a slow file, and again on request', async () => {
    const directory = await mkdtemp(join(tmpdir(), 'kapelle-log-'));
    try {
      const filename = join(directory, 'a.log');
      const logger = createWinstonLogger({ transports: [new winston.transports.File({ filename })] });
      for (let index = 0; index < 5_000; index += 1) logger.info('line', { index, padding: 'x'.repeat(100) });
      await logger.close();
      await logger.close();
      const lines = (await readFile(filename, 'utf8')).split('\n').slice(0, -1);
      expect(lines.map((line) => parse(line)['index'])).toEqual(
        Array.from({ length: 5_000 }, (_, index) => index),
      );
      logger.info('late');
      expect(logger.stats).toEqual({ written: 5_000, failed: 0, dropped: 1, sampled: 0 });
    } finally {
      await rm(directory, { recursive: true });
    }
  });

  it('counts what a stream refuses, and goes on', async () => {
    const failing = new Writable({
      autoDestroy: false,
      write: (_chunk, _encoding, done) => done(new Error('disk full')),
    });
    const throwing = Object.assign(new Writable(), { write: () => { throw new Error('gone'); } }); // prettier-ignore
    const destroyed = new Writable().destroy();
    for (const stream of [failing, throwing, destroyed]) {
      const logger = createWinstonLogger({ stream });
      expect(() => {
        logger.info('a');
        logger.info('b');
      }).not.toThrow();
      await logger.close();
      expect(logger.stats).toMatchObject({ written: 0, failed: 2 });
    }
  });

  it('keeps the lines of other transports when one throws, fails, reports late or logs itself', async () => {
    const log = (
      behave: (next: (error?: Error) => void, transport: winston.transport) => void,
    ): winston.transport => {
      const transport: winston.transport = new winston.transports.Console();
      transport.log = (_info: unknown, next: (error?: Error) => void) => behave(next, transport);
      return transport;
    };
    const late: (() => void)[] = [];
    const odd = [
      log(() => { throw new Error('sync'); }), // prettier-ignore
      log((next) => next(new Error('reported'))),
      log((next, transport) => { transport.emit('error', new Error('event')); next(); }), // prettier-ignore
      log((next) => late.push(next)),
      log((next) => { logger.info('from a transport'); next(); next(); }), // prettier-ignore
    ];
    const badFormat = log((next) => next());
    badFormat.format = { transform: () => { throw new Error('format'); } }; // prettier-ignore
    const { logger, lines } = captured({ transports: [...odd, badFormat] });
    for (let index = 0; index < 50; index += 1) logger.info('x', { index });
    expect(late).toHaveLength(1);
    for (let index = 0; index < 50; index += 1) late[index]?.();
    expect((await lines()).map((line) => parse(line)['index'])).toEqual(
      Array.from({ length: 50 }, (_, index) => index),
    );
    expect(logger.stats).toEqual({ written: 200, failed: 200, dropped: 50, sampled: 0 });
  });

  it('bounds what waits for a transport or a reader that never comes, and the time of close', async () => {
    const stuck: winston.transport = new winston.transports.Console();
    stuck.log = () => {};
    const stream = new Writable({ write: () => {} });
    const logger = createWinstonLogger({ transports: [stuck], stream, closeTimeoutMs: 5 });
    for (let index = 0; index < 12_000; index += 1)
      logger.info('x', { padding: 'y'.repeat(900), more: 'z'.repeat(900) });
    const { dropped } = logger.stats;
    expect(stream.writableLength).toBeLessThan(17 * 1_024 * 1_024);
    expect(dropped).toBeGreaterThan(1_999 + 2_000);
    await logger.close();
    stream.destroy();
  });
});
