import { ContentError } from '../content-error.js';
import type { Draft, Source } from '../draft.js';
import type { Utterance } from '../timed/cue.js';
import { mergeUtterances } from '../timed/merge.js';
import { cleanText } from '../prose/clean.js';

interface RawSegment {
  readonly speaker?: unknown;
  readonly startTime?: unknown;
  readonly endTime?: unknown;
  readonly body?: unknown;
}

/** Podcasting 2.0 transcript JSON: `{ version, segments: [{ speaker, startTime, endTime, body }] }`, times in seconds. */
export function parseTranscriptJson(source: Source): Draft {
  let data: unknown;
  try {
    data = JSON.parse(source.text);
  } catch (cause) {
    throw new ContentError(
      'CONTENT_MALFORMED',
      `${source.name} is not valid JSON: ${cause instanceof Error ? cause.message : 'it cannot be read'}.`,
      'Export it again.',
      { cause },
    );
  }
  const list = Array.isArray(data) ? (data as unknown[]) : (data as { segments?: unknown } | null)?.segments;
  if (!Array.isArray(list)) {
    throw new ContentError(
      'CONTENT_UNSUPPORTED',
      `${source.name} is JSON, but not a transcript: it has no list of segments.`,
      'Use the Podcasting 2.0 transcript form: { "segments": [{ "speaker", "startTime", "endTime", "body" }] }.',
    );
  }
  const utterances: Utterance[] = [];
  list.forEach((entry: unknown, index) => {
    const { speaker, startTime, endTime, body } = (
      typeof entry === 'object' && entry !== null ? entry : {}
    ) as RawSegment;
    if (typeof body !== 'string') {
      source.warnings.add('SEGMENT_WITHOUT_TEXT', `Segment ${index + 1} has no body and was left out.`);
      return;
    }
    const text = cleanText(body);
    if (text === '') return;
    const startMs =
      typeof startTime === 'number' && Number.isFinite(startTime) ? Math.round(startTime * 1_000) : undefined;
    const endMs =
      typeof endTime === 'number' && Number.isFinite(endTime) ? Math.round(endTime * 1_000) : undefined;
    utterances.push({
      text,
      ...(typeof speaker === 'string' && speaker.trim() !== '' ? { speaker: cleanText(speaker) } : {}),
      ...(startMs === undefined ? {} : { startMs }),
      ...(endMs === undefined ? {} : { endMs }),
    });
  });
  if (utterances.length === 0) {
    throw new ContentError(
      'CONTENT_MALFORMED',
      `${source.name} is a transcript without a single spoken segment.`,
      'Export it again.',
    );
  }
  const last = utterances.reduce((end, each) => Math.max(end, (each as { endMs?: number }).endMs ?? 0), 0);
  return {
    format: 'transcript-json',
    segments: mergeUtterances(utterances),
    ...(last > 0 ? { durationMs: last } : {}),
  };
}
