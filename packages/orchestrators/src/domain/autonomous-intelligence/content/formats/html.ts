import { ContentError } from '../content-error.js';
import type { Draft, DraftSegment, Source } from '../draft.js';
import { present } from '../draft.js';
import { isoDate } from '../metadata/iso-date.js';
import { articleBlocks } from '../markup/article.js';
import { readPageHead, type PageHead } from '../markup/page-head.js';
import { proseBlocks, type Prose } from '../markup/prose-blocks.js';
import { markupTokens, type MarkupToken } from '../markup/tokens.js';
import { SoundTally, type Block, segmentBlocks } from '../prose/blocks.js';
import { cleanText } from '../prose/clean.js';
import { splitParagraph } from '../prose/paragraphs.js';
import { readClock } from '../prose/speaker-label.js';
import type { WarningLog } from '../warning-log.js';

/** Blocks on top of an article among which its day and by-line are looked for, and the longest of those. */
const HEAD_BLOCKS = 5;
const MAX_HEAD_LINE = 160;

/**
 * An article out of its page; a transcript made of `<cite>`, `<time>` and `<p>`; else whatever prose there is.
 * A page too large or too deep to be searched gives all its prose, with a warning.
 *
 * @throws {@link ContentError} `CONTENT_EMPTY` when the page has no readable text
 */
export function parseHtml(source: Source): Draft {
  const tokens = [...markupTokens(source.text, 'html')];
  const head = readPageHead(tokens);
  const turns = transcriptTurns(tokens, source.warnings);
  const segments =
    turns.length > 0
      ? turns
      : segmentBlocks(withoutHead(articleBlocks(tokens, source.warnings), head), source.warnings);
  if (segments.length === 0) {
    throw new ContentError(
      'CONTENT_EMPTY',
      `${source.name} is an HTML page without readable text.`,
      'Open it in a browser: if the text is there, save the page after it has loaded.',
    );
  }
  return { format: 'html', segments, ...present(head) };
}

/** The prose blocks of HTML that is part of something else, such as a feed item. */
export function htmlBlocks(html: string, warnings: WarningLog): readonly Block[] {
  return reported(proseBlocks(markupTokens(html, 'html'), { withFurniture: true }), warnings);
}

/**
 * Whether names and times mark the turns of a conversation. They also mark who commented on an article and when, but
 * that is a day, not a place in a recording.
 */
function isTranscript(tokens: readonly MarkupToken[]): boolean {
  let cites = 0;
  let times = 0;
  let clocks = 0;
  tokens.forEach((token, at) => {
    if (token.kind !== 'open') return;
    if (token.name === 'cite') cites += 1;
    if (token.name !== 'time') return;
    times += 1;
    const inside = tokens[at + 1];
    if (inside?.kind === 'text' && readClock(cleanText(inside.text)) !== undefined) clocks += 1;
  });
  return cites >= 2 && clocks >= 2 && clocks * 2 >= times;
}

/** The page of a transcript, which has no article to find. */
function transcriptTurns(tokens: readonly MarkupToken[], warnings: WarningLog): DraftSegment[] {
  if (!isTranscript(tokens)) return [];
  const tally = new SoundTally();
  const segments: DraftSegment[] = [];
  let speaker: string | undefined;
  let startMs: number | undefined;
  let inside: 'cite' | 'time' | 'text' = 'text';
  let isMute = false;
  let text: string[] = [];
  const end = (): void => {
    const spoken = tally.spoken(text.join(''));
    text = [];
    if (spoken === undefined) return;
    for (const part of splitParagraph(spoken))
      segments.push({ kind: 'speech', text: part, ...present({ speaker, startMs }) });
  };
  for (const token of tokens) {
    if (token.kind === 'raw') continue;
    if (token.kind === 'text') {
      if (!isMute) text.push(token.text);
    } else if (token.name === 'cite' || token.name === 'time') {
      const label = cleanText(text.join(''));
      if (token.kind === 'open') {
        end();
        inside = token.name;
      } else if (inside === token.name) {
        text = [];
        if (inside === 'time') startMs = readClock(label);
        else if (label !== '') speaker = label.replace(/:$/u, '');
        inside = 'text';
      }
    } else if (inside === 'text' && /^(?:p|div|br|body|li|h[1-6])$/u.test(token.name)) {
      if (token.name === 'br') text.push(' ');
      else end();
    } else if (token.name === 'nav' || token.name === 'footer' || token.name === 'header') {
      end();
      isMute = token.kind === 'open';
    }
  }
  end();
  tally.report(warnings);
  return segments;
}

/** The blocks without the day and the by-line on top, which are in the head already. */
function withoutHead(blocks: readonly Block[], head: PageHead): readonly Block[] {
  const isKnown = ({ kind, text }: Block): boolean => {
    if (kind === 'heading' || text.length > MAX_HEAD_LINE) return false;
    const name = text.replace(/^by:?\s+/iu, '');
    return (
      name === head.author ||
      (head.publishedAt !== undefined && isoDate(text)?.slice(0, 10) === head.publishedAt.slice(0, 10))
    );
  };
  return blocks.filter((block, index) => index >= HEAD_BLOCKS || !isKnown(block));
}

function reported({ blocks, listings }: Prose, warnings: WarningLog): readonly Block[] {
  if (listings > 0)
    warnings.add('CODE_LEFT_OUT', `Left out ${listings} code ${listings === 1 ? 'listing' : 'listings'}.`);
  return blocks;
}
