import { lexer, type Token, type Tokens } from 'marked';

import type { Draft, Source } from '../draft.js';
import { present } from '../draft.js';
import { type Block, segmentBlocks } from '../prose/blocks.js';
import { decodeEntities } from '../prose/entities.js';
import { readFrontMatter, splitFrontMatter } from './front-matter.js';

/** Deepest nesting of lists and quotes that is followed. */
const MAX_DEPTH = 20;
/** Tags of site templates: `{% include … %}`, `{{ page.title }}`. */
const TEMPLATE_TAG = /\{[%{][^{}\n]{0,500}[%}]\}/gu;

/** Markdown with its front matter; code and template tags are left out, links become their text. */
export function parseMarkdown(source: Source): Draft {
  const { yaml, body } = splitFrontMatter(source.text);
  const front = yaml === undefined ? undefined : readFrontMatter(yaml, source.warnings);
  const blocks: Block[] = [];
  collect(lexer(body.replace(TEMPLATE_TAG, ' ')), blocks, 0);
  return {
    format: 'markdown',
    segments: segmentBlocks(blocks, source.warnings, front?.speakers ?? []),
    ...present({
      title: front?.title,
      author: front?.author,
      publishedAt: front?.publishedAt,
      language: front?.language,
    }),
  };
}

function collect(tokens: readonly Token[], blocks: Block[], depth: number): void {
  if (depth > MAX_DEPTH) return;
  for (const token of tokens) {
    switch (token.type) {
      case 'heading':
        blocks.push({ kind: 'heading', text: inline((token as Tokens.Heading).tokens) });
        break;
      case 'paragraph':
      case 'text':
        blocks.push({ kind: 'paragraph', text: inline((token as Tokens.Paragraph).tokens ?? [token]) });
        break;
      case 'blockquote':
        collect((token as Tokens.Blockquote).tokens, blocks, depth + 1);
        break;
      case 'list':
        for (const item of (token as Tokens.List).items) collect(item.tokens, blocks, depth + 1);
        break;
      case 'table':
        for (const row of (token as Tokens.Table).rows) {
          blocks.push({ kind: 'paragraph', text: row.map((cell) => inline(cell.tokens)).join(' — ') });
        }
        break;
      default:
        // Code, rules, html and definitions hold no prose.
        break;
    }
  }
}

function inline(tokens: readonly Token[]): string {
  return tokens
    .map((token): string => {
      switch (token.type) {
        case 'br':
          return '\n';
        case 'html':
          return '';
        case 'image':
          return '';
        case 'codespan':
          return (token as Tokens.Codespan).text;
        default: {
          const nested = (token as { tokens?: Token[] }).tokens;
          if (nested !== undefined) return inline(nested);
          return decodeEntities((token as { text?: string }).text ?? '');
        }
      }
    })
    .join('');
}
