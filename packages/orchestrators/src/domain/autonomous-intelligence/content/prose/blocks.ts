import type { DraftSegment } from '../draft.js';
import type { WarningLog } from '../warning-log.js';
import { cleanText, hasWords, joinText, withoutSounds } from './clean.js';
import { withoutNotes } from './notes.js';
import { splitParagraph } from './paragraphs.js';
import { isCueSheetLine, readPlace } from './speaker-label.js';
import { splitRunInHeadings } from './run-in-headings.js';
import { SpeakerRoster } from './speaker-roster.js';

/** A piece of prose as a format's parser finds it. Line ends inside `text` are those of the source. */
export interface Block {
  readonly kind: 'heading' | 'paragraph';
  readonly text: string;
}

/** Lines that belong to one speaker, or to none that is known. */
interface Turn {
  readonly lines: string[];
  readonly speaker?: string;
  readonly startMs?: number;
}

/**
 * Turns blocks into segments: finds the speakers, joins wrapped lines, takes out sound notes and cuts very long
 * paragraphs; takes out footnotes and the headings that ran into a paragraph. A paragraph without a name goes on with the speaker before it, unless the next name is the same
 * one again (then somebody else must have spoken in between) or a heading has come. Sound notes and stretches
 * without a word are left out and counted in one warning each.
 *
 * @param known names that the source lists as speakers
 */
export function segmentBlocks(
  found: readonly Block[],
  warnings: WarningLog,
  known: readonly string[] = [],
): DraftSegment[] {
  const { blocks: prose, notes } = withoutNotes(found);
  if (notes > 0) warnings.add('NOTES_LEFT_OUT', `Left out ${notes} footnotes.`);
  const tally = new SoundTally();
  const blocks = splitRunInHeadings(prose.map((block) => tally.withoutCueSheet(block)));
  const paragraphs = blocks.filter((block) => block.kind === 'paragraph');
  const roster = new SpeakerRoster(linesOf(paragraphs), { known });
  const turns = blocks.map((block) => (block.kind === 'heading' ? [] : turnsOf(block.text, roster)));
  const next = nextSpeakers(blocks, turns);
  const segments: DraftSegment[] = [];
  let speaker: string | undefined;
  let nameOnOwnLine = false;
  blocks.forEach((block, index) => {
    if (block.kind === 'heading') {
      speaker = undefined;
      const text = cleanText(block.text);
      if (hasWords(text)) segments.push({ kind: 'heading', text });
      return;
    }
    for (const turn of turns[index] ?? []) {
      if (turn.speaker !== undefined) {
        speaker = turn.speaker;
        nameOnOwnLine = turn.lines.every((line) => line === '');
      } else if (!nameOnOwnLine && next[index] === speaker) {
        speaker = undefined;
      }
      const text = tally.spoken(joinText(turn.lines));
      if (text === undefined) continue;
      for (const part of splitParagraph(text)) {
        segments.push({
          kind: speaker === undefined ? 'paragraph' : 'speech',
          text: part,
          ...(speaker !== undefined && { speaker }),
          ...(turn.startMs !== undefined && { startMs: turn.startMs }),
        });
      }
    }
  });
  tally.report(warnings);
  return segments;
}

/** Takes sound notes out of texts and remembers how many there were. */
export class SoundTally {
  #sounds = 0;
  #wordless = 0;

  /** The clean words of a text, or nothing if there are none. */
  spoken(text: string): string | undefined {
    const { text: words, removed } = withoutSounds(cleanText(text));
    this.#sounds += removed;
    const clean = cleanText(words);
    if (hasWords(clean)) return clean;
    if (removed === 0 && clean !== '') this.#wordless += 1;
    return undefined;
  }

  /** A block without the lines that only tell when something is played. */
  withoutCueSheet(block: Block): Block {
    if (!block.text.includes(':')) return block;
    const lines = block.text.split('\n');
    const kept = lines.filter((line) => !isCueSheetLine(line.trim()));
    this.#sounds += lines.length - kept.length;
    return kept.length === lines.length ? block : { ...block, text: kept.join('\n') };
  }

  report(warnings: WarningLog): void {
    if (this.#sounds > 0) {
      warnings.add(
        'SOUNDS_LEFT_OUT',
        `Left out ${this.#sounds} ${this.#sounds === 1 ? 'note' : 'notes'} on sounds such as [Music] or (applause).`,
      );
    }
    if (this.#wordless > 0) {
      warnings.add(
        'WORDLESS_LEFT_OUT',
        `Left out ${this.#wordless} ${this.#wordless === 1 ? 'stretch' : 'stretches'} without a word, such as "...".`,
      );
    }
  }
}

function* linesOf(blocks: readonly Block[]): Generator<string> {
  for (const block of blocks) yield* block.text.split('\n');
}

function turnsOf(text: string, roster: SpeakerRoster): Turn[] {
  const turns: Turn[] = [];
  for (const raw of text.split('\n')) {
    const line = raw.trim();
    const turn = roster.turn(line);
    const last = turns.at(-1);
    if (turn !== undefined) {
      const { speaker, rest, startMs } = turn;
      turns.push({ lines: [rest], speaker, ...(startMs !== undefined && { startMs }) });
      continue;
    }
    const place = roster.isEmpty ? undefined : readPlace(line);
    if (place !== undefined) turns.push({ lines: [place.rest], startMs: place.startMs });
    else if (last === undefined) turns.push({ lines: [line] });
    else last.lines.push(line);
  }
  return turns;
}

/** For every block, who is named first after it and before the next heading. */
function nextSpeakers(blocks: readonly Block[], turns: readonly Turn[][]): (string | undefined)[] {
  const next: (string | undefined)[] = [];
  let upcoming: string | undefined;
  for (let index = blocks.length - 1; index >= 0; index -= 1) {
    next[index] = upcoming;
    if (blocks[index]?.kind === 'heading') upcoming = undefined;
    else upcoming = turns[index]?.find((turn) => turn.speaker !== undefined)?.speaker ?? upcoming;
  }
  return next;
}
