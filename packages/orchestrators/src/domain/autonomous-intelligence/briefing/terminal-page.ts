import picocolors from 'picocolors';

import { safeText } from './safe-text.js';
import { displayWidth, padEnd, wrap } from './terminal-layout.js';

/** The colour functions, which do nothing where colours are off. */
export type Colors = ReturnType<typeof picocolors.createColors>;
type Style = (text: string) => string;
const PLAIN: Style = (text) => text;

/** Columns left of every line. */
const MARGIN = 2;
const MAX_TEXT = 600;

/** Text from content made safe for a terminal. */
export function show(text: string, limit = MAX_TEXT): string {
  return safeText(text, limit);
}

/** Lines of one page: headings, wrapped paragraphs, hanging items. */
export class TerminalPage {
  readonly #lines: string[] = [];
  /** Columns between the margins. */
  readonly width: number;
  readonly colors: Colors;

  constructor(width: number, isColored: boolean) {
    this.width = width - MARGIN * 2;
    this.colors = picocolors.createColors(isColored);
  }

  blank(): void {
    if (this.#lines.at(-1) !== '') this.#lines.push('');
  }

  /** One line as it is; it has to fit. */
  line(text: string): void {
    this.#lines.push(`${' '.repeat(MARGIN)}${text}`.trimEnd());
  }

  /** A title with a rule, and a remark at its end, or below where there is no room. */
  heading(title: string, aside = ''): void {
    const { bold, cyan, dim } = this.colors;
    this.blank();
    const isBeside = aside !== '' && displayWidth(title) + displayWidth(aside) + 3 <= this.width;
    const note = isBeside ? ` ${aside}` : '';
    const rule = '─'.repeat(Math.max(0, this.width - displayWidth(title) - displayWidth(note) - 1));
    this.line(`${bold(cyan(title))} ${dim(rule)}${dim(note)}`);
    if (aside !== '' && !isBeside) this.text(aside, dim);
  }

  /** A wrapped text whose first line begins with `lead` and whose others are indented as far. */
  item(
    lead: string,
    text: string,
    options: { readonly style?: Style; readonly leadStyle?: Style; readonly indent?: number } = {},
  ): void {
    const { style = PLAIN, leadStyle = PLAIN, indent = 0 } = options;
    const inset = ' '.repeat(indent);
    const hang = displayWidth(lead);
    const lines = wrap(text, Math.max(8, this.width - indent - hang));
    if (lines.length === 0) {
      // A style around nothing would leave its escape sequences at the end of the line.
      if (lead.trim() !== '') this.line(inset + leadStyle(lead.trimEnd()));
      return;
    }
    lines.forEach((line, at) => {
      this.line(inset + (at === 0 ? leadStyle(lead) : ' '.repeat(hang)) + style(line));
    });
  }

  text(text: string, style: Style = PLAIN): void {
    this.item('', text, { style });
  }

  /** Label on the left, text wrapped on the right. */
  row(label: string, text: string, labelWidth: number): void {
    this.item(`${padEnd(label, labelWidth)}  `, text, { leadStyle: this.colors.dim });
  }

  toString(): string {
    return `${this.#lines.join('\n')}\n`;
  }
}
