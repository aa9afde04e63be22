import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Writable } from 'node:stream';
import { describe, expect, it } from '@jest/globals';
import {
  BaseOrchestrator,
  createOrchestrationHost,
  defineOrchestrator,
  type LogLevel,
  type OrchestrationLayer,
} from '@kapelle/core';
import { aContext, FakeClock } from '@kapelle/core/testing';
import winston from 'winston';
import {
  createWinstonLogger,
  type LevelScope,
  LoggerOptionsError,
  type WinstonLoggerOptions,
} from './index.js';

function captured(options: WinstonLoggerOptions = {}) {
  let written = '';
  const clock = new FakeClock();
  const stream = new Writable({
    write(chunk, _encoding, done) {
      written += String(chunk);
      done();
    },
  });
  const logger = createWinstonLogger({ clock: () => new Date(clock.now()), stream, ...options });
  const lines = async (): Promise<Record<string, unknown>[]> => {
    await logger.close();
    return written
      .split('\n')
      .slice(0, -1)
      .map((line) => JSON.parse(line) as Record<string, unknown>);
  };
  return { logger, lines, clock };
}

describe('levels of layers and orchestrators', () => {
  it('change at run time: the orchestrator wins over its layer, the layer over all', async () => {
    const { logger, lines } = captured({ levels: [{ layer: 'infrastructure', level: 'error' }] });
    const children = {
      mission: logger.child({ orchestrator: 'mission', layer: 'domain' }),
      // Found through its parents, and with fields of its own.
      security: logger.child({ layer: 'infrastructure' }).child({ orchestrator: 'security' }).child({ x: 1 }),
      program: logger.child({ service: 'api' }),
    };
    const enabled = (): Record<string, string> =>
      Object.fromEntries(
        Object.entries(children).map(([name, child]) => [
          name,
          (['debug', 'info', 'warn', 'error'] as const).find((level) => child.isLevelEnabled(level)) ??
            'none',
        ]),
      );
    expect(enabled()).toEqual({ mission: 'info', security: 'error', program: 'info' });
    children.security.warn('off');
    logger.setLevel({ layer: 'domain' }, 'debug');
    logger.setLevel({ orchestrator: 'security' }, 'warn');
    // Its lines may be anybody's.
    expect(enabled()).toEqual({ mission: 'debug', security: 'warn', program: 'debug' });
    expect(logger.levelRules).toEqual([
      { layer: 'infrastructure', level: 'error' },
      { layer: 'domain', level: 'debug' },
      { orchestrator: 'security', level: 'warn' },
    ]);
    for (const [name, child] of Object.entries(children)) {
      child.debug(`${name} debug`);
      child.warn(`${name} warn`);
    }
    logger.debug('by fields', { layer: 'domain' });
    logger.debug('of nobody');
    logger.setLevel({ layer: 'domain' }, undefined);
    children.mission.debug('off again');
    logger.level = 'debug';
    children.mission.debug('on by all');
    expect((await lines()).map((line) => line['event'])).toEqual([
      'mission debug', 'mission warn', 'security warn', 'program warn', 'by fields', 'on by all',
    ]); // prettier-ignore
  });

  it('reach the lines that a host writes, the framework and the orchestrator alike', async () => {
    const { logger, lines } = captured({ level: 'warn' });
    const define = (name: string, layer: OrchestrationLayer) => {
      class Worker extends BaseOrchestrator {
        work() {
          this.logger.debug('detail');
          return 1;
        }
      }
      defineOrchestrator(Worker, { name, layer, type: 'business_logic', operations: ['work'] });
      return Worker;
    };
    const host = createOrchestrationHost({
      orchestrators: [define('loud', 'domain'), define('quiet', 'application')],
      logger,
    });
    await host.start();
    logger.setLevel({ layer: 'domain' }, 'debug');
    for (const name of ['loud', 'quiet']) await host.facade.orchestrate(name, aContext());
    logger.setLevel({ layer: 'domain' }, undefined);
    await host.facade.orchestrate('loud', aContext());
    await host.stop();
    const all = (await lines()).filter((line) => line['tenantId'] !== undefined);
    expect(all.map((line) => [line['event'], line['orchestrator']])).toEqual([
      ['orchestration_started', 'loud'],
      ['detail', 'loud'],
      ['orchestration_completed', 'loud'],
    ]);
  });

  it('read nothing of a line that is off for all, and survive what throws', async () => {
    const { logger, lines } = captured({ levels: [{ layer: 'domain', level: 'error' }] });
    let reads = 0;
    const fields = { get orchestrator() { reads += 1; throw new Error('no'); } }; // prettier-ignore
    logger.debug('off', fields);
    expect(reads).toBe(0);
    logger.setLevel({ orchestrator: 'x' }, 'debug');
    logger.debug('off', fields);
    logger.child(fields).info('on');
    expect(await lines()).toHaveLength(1);
  });

  it('refuse scopes and levels that are none', () => {
    const { logger } = captured();
    for (const scope of [{}, { layer: '' }, { layer: 'a', orchestrator: 'b' }, { layer: 7 }])
      expect(() => logger.setLevel(scope as unknown as LevelScope, 'info')).toThrow(LoggerOptionsError);
    expect(() => logger.setLevel({ layer: 'domain' }, 'loud' as LogLevel)).toThrow(
      'The log level is "loud".',
    );
    expect(() => createWinstonLogger({ levels: [{ layer: 'domain', level: 'loud' as LogLevel }] })).toThrow(
      LoggerOptionsError,
    );
    expect(logger.levelRules).toEqual([]);
  });
});

describe('sampling', () => {
  it('writes the first lines of each event, then one of many, and counts the rest in a line', async () => {
    const { logger, lines, clock } = captured({ sampling: { first: 2, thenEvery: 5, intervalMs: 1_000 } });
    for (let index = 1; index <= 14; index += 1) logger.info('busy', { index });
    logger.warn('busy');
    logger.info('rare');
    expect(logger.stats).toMatchObject({ sampled: 10 });
    await clock.advance(999);
    logger.info('busy', { index: 'still' });
    await clock.advance(1);
    logger.info('busy', { index: 'new' });
    const all = await lines();
    expect(all.map((line) => line['index'] ?? line['event'])).toEqual([
      1,
      2,
      7,
      12,
      'busy',
      'rare',
      'log_lines_sampled',
      'new',
    ]);
    expect(all[6]).toMatchObject({ level: 'info', sampledEvent: 'busy', dropped: 11, intervalMs: 1_000 });
  });

  it('never leaves out errors, and tells the rest when it is closed', async () => {
    const { logger, lines } = captured({ level: 'debug', sampling: { first: 1, thenEvery: 1_000 } });
    for (let index = 0; index < 50; index += 1) {
      logger.error('broken');
      logger.debug('detail');
    }
    const all = await lines();
    expect(all.filter((line) => line['event'] === 'broken')).toHaveLength(50);
    expect(all[all.length - 1]).toMatchObject({
      event: 'log_lines_sampled',
      level: 'debug',
      sampledEvent: 'detail',
      dropped: 49,
    });
    expect(logger.stats).toEqual({ written: 52, failed: 0, dropped: 0, sampled: 49 });
  });

  it('keeps its memory small whatever events are called, and its promise when the clock is set back', async () => {
    const { logger, lines, clock } = captured({ sampling: { first: 1, thenEvery: 1_000_000 } });
    for (let index = 0; index < 3_000; index += 1) logger.info(`event ${String(index)}`);
    expect(logger.stats.sampled).toBe(1_999);
    clock.setWallTime(1_000);
    logger.info('event 1');
    const all = await lines();
    expect(all.slice(-2)).toMatchObject([
      { event: 'log_lines_sampled', sampledEvent: '(other events)', dropped: 1_999 },
      { event: 'event 1' },
    ]);
  });

  it('reads nothing of a line that it leaves out, and refuses options it cannot use', async () => {
    const { logger } = captured({ sampling: { first: 0, thenEvery: 10 } });
    let reads = 0;
    logger.info('x', { get a() { return (reads += 1); } }); // prettier-ignore
    expect(reads).toBe(0);
    for (const sampling of [
      { first: -1 },
      { thenEvery: 0 },
      { intervalMs: 0.5 },
      { levels: ['error'] as never },
    ])
      expect(() => createWinstonLogger({ sampling })).toThrow(LoggerOptionsError);
    await logger.close();
  });
});

describe('log files', () => {
  async function inFolder(test: (folder: string) => Promise<void>): Promise<void> {
    const folder = await mkdtemp(join(tmpdir(), 'kapelle-log-'));
    try {
      await test(folder);
    } finally {
      await rm(folder, { recursive: true });
    }
  }

  it('rotate by size and lose nothing when the logger is closed', async () => {
    await inFolder(async (folder) => {
      const filename = join(folder, 'app.log');
      const logger = createWinstonLogger({
        files: [
          { filename, maxSizeBytes: 64 * 1_024, maxFiles: 20 },
          { filename: join(folder, 'errors.log'), level: 'error' },
        ],
      });
      for (let index = 0; index < 3_000; index += 1) logger.info('line', { index, padding: 'x'.repeat(60) });
      logger.error('last', { index: 3_000 });
      await logger.close();
      const names = (await readdir(folder)).filter((name) => name.startsWith('app'));
      expect(names.length).toBeGreaterThan(3);
      for (const name of names)
        expect((await readFile(join(folder, name))).length).toBeLessThanOrEqual(64 * 1_024);
      const indices: number[] = [];
      for (const name of names)
        for (const line of (await readFile(join(folder, name), 'utf8')).split('\n').slice(0, -1))
          indices.push((JSON.parse(line) as { index: number }).index);
      expect(indices.sort((a, b) => a - b)).toEqual(Array.from({ length: 3_001 }, (_none, index) => index));
      expect((await readFile(join(folder, 'errors.log'), 'utf8')).split('\n')).toHaveLength(2);
      expect(logger.stats).toEqual({ written: 3_002, failed: 0, dropped: 0, sampled: 0 });
    });
  });

  it('keep as many as they are told, the newest lines in the first, and go on where they were', async () => {
    await inFolder(async (folder) => {
      const filename = join(folder, 'new', 'app.log');
      for (let run = 0; run < 3; run += 1) {
        const logger = createWinstonLogger({
          files: [{ filename, maxSizeBytes: 400, maxFiles: 3 }],
          clock: () => new Date(0),
        });
        for (let index = 0; index < 4; index += 1)
          logger.info('line', { index: run * 4 + index, padding: 'x'.repeat(70) });
        logger.info('longer than a file', { padding: 'y'.repeat(500) });
        await logger.close();
      }
      expect((await readdir(join(folder, 'new'))).sort()).toEqual(['app.log', 'app.log.1', 'app.log.2']);
      expect(await readFile(filename, 'utf8')).toContain('longer than a file');
      expect(await readFile(`${filename}.1`, 'utf8')).toContain('"index":11');
    });
  });

  it('count what the disk refuses, and hold the logger up for nothing', async () => {
    await inFolder(async (folder) => {
      // A folder stands where the file should be.
      const logger = createWinstonLogger({ files: [{ filename: folder }] });
      logger.info('a');
      logger.info('b');
      await logger.close();
      expect(logger.stats).toEqual({ written: 0, failed: 2, dropped: 0, sampled: 0 });
    });
  });

  it('refuse options they cannot use', () => {
    for (const file of [
      { filename: '' },
      { filename: 'a', maxSizeBytes: 0 },
      { filename: 'a', maxFiles: 1.5 },
    ])
      expect(() => createWinstonLogger({ files: [file] })).toThrow(LoggerOptionsError);
  });
});

describe('close', () => {
  it('counts what a transport or a stream still held when its time was over, once', async () => {
    const stuck: winston.transport = new winston.transports.Console();
    const answers: (() => void)[] = [];
    stuck.log = (_info: unknown, next: () => void) => void answers.push(next);
    const held: ((error?: Error | null) => void)[] = [];
    const stream = new Writable({ write: (_chunk, _encoding, done) => void held.push(done) });
    const logger = createWinstonLogger({ transports: [stuck], stream, closeTimeoutMs: 5 });
    for (let index = 0; index < 10; index += 1) logger.info('x');
    await logger.close();
    expect(logger.stats).toEqual({ written: 0, failed: 0, dropped: 20, sampled: 0 });
    for (const answer of answers) answer();
    for (const done of held) done();
    logger.info('late');
    expect(logger.stats).toEqual({ written: 0, failed: 0, dropped: 21, sampled: 0 });
    stream.destroy();
  });
});
