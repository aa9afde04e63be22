import 'reflect-metadata';

import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { OrchestrationContext, StepResult } from '@kapelle/core';
import { FakeClock } from '@kapelle/core/testing';
import {
  type Briefing,
  type Escalation,
  type Mission,
  MISSION_STAGES,
  type MissionSummary,
  type SessionMonitor,
} from '@kapelle/orchestrators';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { aBriefing } from '../adapters/fixtures/a-briefing.js';
import { type Bot, type Ports, portsOf } from '../compose.js';
import { composeService } from '../service.js';
import { readSettings } from '../settings.js';
import { MISSION_MANAGERS } from './mission-managers.js';
import { announcementOf, threatFindings, transcriptFindings, voiceFindings } from './briefing-findings.js';

const SAMPLES = fileURLToPath(new URL('../../samples/', import.meta.url));

let folder: string;
let bot: Bot | undefined;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'kapelle-mission-'));
});
afterEach(async () => {
  await bot?.close('the test is over');
  bot = undefined;
  await rm(folder, { recursive: true, force: true });
});

async function start(instead: Partial<Ports> = {}, clock?: FakeClock) {
  const settings = readSettings({ KAPELLE_DATA: join(folder, 'data') }, folder);
  const ports = { ...portsOf(settings), ...instead };
  bot = composeService(ports, settings, clock === undefined ? {} : { clock });
  const { host } = bot;
  await host.start();
  return <T>(params: Record<string, unknown>, name = 'mission', tenantId = 'desk'): Promise<StepResult<T>> =>
    host.facade.orchestrate<T>(name, OrchestrationContext.create({ tenantId }), params);
}

/** The beginning of a speech, as captions with speakers. */
async function captions(): Promise<string> {
  const text = await readFile(join(SAMPLES, 'sotu-1962-kennedy.txt'), 'utf8');
  const sentences = text
    .replaceAll(/\s+/g, ' ')
    .split(/(?<=[.!?]) /)
    .slice(0, 60);
  const time = (s: number): string =>
    `00:${String(Math.floor(s / 60)).padStart(2, '0')}:${String(s % 60).padStart(2, '0')}.000`;
  const cues = sentences.map(
    (sentence, at) =>
      `${time(at * 10)} --> ${time(at * 10 + 9)}\n<v ${at % 3 === 0 ? 'Chair' : 'President'}>${sentence}`,
  );
  const file = join(folder, 'talk.vtt');
  await writeFile(file, `WEBVTT\n\n${cues.join('\n\n')}\n`);
  return file;
}

describe('the team of missions', () => {
  it('does every stage of a comprehensive mission through hierarchical, on what the bot itself has made', async () => {
    const ask = await start();
    const uri = await captions();
    const mission = StepResult.unwrap(await ask<Mission>({ operation: 'run', uri, depth: 'comprehensive' }));
    expect(mission).toMatchObject({ status: 'completed', plan: { leftOut: [], degraded: false } });
    const stages = mission.outcome?.stages ?? [];
    expect(stages.map(({ stage, status }) => [stage, status])).toEqual(
      MISSION_STAGES.map(({ id }) => [id, 'completed']),
    );
    const { outputs } = mission;
    const { briefingId } = outputs['content_analysis'] as { readonly briefingId: string };
    const briefing = StepResult.unwrap(
      await ask<Briefing>({ operation: 'get', id: briefingId }, 'autonomous_intelligence'),
    );
    expect(briefing.depth).toBe('comprehensive');
    expect(outputs['transcription_analysis']).toMatchObject({
      format: 'vtt',
      words: briefing.document.wordCount,
      minutes: expect.closeTo(9.98, 1),
      speakers: expect.arrayContaining(['President', 'Chair']),
    });
    const { claims } = briefing;
    const contradicted = claims.filter(({ verdict }) => verdict === 'contradicted').length;
    expect(outputs['threat_analysis']).toMatchObject({
      briefingId,
      contradicted,
      fallacies: briefing.analysis.fallacies?.length,
      level: expect.stringMatching(/^(?:low|medium|high)$/),
    });
    expect(outputs['behavioral_profiling']).toMatchObject({
      voices: expect.arrayContaining([expect.objectContaining({ speaker: 'President' })]),
    });
    expect(outputs['performance_analytics']).toMatchObject({ briefingId, producedBy: briefing.producedBy });
    const { message } = outputs['communication_reporting'] as { readonly message: string };
    expect(message).toContain(briefingId);
    expect(message.length).toBeLessThanOrEqual(2_000);

    // Who is spoken of there is found in what was stored before.
    const other = join(folder, 'other.txt');
    await writeFile(other, await readFile(join(SAMPLES, 'sotu-1961-kennedy.vtt'), 'utf8'));
    const second = StepResult.unwrap(
      await ask<Mission>({ operation: 'run', uri: join(SAMPLES, 'sotu-1961-kennedy.vtt'), depth: 'deep' }),
    );
    const { mentions } = second.outputs['social_intelligence'] as {
      readonly mentions: readonly { readonly elsewhere: readonly { readonly briefingId: string }[] }[];
    };
    expect(mentions.flatMap(({ elsewhere }) => elsewhere.map((each) => each.briefingId))).toContain(
      briefingId,
    );
    expect(StepResult.unwrap(await ask<readonly MissionSummary[]>({ operation: 'list' }))).toHaveLength(2);
    expect(await ask({ operation: 'list' }, 'mission', 'others')).toMatchObject({ data: [] });
  }, 60_000);

  it('has its supervisor decide about a stage that has failed in spite of all retries', async () => {
    const clock = new FakeClock();
    const text = await readFile(await captions());
    let asked = 0;
    // As often as one attempt asks, for each of the four that a stage has.
    const source = {
      acquire: (uri: string) => {
        asked += 1;
        return asked <= 12
          ? Promise.reject(Object.assign(new Error('not now'), { code: 'SOURCE_TIMEOUT', retryable: true }))
          : Promise.resolve({ uri, name: 'talk.vtt', bytes: text });
      },
    };
    const ask = await start({ source }, clock);
    let isOver = false;
    const running = ask<Mission>({
      operation: 'run',
      uri: 'https://example.org/talk.vtt',
      depth: 'quick',
    }).finally(() => {
      isOver = true;
    });
    for (let tries = 0; tries < 2_000 && !isOver; tries += 1) {
      await sleep(5);
      await clock.advance(100);
    }
    const { status, sessionId } = StepResult.unwrap(await running);
    expect(status).toBe('completed');
    const { escalations } = StepResult.unwrap(
      await ask<SessionMonitor>({ operation: 'monitor_orchestration_session', sessionId }, 'hierarchical'),
    );
    expect(escalations).toMatchObject([
      {
        taskId: 'content_acquisition',
        severity: 'critical',
        decidedBy: 'mission.supervisor',
        decision: 'retry',
      },
    ]);
    const decide = (at: number, severity: Escalation['severity'], errorCategory: string) =>
      MISSION_MANAGERS[at]?.decide?.({ severity, errorCategory } as Escalation, new AbortController().signal);
    expect(decide(0, 'critical', 'timeout')).toBeUndefined();
    expect(decide(0, 'high', 'timeout')).toBe('retry');
    expect(decide(0, 'medium', 'validation')).toBe('give_up');
    expect(decide(1, 'critical', 'validation')).toBe('fail');
  }, 60_000);

  it('charges a mission with what its analyses have cost', async () => {
    // A tenth of a cent for a second of work.
    const ask = await start({ analysis: { prices: { computeUsdPerHour: 3.6 } } });
    const uri = await captions();
    const { outcome } = StepResult.unwrap(await ask<Mission>({ operation: 'run', uri, depth: 'standard' }));
    expect(outcome?.spentUsd).toBeGreaterThan(0);
    expect(outcome?.byCategory.acquisition.spentUsd).toBeGreaterThan(0);
    expect(outcome?.byCategory.analysis.spentUsd).toBeGreaterThan(0);
    // What was found as it was left costs nothing a second time.
    const again = StepResult.unwrap(await ask<Mission>({ operation: 'run', uri, depth: 'standard' }));
    expect(again.outcome?.spentUsd).toBeLessThan(outcome?.spentUsd ?? 0);
  }, 60_000);
});

describe('what is told of a briefing', () => {
  const said = (verdict: 'supported' | 'contradicted' | 'not_enough_evidence', speaker = 'Ann') => ({
    claim: { id: 'c', segment: 0, sentence: 0, quote: 'It is so.', speaker, checkworthiness: 1, cues: [] },
    verdict,
    evidence: [],
    explanation: '',
  });
  const cue = (speaker: string) => ({
    segment: 0,
    sentence: 0,
    quote: 'Or else.',
    speaker,
    kind: 'appeal-to-fear',
    explanation: '',
    confidence: 1,
  });

  it('is a threat by its contradicted claims and its fallacies, and says on how little that stands', () => {
    const base = aBriefing();
    const all = (contradicted: number, supported: number, fallacies: number): Briefing => ({
      ...base,
      claims: [
        ...Array.from({ length: contradicted }, () => said('contradicted')),
        ...Array.from({ length: supported }, () => said('supported')),
        said('not_enough_evidence'),
      ],
      analysis: { ...base.analysis, fallacies: Array.from({ length: fallacies }, () => cue('Ann')) },
    });
    expect(threatFindings(all(0, 4, 0))).toMatchObject({ score: 0, level: 'low', doubts: [], undecided: 1 });
    expect(threatFindings(all(4, 0, 0))).toMatchObject({ score: 0.5, level: 'medium', deception: 1 });
    expect(threatFindings(all(4, 0, 5))).toMatchObject({ score: 0.75, level: 'high' });
    expect(threatFindings(all(4, 0, 50)).score).toBe(1);
    expect(threatFindings(all(1, 1, 0)).doubts).toEqual(['Only 2 of 3 claims could be decided.']);
  });

  it('is about who speaks, how fast, and fits into one message', () => {
    const base = aBriefing();
    const briefing: Briefing = {
      ...base,
      document: { ...base.document, wordCount: 6_000, durationMs: 600_000 },
      claims: [said('supported'), said('contradicted', 'Bob'), said('supported')],
      analysis: {
        ...base.analysis,
        summary: Array.from({ length: 30 }, (_none, at) => ({
          segment: at,
          sentence: 0,
          quote: 'word '.repeat(40).trim(),
          startMs: 30_000 - at,
          score: 1,
        })),
        persuasion: [cue('Bob')],
      },
    };
    expect(voiceFindings(briefing)).toEqual([
      { speaker: 'Ann', claims: 2, supported: 2, contradicted: 0, fallacies: 0, persuasion: 0 },
      { speaker: 'Bob', claims: 1, supported: 0, contradicted: 1, fallacies: 0, persuasion: 1 },
    ]);
    const transcript = transcriptFindings(briefing);
    expect(transcript).toMatchObject({ minutes: 10, wordsPerMinute: 600 });
    expect(transcript.doubts).toHaveLength(1);
    expect(transcript.anchors[0]?.ms).toBe(29_971);
    const message = announcementOf(briefing);
    expect(message.length).toBeLessThanOrEqual(2_000);
    expect(message).toMatch(
      /^Council meeting\n- word .*\n\n?3 claims: 2 supported, 1 contradicted, 0 undecided\.\nThe whole briefing: b1$/s,
    );
    const long = announcementOf({
      ...briefing,
      document: { ...briefing.document, title: 'T'.repeat(9_000) },
    });
    expect(long.length).toBeLessThanOrEqual(2_000);
  });
});
