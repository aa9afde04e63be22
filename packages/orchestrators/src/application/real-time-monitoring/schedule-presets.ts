/** How often a kind of source is worth looking at, and how much it matters when not everything can be looked at. */
export interface SchedulePreset {
  /** From one check to the next, in ms. */
  readonly intervalMs: number;
  /** 1 is the most urgent. */
  readonly priority: number;
}

const MINUTE_MS = 60_000;
const every = (minutes: number, priority: number): SchedulePreset =>
  Object.freeze({ intervalMs: minutes * MINUTE_MS, priority });

/** Schedules by platform. A source of no platform here has that of its kind. */
export const SCHEDULE_PRESETS = Object.freeze({
  twitch: every(2, 1),
  discord: every(2, 1),
  youtube: every(5, 1),
  twitter: every(5, 1),
  tiktok: every(10, 2),
  instagram: every(15, 2),
  reddit: every(30, 3),
  feed: every(30, 3),
  podcast: every(30, 3),
  page: every(30, 3),
  folder: every(1, 2),
});

export type MonitoredPlatform = keyof typeof SCHEDULE_PRESETS;

/** The least time between two checks of a source, and how often the scheduler looks, in ms. */
export const MIN_INTERVAL_MS = 10_000;
/** The longest time between two checks of a source: a week, in ms. */
export const MAX_INTERVAL_MS = 7 * 24 * 60 * MINUTE_MS;
/** Of a source whose platform and kind have no preset. */
const DEFAULT_PRESET = every(15, 2);

/** The schedule of a source that says nothing itself: that of its platform, else of its kind, else every 15 minutes. */
export function presetOf(platform: string, kind: string): SchedulePreset {
  const presets: Readonly<Record<string, SchedulePreset>> = SCHEDULE_PRESETS;
  const of = (name: string) => (Object.hasOwn(presets, name) ? presets[name] : undefined);
  return of(platform) ?? of(kind) ?? DEFAULT_PRESET;
}
