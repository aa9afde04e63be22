import { describe, expect, it } from '@jest/globals';
import { renderMarkdown } from './briefing/index.js';
import { AnalysisHouse, briefingOf } from './fixtures/analysis-house.js';
import type { Briefing, TextReference } from './model.js';

/** What is said, one cue of 30 seconds each; the third holds two sentences, and the sixth goes on in the seventh. */
const SAID = [
  'The budget of the city has grown by four percent since 2015.',
  'I do not think that anybody noticed it at the time.',
  'Paris is the capital of France. The river Seine flows through Paris and reaches the sea after 777 kilometres.',
  'The new hospital was opened in June 2018 and cost 90 million euros.',
  'If we allow this, soon everyone will be bankrupt and afraid.',
  'Berlin is the capital of Austria, which has grown',
  'by nine percent since 2011. People were happy about it.',
  'The second bridge cost 12 million dollars, 40 percent more than the first one did in 1961.',
] as const;
const CUE_MS = 30_000;

const clock = (ms: number): string =>
  `00:${String(Math.floor(ms / 60_000)).padStart(2, '0')}:${String((ms / 1000) % 60).padStart(2, '0')}`;

const FORMS: Readonly<Record<string, string>> = {
  'city.vtt': `WEBVTT\n\n${SAID.map(
    (text, at) => `${clock(at * CUE_MS)}.000 --> ${clock((at + 1) * CUE_MS)}.000\n[Music] <i>${text}</i>\n`,
  ).join('\n')}`,
  'city.srt': SAID.map(
    (text, at) =>
      `${at + 1}\n${clock(at * CUE_MS)},000 --> ${clock((at + 1) * CUE_MS)},000\n${text.replace(', ', ',\n')}\n`,
  ).join('\n'),
  'city.json': JSON.stringify({
    language: 'en',
    segments: SAID.map((text, at) => ({ start: at * 30, end: at * 30 + 29.5, text: ` ${text}` })),
  }),
};

async function briefed(name: string): Promise<Briefing> {
  await using house = await AnalysisHouse.open();
  const uri = `https://example.org/${name}`;
  house.ports.source.put(uri, FORMS[name] ?? '');
  return briefingOf(await house.analyze({ uri, depth: 'deep' }));
}

/** When the cue begins in which a sentence begins. */
const saidAt = (quote: string): number =>
  SAID.findIndex((text) => text.includes(quote.slice(0, 30))) * CUE_MS;

describe('times in a briefing', () => {
  it.each(Object.keys(FORMS))('are those of the cue in which each sentence of %s begins', async (name) => {
    const briefing = await briefed(name);
    const { summary = [], claims = [], fallacies = [], persuasion = [], sentiment } = briefing.analysis;
    const references: TextReference[] = [...summary, ...claims, ...fallacies, ...persuasion];
    for (const { quote, startMs } of references) expect([quote, startMs]).toEqual([quote, saidAt(quote)]);
    expect(new Set(claims.map(({ startMs }) => startMs)).size).toBeGreaterThanOrEqual(5);
    expect(fallacies.map(({ startMs }) => startMs)).toContain(4 * CUE_MS);
    for (const { claim } of briefing.claims) expect(claim.startMs).toBe(saidAt(claim.quote));

    const times = sentiment?.overTime.map(({ startMs }) => startMs) ?? [];
    expect(times).toEqual([0, 1, 2, 2, 3, 4, 5, 6, 7].map((at) => at * CUE_MS));
    expect(renderMarkdown(briefing)).toMatch(/Berlin is the capital of Austria[^]*?2:30/u);
  });
});
