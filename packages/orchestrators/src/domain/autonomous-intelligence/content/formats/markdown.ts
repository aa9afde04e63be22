import type { Draft, Source } from '../draft.js';
import { present } from '../draft.js';
import { markdownBlocks } from '../markdown/markdown-blocks.js';
import { segmentBlocks } from '../prose/blocks.js';
import { readFrontMatter, splitFrontMatter } from './front-matter.js';

/** Tags of site templates: `{% include … %}`, which may go over several lines, and `{{ page.title }}`. */
const TEMPLATE_TAG = /\{%[^{}]{0,500}%\}|\{\{[^{}\n]{0,500}\}\}/gu;

/** Markdown with its front matter; code and template tags are left out, links become their text. */
export function parseMarkdown(source: Source): Draft {
  const { warnings } = source;
  const { yaml, body } = splitFrontMatter(source.text);
  const front = yaml === undefined ? undefined : readFrontMatter(yaml, warnings);
  const { blocks, listings, notes, isFenceOpen } = markdownBlocks(body.replace(TEMPLATE_TAG, ' '));
  if (listings > 0)
    warnings.add('CODE_LEFT_OUT', `Left out ${listings} code ${listings === 1 ? 'listing' : 'listings'}.`);
  if (notes > 0) warnings.add('NOTES_LEFT_OUT', `Left out ${notes} footnotes.`);
  if (isFenceOpen)
    warnings.add(
      'FENCE_NOT_CLOSED',
      'A code listing has no end; what follows its beginning was read as text.',
    );
  return {
    format: 'markdown',
    segments: segmentBlocks(blocks, warnings, front?.speakers ?? []),
    ...present({
      title: front?.title,
      author: front?.author,
      publishedAt: front?.publishedAt,
      language: front?.language,
    }),
  };
}
