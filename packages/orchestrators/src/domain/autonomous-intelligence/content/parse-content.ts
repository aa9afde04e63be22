import type { ContentDocument, ParsedContent, RawContent } from '../model.js';
import { ContentError } from './content-error.js';
import { decode } from './decode.js';
import { detectFormat } from './detect-format.js';
import type { Draft, Source } from './draft.js';
import { finishDocument } from './finish-document.js';
import { parseFeed } from './formats/feed.js';
import { parseHtml } from './formats/html.js';
import { parseMarkdown } from './formats/markdown.js';
import { parsePlainText } from './formats/plain-text.js';
import { parseSrt } from './formats/srt.js';
import { parseTranscriptJson } from './formats/transcript-json.js';
import { parseVtt } from './formats/vtt.js';
import { readableName } from './metadata/readable-name.js';
import { hasWords } from './prose/clean.js';
import { WarningLog } from './warning-log.js';

export interface ParseOptions {
  /** @default 20 MiB */
  readonly maxBytes?: number;
}

const MAX_BYTES = 20 * 1024 * 1024;
const PARSERS = {
  vtt: parseVtt,
  srt: parseSrt,
  text: parsePlainText,
  markdown: parseMarkdown,
  html: parseHtml,
  'transcript-json': parseTranscriptJson,
} as const satisfies Readonly<Record<string, (source: Source) => Draft>>;

/**
 * Bytes to clean, segmented documents: one, or one per item of a feed. What was met and survived is in the warnings.
 *
 * @throws ContentError where nothing can be taken from the bytes
 */
export function parseContent(raw: RawContent, { maxBytes = MAX_BYTES }: ParseOptions = {}): ParsedContent {
  const { bytes, name, uri, mediaType } = raw;
  if (bytes.byteLength === 0)
    throw new ContentError('CONTENT_EMPTY', `${name} is empty.`, 'Give something to read.');
  if (bytes.byteLength > maxBytes) {
    throw new ContentError(
      'CONTENT_TOO_LARGE',
      `${name} has ${bytes.byteLength} bytes, more than the ${maxBytes} that are read.`,
      'Split it, or give a part of it.',
    );
  }
  const warnings = new WarningLog();
  const text = decode(raw, warnings);
  if (!hasWords(text))
    throw new ContentError(
      'CONTENT_EMPTY',
      `${name} holds nothing that a person would read.`,
      'Give something to read.',
    );
  const format = detectFormat(text, name, mediaType);
  const source: Source = { uri, name, text, warnings };
  if (format === 'feed') {
    const { title, drafts } = parseFeed(source);
    // What concerns the whole feed stands with its first item too: that is the one which is shown first, or alone.
    const documents = drafts.map((draft, at) =>
      finishDocument(draft, source, [...(at === 0 ? warnings.list() : []), ...(draft.warnings ?? [])]),
    );
    if (documents.length === 0)
      throw new ContentError(
        'CONTENT_EMPTY',
        `No item of the feed ${name} has text.`,
        'Point to a feed that carries its texts.',
      );
    return { format, title: title ?? readableName(name), documents, warnings: warnings.list() };
  }
  const draft = PARSERS[format](source);
  if (draft.segments.length === 0)
    throw new ContentError(
      'CONTENT_EMPTY',
      `${name} holds no text beside its markup.`,
      'Give something to read.',
    );
  const document: ContentDocument = finishDocument(draft, source, warnings.list());
  return { format, title: document.title, documents: [document], warnings: document.warnings };
}
