import { createHash } from 'node:crypto';

import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { parseHTML } from 'linkedom';
import { marked } from 'marked';

import type { Briefing, CheckedClaim, Verdict } from '../model.js';
import { NO_LANGUAGE_MODEL, notInDepth } from '../planned-gap.js';
import { aBriefing, aFallbackBriefing } from './briefing-fixture.js';
import { renderHtml, renderJson, renderMarkdown, renderTerminal, settledSummary } from './index.js';
import { displayWidth } from './terminal-layout.js';

const ESC = '\u001b';
/** Everything a terminal acts on, or that turns text round, or that is not seen. */
const DANGEROUS = /(?!\n)[\p{Cc}\u200b\u200e\u200f\u202a-\u202e\u2066-\u2069\ufeff]/u;

/** The briefing with every text of it that comes from content replaced. */
function filledWith(text: string): Briefing {
  const whole = aBriefing();
  const fill = (value: unknown, key = ''): unknown => {
    if (Array.isArray(value)) return value.map((one) => fill(one, key));
    if (value !== null && typeof value === 'object') {
      return Object.fromEntries(Object.entries(value).map(([name, one]) => [name, fill(one, name)]));
    }
    const isClosed = ['format', 'depth', 'producedBy', 'verdict', 'stance', 'outcome', 'label'].includes(key);
    const isKind = key === 'kind' && ['person', 'organization', 'place', 'money'].includes(String(value));
    return typeof value === 'string' && !isClosed && !isKind ? text : value;
  };
  return fill({
    ...whole,
    narrative: { text: 'x', model: 'm' },
    analysis: { ...whole.analysis, persuasion: whole.analysis.fallacies },
  }) as Briefing;
}

const HOSTILE: readonly string[] = [
  '<script>alert(1)</script>',
  '"><img src=x onerror=alert(1)>',
  "' onmouseover='alert(1)",
  '</title></style><svg onload=alert(1)>',
  'javascript:alert(1)',
  'JaVaScRiPt:alert(1)',
  'data:text/html,<script>alert(1)</script>',
  'https://user:pass@example.org/',
  'https://example.org/"onclick="alert(1)',
  'https://example.org/a)[x](javascript:alert(1))',
  '[click](javascript:alert(1)) ![i](https://evil.example/x.png)',
  '[31mwww.a.example',
  'see https://evil.example and www.evil.example or me@evil.example',
  '<https://evil.example>',
  '[a]: https://evil.example',
  '# heading\n\n---\n- item\n1. one\n> quote\n===',
  '1. one',
  '- item',
  '+ item',
  '=====',
  '| a | b |\n|---|---|',
  '`code` ```fence``` ~~~',
  '*bold* _it_ ~~del~~ \\',
  '&lt;script&gt; &#60;script&#62;',
  `${ESC}[2J${ESC}]0;owned\u0007${ESC}]8;;https://evil.example${ESC}\\x`,
  '\u009b31mred\u0090q\u009c',
  'abc\rdef\bghi\u0000\u007f',
  '\u202egnp.exe\u2066\u2069\u200f\ufeff\u200b',
  'e' + '\u0301'.repeat(5000),
  '\ud800 lone \udc00',
  '漢字テスト🙂👩‍👩‍👧'.repeat(40),
  'a'.repeat(100_000),
  '<'.repeat(100_000),
  ' '.repeat(100_000),
  '',
];

function expectSafe(briefing: Briefing): void {
  const html = renderHtml(briefing);
  const { document } = parseHTML(html);
  expect(html).not.toMatch(/<script/i);
  expect(html).not.toMatch(DANGEROUS);
  expect(document.querySelectorAll('script,img,iframe,object,embed,form,base,link').length).toBe(0);
  for (const element of document.querySelectorAll('*')) {
    for (const attribute of element.attributes) expect(attribute.name).not.toMatch(/^on|^style$|^srcdoc$/i);
  }
  for (const link of document.querySelectorAll('a:not(.skip)'))
    expect(link.getAttribute('href')).toMatch(/^https?:\/\//);

  const markdown = renderMarkdown(briefing);
  expect(markdown).not.toMatch(DANGEROUS);
  expect(markdown.replace(/\]\(<https?:[^<>\s]*>\)/g, '](link)')).not.toMatch(/[<]/);
  const rendered = parseHTML(
    `<html><body>${marked.parse(markdown, { gfm: true, async: false })}</body></html>`,
  ).document;
  const allowed =
    /^(?:H1|H2|P|UL|OL|LI|STRONG|EM|TABLE|THEAD|TBODY|TR|TH|TD|BLOCKQUOTE|HR|BR|A|BODY|HTML|HEAD)$/;
  for (const element of rendered.querySelectorAll('*'))
    expect(element.tagName.toUpperCase()).toMatch(allowed);
  expect(rendered.querySelectorAll('a').length).toBeLessThanOrEqual(1);
  expect(rendered.querySelectorAll('ol').length).toBe(0);
  expect(rendered.querySelectorAll('h1').length).toBe(1);
  expect([...rendered.querySelectorAll('h2')].map((heading) => heading.textContent)).toEqual(
    [...parseHTML(renderHtml(briefing)).document.querySelectorAll('h2')].map(
      (heading) => heading.textContent,
    ),
  );
  for (const row of rendered.querySelectorAll('tr')) {
    expect(row.children.length).toBe(row.closest('table')?.querySelectorAll('th').length);
  }

  for (const width of [40, 80, 200]) {
    const plain = renderTerminal(briefing, { width, colors: false });
    expect(plain).not.toMatch(DANGEROUS);
    for (const line of plain.split('\n')) expect(displayWidth(line)).toBeLessThanOrEqual(width);
    const colored = renderTerminal(briefing, { width, colors: true });

    expect(colored.replace(/\u001b\[\d{1,2}m/g, '')).toBe(plain);
  }

  const json = renderJson(briefing);
  expect(json).not.toMatch(DANGEROUS);
  expect(JSON.parse(json)).toEqual(JSON.parse(JSON.stringify(briefing)));
}

describe('the renderers', () => {
  it.each(HOSTILE.map((text) => [text.slice(0, 40), text] as const))(
    'take %j as text in every form',
    (_, text) => {
      expectSafe(filledWith(text));
    },
  );

  it('take any text as text', () => {
    const piece = fc.constantFrom(
      ...'<script>,</,<!--,javascript:,https://a.example,www.a.example,|,`,*,_,[,](,),#,\n,\r,&,&#x3c;,",\',>,-,=,~~~,1.,a@b.example,\u001b[31m,\u009b,\u202e,漢,\\, ,:'.split(
        ',',
      ),
    );
    const text = fc.oneof(
      fc.string({ unit: 'binary', maxLength: 60 }),
      fc.array(piece, { maxLength: 12 }).map((pieces) => pieces.join('')),
    );
    fc.assert(
      fc.property(text, (value) => expectSafe(filledWith(value))),
      { numRuns: 30, seed: 11 },
    );
  }, 60_000);

  it('are stable: the same briefing gives the same text', () => {
    for (const render of [renderHtml, renderMarkdown, renderJson])
      expect(render(aBriefing())).toBe(render(aBriefing()));
  });

  it('mark the sentences of a summary of which the statements are settled', () => {
    const { analysis, claims } = aBriefing();
    const [claim] = claims.map((one) => one.claim);
    const place = (segment: number, sentence: number, quote: string) => ({ segment, sentence, quote });
    const checked = (id: string, at: ReturnType<typeof place>, verdict: Verdict): CheckedClaim => ({
      claim: { ...claim!, ...at, id },
      verdict,
      evidence: [],
      explanation: '',
    });
    const [wrong, right, half, open] = [
      place(1, 0, 'Bonn is the capital of Germany.'),
      place(1, 1, 'Paris is the capital of France.'),
      place(2, 0, 'Paris is the capital of France, and the bridge is old.'),
      place(2, 1, 'The bridge is old.'),
    ] as const;
    const briefing = aBriefing({
      analysis: {
        ...analysis,
        claims: [],
        summary: [wrong, right, half, open].map((at) => ({ ...at, score: 0.5 })),
      },
      claims: [
        checked('a', wrong, 'not_enough_evidence'),
        checked('a-1', wrong, 'contradicted'),
        checked('a-2', wrong, 'supported'),
        checked('b', right, 'supported'),
        checked('c-1', half, 'supported'),
        checked('c-2', half, 'not_enough_evidence'),
      ],
    });
    expect(settledSummary(briefing).map(({ verdict }) => verdict)).toEqual([
      'contradicted',
      'supported',
      undefined,
      undefined,
    ]);

    const terminal = renderTerminal(briefing, { width: 100, colors: false });
    expect(terminal).toMatch(/^ {2}✘ Bonn is the capital of Germany\. \[contradicted\]$/m);
    expect(terminal).toMatch(/^ {2}✔ Paris is the capital of France\. \[supported\]$/m);
    expect(terminal).toMatch(/^ {2}• The bridge is old\.$/m);
    expect(renderMarkdown(briefing)).toContain('- Bonn is the capital of Germany. **✘ contradicted**\n');
    const { document } = parseHTML(renderHtml(briefing));
    const badges = [...document.querySelectorAll('.summary li')].map(
      (li) => li.querySelector('.badge')?.textContent,
    );
    expect(badges).toEqual(['✘ contradicted', '✔ supported', undefined, undefined]);
  });

  it('say why a part is missing and never show an empty or invented value', () => {
    const briefing = aFallbackBriefing();
    for (const text of [
      renderMarkdown(briefing),
      renderHtml(briefing),
      renderTerminal(briefing, { width: 100, colors: false }),
    ]) {
      expect(text).toContain('failed: the language model file could not be loaded');
      expect(text).toContain('verification not run: the time for this call was used up');
      expect(text.match(/not run: no reason was recorded/g)).toHaveLength(9);
      expect(text).not.toMatch(/undefined|NaN|null|None found|claims supported/);
      expect(text.indexOf('the time for this call')).toBeLessThan(text.indexOf('Executive summary'));
    }
  });

  it('tell a part that found nothing from one that did not run, and an unchecked claim from an open one', () => {
    const { analysis } = aBriefing();
    const briefing = aBriefing({
      analysis: { ...analysis, topics: [], keywords: [], entities: [], summary: [] },
      claims: [],
      notes: [{ stage: 'verify-claims', outcome: 'skipped', reason: 'there is no knowledge base' }],
    });
    for (const text of [
      renderMarkdown(briefing),
      renderHtml(briefing),
      renderTerminal(briefing, { width: 100, colors: false }),
    ]) {
      // Summary, topics, keywords, names and persuasion.
      expect(text.match(/None found\./g)).toHaveLength(5);
      expect(text).toContain('not checked');
      expect(text).toContain('not run: there is no knowledge base');
    }
  });

  it('leave away what nobody asked for, with a line at the end instead of a warning', () => {
    const { summary = [] } = aBriefing().analysis;
    const briefing = aBriefing({
      depth: 'quick',
      producedBy: 'fallback_autonomous',
      analysis: { summary },
      claims: [],
      document: { ...aBriefing().document, warnings: [] },
      notes: [
        ...[
          'sentiment',
          'keywords',
          'topics',
          'entities',
          'claims',
          'fallacies',
          'persuasion',
          'readability',
        ].map((stage) => ({ stage, outcome: 'skipped' as const, reason: notInDepth('quick') })),
        { stage: 'quality', outcome: 'skipped', reason: notInDepth('quick') },
        { stage: 'narrative', outcome: 'skipped', reason: NO_LANGUAGE_MODEL },
      ],
    });
    for (const text of [
      renderMarkdown(briefing).replaceAll('\\', ''),
      renderHtml(briefing).replaceAll('&quot;', '"'),
      renderTerminal(briefing, { width: 120, colors: false }).replaceAll(/\s+/g, ' '),
    ]) {
      expect(text).toContain('narrative (No language model is configured).');
      expect(text).toContain('quality (Not part of the depth "quick");');
      expect(text).not.toMatch(/did not run as planned|not run:|Key claims|Narrative|Sentiment|None found/);
    }
  });

  it('show a sentence of which a part was settled by that part alone, and count it once', () => {
    const [supported, , open] = aBriefing().claims;
    const sentence = {
      ...open!,
      claim: { ...open!.claim, id: 'c', quote: 'It was built in 1900, and it is old.' },
    };
    const part = { ...supported!, claim: { ...supported!.claim, id: 'c-1', quote: 'It was built in 1900' } };
    const terminal = renderTerminal(aBriefing({ claims: [sentence, part], analysis: {} }), {
      width: 80,
      colors: false,
    });
    expect(terminal).toContain('It was built in 1900');
    expect(terminal).not.toContain('and it is old');
    expect(terminal).toMatch(/✔ 1 .*✘ 0 .*\? 0/);
  });

  it('tell claims nothing is known about together, and show what there is evidence for one by one', () => {
    const [supported, , open] = aBriefing().claims;
    const claims = [
      supported!,
      ...Array.from({ length: 9 }, (_, at) => ({
        ...open!,
        claim: { ...open!.claim, id: `c${String(at)}`, quote: `Footbridge ${String(at)} is the oldest.` },
      })),
    ];
    const briefing = aBriefing({ claims, analysis: {} });
    const terminal = renderTerminal(briefing, { width: 80, colors: false });
    expect(terminal).toContain('  ? not enough evidence ×9\n');
    expect(terminal.match(/Nothing known can be compared/g)).toHaveLength(1);
    expect(terminal).toContain('    and 3 more\n');
    expect(renderMarkdown(briefing).match(/Nothing known can be compared/g)).toHaveLength(1);
    const { document } = parseHTML(renderHtml(briefing));
    expect(document.querySelectorAll('.quotes li').length).toBe(9);
    expect(document.querySelector('.quotes ~ details summary')?.textContent).toBe('3 more');
  });

  it('survive numbers that are none', () => {
    const { analysis } = aBriefing();
    const wrong = { polarity: Number.NaN, label: 'neutral', sentences: Number.NaN } as const;
    const briefing = aBriefing({
      analysis: {
        ...analysis,
        topics: [{ label: 'x', terms: [], share: Number.POSITIVE_INFINITY }],
        sentiment: { overall: wrong, bySpeaker: [], overTime: [{ slice: 0, startMs: -5, ...wrong }] },
      },
      timings: [{ stage: 'x', ms: Number.NaN }],
    });
    for (const text of [
      renderMarkdown(briefing),
      renderHtml(briefing),
      renderTerminal(briefing, { width: Number.NaN, colors: false }),
    ]) {
      expect(text).not.toMatch(/NaN|Infinity|undefined/);
    }
  });
});

describe('renderTerminal', () => {
  it('shows the whole briefing, widest bar and highest mark for the largest value', () => {
    const text = renderTerminal(aBriefing(), { width: 100, colors: false });
    expect(text).toContain('  by Ada Example · 2024-04-30 · WebVTT · 6,214 words · 44:12 · English\n');
    expect(text).toContain(
      '  bridges and rivers  ██████████▏·············  42 %  bridge, river, span, timber\n',
    );
    expect(text).toContain('00:00 ▆▇▅▃▁▃▄▆▇█▇█ 40:31\n');
    expect(text).toContain('✔ 1  ✘ 1  ? 1\n');
    expect(text).toContain(
      '  ✘ contradicted  Ada Example, 02:05\n    “John F. Kennedy became president in 1962.”\n',
    );
    expect(text).toContain(
      '      Supports: The Social Security Act became law on 14 August 1935. [Pub. L. 74-271]\n',
    );
    expect(text).toContain('  skipped  narrative: no language model is configured\n');
    expect(text).toContain('  analyse              1.42 s  ████');
  });

  it('has no escape sequence without colours and some with them', () => {
    expect(renderTerminal(aBriefing(), { width: 80, colors: false })).not.toContain(ESC);
    expect(renderTerminal(aBriefing(), { width: 80, colors: true })).toContain(`${ESC}[1m`);
  });

  it('says how much of a long list is left out', () => {
    const [claim] = aBriefing().claims;
    const claims = Array.from({ length: 30 }, (_, at) => ({
      ...claim!,
      claim: { ...claim!.claim, id: `c1${at}` },
    }));
    expect(renderTerminal(aBriefing({ claims }), { width: 80, colors: false })).toContain('  and 19 more\n');
  });
});

describe('renderHtml', () => {
  it('is one page with landmarks, charts with names, and a policy that allows its own style sheet only', () => {
    const html = renderHtml(aBriefing());
    const { document } = parseHTML(html);
    expect(document.querySelectorAll('header,main,footer,h1').length).toBe(4);
    const charts = [...document.querySelectorAll('svg')];
    expect(charts.map((svg) => svg.getAttribute('aria-label'))).toEqual([
      'Share of sentences by topic',
      'Sentiment by speaker',
      'Sentiment over time',
    ]);
    for (const part of document.querySelectorAll('section')) {
      expect(document.getElementById(part.getAttribute('aria-labelledby') ?? '')?.tagName).toBe('H2');
    }
    const style = /<style>([^]*)<\/style>/.exec(html)?.[1] ?? '';
    const policy = document.querySelector('meta[http-equiv]')?.getAttribute('content');
    expect(policy).toBe(
      `default-src 'none'; style-src 'sha256-${createHash('sha256').update(style).digest('base64')}'; base-uri 'none'; form-action 'none'`,
    );
    expect(style).toContain('prefers-color-scheme:dark');
    expect(style).toContain('@media print');
  });

  it.each([
    ['https://example.org/a?b=1&c=%22', 'https://example.org/a?b=1&c=%22'],
    ['HTTP://Example.org/x y', 'http://example.org/x%20y'],
    ['/home/ada/talk.vtt', null],
    ['file:///etc/passwd', null],
    ['javascript:alert(1)//https://example.org', null],
    ['https://example.org@evil.example/', null],
    ['https://', null],
  ])('makes of the address %s the link %s', (uri, href) => {
    const { document } = parseHTML(renderHtml(aBriefing({ document: { ...aBriefing().document, uri } })));
    expect(document.querySelector('header a')?.getAttribute('href') ?? null).toBe(href);
  });
});

describe('renderMarkdown', () => {
  it('keeps ordinary prose as it is', () => {
    const text = renderMarkdown(aBriefing());
    expect(text).toContain(
      '# Why small bridges matter: a talk about towns, rivers and the people between them\n',
    );
    expect(text).toContain('| bridges and rivers | 42 % | bridge, river, span, timber |\n');
    expect(text).toContain(
      '- **✘ contradicted**: “John F. Kennedy became president in 1962.” (Ada Example, 02:05)',
    );
    expect(text).toContain(
      '  - Contradicts: John F. Kennedy was the 35th president of the United States from 20 January 1961 to 22 November 1963. (source: The White House, Presidents)\n',
    );
  });
});

describe('renderJson', () => {
  it('has its fields in one order whatever the order they came in', () => {
    const briefing = aBriefing();
    const reversed = Object.fromEntries(Object.entries(briefing).reverse()) as unknown as Briefing;
    expect(renderJson(reversed)).toBe(renderJson(briefing));
    expect(Object.keys(JSON.parse(renderJson(briefing)) as object)).toEqual([
      'id', 'contentHash', 'createdAt', 'depth', 'producedBy', 'document', 'analysis', 'claims', 'notes', 'timings',
    ]); // prettier-ignore
  });

  it('shows what was tried besides at the depth "experimental", and at no other', () => {
    const hostile = '<script>alert(1)</script>';
    const briefing = aBriefing({
      experiment: {
        summaries: [
          { method: 'central', divergence: 0.61, isChosen: false },
          { method: 'frequent', divergence: 0.5797, isChosen: true },
        ],
        crossChecks: [
          {
            ...{ claimId: 'none', stance: 'differs', reason: '12 here, 15 there.', briefingId: 'b' },
            ...{ uri: 'https://example.org/b', title: hostile, quote: 'It cost 15 million.', overlap: 1 },
          },
        ],
        grounding: {
          ...{ kept: 'draft', sentences: 4, unfoundedInDraft: 1 },
          unfounded: [{ sentence: 'It was in Atlantis.', missing: ['Atlantis'] }],
        },
      },
    });
    const outputs = [
      renderTerminal(briefing, { width: 120, colors: false }),
      renderMarkdown(briefing),
      renderHtml(briefing),
    ];
    for (const output of outputs) {
      expect(output).toContain('Tried besides');
      expect(output).toMatch(/frequent 0\\?\.580/);
      expect(output).toContain('12 here, 15 there');
      expect(output).toContain('Atlantis');
    }
    expect(outputs[2]).not.toContain(hostile);
    expect(JSON.parse(renderJson(briefing))).toHaveProperty('experiment.grounding.kept', 'draft');
    expect(renderMarkdown(aBriefing())).not.toContain('Tried besides');
  });
});
