/** Columns, bars and lines of a terminal. Works on cleaned text; colours are put around its results. */

const segmenter = new Intl.Segmenter('en', { granularity: 'grapheme' });
/** Drawn over two columns by terminals: East Asian wide forms and emoji. */
const WIDE =
  /[\u1100-\u115f\u2e80-\u303e\u3041-\u33ff\u3400-\u4dbf\u4e00-\u9fff\ua000-\ua4cf\ua960-\ua97f\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff01-\uff60\uffe0-\uffe6\u{1b000}-\u{1b16f}\u{20000}-\u{3fffd}]|\p{Emoji_Presentation}|\ufe0f/u;
const INVISIBLE_ONLY = /^[\p{M}\p{Cf}]+$/u;
const ASCII_ONLY = /^[ -~]*$/;

function graphemeWidth(grapheme: string): number {
  if (INVISIBLE_ONLY.test(grapheme)) return 0;
  return WIDE.test(grapheme) ? 2 : 1;
}

/** Columns a text takes. */
export function displayWidth(text: string): number {
  if (ASCII_ONLY.test(text)) return text.length;
  let width = 0;
  for (const { segment } of segmenter.segment(text)) width += graphemeWidth(segment);
  return width;
}

/** The text in exactly or less than `width` columns, with an ellipsis where something was cut. */
export function clip(text: string, width: number): string {
  if (displayWidth(text) <= width) return text;
  let used = 0;
  let kept = '';
  for (const { segment } of segmenter.segment(text)) {
    used += graphemeWidth(segment);
    if (used > width - 1) break;
    kept += segment;
  }
  return `${kept.trimEnd()}…`;
}

/** The text filled up with spaces on the right to `width` columns. */
export function padEnd(text: string, width: number): string {
  return text + ' '.repeat(Math.max(0, width - displayWidth(text)));
}

function pieces(word: string, width: number): readonly string[] {
  const parts: string[] = [];
  let part = '';
  let used = 0;
  for (const { segment } of segmenter.segment(word)) {
    const size = graphemeWidth(segment);
    if (used + size > width && part !== '') {
      parts.push(part);
      part = '';
      used = 0;
    }
    part += segment;
    used += size;
  }
  return [...parts, part];
}

/** Breaks a text at spaces into lines of at most `width` columns; longer words are cut. */
export function wrap(text: string, width: number): readonly string[] {
  const lines: string[] = [];
  let line = '';
  let used = 0;
  for (const word of text.split(' ').filter((one) => one !== '')) {
    for (const piece of displayWidth(word) > width ? pieces(word, width) : [word]) {
      const size = displayWidth(piece);
      if (line !== '' && used + 1 + size > width) {
        lines.push(line);
        line = piece;
        used = size;
      } else {
        line = line === '' ? piece : `${line} ${piece}`;
        used += line === piece ? size : size + 1;
      }
    }
  }
  return line === '' ? lines : [...lines, line];
}

const EIGHTHS = ['', '▏', '▎', '▍', '▌', '▋', '▊', '▉'];

/** A bar of `share` (0 to 1) of `width` columns, to an eighth of a column, without its empty rest. */
export function bar(share: number, width: number): string {
  const eighths = Math.round(Math.min(1, Math.max(0, share || 0)) * width * 8);
  return '█'.repeat(Math.floor(eighths / 8)) + (EIGHTHS[eighths % 8] ?? '');
}

/** A value from -1 to 1 as a mark left or right of the middle of `half * 2 + 1` columns. */
export function balance(value: number, half: number): { readonly left: string; readonly right: string } {
  const clamped = Math.min(1, Math.max(-1, value || 0));
  const size = Math.round(Math.abs(clamped) * half);
  return clamped < 0
    ? { left: '·'.repeat(half - size) + '█'.repeat(size), right: '·'.repeat(half) }
    : { left: '·'.repeat(half), right: '█'.repeat(size) + '·'.repeat(half - size) };
}

const SPARKS = '▁▂▃▄▅▆▇█';

/** One mark for a value from -1 to 1: the lowest, the middle, the highest of eight. */
export function spark(value: number): string {
  const at = Math.round(((Math.min(1, Math.max(-1, value || 0)) + 1) / 2) * (SPARKS.length - 1));
  return SPARKS[at] ?? '▄';
}
