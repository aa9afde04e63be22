import { describe, expect, it } from '@jest/globals';

import { ContentError } from './content-error.js';
import { parseContent } from './parse-content.js';
import type { ParsedContent } from '../model.js';

const read = (name: string, content: string | Uint8Array): ParsedContent =>
  parseContent({
    uri: `file:///${name}`,
    name,
    bytes: typeof content === 'string' ? new TextEncoder().encode(content) : content,
  });
const lines = (content: ParsedContent): string[] =>
  content.documents[0]?.segments.map(({ speaker, text }) =>
    speaker === undefined ? text : `${speaker}: ${text}`,
  ) ?? [];
const codes = (content: ParsedContent): string[] => content.warnings.map(({ code }) => code);
const SENTENCE =
  'The harbour was dredged again in spring, and the ferries have come in at low water ever since that week.';
const prose = (topic: string): string =>
  `<p>${topic} first. ${SENTENCE} ${SENTENCE}</p><p>${topic} second. ${SENTENCE} ${SENTENCE}</p><p>${topic} third. ${SENTENCE} ${SENTENCE}</p>`;

describe('captions as programs write them', () => {
  it('gives account ids in voice tags a readable name each', () => {
    const id = (digit: string): string =>
      `${digit.repeat(8)}-aaaa-bbbb-cccc-${digit.repeat(12)}@${'e'.repeat(8)}-1111-2222-3333-${'f'.repeat(12)}`;
    const cue = (at: number, digit: string, text: string): string =>
      `0:0:${at}.0 --> 0:0:${at}.900\n<v ${id(digit)}>${text}</v>\n\n`;
    const meeting = read(
      'meeting.vtt',
      `WEBVTT\n\n${cue(1, '7', 'Shall we begin?')}${cue(2, '4', 'Yes.')}${cue(3, '7', 'Good.')}`,
    );
    expect(lines(meeting)).toEqual(['Speaker 1: Shall we begin?', 'Speaker 2: Yes.', 'Speaker 1: Good.']);
  });

  it('begins a turn at a dash in a file that marks its turns so, and does not hand on a name over it', () => {
    const cues = [
      '- Welcome to the show.',
      '- Thank you.',
      '>> Ruth: Sure.',
      '- Where did it begin?',
      '- In a shed.',
    ]
      .map((text, at) => `00:0${at}.000 --> 00:0${at}.900\n${text}`)
      .join('\n\n');
    expect(lines(read('show.vtt', `WEBVTT\n\n${cues}\n`))).toEqual([
      'Welcome to the show.',
      'Thank you.',
      'Ruth: Sure.',
      'Where did it begin?',
      'In a shed.',
    ]);
  });

  it('keeps a dash that only goes on with a sentence', () => {
    const srt =
      '1\n00:00:01,000 --> 00:00:02,000\nHe said\n\n2\n00:00:02,000 --> 00:00:03,000\n— and then he left.\n';
    expect(lines(read('dash.srt', srt))).toEqual(['He said — and then he left.']);
  });

  it('reads a line once whose words light up one after the other, in a script without spaces too', () => {
    const words = ['今日は', '朝から', '雨が', '降って', 'いた。'];
    const cues = words.map(
      (_, at) =>
        `${at}\n00:00:0${at},000 --> 00:00:0${at + 1},000\n${words
          .map((word, index) => (index === at ? `<font color="#00ff00">${word}</font>` : word))
          .join('')}\n`,
    );
    const song = read('lit.srt', cues.join('\n'));
    expect(lines(song)).toEqual(['今日は朝から雨が降っていた。']);
    expect(codes(song)).toContain('REPEATS_LEFT_OUT');
  });

  it('takes the codes of SubStation Alpha for spaces, and leaves paths alone', () => {
    const srt = '1\n00:00:01,000 --> 00:00:02,000\nOne\\Ntwo\\hthree in C:\\Names.\n';
    expect(lines(read('codes.srt', srt))).toEqual(['One two three in C:\\Names.']);
  });

  it('leaves out what a recogniser writes for silence, and notes on sounds in other languages', () => {
    const vtt = (text: string, at: number): string => `00:0${at}.000 --> 00:0${at}.900\n${text}`;
    const cues = ['[BLANK_AUDIO]', '[Musik]', 'Guten Abend allerseits.', '(Applaus)', '[音楽]']
      .map(vtt)
      .join('\n\n');
    expect(lines(read('sounds.vtt', `WEBVTT\n\n${cues}\n`))).toEqual(['Guten Abend allerseits.']);
  });
});

describe('transcripts and books', () => {
  it('finds the speakers that stand in a list of their own beside the words', () => {
    const word = (content: string, start: string): object => ({
      type: 'pronunciation',
      start_time: start,
      end_time: `${start}5`,
      alternatives: [{ content, confidence: '0.9' }],
    });
    const mark = { type: 'punctuation', alternatives: [{ content: '.' }] };
    const results = {
      transcripts: [{ transcript: 'Good morning. Hello.' }],
      items: [word('Good', '0.1'), word('morning', '0.4'), mark, word('Hello', '2.0'), mark],
      speaker_labels: {
        segments: [
          { speaker_label: '', items: [] },
          {
            speaker_label: 'spk_0',
            items: [
              { start_time: '0.1', speaker_label: 'spk_0' },
              { start_time: '0.4', speaker_label: 'spk_0' },
            ],
          },
          { speaker_label: 'spk_1', items: [{ start_time: '2.0', speaker_label: 'spk_1' }] },
        ],
      },
    };
    expect(lines(read('call.json', JSON.stringify({ jobName: 'call', results })))).toEqual([
      'spk_0: Good morning.',
      'spk_1: Hello.',
    ]);
  });

  it.each([
    [
      'with the times of its words in two fields each',
      {
        results: [
          {
            alternatives: [
              {
                transcript: 'Salt is dry.',
                words: [
                  {
                    word: 'Salt',
                    startTime: { seconds: '1', nanos: 500_000_000 },
                    endTime: { seconds: '2' },
                  },
                  {
                    word: 'dry.',
                    startTime: { seconds: '2' },
                    endTime: { seconds: '3', nanos: 250_000_000 },
                  },
                ],
              },
            ],
          },
        ],
      },
    ],
    [
      'with results inside the results, and words as lists',
      {
        results: [
          {
            result_index: 0,
            results: [
              {
                final: true,
                alternatives: [
                  {
                    transcript: 'Salt is dry. ',
                    timestamps: [
                      ['Salt', 1.5, 2],
                      ['dry.', 2, 3.25],
                    ],
                  },
                ],
              },
            ],
          },
        ],
      },
    ],
    [
      'with the word as it is printed beside the word as it was heard',
      {
        retval: {
          words: [
            { word: 'salt', punct: 'Salt', start: 1.5, end: 2 },
            { word: 'is', punct: 'is', start: 2, end: 2.5 },
            { word: 'dry', punct: 'dry.', start: 2.5, end: 3.25 },
          ],
        },
      },
    ],
  ])('reads the transcript of a recogniser %s', (_form, data) => {
    expect(read('talk.json', JSON.stringify(data)).documents[0]?.segments).toMatchObject([
      { text: 'Salt is dry.', startMs: 1_500, endMs: 3_250 },
    ]);
  });

  it('reads the bold names of a dialogue in plain text', () => {
    const talk = '**Speaker 1:** Shall we?\n\n**Speaker 2:** We shall.\n\n**Speaker 1:** Then 2 ** 3 is 8.\n';
    expect(lines(read('talk.txt', talk))).toEqual([
      'Speaker 1: Shall we?',
      'Speaker 2: We shall.',
      'Speaker 1: Then 2 ** 3 is 8.',
    ]);
  });

  it('takes the licence off a book and reads its title and author there', () => {
    const book =
      "Project Gutenberg's A Tale of\nSalt, by Jo Example\n\nThis eBook is for the use of anyone anywhere.\n\n" +
      'Title: A Tale of Salt\n       and Other Tales\n\nAuthor: Jo Example\n\nLanguage: English\n\n' +
      '*** START OF THIS PROJECT GUTENBERG EBOOK A TALE OF SALT ***\n\n\nProduced by a volunteer\n\n\n' +
      'The salt came in by night.\n\nNobody asked for it.\n\n\n' +
      'End of the Project Gutenberg EBook of A Tale of Salt, by Jo Example\n\n' +
      '*** END OF THIS PROJECT GUTENBERG EBOOK A TALE OF SALT ***\n\nSection 1. General Terms of Use.\n';
    const [document] = read('salt.txt', book).documents;
    expect(document?.title).toBe('A Tale of Salt and Other Tales');
    expect(document?.author).toBe('Jo Example');
    expect(document?.segments.map(({ text }) => text)).toEqual([
      'The salt came in by night.',
      'Nobody asked for it.',
    ]);
  });

  it('leaves colons in a list of headlines where they are', () => {
    const list =
      'Exclusive: port reopens\nFerries run again\nReaction: captains cheer\nTide tables\nWeather for the week';
    expect(read('news.txt', list).documents[0]?.segments.every(({ speaker }) => speaker === undefined)).toBe(
      true,
    );
  });
});

describe('Markdown as people write it', () => {
  it('takes brackets inside a link for its text, and a tag over several lines for a tag', () => {
    const text =
      '{% include player.html\n  id="a"\n%}\n\nRead [[the *paper*]](https://example.org/p) and [[Wiki page]] today.\n';
    expect(lines(read('a.md', text))).toEqual(['Read the paper and Wiki page today.']);
  });

  it('finds the underlined heading beside its badges', () => {
    const badge = `[![build](https://example.org/${'a'.repeat(120)}.svg)](https://example.org/${'b'.repeat(60)})`;
    expect(read('README.md', `drysalt ${badge} ${badge}\n=====\nDries salt.\n`).title).toBe('drysalt');
  });

  it('reads the places in a recording as times, and leaves out the lines of its cue sheet', () => {
    const episode =
      '**Ann Lee:** \\[03:53.10\\] Welcome back.\n\n\\[04:10\\] We talk about salt.\n\n**Bo Ek:** Hello.\n\n' +
      '**Break:** \\[26:40\\] to \\[26:53\\]\n\n**Ann Lee:** We are back.\n\n**Outro:** \\[01:02:59.27\\]\n';
    const content = read('episode.md', episode);
    expect(content.documents[0]?.segments).toMatchObject([
      { speaker: 'Ann Lee', text: 'Welcome back.', startMs: 233_000 },
      { speaker: 'Ann Lee', text: 'We talk about salt.', startMs: 250_000 },
      { speaker: 'Bo Ek', text: 'Hello.' },
      { speaker: 'Ann Lee', text: 'We are back.' },
    ]);
    expect(content.documents[0]?.segments).toHaveLength(4);
  });

  it('takes what describes a function for no speaker', () => {
    const page =
      '# dry\n\nType: `number`\nDefault: `1`\n\nHow dry it is.\n\nType: `string`\nDefault: `a`\n\nHow it is called.\n';
    expect(read('readme.md', page).documents[0]?.segments.every(({ speaker }) => speaker === undefined)).toBe(
      true,
    );
  });
});

describe('pages', () => {
  it('takes comments for what they are: names and days, no turns of a conversation', () => {
    const comment = (name: string): string =>
      `<div><cite>${name}</cite> <time>March 3rd, 2020 at 10:05</time><p>Nice piece.</p></div>`;
    const page = `<html><body><nav>Home</nav><article><h1>On salt</h1>${prose('Salt')}</article>${comment('Ann')}${comment('Bob')}</body></html>`;
    const segments = read('salt.html', page).documents[0]?.segments ?? [];
    expect(segments.every(({ kind }) => kind !== 'speech')).toBe(true);
    expect(segments.map(({ text }) => text).join(' ')).not.toContain('Nice piece');
  });

  it('reads the article, not the comments that are marked as articles too', () => {
    const comment = `<article class="comment"><p>A reader: ${SENTENCE} ${SENTENCE}</p></article>`;
    const page = `<html><body><main><article><h1>On salt</h1>${prose('Salt')}<p>Share this</p></article>${comment.repeat(9)}</main></body></html>`;
    const text = lines(read('salt.html', page)).join(' ');
    expect(text).toContain('Salt third.');
    expect(text).not.toContain('A reader');
  });

  it('leaves out the second copy of an article that a page holds for small screens', () => {
    const body = `<div class="wide">${prose('Salt')}</div><div class="narrow">${prose('Salt')}</div>`;
    const text = lines(read('salt.html', `<html><body>${body}</body></html>`)).join(' ');
    expect(text.split('Salt second.')).toHaveLength(2);
  });

  it('names a page without its site, and by its name where its headline is a remark', () => {
    const titled = (head: string, h1: string): string | undefined =>
      read('page.html', `<html><head>${head}</head><body><h1>${h1}</h1>${prose('Salt')}</body></html>`)
        .documents[0]?.title;
    const ld = JSON.stringify({ '@type': 'Article', name: 'Salt road', headline: 'old trade route' });
    expect(
      titled(
        `<title>Salt road - Lexicon</title><script type="application/ld+json">${ld}</script>`,
        'Salt road',
      ),
    ).toBe('Salt road');
    expect(titled('<title>How to dry salt | The Drying Shed</title>', 'How to dry salt')).toBe(
      'How to dry salt',
    );
    expect(
      titled(
        '<meta property="og:site_name" content="Shed News"><title>Shed News | Salt is up</title>',
        'Today',
      ),
    ).toBe('Salt is up');
    expect(titled('<title>Salt – the white gold</title>', 'Salt – the white gold')).toBe(
      'Salt – the white gold',
    );
    expect(titled('<title>The Project Gutenberg eBook of Salt, by Jo Example</title>', 'SALT')).toBe('Salt');
  });

  it('leaves out the raised number of a note behind a full stop, and keeps that of a power', () => {
    const page = `<p>The salt is dry.<sup>1</sup> It is white.<a href="#fn:2" class="footnote">2</a> ${SENTENCE} It weighs 10<sup>3</sup> kilos.</p>`;
    expect(lines(read('note.html', `<html><body>${page}</body></html>`))).toEqual([
      `The salt is dry. It is white. ${SENTENCE} It weighs 103 kilos.`,
    ]);
  });

  it('reads a by-line without its first word', () => {
    const page = (line: string): string | undefined =>
      read(
        'page.html',
        `<html><head><meta name="author" content="${line}"></head><body>${prose('Salt')}</body></html>`,
      ).documents[0]?.author;
    expect(page('By Jo Example')).toBe('Jo Example');
    expect(page('Par Jo Example')).toBe('Jo Example');
    expect(page('Posted by Jo Example')).toBe('Jo Example');
    expect(page('Byron Example')).toBe('Byron Example');
    expect(page('by')).toBeUndefined();
  });
});

describe('feeds', () => {
  const rss = (description: string, first = '<?xml version="1.0"?>'): string =>
    `${first}<rss version="2.0"><channel><title>Salt</title><item><title>One</title><description>${description}</description></item></channel></rss>`;

  it('reads what was escaped twice', () => {
    expect(lines(read('a.rss', rss('Salt &amp;amp; pepper &amp;ndash; a talk')))).toEqual([
      'Salt & pepper – a talk',
    ]);
    expect(
      lines(read('a.rss', rss('&amp;lt;!-- x --&amp;gt;&amp;lt;p&amp;gt;Dry salt.&amp;lt;/p&amp;gt;'))),
    ).toEqual(['Dry salt.']);
  });

  it('reads a JSON feed whose version comes last and has a backslash in front of every slash', () => {
    const items = Array.from({ length: 60 }, (_, at) => ({
      id: String(at),
      content_html: `<p>Dry salt ${at}.</p>`,
    }));
    const json = JSON.stringify({ title: 'Salt', items, version: 'https://jsonfeed.org/version/1' });
    const feed = read('feed.json', json.replaceAll('/', '\\/'));
    expect(feed.format).toBe('feed');
    expect(feed.documents).toHaveLength(60);
    expect(lines(feed)).toEqual(['Dry salt 0.']);
  });

  it('calls an item without a title by its first words', () => {
    const untitled = (description: string): string | undefined =>
      read('feed.xml', rss(description).replace('<title>One</title>', '')).documents[0]?.title;
    expect(untitled('Dry salt.')).toBe('Dry salt.');
    expect(untitled(SENTENCE)).toBe(
      'The harbour was dredged again in spring, and the ferries have come in at low…',
    );
  });

  it('reads RSS that was given a name space', () => {
    const feed = rss('Dry salt.').replace(
      '<rss ',
      '<!-- here --><rss xmlns:x=\'http://example.org/x\' xmlns="http://example.org/rss2" ',
    );
    expect(lines(read('a.xml', feed))).toEqual(['Dry salt.']);
  });

  it.each([
    'The post One appeared first on Salt.',
    'Read more →',
    'Continue reading One »',
    'Permalink',
    'submitted by /u/jo [link] [12 comments]',
  ])('leaves out the line "%s" below an item', (closing) => {
    const html = (last: string): string => `&lt;p&gt;Dry salt.&lt;/p&gt;&lt;p&gt;${last}&lt;/p&gt;`;
    expect(lines(read('a.rss', rss(html(closing))))).toEqual(['Dry salt.']);
    expect(lines(read('a.rss', rss(html('Read more books, they said.'))))).toHaveLength(2);
  });

  it('reads a feed whose declaration is not that of XML', () => {
    const feed = read('a.rss', rss('Dry salt.', '<?phpxml version="1.0" encoding="UTF-8"?>\n'));
    expect(feed.format).toBe('feed');
    expect(lines(feed)).toEqual(['Dry salt.']);
  });
});

describe('encodings', () => {
  it.each([true, false])('reads UTF-32 by its mark (little endian: %s)', (isLittle) => {
    const text = '\ufeffSmörgås 🧂 på bordet.';
    const view = new DataView(new ArrayBuffer([...text].length * 4));
    [...text].forEach((char, at) => view.setUint32(at * 4, char.codePointAt(0) ?? 0, isLittle));
    expect(lines(read('a.txt', new Uint8Array(view.buffer)))).toEqual(['Smörgås 🧂 på bordet.']);
  });

  it('undoes what was turned into UTF-8 twice, and only that', () => {
    const text = 'Är det sant – “smörgås” på bordet?';
    const twice = Buffer.from(
      Buffer.from(text, 'utf8')
        .toString('latin1')
        .replace(/\x80/gu, '€')
        .replace(/\x93/gu, '“')
        .replace(/\x9c/gu, 'œ')
        .replace(/\x84/gu, '„'),
      'utf8',
    );
    const mended = read('a.txt', twice);
    expect(lines(mended)).toEqual([text]);
    expect(codes(mended)).toContain('CHARSET_TWICE');
    expect(lines(read('b.txt', 'Ã is a letter; so is Â, and ã too.'))).toEqual([
      'Ã is a letter; so is Â, and ã too.',
    ]);
  });

  it('calls random bytes binary data, whatever their name', () => {
    let state = 1;
    const bytes = Uint8Array.from({ length: 9_000 }, () => (state = (state * 48_271) % 2_147_483_647) & 0xff);
    expect(() => read('talk.srt', bytes)).toThrow(ContentError);
    expect(() => read('talk.srt', bytes)).toThrow(/binary data/u);
  });
});
