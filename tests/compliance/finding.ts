/** Something that a check does not accept. */
export interface Finding {
  /** From the root of the repository, with slashes. */
  readonly file: string;
  /** From 1. */
  readonly line: number;
  /** What is wrong, with the names. */
  readonly what: string;
  /** What to do about it. */
  readonly fix: string;
}

/** As an editor and a terminal make a link of it. */
export const described = ({ file, line, what, fix }: Finding): string => `${file}:${line} ${what} ${fix}`;

/** For `expect(…).toEqual([])`: every finding as a line, sorted. */
export const listed = (findings: readonly Finding[]): readonly string[] => findings.map(described).sort();
