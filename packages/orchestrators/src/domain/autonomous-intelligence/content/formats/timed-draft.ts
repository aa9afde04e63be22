import { ContentError } from '../content-error.js';
import { present, type Draft, type Source } from '../draft.js';
import { reportDisorder } from '../timed/cue-block.js';
import type { Cue } from '../timed/cue.js';
import { mergeUtterances } from '../timed/merge.js';
import { withoutRepeats } from '../timed/rolling-captions.js';
import { utterancesOf } from '../timed/turns.js';

export interface TimedHead {
  readonly format: 'vtt' | 'srt';
  /** What the format is called in messages. */
  readonly label: string;
  readonly title?: string | undefined;
  readonly language?: string | undefined;
}

/**
 * What both caption formats do with their cues: repeats go, speakers are found, cues become segments.
 *
 * @throws {@link ContentError} `CONTENT_MALFORMED` when there is no cue
 */
export function draftFromCues(cues: readonly Cue[], source: Source, head: TimedHead): Draft {
  if (cues.length === 0) {
    const found = `"${source.name}" was taken for ${head.label}, but none of its ${lineCount(source.text)} lines begins a cue.`;
    throw new ContentError(
      'CONTENT_MALFORMED',
      found,
      'Check that it holds lines like "00:00:01.000 --> 00:00:04.000", or rename it to what it is.',
    );
  }
  reportDisorder(cues, source.warnings);
  const utterances = utterancesOf(withoutRepeats(cues, source.warnings), source.warnings);
  return {
    format: head.format,
    segments: mergeUtterances(utterances),
    durationMs: cues.reduce((latest, cue) => Math.max(latest, cue.endMs), 0),
    ...present({ title: head.title, language: head.language }),
  };
}

function lineCount(text: string): number {
  let count = 1;
  for (let at = text.indexOf('\n'); at >= 0; at = text.indexOf('\n', at + 1)) count += 1;
  return count;
}
