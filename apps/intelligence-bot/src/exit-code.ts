/** What the process ends with. The lowest that is not `ok` and fits stands for several sources: `failed` before `unreadable`. */
export const EXIT_CODE = {
  ok: 0,
  /** Something went wrong that is none of the others. */
  failed: 1,
  /** The command line or a setting cannot be meant. */
  usage: 2,
  /** Content could not be got or read; other sources were analysed. */
  unreadable: 3,
  /** There is no briefing under the id. */
  notFound: 4,
  /** The store does not work: a briefing was made and shown, but not kept, or kept ones cannot be read. */
  store: 5,
  /** Ctrl-C. */
  interrupted: 130,
  /** SIGTERM. */
  terminated: 143,
} as const;
export type ExitCode = (typeof EXIT_CODE)[keyof typeof EXIT_CODE];
