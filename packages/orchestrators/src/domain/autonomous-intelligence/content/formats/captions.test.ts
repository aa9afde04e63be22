import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { codesOf, documentOf, linesOf } from '../fixtures/parse-text.js';

const clock = (ms: number, mark: string): string => {
  const two = (value: number): string => String(value).padStart(2, '0');
  const seconds = Math.floor(ms / 1000);
  return `${two(Math.floor(seconds / 3600))}:${two(Math.floor(seconds / 60) % 60)}:${two(seconds % 60)}${mark}${String(ms % 1000).padStart(3, '0')}`;
};

describe('WebVTT', () => {
  it('reads a file with everything the format has', () => {
    const document = documentOf(
      'talk.vtt',
      [
        '\ufeffWEBVTT - The Talk',
        'Kind: captions',
        'Language: en-GB',
        '',
        'STYLE',
        '::cue { color: red }',
        '',
        'REGION',
        'id:fred width:40%',
        '',
        'NOTE nobody reads this',
        'nor this',
        '',
        'intro-1',
        '00:01.000 --> 00:04.000 align:start position:10%',
        '<v.loud Mary Jones>Hello &amp; <c.yellow>welcome</c>, <i>all</i> of you.</v>',
        '',
        '01:00:05.500 --> 01:00:07.250 region:fred',
        '<v Bob>It is 3 &lt; 4, <ruby>漢<rt>kan</rt></ruby>.',
        '',
      ].join('\r\n'),
    );
    expect(document).toMatchObject({ format: 'vtt', title: 'The Talk', durationMs: 3_607_250, warnings: [] });
    expect(document.segments).toMatchObject([
      { speaker: 'Mary Jones', text: 'Hello & welcome, all of you.', startMs: 1_000, endMs: 4_000 },
      { speaker: 'Bob', text: 'It is 3 < 4, 漢kan.', startMs: 3_605_500, endMs: 3_607_250 },
    ]);
  });

  it('shows each line of rolling automatic captions once', () => {
    const document = documentOf(
      'auto.vtt',
      `WEBVTT
Kind: captions
Language: en

00:00:00.000 --> 00:00:02.000 align:start position:0%
 
so<00:00:00.400><c> today</c><00:00:00.800><c> we</c><00:00:01.200><c> talk</c>

00:00:02.000 --> 00:00:02.010 align:start position:0%
so today we talk
 

00:00:02.010 --> 00:00:04.000 align:start position:0%
so today we talk
about<00:00:02.400><c> the</c><00:00:02.800><c> moon</c>

00:00:04.000 --> 00:00:04.010 align:start position:0%
about the moon
 

00:00:04.010 --> 00:00:06.000 align:start position:0%
about the moon
and<00:00:04.400><c> how</c><00:00:04.800><c> far</c><00:00:05.200><c> it</c><00:00:05.600><c> is</c>
`,
    );
    expect(linesOf(document)).toEqual(['so today we talk about the moon and how far it is']);
    expect(codesOf(document)).toEqual(['REPEATS_LEFT_OUT']);
  });

  it('keeps what was really said twice', () => {
    const document = documentOf(
      'twice.vtt',
      'WEBVTT\n\n00:01.000 --> 00:02.000\nNo way.\n\n00:02.000 --> 00:03.000\nNo way.\n\n00:03.000 --> 00:04.000\nNever again.\n',
    );
    expect(linesOf(document)).toEqual(['No way. No way. Never again.']);
  });

  it('counts what it must leave out and keeps the rest', () => {
    const document = documentOf(
      'bad.vtt',
      [
        'WEBVTT',
        '',
        '-00:01.000 --> 00:02.000',
        'negative',
        '',
        '00:05.000 --> 00:03.000',
        'Ends before it starts.',
        '',
        '00:99.000 --> 01:00.000',
        'no such minute',
        '',
        '00:04.000 --> 00:08.000',
        'Overlaps the one before.',
        '',
        'a paragraph without times',
        '',
        '00:01.000 --> 00:02.000',
        '',
        '00:10.000 --> 00:11.000',
        '...',
        '',
        '00:12.000 --> 00:13.000',
        'The end.',
      ].join('\n'),
    );
    const said = linesOf(document).join(' ');
    expect(said).toBe('Ends before it starts. Overlaps the one before. The end.');
    expect(document.warnings).toEqual(
      expect.arrayContaining([
        {
          code: 'CUE_TIMES_MALFORMED',
          line: 3,
          message:
            'Cannot read the times "-00:01.000 --> 00:02.000" of a cue. Its text was skipped: "negative".',
        },
        {
          code: 'CUE_ENDS_BEFORE_START',
          line: 6,
          message: 'A cue ends at 3 s, before its start at 5 s.',
        },
        {
          code: 'CUE_WITHOUT_TIMES',
          line: 15,
          message: 'Skipped text that belongs to no cue: "a paragraph without times".',
        },
      ]),
    );
    expect(codesOf(document)).toEqual(expect.arrayContaining(['CUE_OUT_OF_ORDER', 'WORDLESS_LEFT_OUT']));
  });

  it.each(['\n', '\r\n', '\r'])(
    'reads a file without its first line, whatever ends its lines (%j)',
    (end) => {
      const document = documentOf('lost.vtt', ['00:01.000 --> 00:02.000', 'Hello there.', ''].join(end));
      expect(document).toMatchObject({ format: 'vtt', segments: [{ text: 'Hello there.' }] });
      expect(codesOf(document)).toEqual(['VTT_HEADER_MISSING']);
    },
  );
});

describe('SubRip', () => {
  it('reads what players read', () => {
    const document = documentOf(
      'film.srt',
      `1
00:00:01,000 --> 00:00:02,500 X1:40 X2:600 Y1:20 Y2:50
<font color="#fff">{\\an8}ANNA: <b>Hello</b> there.</font>

00:00:03.000 --> 00:00:04.000
BERT: No number, and a dot.

3
00: 00: 05, 000 --> 00: 00: 06, 000
ANNA: Spaces in the times.

4
00:00:07,000 --> 00:00:08,000
BERT: Before the gap

and after it.
5
00:00:09,000 --> 00:00:10,000
- Who is it?
- It is 5 < 6 <sigh>.
`,
    );
    expect(document).toMatchObject({ format: 'srt', durationMs: 10_000 });
    expect(linesOf(document)).toEqual([
      'ANNA: Hello there.',
      'BERT: No number, and a dot.',
      'ANNA: Spaces in the times.',
      'BERT: Before the gap and after it.',
      'Who is it?',
      'It is 5 < 6 <sigh>.',
    ]);
    expect(codesOf(document)).toEqual(['CUE_TEXT_AFTER_GAP']);
  });

  it('tells speakers by the marks of broadcast captions', () => {
    const document = documentOf(
      'news.srt',
      '1\n00:00:01,000 --> 00:00:02,000\n>> MAYOR SMITH: Good evening.\n\n2\n00:00:02,000 --> 00:00:03,000\n>> Is it over?\n\n3\n00:00:03,000 --> 00:00:04,000\n>> MAYOR SMITH: It is.\n',
    );
    expect(linesOf(document)).toEqual(['MAYOR SMITH: Good evening.', 'Is it over?', 'MAYOR SMITH: It is.']);
  });

  describe('names in capitals', () => {
    const talk = (...lines: string[]): string[] => {
      const cues = lines.map(
        (line, at) => `${clock(at * 5_000, ',')} --> ${clock(at * 5_000 + 4_900, ',')}\n${line}\n`,
      );
      return linesOf(documentOf('x.srt', cues.join('\n')));
    };
    const rest = ['Salt is up\nagain tonight.', 'It was seen\nin the valley.', 'Nobody knows\nwhy it is so.'];

    it('gives a name that comes once its own words, where others in capitals come back', () => {
      expect(
        talk(
          ...rest,
          'ANCHOR: Rates rose\nby half a point.',
          'ANCHOR: Prices fell.',
          'REPORTER: Markets were shocked.',
          'They fell at once.',
          'ANCHOR: Good night.',
        ),
      ).toEqual([
        rest.join(' ').replaceAll('\n', ' '),
        'ANCHOR: Rates rose by half a point. Prices fell.',
        'REPORTER: Markets were shocked. They fell at once.',
        'ANCHOR: Good night.',
      ]);
      expect(talk(...rest, 'ANCHOR: Rates rose.', 'ANCHOR: And—', 'MAN #2:\nWhat a day it was.')).toEqual([
        rest.join(' ').replaceAll('\n', ' '),
        'ANCHOR: Rates rose. And—',
        'MAN #2: What a day it was.',
      ]);
    });

    it.each([
      ['in the middle of a sentence', 'We look at what comes from\nNASA: a new picture.'],
      ['in front of capitals', 'ALERT: STORM TONIGHT.'],
      ['in lower case', 'Lesson: never dry salt in the rain.'],
      ['of one letter', 'B: never dry salt in the rain.'],
    ])('leaves a word in front of a colon in the text: %s', (_which, line) => {
      const said = talk(...rest, 'ANCHOR: Rates rose.', 'ANCHOR: Prices fell.', line);
      expect(said.at(-1)).toBe(`ANCHOR: Rates rose. Prices fell. ${line.replace('\n', ' ')}`);
    });

    it('believes none where no name in capitals comes back, or everything is in capitals', () => {
      expect(talk(...rest, 'Ann: Rates rose.', 'Ann: Prices fell.', 'SALT: it is dry.')).toHaveLength(2);
      expect(talk(...rest, 'SALT: it is dry.', 'WATER: it is wet.')).toHaveLength(1);
      const shouted = [...rest, 'Ann: Rates rose.', 'Ann: Prices fell.', 'The lesson: 2 is enough.'];
      expect(talk(...shouted.map((line) => line.toUpperCase()))).toHaveLength(2);
    });
  });

  it('takes a note on music between its signs for no words, and keeps what is sung', () => {
    const cues = [
      '♪ dramatic music ♪',
      'Good night.',
      '♪ upbeat\nmusic playing ♪',
      '♪ Crying together ♪',
      '♪ la ♪ Music ♪',
    ];
    const document = documentOf(
      'x.srt',
      cues
        .map((text, at) => `${clock(at * 5_000, ',')} --> ${clock(at * 5_000 + 4_900, ',')}\n${text}\n`)
        .join('\n'),
    );
    expect(linesOf(document).join(' ')).toBe('Good night. Crying together la Music');
    expect(codesOf(document)).toEqual(['SOUNDS_LEFT_OUT']);
  });

  it('says what is wrong where no cue can be read', () => {
    expect(() => documentOf('no.srt', 'Hello there.\nNo times at all.')).toThrow(
      '"no.srt" was taken for SubRip, but none of its 2 lines begins a cue. ' +
        'Check that it holds lines like "00:00:01.000 --> 00:00:04.000", or rename it to what it is. [CONTENT_MALFORMED]',
    );
  });
});

describe('cues of either format', () => {
  const word = fc.stringMatching(/^[a-z]{2,8}$/u);
  const cue = fc.record({
    gap: fc.nat(9_000),
    length: fc.nat(5_000),
    words: fc.array(word, { minLength: 1, maxLength: 8 }),
  });

  it.each([
    ['vtt', '.', 'WEBVTT\n\n'],
    ['srt', ',', ''],
  ])('keep every word and stay inside the times (%s)', (extension, mark, head) => {
    fc.assert(
      fc.property(fc.array(cue, { minLength: 1, maxLength: 40 }), (cues) => {
        let at = 0;
        const blocks = cues.map(({ gap, length, words }, index) => {
          const start = at + gap;
          at = start + length;
          // A number makes every cue differ, so that nothing rolls.
          return `${clock(start, mark)} --> ${clock(at, mark)}\n${index} ${words.join(' ')}\n`;
        });
        const document = documentOf(`x.${extension}`, head + blocks.join('\n'));
        const expected = cues.map(({ words }, index) => `${index} ${words.join(' ')}`).join(' ');
        expect(document.segments.map(({ text }) => text).join(' ')).toBe(expected);
        expect(document.durationMs).toBe(at);
        let before = 0;
        for (const { startMs = -1, endMs = -1 } of document.segments) {
          expect(startMs).toBeGreaterThanOrEqual(before);
          expect(endMs).toBeGreaterThanOrEqual(startMs);
          expect(endMs).toBeLessThanOrEqual(at);
          before = startMs;
        }
      }),
      { numRuns: 50 },
    );
  });
});

describe('transcript JSON', () => {
  const said = ['We went to the moon in nineteen sixty-nine.', 'And then we came back again.'] as const;
  const words = (text: string, unit: number, key: string, speaker?: unknown) =>
    text
      .split(' ')
      .map((word, index) => ({ [key]: word, start: index * unit, end: (index + 1) * unit, speaker }));
  const shapes: [string, unknown, (string | undefined)[]][] = [
    ['Podcasting 2.0', { version: '1.0', segments: [{ speaker: 'Ann', startTime: 0.5, endTime: 4, body: said[0] }, { speaker: 'Bob', startTime: 4, endTime: 8, body: said[1] }] }, ['Ann', 'Bob']],
    ['Whisper', { text: said.join(' '), language: 'en', segments: [{ id: 0, seek: 0, start: 0.5, end: 4, text: ` ${said[0]}`, tokens: [1] }, { id: 1, start: 4, end: 8, text: ` ${said[1]}`, speaker: 'SPEAKER_01' }] }, [undefined, 'SPEAKER_01']],
    ['whisper.cpp', { result: { language: 'en' }, transcription: said.map((text, index) => ({ timestamps: { from: '00:00:00,500' }, offsets: { from: 500 + index * 3500, to: 4000 + index * 4000 }, text })) }, [undefined]],
    ['AssemblyAI', { id: 'x', status: 'completed', text: said.join(' '), audio_duration: 8, utterances: [{ speaker: 'A', start: 500, end: 4000, text: said[0], words: [] }, { speaker: 'B', start: 4000, end: 8000, text: said[1], words: [] }] }, ['Speaker A', 'Speaker B']],
    ['Deepgram', { metadata: { duration: 8 }, results: { channels: [{ alternatives: [{ transcript: said.join(' '), words: [], paragraphs: { transcript: said.join('\n'), paragraphs: [{ speaker: 0, start: 0.5, end: 4, sentences: [{ text: said[0], start: 0.5, end: 4 }] }, { speaker: 1, start: 4, end: 8, sentences: [{ text: said[1], start: 4, end: 8 }] }] } }] }] } }, ['Speaker 0', 'Speaker 1']],
    ['Rev', { speakers: [{ id: 0, name: 'Ann' }, { id: 1, name: 'Bob' }], monologues: said.map((text, index) => ({ speaker: index, elements: text.split(/(?= )|(?<= )/u).map((value, at, all) => ({ type: value === ' ' ? 'punct' : 'text', value, ...(at === 0 && { ts: 0.5 + index * 3.5 }), ...(at === all.length - 1 && { end_ts: 4 + index * 4 }) })) })) }, ['Ann', 'Bob']],
    ['AWS', { jobName: 'x', results: { transcripts: [{ transcript: said.join(' ') }], items: said.flatMap((text, speaker) => text.split(/ |(?=\.)/u).map((content) => ({ type: content === '.' ? 'punctuation' : 'pronunciation', speaker_label: `spk_${speaker}`, alternatives: [{ content }], ...(content !== '.' && { start_time: String(0.5 + speaker * 3.5), end_time: String(4 + speaker * 4) }) }))) } }, ['spk_0', 'spk_1']],
    ['Google', { results: said.map((transcript) => ({ alternatives: [{ transcript, words: [{ word: 'We', startTime: '0.500s' }] }] })) }, [undefined]],
    ['YouTube', { wireMagic: 'pb3', events: said.map((text, index) => ({ tStartMs: 500 + index * 3500, dDurationMs: 3500 + index * 500, segs: text.split(/(?= )/u).map((utf8) => ({ utf8 })) })) }, [undefined]],
    ['words alone', { words: said.flatMap((text, speaker) => words(text, 0.5, 'word', speaker)) }, ['Speaker 0', 'Speaker 1']],
    ['a bare list', said.map((text, index) => ({ start: 0.5 + index * 3.5, duration: 3.5 + index * 0.5, text })), [undefined]],
    ['a list of strings', { transcript: said }, [undefined]],
    ['one text', { title: 'T', text: said.join(' ') }, [undefined]],
  ]; // prettier-ignore

  it.each(shapes)('reads the form of %s', (_name, data, speakers) => {
    const document = documentOf('x.json', JSON.stringify(data));
    expect(document.segments.map(({ text }) => text).join(' ')).toBe(said.join(' '));
    expect([...new Set(document.segments.map(({ speaker }) => speaker))]).toEqual(speakers);
    if (document.durationMs !== undefined) expect(document.durationMs).toBeLessThanOrEqual(8_000);
    expect(document.warnings).toEqual([]);
  });

  it('takes integers for milliseconds only where nobody could speak so slowly', () => {
    const at = (unit: number) =>
      documentOf(
        'x.json',
        JSON.stringify([
          { start: 0, end: 4 * unit, text: said[0] },
          { start: 4 * unit, end: 8 * unit, text: said[1] },
        ]),
      );
    expect(at(1).durationMs).toBe(8_000);
    expect(at(1_000).durationMs).toBe(8_000);
  });

  it('reads an object a line, counts entries without text, and keeps hostile keys as data', () => {
    const document = documentOf(
      'x.json',
      '{"text":"Hello there."}\n{"__proto__":{"text":"no"}}\n{"text":"Bye.","constructor":1,"start":9,"end":3}\n{"start":1}',
    );
    expect(linesOf(document)).toEqual(['Hello there. Bye.']);
    expect(document.warnings.map(({ code, message }) => [code, message])).toEqual([
      ['SEGMENT_WITHOUT_TEXT', 'Left out 2 entries of the transcript that have no text.'],
      ['CUE_ENDS_BEFORE_START', '1 segments end before they start; they were taken to end there.'],
    ]);
  });

  it.each([
    ['{"segments":[{"body":"cut', 'CONTENT_MALFORMED'],
    ['{"segments":[{"body":7}]}', 'CONTENT_MALFORMED'],
    ['[1,2,3]', 'CONTENT_MALFORMED'],
    ['{"name":"a-package","version":"1.0.0"}', 'CONTENT_UNSUPPORTED'],
  ])('refuses %s', (json, code) => {
    expect(() => documentOf('x.json', json)).toThrow(`[${code}]`);
  });
});
