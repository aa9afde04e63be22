import { ContentError } from '../content-error.js';
import { present, type Draft, type Source } from '../draft.js';
import { isoDate } from '../metadata/iso-date.js';
import { SoundTally, segmentBlocks } from '../prose/blocks.js';
import { cleanText, hasWords } from '../prose/clean.js';
import type { Utterance } from '../timed/cue.js';
import { mergeUtterances } from '../timed/merge.js';
import {
  fieldsOf,
  transcriptRows,
  type TranscriptRow,
  type TranscriptTime,
} from '../transcript/transcript-rows.js';
import { excerpt } from '../warning-log.js';
import { textBlocks } from './plain-text.js';

/** Characters per second below which nobody speaks: then the times are no seconds. */
const SLOWEST_SPEECH = 0.5;
/** Words that share a time where no sentence ends; about seven seconds of speech. */
const MAX_ROW_WORDS = 20;
const NEXT_STEP =
  'Use the Podcasting 2.0 transcript form: { "segments": [{ "speaker", "startTime", "endTime", "body" }] }.';

/**
 * A transcript in JSON: the Podcasting 2.0 form (times in seconds), what the common speech recognisers write
 * (Whisper, AssemblyAI, Deepgram, Rev, AWS, Google, YouTube), and lists of `{ speaker, text, start, end }`.
 * Entries without text are left out and counted.
 *
 * @throws {@link ContentError} `CONTENT_MALFORMED` for text that is no JSON or has no spoken segment,
 *   `CONTENT_UNSUPPORTED` for JSON that is no transcript
 */
export function parseTranscriptJson(source: Source): Draft {
  const { name, warnings } = source;
  const data = parsed(source);
  const top = fieldsOf(data);
  const head = present({
    title: text(top.get('title')),
    author: text(top.get('author')),
    publishedAt: isoDate(text(top.get('date')) ?? text(top.get('publishedAt')) ?? ''),
    language:
      text(top.get('language')) ??
      text(top.get('language_code')) ??
      text(fieldsOf(top.get('result')).get('language')),
  });
  const found = transcriptRows(data);
  if (found === undefined) {
    const whole = text(top.get('text'), false) ?? text(top.get('transcript'), false);
    if (whole !== undefined) {
      return { format: 'transcript-json', segments: segmentBlocks(textBlocks(whole), warnings), ...head };
    }
    const lists = ['segments', 'utterances', 'transcript'].some((key) => Array.isArray(top.get(key)));
    if (lists || Array.isArray(data)) {
      throw new ContentError(
        'CONTENT_MALFORMED',
        `${name} is a transcript without a single spoken segment.`,
        'Export it again.',
      );
    }
    throw new ContentError(
      'CONTENT_UNSUPPORTED',
      `${name} is JSON, but not a transcript: it has no list of segments.`,
      NEXT_STEP,
    );
  }
  if (found.without > 0)
    warnings.add(
      'SEGMENT_WITHOUT_TEXT',
      `Left out ${found.without} entries of the transcript that have no text.`,
    );
  const perUnit = millisecondsPerUnit(found.rows);
  const tally = new SoundTally();
  const utterances: Utterance[] = [];
  let durationMs = 0;
  let reversed = 0;
  for (const row of withWordsJoined(found.rows)) {
    const spoken = tally.spoken(row.text);
    if (spoken === undefined) continue;
    const startMs = inMs(row.start, perUnit);
    let endMs = inMs(row.end, perUnit);
    if (startMs !== undefined && endMs !== undefined && endMs < startMs) {
      reversed += 1;
      endMs = startMs;
    }
    durationMs = Math.max(durationMs, endMs ?? startMs ?? 0);
    utterances.push({ text: spoken, ...present({ speaker: text(row.speaker), startMs, endMs }) });
  }
  tally.report(warnings);
  if (reversed > 0)
    warnings.add(
      'CUE_ENDS_BEFORE_START',
      `${reversed} segments end before they start; they were taken to end there.`,
    );
  if (utterances.length === 0) {
    throw new ContentError(
      'CONTENT_MALFORMED',
      `${name} is a transcript without a single spoken segment.`,
      'Export it again.',
    );
  }
  return {
    format: 'transcript-json',
    segments: mergeUtterances(utterances),
    ...head,
    ...(durationMs > 0 && { durationMs }),
  };
}

function parsed({ name, text: json }: Source): unknown {
  try {
    return JSON.parse(json);
  } catch (cause) {
    const lines = json.split('\n').filter((line) => line.trim() !== '');
    try {
      // An object a line, as recognisers write while they listen.
      if (lines.length > 1 && lines[0]?.trim().startsWith('{') === true)
        return lines.map((line) => JSON.parse(line) as unknown);
    } catch {
      // Neither form: the first failure tells more.
    }
    const reason = cause instanceof Error ? excerpt(cause.message) : 'it cannot be read';
    throw new ContentError('CONTENT_MALFORMED', `${name} is not valid JSON: ${reason}.`, 'Export it again.', {
      cause,
    });
  }
}

/** 1,000 for seconds, 1 where the text would be spoken impossibly slowly in seconds. */
function millisecondsPerUnit(rows: readonly TranscriptRow[]): 1 | 1_000 {
  let characters = 0;
  let units = 0;
  for (const { text: said, start, end } of rows) {
    if (start?.unit !== 'plain' || end?.unit !== 'plain') continue;
    if (!Number.isInteger(start.value) || !Number.isInteger(end.value)) return 1_000;
    characters += said.length;
    units += Math.max(0, end.value - start.value);
  }
  return units > 0 && characters / units < SLOWEST_SPEECH ? 1 : 1_000;
}

function inMs(time: TranscriptTime | undefined, perUnit: number): number | undefined {
  return time === undefined ? undefined : Math.round(time.unit === 'ms' ? time.value : time.value * perUnit);
}

/** Single words of one speaker put together; a row ends with a sentence, or where its time would say too little. */
function withWordsJoined(rows: readonly TranscriptRow[]): TranscriptRow[] {
  const whole: TranscriptRow[] = [];
  let open: { words: string[]; first: TranscriptRow; last: TranscriptRow } | undefined;
  const close = (): void => {
    if (open === undefined) return;
    const { words, first, last } = open;
    whole.push({
      ...first,
      text: words.join(' ').replace(/ ([.,!?;:])/gu, '$1'),
      ...present({ end: last.end }),
    });
    open = undefined;
  };
  for (const row of rows) {
    if (row.isWord !== true) {
      close();
      whole.push(row);
      continue;
    }
    if (open !== undefined && row.speaker !== undefined && row.speaker !== open.first.speaker) close();
    // A sign of its own ("," or ".") goes with the word before it.
    if (open !== undefined && open.words.length >= MAX_ROW_WORDS && hasWords(row.text)) close();
    open ??= { words: [], first: row, last: row };
    open.words.push(row.text.trim());
    if (row.end !== undefined) open.last = row;
    if (/[.!?…]$/u.test(row.text.trim())) close();
  }
  close();
  return whole;
}

function text(value: unknown, isLine = true): string | undefined {
  if (typeof value !== 'string') return undefined;
  return (isLine ? cleanText(value) : value.trim()) || undefined;
}
