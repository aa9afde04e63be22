import type { LineStream } from '@kapelle/observability';
import pc from 'picocolors';

type Environment = Readonly<Record<string, string | undefined>>;

/** A stream to a terminal, a pipe or a file. */
export interface Output extends LineStream {
  readonly columns?: number;
}

/** Where a command writes: results to `out`, everything else to `err`. */
export interface ConsoleIo {
  readonly out: Output;
  readonly err: Output;
  readonly outColors: boolean;
  readonly errColors: boolean;
  /** What was complained about last, for those who asked for JSON and got nothing else. */
  complaint?: Complaint;
  /** What somebody wants to know who has pressed Ctrl-C. */
  afterInterrupt?: string;
  /** JSON was written to `out`. */
  isAnswered?: boolean;
}

/** Something that went wrong, as a person is told. */
export interface Complaint {
  readonly message: string;
  readonly code?: string;
}

export type Colors = ReturnType<typeof pc.createColors>;

/** Works out who gets colours. */
export function consoleIo(out: Output, err: Output, environment: Environment): ConsoleIo {
  return { out, err, outColors: wantsColors(out, environment), errColors: wantsColors(err, environment) };
}

/** As Node does: `FORCE_COLOR` decides (0 and `false` are no), then `NO_COLOR`, then whether it is a terminal. */
export function wantsColors(stream: Output, environment: Environment): boolean {
  const { FORCE_COLOR, NO_COLOR, TERM } = environment;
  if (FORCE_COLOR !== undefined) return FORCE_COLOR !== '0' && FORCE_COLOR !== 'false';
  if (NO_COLOR !== undefined && NO_COLOR !== '') return false;
  return stream.isTTY === true && TERM !== 'dumb';
}

export function colorsOf(isOn: boolean): Colors {
  return pc.createColors(isOn);
}

/** Columns of a stream; 80 where nobody knows. */
export function widthOf(stream: Output): number {
  const { columns } = stream;
  return columns === undefined || columns < 1 ? 80 : columns;
}

/** Text in one line of a terminal; whole where it goes elsewhere. */
export function fitted(text: string, stream: Output, used = 0): string {
  const room = roomOf(stream, used);
  const characters = [...text];
  return characters.length <= room ? text : `${characters.slice(0, Math.max(1, room - 1)).join('')}…`;
}

/** Columns that are left in a line of a terminal; there is no end to lines elsewhere. */
export function roomOf(stream: Output, used: number): number {
  return stream.isTTY === true ? widthOf(stream) - used : Infinity;
}
