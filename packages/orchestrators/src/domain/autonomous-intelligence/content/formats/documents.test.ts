import { describe, expect, it } from '@jest/globals';
import { codesOf, documentOf, linesOf, parse } from '../fixtures/parse-text.js';

const PROSE =
  'The bridge was opened in 1932, and more than ninety thousand people walked across it on the first day alone. ' +
  'It has carried trains, trams, cars and walkers ever since, and it is painted again from end to end every few years.';
const MORE =
  'Nobody expected the costs to rise as they did, but the city paid them, and the last loan ended in 1988.';

describe('HTML', () => {
  it('finds the article in its page, and what the page says about it', () => {
    const document = documentOf(
      'page.html',
      `<!-- saved --><!DOCTYPE html><html lang="en-AU"><head><title>Bridge | The Daily</title>
<meta property="og:title" content="The Bridge &amp; the City"><script>var a = "<p>no</p>";</script>
<script type="application/ld+json">{"@graph":[{"@type":["NewsArticle"],"author":[{"name":"Ann Lee"},{"name":"Bo Ek"}],"datePublished":"2020-03-04T05:06:07+01:00"}]}</script>
<style>p { color: red }</style></head><body><header><p>The Daily</p></header>
<nav><ul><li><a href="/">Home</a><li><a href="/x">Sport</a></ul></nav>
<article><header><h1>The Bridge &amp; the City</h1><p class="byline">By Ann Lee, Bo Ek</p><time datetime="2020-03-04">2020-03-04</time></header>
<p>${PROSE}<sup><a href="#fn1">[1]</a></sup><p>${MORE}
<table><tr><th>Year<th>Cost<tr><td>1932<td>4&nbsp;million</table>
<template><p>never</p></template><noscript><p>never</p></noscript></article>
<aside><p>Read also: ten other bridges that you have to see.</p></aside><footer><p>Imprint</p></footer></body></html>`,
    );
    expect(document).toMatchObject({
      title: 'The Bridge & the City',
      author: 'Ann Lee, Bo Ek',
      publishedAt: '2020-03-04T04:06:07.000Z',
      language: 'eng',
      warnings: [],
    });
    expect(linesOf(document)).toEqual([PROSE, MORE, 'Year — Cost', '1932 — 4 million']);
  });

  it('reads text that stands in no paragraph, breaks, and a listing apart from preformatted prose', () => {
    const document = documentOf(
      'old.html',
      '<HTML><BODY BGCOLOR=white>First &eacute;t&eacute; line<BR>goes on.<br/><br>Second <b>para<i>graph</b></i> here.' +
        '<pre>We are here,\nso we are.\n\nGood &amp; well.</pre><pre><code>let x = 1;</code></pre>' +
        '<p hidden>secret</p><p style="display: none">secret</p><ul><li>One item<li>Two items</ul>Last words &#8212; done &unknown;',
    );
    expect(linesOf(document)).toEqual([
      'First été line goes on.',
      'Second paragraph here.',
      'We are here, so we are.',
      'Good & well.',
      'One item',
      'Two items',
      'Last words — done &unknown;',
    ]);
    expect(codesOf(document)).toEqual(['CODE_LEFT_OUT']);
    expect(document.warnings[0]?.message).toBe('Left out 1 code listing.');
  });

  it('reads a transcript page of names, times and paragraphs', () => {
    const document = documentOf(
      'episode.html',
      '<html><body><cite>Ann:</cite> <time>0:05</time> <p>Welcome.</p><cite>Bob:</cite><time>1:02:03</time><p>Thanks <b>a lot</b>.</p><p>Really.</p></body></html>',
    );
    expect(document.segments).toMatchObject([
      { speaker: 'Ann', startMs: 5_000, text: 'Welcome.' },
      { speaker: 'Bob', startMs: 3_723_000, text: 'Thanks a lot.' },
      { speaker: 'Bob', text: 'Really.' },
    ]);
  });

  it.each([
    ['tags that never close', `<div><p>${PROSE}<div><p>${MORE}`],
    ['stray close tags', `</div></p><p>${PROSE}</span></table><p>${MORE}</article></body>`],
    ['a comment that never closes', `<p>${PROSE}</p><!-- x <p>${MORE}</p>`],
    ['a quote that never closes', `<p>${PROSE}</p><p class="x>${MORE}</p>`],
    ['a menu that holds everything', `<nav><p>${PROSE}</p><p>${MORE}</p></nav>`],
    ['a form around the page', `<form><p>${PROSE}</p><p>${MORE}</p></form>`],
  ])('loses no prose to %s', (_name, body) => {
    const text = linesOf(documentOf('x.html', `<html><body>${body}`)).join(' ');
    expect(text).toContain(PROSE);
    expect(text).toContain(MORE);
  });

  it('says so where a page holds no text', () => {
    expect(() => parse('x.html', '<html><body><script>var words = 1;</script></body></html>')).toThrow(
      'x.html is an HTML page without readable text. Open it in a browser: if the text is there, save the page after it has loaded. [CONTENT_EMPTY]',
    );
  });
});

describe('Markdown', () => {
  it('reads every kind of block and takes the marks away', () => {
    const document = documentOf(
      'post.md',
      `---
title: "A *plain* title"
author: [Ann, Bo]
date: 2021-02-03
lang: en
---
Intro with **bold**, _italic_, ~~gone~~, \`code_span\`, a [link](http://x.org/a_(b) "t"), ![picture](a.png) and <b>tags</b>.
It goes on\\
here.[^1] 2 * 3 * 4 is snake_case_name, \\*not emphasis\\*, [ref][r], <https://x.org>. [Applause]

Setext heading
===

## ATX *heading* ##

> Quoted text
that is lazy
> > and deeper

- [x] done item
  with more
    1. inner item

1986. A great year.

\`\`\`js
const hidden = 1;
\`\`\`

| Year | Cost |
|------|-----:|
| 1932 | *4*  |

<div>
<p>In a box</p>
</div>

<!-- nothing
to see -->
***
[r]: http://x.org
[^1]: The note.
{: .class}
{% include x %}
`,
    );
    expect(document).toMatchObject({
      format: 'markdown',
      title: 'A *plain* title',
      author: 'Ann, Bo',
      publishedAt: '2021-02-03',
    });
    expect(linesOf(document)).toEqual([
      'Intro with bold, italic, gone, code_span, a link, and tags. It goes on here. 2 * 3 * 4 is snake_case_name, *not emphasis*, ref, https://x.org.',
      '# Setext heading',
      '# ATX heading',
      'Quoted text that is lazy',
      'and deeper',
      'done item with more',
      'inner item',
      '1986. A great year.',
      'Year — Cost',
      '1932 — 4',
      'In a box',
    ]);
    expect(codesOf(document)).toEqual(['CODE_LEFT_OUT', 'NOTES_LEFT_OUT', 'SOUNDS_LEFT_OUT']);
  });

  it('leaves out footnotes with all their lines, and the marks that point to them', () => {
    const document = documentOf(
      'x.md',
      'A claim.[^a] Another one.[^b]\n\n[^a]: First line\nsecond line.\n\n    an indented paragraph.\n[^b]: Other.\n\nThe text goes on.',
    );
    expect(linesOf(document)).toEqual(['A claim. Another one.', 'The text goes on.']);
    const page = documentOf(
      'x.html',
      '<p>By Executive Order,[1] a committee was set up. See [2] and array[3].</p><p>[1] Executive Order 9808.</p>',
    );
    expect(linesOf(page)).toEqual(['By Executive Order, a committee was set up. See [2] and array[3].']);
    expect(codesOf(page)).toEqual(['NOTES_LEFT_OUT']);
  });

  it('leaves out a listing that nobody marked as code, and keeps verse and plain notes', () => {
    const code = documentOf(
      'x.html',
      '<p>Run this:</p><pre>import fs from "fs";\nconst a = 1;\nrun(a);</pre><p>Done.</p>',
    );
    expect(linesOf(code)).toEqual(['Run this:', 'Done.']);
    const verse = documentOf(
      'x.html',
      '<p>He wrote:</p><pre>The sea is calm tonight.\nThe tide is full, the moon lies fair.</pre>',
    );
    expect(linesOf(verse)).toHaveLength(2);
  });

  it('keeps the lines of a list in preformatted text, also in Markdown, and makes none of what is no list', () => {
    const list =
      '<pre>Minutes of the day:\n- The town built a bridge in 1961.\n- It has cost\n  ten million.\n * The mayor was glad.\n1. The council met.\n2) It went home.\n(a) All were there.</pre>';
    const items = [
      'Before it.',
      'Minutes of the day:',
      'The town built a bridge in 1961.',
      'It has cost ten million.',
      'The mayor was glad.',
      'The council met.',
      'It went home.',
      'All were there.',
    ];
    expect(linesOf(documentOf('x.html', `<p>Before it.</p>${list}`))).toEqual(items);
    expect(linesOf(documentOf('x.md', `Before it.\n\n${list}\n\nAfter it.`))).toEqual([
      ...items,
      'After it.',
    ]);
    expect(linesOf(documentOf('x.md', 'Before it.\n\n```\n- The first thing.\n- The other thing.'))).toEqual([
      'Before it.',
      'The first thing.',
      'The other thing.',
    ]);
    const none = '<pre>The sea is calm tonight,\n- so he wrote, in the year\n1867, and not before.</pre>';
    expect(linesOf(documentOf('x.html', none))).toEqual([
      'The sea is calm tonight, - so he wrote, in the year 1867, and not before.',
    ]);
  });

  it('takes headings in capitals out of the sentences they ran into', () => {
    const document = documentOf(
      'x.txt',
      'That is all. LABOR AND MANAGEMENT The year was hard. II. FIGHTING INFLATION But it passed. HOUSING The third policy is new. LATIN AMERICA I turn now to it. NATO has met.',
    );
    expect(linesOf(document)).toEqual([
      'That is all.',
      '# LABOR AND MANAGEMENT',
      'The year was hard.',
      '# II. FIGHTING INFLATION',
      'But it passed.',
      '# HOUSING',
      'The third policy is new.',
      '# LATIN AMERICA',
      'I turn now to it. NATO has met.',
    ]);
    const acronym = 'He spoke. UNICEF The fund is one of many. He left.';
    expect(linesOf(documentOf('x.txt', acronym))).toEqual([acronym]);
  });

  it('takes no heading from the middle of the text for its title', () => {
    const speech = (before: number): string =>
      `${'We begin anew our joint and separate efforts. '.repeat(before)}I. STRENGTHENING THE ECONOMY The task must begin at home.`;
    expect(documentOf('address-to-congress.txt', speech(20)).title).toBe('Address To Congress');
    expect(documentOf('address-to-congress.txt', speech(1)).title).toBe('I. STRENGTHENING THE ECONOMY');
  });

  it('keeps the text behind a fence that is never closed, and says so', () => {
    const document = documentOf('x.md', '# Title\n\n```\nANN: hello\n\nAll of this is text.');
    expect(linesOf(document)).toEqual(['# Title', 'ANN: hello', 'All of this is text.']);
    expect(codesOf(document)).toEqual(['FENCE_NOT_CLOSED']);
  });

  it('loses only the metadata to front matter that cannot be read', () => {
    const document = documentOf('a-post.md', '---\ntitle: [unclosed\nx: }\n---\nThe text is here.');
    expect(document).toMatchObject({ title: 'A Post', segments: [{ text: 'The text is here.' }] });
    expect(codesOf(document)).toEqual(['FRONT_MATTER_MALFORMED']);
  });
});

describe('plain text', () => {
  it('tells headings, wrapped paragraphs and speakers', () => {
    const document = documentOf(
      'play.txt',
      'CHAPTER 1\n\nA line that is wrapped\nafter a few words.\n\nANN: Who is there?\n\nBOB: It is me.\n\nANN: Come in,\nplease.\n',
    );
    expect(linesOf(document)).toEqual([
      '# CHAPTER 1',
      'A line that is wrapped after a few words.',
      'ANN: Who is there?',
      'BOB: It is me.',
      'ANN: Come in, please.',
    ]);
  });

  it('takes the times of a transcript with a clock in front of each turn', () => {
    const document = documentOf(
      'radio.txt',
      '[00:00:01] CC: Go.\n[00:01:05] P: Roger.\n(1:02:03) CC: Out.\n',
    );
    expect(document.segments.map(({ speaker, startMs }) => [speaker, startMs])).toEqual([
      ['CC', 1_000],
      ['P', 65_000],
      ['CC', 3_723_000],
    ]);
  });

  it('does not take brackets at both ends for JSON', () => {
    expect(documentOf('x.txt', '[Intro] Hello to all of you. [End]').format).toBe('text');
  });
});

describe('feeds', () => {
  it('reads RSS with its podcast and content modules', () => {
    const content = parse(
      'feed.xml',
      `<?xml version="1.0"?><?xml-stylesheet href="x.xsl"?><rss version="2.0" xmlns:content="http://purl.org/rss/1.0/modules/content/" xmlns:itunes="http://www.itunes.com/dtds/podcast-1.0.dtd" xmlns:podcast="https://podcastindex.org/namespace/1.0">
<channel><title>The Show</title><link>https://show.example/</link><language>en-us</language><itunes:author>Ann</itunes:author>
<item><title><![CDATA[One & two]]></title><link>/one</link><pubDate>Tue, 10 Jun 2003 04:00:00 EST</pubDate><itunes:duration>01:02:03</itunes:duration>
<description>Short</description><content:encoded><![CDATA[<p>First&nbsp;paragraph.</p><p>Second &amp; last.</p>]]></content:encoded></item>
<item><title>Empty</title></item>
<item><title>Two</title><guid>https://show.example/two</guid><podcast:transcript url="https://show.example/two.vtt" type="text/vtt"/><author>bo@x.example (Bo Ek)</author><description>Plain text.

Another paragraph.</description></item></channel></rss>`,
    );
    expect(content).toMatchObject({ format: 'feed', title: 'The Show' });
    expect(content.documents).toMatchObject([
      {
        title: 'One & two',
        uri: 'https://show.example/one',
        author: 'Ann',
        publishedAt: '2003-06-10T09:00:00.000Z',
        durationMs: 3_723_000,
        segments: [{ text: 'First paragraph.' }, { text: 'Second & last.' }],
        // What concerns the whole feed is told with the first item, too.
        warnings: [{ code: 'ITEM_WITHOUT_TEXT' }],
      },
      {
        title: 'Two',
        uri: 'https://show.example/two',
        author: 'Bo Ek',
        segments: [{ text: 'Plain text.' }, { text: 'Another paragraph.' }],
        warnings: [
          { code: 'TRANSCRIPT_NOT_READ', message: expect.stringContaining('https://show.example/two.vtt') },
        ],
      },
    ]);
    expect(content.warnings).toEqual([
      { code: 'ITEM_WITHOUT_TEXT', message: 'Item 2 "Empty" has no text and was left out.' },
    ]);
  });

  it('reads Atom with nested bases, typed texts and the alternate link', () => {
    const [document] = parse(
      'atom.xml',
      `<feed xmlns="http://www.w3.org/2005/Atom" xml:base="https://ex.example/a/" xml:lang="en"><title>F</title><author><name>Ann</name></author>
<entry xml:base="b/"><title type="html">A &lt;i&gt;good&lt;/i&gt; day</title><link rel="edit" href="e"/><link rel="alternate" href="c.html"/>
<published>2020-01-01T00:00:00+02:00</published><updated>2021-01-01T00:00:00Z</updated>
<content type="xhtml"><div xmlns="http://www.w3.org/1999/xhtml"><p>Hi <b>there</b>.</p></div></content></entry></feed>`,
    ).documents;
    expect(document).toMatchObject({
      title: 'A good day',
      uri: 'https://ex.example/a/b/c.html',
      author: 'Ann',
      publishedAt: '2019-12-31T22:00:00.000Z',
      segments: [{ text: 'Hi there.' }],
    });
  });

  it('reads RSS 1.0 and JSON Feed', () => {
    const rdf = parse(
      'rdf.xml',
      `<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#" xmlns="http://purl.org/rss/1.0/" xmlns:dc="http://purl.org/dc/elements/1.1/"><channel rdf:about="x"><title>C</title></channel>
<item rdf:about="y"><title>I</title><link>javascript:alert(1)</link><description>&lt;p&gt;Bonjour.&lt;/p&gt;</description><dc:date>2020-02-02T10:00:00Z</dc:date><dc:creator>Me</dc:creator></item></rdf:RDF>`,
    ).documents;
    expect(rdf).toMatchObject([
      {
        author: 'Me',
        publishedAt: '2020-02-02T10:00:00.000Z',
        uri: 'https://example.org/files/rdf.xml',
        segments: [{ text: 'Bonjour.' }],
      },
    ]);
    const json = parse(
      'feed.json',
      JSON.stringify({
        version: 'https://jsonfeed.org/version/1.1',
        title: 'J',
        items: [{ id: '1', url: 'https://j.example/1', content_text: 'One.\n\nTwo 1 < 2.' }],
      }),
    ).documents;
    expect(json).toMatchObject([
      { uri: 'https://j.example/1', segments: [{ text: 'One.' }, { text: 'Two 1 < 2.' }] },
    ]);
  });

  it('reads what a feed that was cut off still has', () => {
    const content = parse(
      'cut.xml',
      '<rss version="2.0"><channel><title>C</title><item><title>A</title><description>Whole text.</description></item><item><title>B</title><descr',
    );
    expect(content.documents).toMatchObject([{ title: 'A', segments: [{ text: 'Whole text.' }] }]);
    expect(codesOf(content)).toEqual(['FEED_CUT_OFF']);
  });

  it.each([
    [
      '<rss version="2.0"><channel><title>C</title></channel></rss>',
      'The feed x.xml has no items. Point to a feed with items. [CONTENT_MALFORMED]',
    ],
    [
      '<rss version="2.0"><channel><title>C</title><item><title>Only this</title></item></channel></rss>',
      'No item of the feed x.xml has text. Point to a feed that carries its texts. [CONTENT_EMPTY]',
    ],
  ])('says what is missing in %s', (xml, message) => {
    expect(() => parse('x.xml', xml)).toThrow(message);
  });
});
