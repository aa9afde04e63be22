import { TelemetryError } from './telemetry-error.js';

/** What a number measures, as powers of time and of information; both 0 for a share or a count. */
export interface Dimension {
  readonly time: number;
  readonly bytes: number;
}

/** A unit: how much of the base unit it is, and of what. Base units are the second, the byte and 1. */
export interface Unit {
  readonly factor: number;
  readonly dimension: Dimension;
}

export const PLAIN: Dimension = { time: 0, bytes: 0 };
const TIME: Dimension = { time: 1, bytes: 0 };
const BYTES: Dimension = { time: 0, bytes: 1 };

const UNITS: Readonly<Record<string, Unit>> = {
  ns: { factor: 1e-9, dimension: TIME },
  us: { factor: 1e-6, dimension: TIME },
  µs: { factor: 1e-6, dimension: TIME },
  ms: { factor: 1e-3, dimension: TIME },
  s: { factor: 1, dimension: TIME },
  m: { factor: 60, dimension: TIME },
  min: { factor: 60, dimension: TIME },
  h: { factor: 3_600, dimension: TIME },
  d: { factor: 86_400, dimension: TIME },
  B: { factor: 1, dimension: BYTES },
  kB: { factor: 1e3, dimension: BYTES },
  MB: { factor: 1e6, dimension: BYTES },
  GB: { factor: 1e9, dimension: BYTES },
  KiB: { factor: 1_024, dimension: BYTES },
  MiB: { factor: 1_048_576, dimension: BYTES },
  GiB: { factor: 1_073_741_824, dimension: BYTES },
  '%': { factor: 0.01, dimension: PLAIN },
  '1': { factor: 1, dimension: PLAIN },
};

/** The names of units, for messages. */
export const UNIT_NAMES: readonly string[] = Object.keys(UNITS);

/**
 * A unit by its name: one of {@link UNIT_NAMES}, or two of them with a slash, such as `MiB/s`.
 *
 * @throws TelemetryError `TELEMETRY_INPUT_INVALID`
 */
export function unitOf(name: string): Unit {
  const [first = '', second, ...more] = name.split('/');
  const above = Object.hasOwn(UNITS, first) ? UNITS[first] : undefined;
  const below = second === undefined ? UNITS['1'] : Object.hasOwn(UNITS, second) ? UNITS[second] : undefined;
  if (above === undefined || below === undefined || more.length > 0) {
    throw new TelemetryError(
      'TELEMETRY_INPUT_INVALID',
      `"${name}" is no unit. Use one of ${UNIT_NAMES.join(', ')}, or two of them with a slash, such as MiB/s.`,
    );
  }
  return { factor: above.factor / below.factor, dimension: divided(above.dimension, below.dimension) };
}

export function sameDimension(a: Dimension, b: Dimension): boolean {
  return a.time === b.time && a.bytes === b.bytes;
}

export function multiplied(a: Dimension, b: Dimension): Dimension {
  return { time: a.time + b.time, bytes: a.bytes + b.bytes };
}

export function divided(a: Dimension, b: Dimension): Dimension {
  return { time: a.time - b.time, bytes: a.bytes - b.bytes };
}

/** A dimension in words. */
export function nameOfDimension({ time, bytes }: Dimension): string {
  if (time === 0 && bytes === 0) return 'a plain number';
  if (time === 1 && bytes === 0) return 'a time';
  if (time === 0 && bytes === 1) return 'an amount of bytes';
  if (time === -1 && bytes === 0) return 'a rate per time';
  if (time === -1 && bytes === 1) return 'bytes per time';
  return `time^${time} bytes^${bytes}`;
}
