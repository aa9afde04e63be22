/** A part of a cue, said by one voice. */
export interface CuePart {
  /** From a voice tag; captions that write names into the text have none here. */
  readonly speaker?: string;
  readonly lines: readonly string[];
}

/** A caption: text and when it is shown. Offsets are from the beginning of the recording. */
export interface Cue {
  /** 1-based line of its times in the source. */
  readonly line: number;
  readonly startMs: number;
  /** Never before `startMs`. */
  readonly endMs: number;
  readonly parts: readonly CuePart[];
}

/** Something that was said, ready to be merged into segments. */
export interface Utterance {
  readonly text: string;
  readonly speaker?: string;
  readonly startMs?: number;
  readonly endMs?: number;
  /** A new turn begins here, even if the speaker is not known. */
  readonly newTurn?: boolean;
}
