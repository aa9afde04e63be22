import { describe, expect, it } from '@jest/globals';
import { ContentError } from './content-error.js';
import { codesOf, documentOf, linesOf, parse } from './fixtures/parse-text.js';
import { splitSentences } from './prose/sentences.js';

/** Far more than any of these takes; only what grows with the square of its input comes near it. */
const BOUND_MS = 30_000;
const MEGA = 1 << 20;
const many = (count: number, make: (index: number) => string): string =>
  Array.from({ length: count }, (_, index) => make(index)).join('');
const clock = (seconds: number): string =>
  [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60, seconds % 60]
    .map((part) => String(part).padStart(2, '0'))
    .join(':');
const HEAD = 'WEBVTT\n\n00:00.000 --> 00:01.000\n';
const FEED = '<rss version="2.0"><channel><title>F</title>';

describe('hostile content', () => {
  it('expands no entities and loads no files', () => {
    const laughs = `<!ENTITY l0 "lol">${many(12, (index) => `<!ENTITY l${index + 1} "${`&l${index};`.repeat(10)}">`)}`;
    for (const declared of [
      laughs,
      '<!ENTITY l12 SYSTEM "file:///etc/passwd">',
      '<!ENTITY % p SYSTEM "http://127.0.0.1/"> %p;',
    ]) {
      const content = parse(
        'x.xml',
        `<?xml version="1.0"?><!DOCTYPE rss [${declared}]>${FEED}<item><title>T</title><description>before &l12; after</description></item></channel></rss>`,
      );
      expect(content.documents.map(linesOf)).toEqual([['before &l12; after']]);
      expect(codesOf(content)).toEqual(['ENTITIES_NOT_EXPANDED']);
    }
    const front = many(
      20,
      (index) => `b${index}: &b${index} [${index > 0 ? `*b${index - 1}, *b${index - 1}` : 'x'}]\n`,
    );
    const document = documentOf('x.md', `---\n${front}---\nHello there.`);
    expect(linesOf(document)).toEqual(['Hello there.']);
    expect(codesOf(document)).toEqual(['FRONT_MATTER_MALFORMED']);
  });

  it.each(['vtt', 'srt'])(
    'reads 100,000 cues (%s)',
    (extension) => {
      const cues = many(
        100_000,
        (index) => `${clock(index * 2)}.000 --> ${clock(index * 2 + 1)}.500\nLine ${index} was said.\n\n`,
      );
      const document = documentOf(`x.${extension}`, (extension === 'vtt' ? 'WEBVTT\n\n' : '') + cues);
      expect(document.wordCount).toBe(400_000);
      expect(document.durationMs).toBe(199_999_500);
    },
    BOUND_MS,
  );

  it('keeps the warnings few where every cue is broken, and counts them all', () => {
    const document = documentOf('x.vtt', `${HEAD}Hello.\n\n${'99:99 --> no\nlost\n\n'.repeat(20_000)}`);
    expect(linesOf(document)).toEqual(['Hello.']);
    expect(document.warnings).toHaveLength(51);
    expect(document.warnings.at(-1)).toEqual({
      code: 'CUE_TIMES_MALFORMED',
      message: 'The same was found 19950 more times.',
    });
  });

  const large: [string, string, () => string][] = [
    ['HTML nested 100,000 deep', 'x.html', () => `<html><body>${'<div>'.repeat(100_000)}hello world${'</div>'.repeat(100_000)}`],
    ['tags that never close', 'x.html', () => `<html><body><p>hello world${'<b>'.repeat(100_000)}`],
    ['nested quotes of paragraphs', 'x.html', () => `<html><body>${'<blockquote><p>a</p>'.repeat(20_000)}`],
    ['close tags of nothing', 'x.html', () => `<html><body><p>hello${'<div>'.repeat(30_000)}${'</x></p>'.repeat(60_000)}`],
    ['a page of 100,000 paragraphs', 'x.html', () => `<html><body>${'<p>hello world.</p>'.repeat(100_000)}`],
    ['a table row of 100,000 cells', 'x.html', () => `<html><body><table><tr>${'<td> <td>a'.repeat(50_000)}`],
    ['an attribute of a megabyte', 'x.html', () => `<html><body><p title="${'x'.repeat(MEGA)}">hello world</p>`],
    ['a quote that never ends', 'x.html', () => `<html><body>hello ${'<a b="c\' d=\'e '.repeat(50_000)}`],
    ['a megabyte of angles', 'x.html', () => `<html><body>hello ${'<'.repeat(MEGA)}`],
    ['comments that never end', 'x.html', () => `<html><body>hello ${'<!--<![CDATA[<!a'.repeat(50_000)}`],
    ['titles that never end', 'x.html', () => `<html><body>hello ${'<title><textarea>'.repeat(50_000)}`],
    ['JSON-LD nested deep', 'x.html', () => `<html><script type="application/ld+json">${'['.repeat(100_000)}${']'.repeat(100_000)}</script><p>hello world`],
    ['a feed item nested deep', 'x.xml', () => `${FEED}<item><title>T</title><description><![CDATA[${'<div>'.repeat(100_000)}hello]]></description></item></channel></rss>`],
    ['a feed of 20,000 items', 'x.xml', () => `${FEED}${'<item><description>Hello there.</description></item>'.repeat(20_000)}</channel></rss>`],
    ['XML nested deep', 'x.xml', () => `${FEED}<item>${'<a>'.repeat(100_000)}`],
    ['CDATA that never ends', 'x.xml', () => FEED + '<item><description><![CDATA['.repeat(20_000)],
    ['JSON nested deep', 'x.json', () => `${'{"segments":'.repeat(50_000)}1${'}'.repeat(50_000)}`],
    ['a list nested deep', 'x.json', () => `{"text":"hi","segments":${'['.repeat(100_000)}${']'.repeat(100_000)}}`],
    ['100,000 speakers', 'x.json', () => JSON.stringify({ segments: Array.from({ length: 100_000 }, (_, at) => ({ speaker: `S${at}`, start: at, end: at + 1, text: 'Hello.' })) })],
    ['10 MB of words on a line', 'x.txt', () => 'word and another. '.repeat((10 * MEGA) / 18)],
    ['10 MB without a space', 'x.txt', () => 'x'.repeat(10 * MEGA)],
    ['5 MB of hyphens', 'x.txt', () => `${'-'.repeat(5 * MEGA)} a`],
    ['a megabyte of accents', 'x.txt', () => `a${'\u0301'.repeat(MEGA / 2)}b`],
    ['brackets of sounds', 'x.txt', () => `words ${'[(music) '.repeat(200_000)}`],
    ['300,000 labels behind three clocks', 'x.txt', () => `${'[00:01] Bob: hi\n'.repeat(80_000)}${'Bob: hi\n'.repeat(220_000)}`],
    ['10 MB in one cue', 'x.vtt', () => HEAD + 'word and another. '.repeat((10 * MEGA) / 18)],
    ['a cue of voices', 'x.vtt', () => HEAD + '<v A>x </v>'.repeat(150_000)],
    ['a cue of angles', 'x.vtt', () => `${HEAD}hello ${'<'.repeat(MEGA)}`],
    ['a cue of ampersands', 'x.vtt', () => `${HEAD}hello ${'&'.repeat(MEGA)}`],
    ['5 MB of empty lines', 'x.vtt', () => `WEBVTT\n${'\n'.repeat(5 * MEGA)}00:00.000 --> 00:01.000\nhi`],
    ['arrows alone', 'x.vtt', () => `WEBVTT\n\n${'-->\n'.repeat(100_000)}${HEAD}hi`],
    ['50,000 gaps inside a cue', 'x.srt', () => `00:00:00,000 --> 00:00:01,000\nhi\n\n${'and more\n\n'.repeat(50_000)}`],
    ['style codes that never end', 'x.srt', () => `00:00:00,000 --> 00:00:01,000\nhi ${'{\\a'.repeat(200_000)}`],
    ['settings of a megabyte', 'x.srt', () => `00:00:00,000 --> 00:00:01,000 ${' '.repeat(MEGA)}x\nhi`],
    ['nested lists', 'x.md', () => many(2_000, (index) => `${' '.repeat(index * 2)}- item\n`)],
    ['nested quotes', 'x.md', () => `${'> '.repeat(20_000)}hello`],
    ['emphasis that crosses', 'x.md', () => '*a **a _b __b '.repeat(20_000)],
    ['links that never end', 'x.md', () => `${'[a]('.repeat(30_000)}${'![['.repeat(20_000)}`],
    ['a table of 30,000 columns', 'x.md', () => `${'|a'.repeat(30_000)}\n${'|-'.repeat(30_000)}\n${'|a\n'.repeat(3_000)}`],
    ['back-ticks of every length', 'x.md', () => `hello ${many(1_500, (index) => `${'`'.repeat(index)} `)}`],
    ['rules that are none', 'x.md', () => `${'- '.repeat(50_000)}x\n${'* '.repeat(50_000)}x`],
    ['template tags that never end', 'x.md', () => `hello ${'{{ {% '.repeat(100_000)}`],
    ['front matter nested deep', 'x.md', () => `---\ntitle: ${'['.repeat(15_000)}\n---\nhello there`],
    ['2 MB of empty lines', 'x.md', () => `a\n${'\n'.repeat(2 * MEGA)}b`],
  ]; // prettier-ignore

  it.each(large)(
    'ends in bounded time and output: %s',
    (_name, name, make) => {
      const content = make();
      // The bound of the test runner does not reach work that never gives way.
      const begun = performance.now();
      try {
        const { documents, warnings } = parse(name, content);
        const segments = documents.flatMap((document) => document.segments);
        const length = segments.reduce((sum, { text }) => sum + text.length, 0);
        expect(segments.length).toBeGreaterThan(0);
        expect(length).toBeLessThanOrEqual(content.length * 2);
        expect(warnings.length).toBeLessThan(200);
      } catch (error) {
        if (!(error instanceof ContentError)) throw error;
        expect(error.code).toMatch(/^CONTENT_(?:EMPTY|MALFORMED|UNSUPPORTED)$/u);
        expect(error.message.length).toBeLessThan(1_000);
      }
      expect(performance.now() - begun).toBeLessThan(BOUND_MS);
    },
    BOUND_MS,
  );

  it('says so where a page is too large to be searched, and reads all of it', () => {
    const document = documentOf('x.html', `<html><body>${'<p>hello to you all.</p>'.repeat(7_000)}`);
    expect(document.wordCount).toBe(28_000);
    expect(codesOf(document)).toEqual(['PAGE_NOT_SEARCHED']);
  });

  it(
    'cuts text without sentences near its spaces, in one pass',
    () => {
      const sentences = splitSentences('word '.repeat(400_000));
      expect(sentences.join(' ').length).toBe(400_000 * 5 - 1);
      expect(Math.max(...sentences.map(({ length }) => length))).toBeLessThanOrEqual(4_000);
    },
    BOUND_MS,
  );
});
