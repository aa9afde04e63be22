import { describe, expect, it } from '@jest/globals';
import type { Briefing, CheckedClaim } from '@kapelle/orchestrators';
import fc from 'fast-check';
import { aBriefing } from '../adapters/fixtures/a-briefing.js';
import { isAllowed, isOperator, tenantOf } from './access.js';
import { attached } from './attachment.js';
import { briefingMessages, hitText, linkTo, listText } from './briefing-message.js';
import { chunks, cut, escapeMarkup, line } from './chat-text.js';
import type { ChatMessage } from './chat-surface.js';
import { bodyOf } from './discord-payload.js';
import { failureMessage } from './failure-message.js';
import { problemsOf } from './fixtures/message-problems.js';
import { fitMessage } from './message-limits.js';

/** Texts that somebody may have meant badly, or that are merely of this world. */
const text = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 40 }),
  fc.string({ unit: 'grapheme', maxLength: 600 }),
  fc
    .array(
      fc.constantFrom(
        '@everyone',
        '<@&1>',
        '**',
        '`',
        '```',
        '\\',
        '||',
        '[a](https://x)',
        '😀',
        '\ud83d',
        '\n',
        ' ',
        'word',
        '#',
        '> ',
      ),
      { maxLength: 400 },
    )
    .map((parts) => parts.join('')),
);

/** What somebody reads: without what was put in to keep it from being markup. */
const shown = (markup: string): string => markup.replace(/\\([^\p{L}\p{N}\s])/gu, '$1');

const squeezed = (of: string): string => of.replace(/\s+/gu, '');

describe('text for a chat', () => {
  it('shows what strangers wrote as it is, and lets none of it be markup', () => {
    expect(escapeMarkup('**@everyone** [free](https://evil.example) <@&1> `x` ||y|| # z')).toBe(
      '\\*\\*\\@everyone\\*\\* \\[free\\]\\(https\\://evil.example\\) \\<\\@&1\\> \\`x\\` \\|\\|y\\|\\| \\# z',
    );
    expect(escapeMarkup('a\u202eb\u0000c\u200bd')).toBe('abcd');
    fc.assert(
      fc.property(text, (any) => {
        const escaped = escapeMarkup(any);
        expect(escaped).not.toMatch(/(?<!\\)(?:\\\\)*[*_~`|<>[\]@#]/);
        expect(escaped).not.toMatch(/\p{Cs}/u);
      }),
    );
  });

  it('cuts no character and no escape in two', () => {
    expect(cut('ab😀', 3)).toBe('ab…');
    expect(cut('ab\\*c', 4)).toBe('ab…');
    expect(line('  a \n b  ', 10)).toBe('a b');
    expect(line(`a${' '.repeat(2_000)}b`, 10)).toBe('a b');
    fc.assert(
      fc.property(text, fc.integer({ min: 1, max: 300 }), (any, limit) => {
        const made = line(any, limit);
        expect(made.length).toBeLessThanOrEqual(limit);
        expect(made).not.toMatch(/\p{Cs}/u);
        expect((/\\+(?=…?$)/.exec(made)?.[0].length ?? 0) % 2).toBe(0);
      }),
    );
  });

  it('splits a long text so that all of it arrives, in order', () => {
    fc.assert(
      fc.property(text, fc.integer({ min: 2, max: 200 }), (any, limit) => {
        const made = chunks(escapeMarkup(any), limit);
        expect(
          made.every((part) => part.length <= limit && part.trim() !== '' && !/\p{Cs}/u.test(part)),
        ).toBe(true);
        expect(squeezed(made.join(''))).toBe(squeezed(escapeMarkup(any)));
      }),
    );
  });

  it('makes a link of an address alone, and text of anything else', () => {
    expect(linkTo('https://example.org/a?b=c')).toBe('<https://example.org/a?b=c>');
    expect(linkTo('https://example.org/>@everyone')).toBe('<https://example.org/%3E@everyone>');
    expect(linkTo('javascript:alert(1)')).toBe('javascript\\:alert\\(1\\)');
    expect(linkTo('/srv/talk.vtt')).toBe('/srv/talk.vtt');
  });

  it('attaches a text that is too large for one file as several', () => {
    expect(attached('a.md', 'short')).toEqual([{ name: 'a.md', text: 'short' }]);
    fc.assert(
      fc.property(
        fc.string({ unit: 'grapheme', maxLength: 200 }),
        fc.integer({ min: 4, max: 50 }),
        (any, limit) => {
          const files = attached('a.md', any, limit);
          expect(files.map((file) => file.text).join('')).toBe(any);
          expect(files.every((file) => Buffer.byteLength(file.text) <= limit)).toBe(true);
          expect(new Set(files.map(({ name }) => name)).size).toBe(files.length);
        },
      ),
    );
  });
});

const checked = fc.record({
  quote: text,
  because: text,
  isSupported: fc.boolean(),
  speaker: fc.option(text, { nil: undefined }),
});

const briefing: fc.Arbitrary<Briefing> = fc
  .record({
    title: text,
    narrative: fc.option(
      fc.oneof(text, fc.string({ unit: 'grapheme', minLength: 3_000, maxLength: 9_000 })),
      { nil: undefined },
    ),
    quotes: fc.array(text, { maxLength: 12 }),
    claims: fc.array(checked, { maxLength: 30 }),
    reasons: fc.array(text, { maxLength: 30 }),
    words: fc.array(text, { maxLength: 12 }),
  })
  .map(({ title, narrative, quotes, claims, reasons, words }) => ({
    ...aBriefing(),
    document: {
      ...aBriefing().document,
      title,
      uri: `https://example.org/${encodeURIComponent('ä'.repeat(words.length))}`,
    },
    analysis: {
      summary: quotes.map((quote, sentence) => ({ segment: 0, sentence, quote, score: 1 })),
      keywords: words.map((term) => ({ term, score: 1, count: 1 })),
      fallacies: quotes.map((quote, sentence) => ({
        segment: 0,
        sentence,
        quote,
        kind: 'cue',
        explanation: '',
        confidence: 1,
      })),
    },
    claims: claims.map(({ quote, because, isSupported, speaker }, at): CheckedClaim => ({
      claim: {
        id: `c${String(at)}`,
        segment: 0,
        sentence: at,
        quote,
        checkworthiness: 1,
        cues: [],
        ...(speaker === undefined ? {} : { speaker }),
      },
      verdict: isSupported ? 'supported' : 'not_enough_evidence',
      evidence: isSupported ? [{ statement: because, source: 'a list', stance: 'supports' }] : [],
      explanation: because,
    })),
    notes: reasons.map((reason) => ({ stage: 'narrate', outcome: 'failed', reason })),
    ...(narrative === undefined ? {} : { narrative: { text: narrative, model: 'a-model' } }),
  }));

/** Everything that a reader sees. */
const read = (messages: readonly ChatMessage[]): string =>
  squeezed(
    shown(
      messages
        .map(({ text: content = '', embeds = [], files = [] }) =>
          [
            content,
            ...embeds.flatMap(({ title, description, fields = [], footer }) => [
              title,
              description,
              ...fields.map(({ name, value }) => `${name}${value}`),
              footer,
            ]),
            ...files.map((file) => file.text),
          ].join('\n'),
        )
        .join('\n'),
    ),
  );

describe('messages', () => {
  it('are within the limits of Discord whatever the briefing, and nothing that it says is lost', () => {
    fc.assert(
      fc.property(briefing, (any) => {
        const messages = briefingMessages(any).map(fitMessage);
        expect(messages.flatMap((message) => problemsOf(bodyOf(message) as never, message.files))).toEqual(
          [],
        );
        const json = messages.flatMap(({ files = [] }) => files).find(({ name }) => name.endsWith('.json'));
        if (json !== undefined) {
          expect(JSON.parse(json.text)).toMatchObject(JSON.parse(JSON.stringify(any)));
          return;
        }
        // Without files everything stands in the messages themselves.
        const seen = read(messages);
        const said = [
          any.document.title,
          any.narrative?.text ?? (any.analysis.summary ?? []).map(({ quote }) => quote).join('\n'),
          ...any.claims.map(({ claim: { quote } }) => quote),
          ...any.claims.map(({ explanation }) => explanation),
          ...any.notes.map(({ reason }) => reason),
        ];
        for (const each of said.flatMap((part) => part.split('\n'))) {
          expect(seen).toContain(squeezed(shown(escapeMarkup(each))));
        }
      }),
      { numRuns: 60 },
    );
  });

  it('attach the whole briefing where they cannot hold it, to read and as data', () => {
    const long = 'A sentence that says something. '.repeat(400);
    const briefing = aBriefing({ narrative: long });
    const files = briefingMessages(briefing).flatMap(({ files: each = [] }) => each);
    expect(files.map(({ name }) => name)).toEqual(['briefing-b1.md', 'briefing-b1.json']);
    expect(files[0]?.text).toContain('# Council meeting');
    expect(JSON.parse(files[1]?.text ?? '')).toMatchObject({ narrative: { text: long } });
    expect(briefingMessages(aBriefing()).flatMap(({ files: each = [] }) => each)).toEqual([]);
  });

  it('give a reason that many claims have once, what is decided first, and names only where several speak', () => {
    const [claim] = aBriefing().claims;
    if (claim === undefined) throw new Error('The briefing has no claim.');
    const said = (quote: string, speaker: string, rest: Partial<CheckedClaim> = {}): CheckedClaim => ({
      ...claim,
      claim: { ...claim.claim, quote, speaker },
      ...rest,
    });
    const evidence = [{ statement: 'It cost five.', source: 'the books', stance: 'contradicts' as const }];
    const claims = [
      said('One.', 'Ada'),
      said('Two.', 'Ada'),
      said('It cost four.', 'Ada', { verdict: 'contradicted', evidence }),
    ];
    const first = [
      '**❌ contradicted**',
      '- “It cost four.”',
      '> It cost five. \\(the books\\)',
      '**❔ not enough evidence**',
      '- “One.”',
      '- “Two.”',
      '> Nothing known about it.',
    ];
    expect(briefingMessages({ ...aBriefing(), claims })[1]?.text?.split('\n')).toEqual(first);
    const two = [...claims, said('Three.', 'Grace')];
    expect(briefingMessages({ ...aBriefing(), claims: two })[1]?.text).toContain('- “One.” Ada\n');
  });

  it('are within the limits whatever anybody puts into them', () => {
    const any: fc.Arbitrary<ChatMessage> = fc.record({
      text,
      embeds: fc.array(
        fc.record({
          title: text,
          description: fc.string({ unit: 'grapheme', maxLength: 5_000 }),
          footer: text,
          fields: fc.array(fc.record({ name: text, value: text }), { maxLength: 40 }),
        }),
        { maxLength: 12 },
      ),
    });
    const seen = { text: 'shown' };
    fc.assert(
      fc.property(any, (message) => {
        const clean = (of: string): string => of.replace(/\p{Cs}/gu, '');
        const embeds = (message.embeds ?? []).map((embed) => ({
          title: clean(embed.title ?? ''),
          description: clean(embed.description ?? ''),
          footer: clean(embed.footer ?? ''),
          fields: (embed.fields ?? []).map(({ name, value }) => ({ name: clean(name), value: clean(value) })),
        }));
        expect(problemsOf(bodyOf(fitMessage({ ...seen, embeds })) as never)).toEqual([]);
      }),
      { numRuns: 100 },
    );
  });

  it('say of a failure what a stranger may know, and where the rest is', () => {
    const inside = failureMessage(
      'It failed',
      { error: 'cannot open /srv/db', code: 'STORE_IO', errorCategory: 'execution' },
      'q1',
    );
    expect(inside.embeds?.[0]).toMatchObject({
      description: 'The database of the bot does not work.',
      footer: 'STORE_IO · q1',
    });
    expect(JSON.stringify(inside)).not.toContain('/srv/db');
    const keptOut = failureMessage(
      'No analysis',
      {
        error: 'analysis_desk.analyze was refused: 8123 is blocked (repeated injection attempts).',
        errorCategory: 'policy_violation',
        code: 'SECURITY_SOURCE_BLOCKED',
      },
      'ref-2',
    );
    expect(JSON.stringify(keptOut)).not.toContain('8123');
    expect(keptOut.embeds?.[0]).toMatchObject({
      description: expect.stringContaining('kept out for a while') as unknown,
      fields: [{ value: expect.stringContaining('Wait for a quarter of an hour') as unknown }],
      footer: 'SECURITY_SOURCE_BLOCKED · ref-2',
    });
    const outside = failureMessage(
      'It failed',
      { error: 'https://x.example/ is not there.', code: 'SOURCE_NOT_FOUND' },
      'q1',
    );
    expect(outside.embeds?.[0]).toMatchObject({
      description: 'https\\://x.example/ is not there.',
      footer: 'SOURCE_NOT_FOUND',
      fields: [{ name: 'What to do', value: 'Correct the address, or name another one, and ask again.' }],
    });
  });

  it('list briefings with the time that each reader has, and mark what was found', () => {
    const summary = {
      ...aBriefing(),
      title: 'A *talk*',
      uri: 'https://x',
      language: 'eng',
      wordCount: 1,
      claimCount: 0,
    };
    expect(listText([summary])).toBe('`b1` A \\*talk\\* · <t:1772359200:R>');
    const matches = [{ start: 4, end: 9 }];
    expect(hitText({ summary, snippet: { text: 'the peace\n*corps*', matches }, score: 1 })).toBe(
      `${listText([summary])}\n> the **peace** \\*corps\\*`,
    );
  });
});

describe('who may', () => {
  const member = { userId: 'u1', guildId: 'g1', roleIds: ['r1'], permissions: 0n };
  const open = { roleIds: [], userIds: [], operatorIds: [] };

  it('use the bot is everybody where nobody is named, else those who are, and those who manage the server', () => {
    expect(isAllowed(open, member)).toBe(true);
    expect(isAllowed({ ...open, roleIds: ['r1'] }, member)).toBe(true);
    expect(isAllowed({ ...open, roleIds: ['r2'] }, member)).toBe(false);
    expect(isAllowed({ ...open, roleIds: ['r2'] }, { ...member, permissions: 1n << 5n })).toBe(true);
    expect(isAllowed({ ...open, userIds: ['u1'] }, { ...member, roleIds: [] })).toBe(true);
    expect(isAllowed({ ...open, userIds: ['u2'] }, member)).toBe(false);
    expect(isAllowed({ ...open, userIds: ['u2'], operatorIds: ['u1'] }, member)).toBe(true);
  });

  it('be known by a role only where there are roles: not in direct messages', () => {
    const { guildId: _none, ...alone } = { ...member, permissions: 1n << 5n };
    expect(isAllowed(open, alone)).toBe(true);
    expect(isAllowed({ ...open, roleIds: ['r1'] }, alone)).toBe(false);
    expect(isOperator(open, alone)).toBe(false);
    expect(isOperator({ ...open, operatorIds: ['u1'] }, alone)).toBe(true);
  });

  it('see behind the bot is who manages the server, is its administrator, or runs the bot', () => {
    expect(isOperator(open, member)).toBe(false);
    expect(isOperator(open, { ...member, permissions: 1n << 5n })).toBe(true);
    expect(isOperator(open, { ...member, permissions: 1n << 3n })).toBe(true);
    expect(isOperator(open, { ...member, permissions: ~((1n << 5n) | (1n << 3n)) & 0xff_ffn })).toBe(false);
  });

  it('find results is the server, or the person in direct messages', () => {
    expect(tenantOf({ userId: '5', guildId: '7' })).toBe('guild_7');
    expect(tenantOf({ userId: '5' })).toBe('user_5');
  });
});
