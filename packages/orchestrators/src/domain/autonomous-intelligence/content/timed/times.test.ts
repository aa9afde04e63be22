import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { readText } from '../../analysis/read-text.js';
import { leadSummary } from '../../lead-summary.js';
import { timeOf } from '../../time-of.js';
import { documentOf } from '../fixtures/parse-text.js';
import { mergeUtterances } from './merge.js';
import { joinTimed } from './spoken-text.js';

const clock = (ms: number, mark: string): string => {
  const two = (value: number): string => String(value).padStart(2, '0');
  const seconds = Math.floor(ms / 1000);
  return `${two(Math.floor(seconds / 3600))}:${two(Math.floor(seconds / 60) % 60)}:${two(seconds % 60)}${mark}${String(ms % 1000).padStart(3, '0')}`;
};

/** A word that stands once in a text, so that it tells where it stood. */
function word(index: number): string {
  const letters = [index % 26, Math.floor(index / 26) % 26, Math.floor(index / 676) % 26];
  return `zo${letters.map((letter) => String.fromCharCode(97 + letter)).join('')}k`;
}

interface TestCue {
  readonly startMs: number;
  readonly endMs: number;
  readonly text: string;
  readonly speaker?: string | undefined;
}

const FORMS: Readonly<Record<string, (cues: readonly TestCue[]) => string>> = {
  'cues.vtt': (cues) =>
    `WEBVTT\n\n${cues
      .map(({ startMs, endMs, text, speaker }) => {
        const voice = speaker === undefined ? '' : `<v ${speaker}>`;
        return `${clock(startMs, '.')} --> ${clock(endMs, '.')}\n${voice}${text}\n`;
      })
      .join('\n')}`,
  'cues.srt': (cues) =>
    cues
      .map(
        ({ startMs, endMs, text }, index) =>
          `${index + 1}\n${clock(startMs, ',')} --> ${clock(endMs, ',')}\n${text}\n`,
      )
      .join('\n'),
  'cues.json': (cues) =>
    JSON.stringify({
      segments: cues.map(({ startMs, endMs, text, speaker }) => ({
        start: startMs / 1000,
        end: endMs / 1000,
        text,
        speaker,
      })),
    }),
};

/** Sentences of words that all differ, cut into cues anywhere; sounds, tags and pauses between. */
const cueLists = fc
  .tuple(
    fc.array(fc.integer({ min: 2, max: 60 }), { minLength: 1, maxLength: 25 }),
    fc.array(
      fc.record({
        size: fc.oneof(fc.integer({ min: 1, max: 30 }), fc.integer({ min: 100, max: 400 })),
        gap: fc.constantFrom(0, 1, 400, 9_000),
        length: fc.integer({ min: 1, max: 40_000 }),
        speaker: fc.constantFrom(undefined, undefined, 'Ann', 'Bob'),
        dress: fc.constantFrom(
          (text: string) => text,
          (text: string) => `[Music] ${text}`,
          (text: string) => text.replace(' ', '\n'),
          (text: string) => `  ${text.replaceAll(' ', '  ')} (applause) `,
        ),
      }),
      { minLength: 1, maxLength: 12 },
    ),
  )
  .map(([lengths, shapes]) => {
    let count = 0;
    const words = lengths.flatMap((length) =>
      Array.from({ length }, (_, at) => {
        const plain = word(count);
        count += 1;
        const cased = at === 0 ? `Z${plain.slice(1)}` : plain;
        return at === length - 1 ? `${cased}.` : cased;
      }),
    );
    const cues: TestCue[] = [];
    const spokenAt = new Map<string, number>();
    let ms = 0;
    for (let from = 0, index = 0; from < words.length; index += 1) {
      const shape = shapes[index % shapes.length];
      if (shape === undefined) break;
      const own = words.slice(from, from + shape.size);
      from += shape.size;
      const startMs = ms + shape.gap;
      ms = startMs + shape.length;
      for (const each of own) spokenAt.set(each.replace('.', '').toLowerCase(), startMs);
      cues.push({ startMs, endMs: ms, text: shape.dress(own.join(' ')), speaker: shape.speaker });
    }
    return { cues, spokenAt };
  });

describe('times of what is said', () => {
  it.each(Object.keys(FORMS))('gives every sentence of %s the start of the cue it begins in', (name) => {
    const write = FORMS[name];
    fc.assert(
      fc.property(cueLists, ({ cues, spokenAt }) => {
        const document = documentOf(name, write?.(cues) ?? '');
        const { sentences } = readText(document);
        expect(sentences.length).toBeGreaterThan(0);
        for (const { text, startMs } of [...sentences]) {
          expect([text, startMs]).toEqual([
            text,
            spokenAt.get(/^\p{L}+/u.exec(text)?.[0].toLowerCase() ?? ''),
          ]);
        }
        for (const { quote, startMs } of leadSummary(document, 8)) {
          expect(startMs).toBe(spokenAt.get(/^\p{L}+/u.exec(quote)?.[0].toLowerCase() ?? ''));
        }
        for (const segment of document.segments) {
          const { startMs = -1, endMs = -1, marks = [], text } = segment;
          expect(endMs).toBeGreaterThanOrEqual(startMs);
          for (const { index, 0: each } of text.matchAll(/\p{L}+/gu)) {
            expect(timeOf(segment, index)).toBe(spokenAt.get(each.toLowerCase()));
          }
          expect(marks.length).toBeLessThan(text.split(' ').length);
        }
      }),
      { numRuns: 40, seed: 20_240_506 },
    );
  });

  it('tells the times of single words that a recogniser wrote, also where no sentence ends', () => {
    const words = Array.from({ length: 400 }, (_, index) => ({
      word: word(index),
      start: index / 2,
      end: index / 2 + 0.4,
    }));
    const { segments } = documentOf('words.json', JSON.stringify({ words }));
    expect(segments.length).toBeGreaterThan(1);
    for (const segment of segments) {
      for (const { index, 0: each } of segment.text.matchAll(/\p{L}+/gu)) {
        const at = words.findIndex((one) => one.word === each) * 500;
        const told = timeOf(segment, index) ?? -1;
        expect(at - told).toBeGreaterThanOrEqual(0);
        expect(at - told).toBeLessThanOrEqual(15_000);
      }
    }
  });

  it('joins cues without marks where there is one, and drops the times that nobody gave', () => {
    expect(joinTimed([{ text: 'Salt is dry.', startMs: 5, endMs: 9 }])).toEqual([
      { text: 'Salt is dry.', startMs: 5, endMs: 9 },
    ]);
    expect(joinTimed([{ text: 'Salt.' }, { text: 'Water.' }])).toEqual([{ text: 'Salt. Water.' }]);
    expect(
      joinTimed([
        { text: '海。' },
        { text: '山。', startMs: 7 },
        { text: 'Ice.' },
        { text: 'Fire.', startMs: 8 },
      ]),
    ).toEqual([
      {
        text: '海。山。 Ice. Fire.',
        marks: [
          { at: 2, ms: 7 },
          { at: 10, ms: 8 },
        ],
      },
    ]);
  });

  it('keeps the times where a long text without spaces between its sentences is cut into paragraphs', () => {
    const cues = Array.from({ length: 9 }, (_, index) => ({
      text: `${String.fromCharCode(0x4e00 + index)}${'水'.repeat(150)}。${'火'.repeat(100)}。`,
      startMs: index * 1_000,
      endMs: index * 1_000 + 900,
    }));
    const paragraphs = joinTimed(cues);
    expect(paragraphs.length).toBeGreaterThan(1);
    const heads = paragraphs.flatMap((paragraph) =>
      cues.flatMap((cue) => {
        const at = paragraph.text.indexOf(cue.text.slice(0, 9));
        return at < 0 ? [] : [[cue.startMs, timeOf(paragraph, at)]];
      }),
    );
    expect(heads).toEqual(cues.map(({ startMs }) => [startMs, startMs]));
  });

  it('starts a paragraph with the time of the cue it begins in, and never ends before it starts', () => {
    const long = (text: string): string => `${text} ${'and so on '.repeat(45)}it went.`;
    const parts = [
      { text: long('First'), startMs: 0, endMs: 1_000 },
      { text: long('Second'), startMs: 5_000 },
      { text: long('Third'), endMs: 2_000 },
      { text: long('Fourth'), startMs: 9_000, endMs: 9_500 },
    ];
    const paragraphs = joinTimed(parts);
    expect(paragraphs.map(({ text, startMs, endMs }) => [text.split(' ')[0], startMs, endMs])).toEqual([
      ['First', 0, 1_000],
      ['Third', 5_000, 9_500],
    ]);
    expect(paragraphs[0]?.marks).toEqual(
      [{ at: parts[0]?.text.length ?? 0, ms: 5_000 }].map(({ at, ms }) => ({ at: at + 1, ms })),
    );
  });

  it('gives both halves of a divided cue its time, and reads a segment stored without marks', () => {
    const [first, second] = mergeUtterances([
      { text: `${'Salt is dry and '.repeat(30)}white. It is`, startMs: 0, endMs: 4_000 },
      { text: 'mined here.', startMs: 5_000, endMs: 6_000 },
    ]);
    expect([first?.startMs, first?.marks, second]).toEqual([
      0,
      undefined,
      {
        kind: 'speech',
        text: 'It is mined here.',
        startMs: 0,
        endMs: 6_000,
        marks: [{ at: 6, ms: 5_000 }],
      },
    ]);
    expect([timeOf({ startMs: 3 }, 99), timeOf({}, 0)]).toEqual([3, undefined]);
  });
});
