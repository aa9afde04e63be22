import 'reflect-metadata';

import { afterEach, describe, expect, it } from '@jest/globals';
import { OrchestrationContext, StepResult } from '@kapelle/core';
import type { Briefing } from '@kapelle/orchestrators';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type Bot, portsOf } from '../compose.js';
import { composeService } from '../service.js';
import { readSettings } from '../settings.js';
import { DESK_DEPTHS } from './analysis-desk-orchestrator.js';
import { lowerDepth } from './lower-depth.js';

const TEXT = fileURLToPath(new URL('../../samples/moby-dick-ch1.txt', import.meta.url));

let bot: Bot | undefined;
let folder: string | undefined;
afterEach(async () => {
  await bot?.close('the test is over');
  bot = undefined;
  if (folder !== undefined) await rm(folder, { recursive: true, force: true });
});

describe('the depth that the desk takes', () => {
  it('is the next lower one that needs nothing at rest', () => {
    const lowered = (depth: (typeof DESK_DEPTHS)[number], ...resting: string[]): string =>
      lowerDepth(depth, DESK_DEPTHS, new Set(resting));
    expect(lowered('deep')).toBe('deep');
    expect(lowered('deep', 'narrative')).toBe('standard');
    expect(lowered('deep', 'narrative', 'verification')).toBe('quick');
    expect(lowered('standard', 'narrative')).toBe('standard');
    expect(lowered('standard', 'verification')).toBe('quick');
    expect(lowered('quick', 'verification', 'summary')).toBe('quick');
  });

  it('leaves out what the feedback has sent to rest, for that tenant, unless a depth is asked for', async () => {
    folder = await mkdtemp(join(tmpdir(), 'kapelle-desk-'));
    const settings = readSettings({ KAPELLE_DATA: join(folder, 'data') }, folder);
    bot = composeService(portsOf(settings), settings);
    const { host } = bot;
    await host.start();
    const ask = async <T>(tenantId: string, name: string, params: object): Promise<T> =>
      StepResult.unwrap(
        await host.facade.orchestrate<T>(name, OrchestrationContext.create({ tenantId }), params),
      );
    const failed = Array.from({ length: 11 }, () => ({
      source: 'tool_execution',
      componentType: 'tool',
      componentId: 'verification',
      reward: 0,
    }));
    await ask('one', 'unified_feedback', { operation: 'submit_batch', signals: failed });
    // "stop" is over when all that was submitted has been learnt.
    await ask('one', 'unified_feedback', { operation: 'stop' });
    await ask('one', 'unified_feedback', { operation: 'start' });
    for (let tries = 0; tries < 5; tries += 1) {
      const { depth } = await ask<Briefing>('one', 'analysis_desk', { operation: 'analyze', uri: TEXT });
      expect(depth).toBe('quick');
    }
    const asked = await ask<Briefing>('one', 'analysis_desk', {
      operation: 'analyze',
      uri: TEXT,
      depth: 'standard',
    });
    expect(asked.timings.map(({ stage }) => stage)).toContain('verification');
    const depths = new Set<string>();
    for (let tries = 0; tries < 20 && !depths.has('standard') && !depths.has('deep'); tries += 1) {
      depths.add((await ask<Briefing>('two', 'analysis_desk', { operation: 'analyze', uri: TEXT })).depth);
    }
    expect([...depths].some((depth) => depth !== 'quick')).toBe(true);
  }, 60_000);
});
