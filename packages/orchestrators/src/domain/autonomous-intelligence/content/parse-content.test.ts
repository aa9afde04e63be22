import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { ContentError } from './content-error.js';
import { codesOf, documentOf, linesOf, parse } from './fixtures/parse-text.js';
import { parseContent } from './parse-content.js';

const latin1 = (text: string): Uint8Array => Uint8Array.from(Buffer.from(text, 'latin1'));
const utf8 = (text: string): Uint8Array => new TextEncoder().encode(text);
const utf16 = (text: string, order: 'le' | 'be', mark: boolean): Uint8Array => {
  const bytes = Buffer.from((mark ? '\ufeff' : '') + text, 'utf16le');
  return Uint8Array.from(order === 'le' ? bytes : bytes.swap16());
};
const TEXT =
  'Das Café in Köln öffnet früh, und später kommen die Gäste aus Düsseldorf, die über Aachen gefahren sind.';

describe('character sets', () => {
  it.each<[string, string, Uint8Array, { charset?: string }, string[]]>([
    ['UTF-8', 'a.txt', utf8(TEXT), {}, []],
    ['UTF-8 with a mark', 'a.txt', utf8(`\ufeff${TEXT}`), {}, []],
    ['UTF-16LE with a mark', 'a.txt', utf16(TEXT, 'le', true), {}, []],
    ['UTF-16BE with a mark', 'a.txt', utf16(TEXT, 'be', true), {}, []],
    ['UTF-16LE without one', 'a.txt', utf16(TEXT, 'le', false), {}, ['CHARSET_GUESSED']],
    ['UTF-16BE without one', 'a.txt', utf16(TEXT, 'be', false), {}, ['CHARSET_GUESSED']],
    ['Latin-1 that says nothing', 'a.txt', latin1(TEXT), {}, ['CHARSET_GUESSED']],
    ['Latin-1 as the server says', 'a.txt', latin1(TEXT), { charset: 'ISO-8859-1' }, []],
    ['Latin-1 that the server calls UTF-8', 'a.txt', latin1(TEXT), { charset: 'utf-8' }, ['CHARSET_WRONG', 'CHARSET_GUESSED']],
    ['UTF-8 that the server calls Latin-1', 'a.txt', utf8(TEXT), { charset: 'latin1' }, ['CHARSET_WRONG']],
    ['a charset that nobody knows', 'a.txt', utf8(TEXT), { charset: 'x-klingon' }, ['CHARSET_WRONG']],
    ['Latin-1 as the page says', 'a.html', latin1(`<html><meta charset=iso-8859-1><p>${TEXT}</p></html>`), {}, []],
    ['UTF-8 in a page that says UTF-16', 'a.html', utf8(`<html><meta charset="utf-16"><p>${TEXT}</p></html>`), {}, []],
    ['Latin-1 as the XML says', 'a.xhtml', latin1(`<?xml version="1.0" encoding="iso-8859-1"?><html><body><p>${TEXT}</p></body></html>`), {}, []],
    ['NUL bytes here and there', 'a.txt', utf8(`${TEXT.slice(0, 50)}\0${TEXT.slice(50)}`.padEnd(300)), {}, ['NULS_LEFT_OUT']],
  ])('reads %s', (_name, name, bytes, more, warnings) => {
    const document = documentOf(name, bytes, more);
    expect(linesOf(document)).toEqual([TEXT]);
    expect(codesOf(document)).toEqual(warnings);
  }); // prettier-ignore

  it('reads Shift_JIS where the page declares it', () => {
    const said = Uint8Array.from([0x93, 0xfa, 0x96, 0x7b, 0x8c, 0xea]);
    const bytes = Uint8Array.from([
      ...utf8(
        '<html><head><meta http-equiv="Content-Type" content="text/html; charset=Shift_JIS"></head><body><p>',
      ),
      ...said,
      ...utf8('</p></body></html>'),
    ]);
    expect(linesOf(documentOf('a.html', bytes))).toEqual(['日本語']);
  });

  it('keeps UTF-8 with a broken place, and says how many characters are lost', () => {
    const whole = utf8(TEXT.repeat(4));
    const bytes = Uint8Array.from([...whole.slice(0, 100), 0xff, ...whole.slice(100)]);
    const document = documentOf('a.txt', bytes);
    expect(document.segments[0]?.text).toContain('Köln');
    expect(document.warnings).toEqual([
      { code: 'CHARACTERS_UNREADABLE', message: '1 characters could not be read; each is shown as \ufffd.' },
    ]);
  });

  it('leaves no half characters from JSON escapes', () => {
    expect(linesOf(documentOf('a.json', '[{"text":"Hello \\ud83d there, \\udc00 friend"}]'))).toEqual([
      'Hello \ufffd there, \ufffd friend',
    ]);
  });
});

describe('formats', () => {
  it.each([
    ['page', '<?xml version="1.0"?>\n<!DOCTYPE html PUBLIC "x">\n<html><body><p>Hello to you.</p></body></html>', {}, 'html'],
    ['a.html', 'Hello <b>to</b> you.', {}, 'html'],
    ['page', 'Hello <b>to</b> you.', { mediaType: 'text/html' }, 'html'],
    ['data.xml', '<?xml version="1.0"?><book><line>Hello to you.</line></book>', {}, 'html'],
    ['cues', '00:00:01.000 --> 00:00:02.000\nHello to you.', {}, 'srt'],
    ['cues', '00:00:01.000 --> 00:00:02.000\nHello to you.', { mediaType: 'text/vtt' }, 'vtt'],
    ['about.md', `How captions look, told at length. ${'Words and words. '.repeat(40)}\n\n    00:00:01,000 --> 00:00:02,000\n`, {}, 'markdown'],
    ['notes', '# A heading\n\nHello to you.', {}, 'markdown'],
    ['notes', 'Hello to you.', {}, 'text'],
    ['data', '{"segments": [{"body": "Hello to you."}]}', {}, 'transcript-json'],
  ])('tells what %s is', (name, content, more, format) => {
    expect(parse(name, content, more).format).toBe(format);
  }); // prettier-ignore
});

describe('refusals', () => {
  it.each<[string, Uint8Array, string]>([
    ['nothing', new Uint8Array(), 'x is empty. Give something to read. [CONTENT_EMPTY]'],
    ['a mark alone', utf8('\ufeff'), 'x holds nothing that a person would read. Give something to read. [CONTENT_EMPTY]'],
    ['signs', utf8(' \n*** --- \u200b'), '[CONTENT_EMPTY]'],
    ['a picture', Uint8Array.from([0x89, 0x50, 0x4e, 0x47, 13, 10, 26, 10]), 'x is a PNG picture, not text. Give a transcript, an article or a feed. [CONTENT_BINARY]'],
    ['an archive', Uint8Array.from([0x1f, 0x8b, 8, 0]), 'a gzip archive'],
    ['a PDF', utf8('%PDF-1.7\nHello to all of you'), 'a PDF, not text'],
    ['a recording', Uint8Array.from([...utf8('RIFF'), 1, 2, 3, 4, ...utf8('WAVE')]), '[CONTENT_BINARY]'],
    ['raw numbers', Uint8Array.from({ length: 5_000 }, (_, index) => (index * 7) % 23), '[CONTENT_BINARY]'],
    ['noise', Uint8Array.from({ length: 5_000 }, (_, index) => 1 + ((index * 7919) % 29)), '[CONTENT_BINARY]'],
    ['an encoding that nothing here knows', Uint8Array.from({ length: 5_000 }, (_, index) => [0x81, 0x8d, 0x20, 0x9d, 0x41, 0x90][index % 6] as number), '[CONTENT_ENCODING]'],
  ])('refuse %s by name', (_name, bytes, message) => {
    expect(() => parse('x', bytes)).toThrow(message);
  }); // prettier-ignore

  it('are no answer to text that begins like a file', () => {
    expect(linesOf(documentOf('a.txt', 'ID3 tags are what this is about.'))).toEqual([
      'ID3 tags are what this is about.',
    ]);
  });

  it('come before anything is decoded where there is too much of it', () => {
    const raw = { uri: 'file:///x.txt', name: 'x.txt', bytes: new Uint8Array(50 * 1024 * 1024) };
    expect(() => parseContent(raw)).toThrow(
      'x.txt has 52428800 bytes, more than the 20971520 that are read. Split it, or give a part of it. [CONTENT_TOO_LARGE]',
    );
    expect(() => parseContent({ ...raw, bytes: utf8('Hello') }, { maxBytes: 4 })).toThrow(
      '[CONTENT_TOO_LARGE]',
    );
  });
});

describe('anything at all', () => {
  const NAMES = ['x', 'x.vtt', 'x.srt', 'x.txt', 'x.md', 'x.html', 'x.json', 'x.xml'];
  const scrap = fc.constantFrom(
    'WEBVTT\n\n', '00:01.000 --> 00:02.000\n', '-->', '<p>', '</p>', '<div', '"', "'", '>', '<!--', '-->', '<![CDATA[', ']]>',
    '<rss version="2.0"><channel>', '<item><description>', '</item>', '<feed xmlns="http://www.w3.org/2005/Atom">', '<entry>',
    '<!DOCTYPE', '[', ']', '(', '{"segments":[', '{"text":"a"}', ',', '---\n', '```\n', '|a|b|\n|-|-|\n', '> ', '- ', '# ', '*', '_',
    '`', '~~', '&amp;', '&#x110000;', '&', '\n\n', '\r', ' ', 'word ', 'Ann: ', '\ud800', '\0', '漢字', '\u202e', '<script>', '<title>', '<pre>',
  ); // prettier-ignore
  const check = (name: string, bytes: Uint8Array): void => {
    try {
      const { documents } = parse(name, bytes);
      expect(documents.length).toBeGreaterThan(0);
      for (const { segments } of documents) {
        expect(segments.length).toBeGreaterThan(0);
        segments.forEach((segment, index) => {
          expect(segment.index).toBe(index);
          expect(segment.text.trim()).not.toBe('');
          expect(segment.text).not.toMatch(/[\p{Surrogate}\0]/u);
          if (segment.startMs !== undefined && segment.endMs !== undefined)
            expect(segment.endMs).toBeGreaterThanOrEqual(segment.startMs);
        });
      }
    } catch (error) {
      if (!(error instanceof ContentError)) throw error;
      expect(error.message).toContain(`[${error.code}]`);
    }
  };

  it('gives documents or the documented error, for bytes', () => {
    fc.assert(fc.property(fc.constantFrom(...NAMES), fc.uint8Array({ maxLength: 200 }), check), {
      numRuns: 300,
    });
  });

  it('gives documents or the documented error, for scraps of the formats', () => {
    fc.assert(
      fc.property(fc.constantFrom(...NAMES), fc.array(scrap, { maxLength: 40 }), (name, scraps) => {
        check(name, utf8(scraps.join('')));
      }),
      { numRuns: 500 },
    );
  });

  it('keeps every word of plain text, paragraphs and Markdown', () => {
    const word = fc.stringMatching(/^[a-zé]{3,9}$/u);
    const paragraph = fc.array(word, { minLength: 5, maxLength: 60 });
    fc.assert(
      fc.property(fc.array(paragraph, { minLength: 1, maxLength: 12 }), (paragraphs) => {
        const expected = paragraphs.flat().join(' ');
        const texts = paragraphs.map((words) => words.join(' '));
        const forms = [
          ['x.txt', texts.join('\n\n')],
          ['x.md', texts.map((text, index) => ['', '> ', '- '][index % 3] + text).join('\n\n')],
          ['x.html', `<html><body>${texts.map((text) => `<p>${text}</p>`).join('')}</body></html>`],
        ] as const;
        for (const [name, content] of forms) {
          const said = documentOf(name, content).segments.map(({ text }) => text);
          expect(said.join(' ')).toBe(expected);
        }
      }),
      { numRuns: 60 },
    );
  });
});
