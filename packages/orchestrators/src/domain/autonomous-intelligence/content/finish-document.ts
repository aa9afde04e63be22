import type { ContentDocument, ParseWarning, Segment } from '../model.js';
import type { Draft, Source } from './draft.js';
import { present } from './draft.js';
import { detectLanguage } from './metadata/language.js';
import { dateInName } from './metadata/name-date.js';
import { readableName } from './metadata/readable-name.js';
import { cleanText } from './prose/clean.js';
import { countWords } from './prose/words.js';

/** Longest title, in characters; what is longer is a paragraph in the wrong place. */
const MAX_TITLE = 200;

/** Words that may stand before the heading that is the title; one further on names a part of the content. */
const MAX_BEFORE_TITLE = 60;

/**
 * Adds what every format has alike: positions, title, language and word count. The title comes from the
 * metadata, else from a heading at the beginning, else from the file name; a date that the content lacks from the file name
 * alone, with a warning.
 */
export function finishDocument(
  draft: Draft,
  source: Source,
  warnings: readonly ParseWarning[],
): ContentDocument {
  const segments: Segment[] = draft.segments.map((segment, index) => ({ index, ...segment }));
  const title = cleanText(draft.title ?? '') || headingAtStart(segments) || readableName(source.name);
  const prose = segments.filter((segment) => segment.kind !== 'heading');
  // An item of a feed is not called as the feed's file is.
  const named =
    draft.uri === undefined && draft.publishedAt === undefined ? dateInName(source.name) : undefined;
  return {
    format: draft.format,
    uri: draft.uri ?? source.uri,
    title: shortened(title),
    ...present({
      author: draft.author,
      publishedAt: draft.publishedAt ?? named,
      durationMs: draft.durationMs,
    }),
    language: detectLanguage(sample(prose.length > 0 ? prose : segments), draft.language),
    segments,
    wordCount: segments.reduce((sum, segment) => sum + countWords(segment.text), 0),
    warnings: named === undefined ? warnings : [...warnings, dateFromName(named)],
  };
}

function headingAtStart(segments: readonly Segment[]): string | undefined {
  let before = 0;
  for (const { kind, text } of segments) {
    if (kind === 'heading') return text;
    before += countWords(text);
    if (before > MAX_BEFORE_TITLE) return undefined;
  }
  return undefined;
}

function dateFromName(date: string): ParseWarning {
  return {
    code: 'DATE_FROM_NAME',
    message: `The content names no date of its own; ${date} was taken from the file name.`,
  };
}

function shortened(title: string): string {
  const chars = [...title.slice(0, MAX_TITLE * 2 + 2)];
  return chars.length <= MAX_TITLE
    ? title
    : `${chars
        .slice(0, MAX_TITLE - 1)
        .join('')
        .trimEnd()}…`;
}

/** Enough of the beginning for the language guess. */
function sample(segments: readonly Segment[]): string {
  const texts: string[] = [];
  let length = 0;
  for (const { text } of segments) {
    texts.push(text);
    length += text.length;
    if (length > 5000) break;
  }
  return texts.join(' ');
}
