import { TelemetryError } from '../telemetry-error.js';

export interface Token {
  readonly kind: 'number' | 'name' | 'text' | 'sign' | 'end';
  readonly text: string;
  /** Where it begins, counted from 0. */
  readonly at: number;
}

const TOKEN =
  /\s*(?:(\d+(?:\.\d+)?(?:[eE][+-]?\d+)?)|([A-Za-z_µ][A-Za-z0-9_µ]*)|"((?:[^"\\]|\\["\\])*)"|(>=|<=|==|!=|[-><+*/(){}[\],%=]))/uy;

/** Conditions longer than this are no rules that people wrote. */
const MAX_LENGTH = 4_000;

/** The words, numbers and signs of a condition. */
export function tokensOf(text: string): Token[] {
  if (text.length > MAX_LENGTH) {
    throw new TelemetryError(
      'TELEMETRY_RULE_INVALID',
      `A condition has ${text.length} characters, ${MAX_LENGTH} at most. Divide it into several rules.`,
    );
  }
  const tokens: Token[] = [];
  TOKEN.lastIndex = 0;
  while (TOKEN.lastIndex < text.length) {
    const from = TOKEN.lastIndex;
    const found = TOKEN.exec(text);
    if (found === null) {
      const rest = text.slice(from);
      if (rest.trim() === '') break;
      throw problemAt(text, from + rest.length - rest.trimStart().length, 'This cannot be read.');
    }
    const [all, number, name, quoted, sign] = found;
    const at = from + all.length - all.trimStart().length;
    if (number !== undefined) tokens.push({ kind: 'number', text: number, at });
    else if (name !== undefined) tokens.push({ kind: 'name', text: name, at });
    else if (quoted !== undefined) tokens.push({ kind: 'text', text: quoted.replace(/\\(.)/g, '$1'), at });
    else tokens.push({ kind: 'sign', text: sign as string, at });
  }
  tokens.push({ kind: 'end', text: '', at: text.length });
  return tokens;
}

/** A problem with the place it is at. */
export function problemAt(text: string, at: number, problem: string): TelemetryError {
  const before = text.slice(Math.max(0, at - 60), at);
  return new TelemetryError(
    'TELEMETRY_RULE_INVALID',
    `${problem}\n  ${before}${text.slice(at, at + 60)}\n  ${' '.repeat(before.length)}^`,
  );
}
