import { escapeControls } from '@kapelle/core';

const significant = new Intl.NumberFormat('en-GB', { maximumSignificantDigits: 4 });

/** Four digits, thousands apart. */
export function numberText(value: number): string {
  if (!Number.isFinite(value)) return 'not known';
  if (value !== 0 && (Math.abs(value) < 1e-3 || Math.abs(value) >= 1e9)) return value.toExponential(2);
  return significant.format(value);
}

/** With its sign, also where it is positive. */
export const signedText = (value: number): string => `${value < 0 ? '−' : '+'}${numberText(Math.abs(value))}`;

export const withUnit = (text: string, unit: string): string => (unit === '' ? text : `${text} ${unit}`);

export const percentText = (share: number): string => `${numberText(share * 100)} %`;

/** A p-value as one writes it. */
export const pText = (p: number): string => (p < 0.001 ? 'p < 0.001' : `p = ${p.toFixed(3)}`);

/** `2024-01-31 12:30 UTC`; text for a time that is none. */
export function timeText(epochMs: number): string {
  const date = new Date(epochMs);
  if (Number.isNaN(date.getTime())) return 'not known';
  return `${date.toISOString().slice(0, 16).replace('T', ' ')} UTC`;
}

/** The largest unit that leaves at least 1: `90 s`, `1.5 h`. */
export function durationText(ms: number): string {
  const units: readonly (readonly [string, number])[] = [
    ['d', 86_400_000],
    ['h', 3_600_000],
    ['min', 60_000],
    ['s', 1_000],
  ];
  const [name, size] = units.find(([, length]) => Math.abs(ms) >= length) ?? ['ms', 1];
  return `${new Intl.NumberFormat('en-GB', { maximumSignificantDigits: 3 }).format(ms / size)} ${name}`;
}

const ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

const MAX_TEXT_CHARACTERS = 500;

const cut = (text: string): string =>
  text.length > MAX_TEXT_CHARACTERS ? `${text.slice(0, MAX_TEXT_CHARACTERS)}…` : text;

/** Text for HTML, in elements and in quoted attributes. Control characters become visible. */
export const html = (text: string): string =>
  escapeControls(cut(text)).replace(/[&<>"']/g, (character) => ENTITIES[character] ?? '');

/** Text for Markdown, in lines and in cells of tables. */
export const markdown = (text: string): string =>
  escapeControls(cut(text))
    .replace(/[\\`*|[\]~#]/g, (character) => `\\${character}`)
    .replace(/[&<>]/g, (character) => ENTITIES[character] ?? '');
