import { createHash } from 'node:crypto';
import type { ContentDocument, Depth } from './model.js';

/** SHA-256 of the bytes of a file or a page, hex. */
export function hashBytes(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}

/** SHA-256 of what an item of a feed says, hex: the same whatever else stands in the feed. */
export function hashDocument(document: ContentDocument): string {
  const { title, author, publishedAt, segments } = document;
  return createHash('sha256')
    .update(JSON.stringify([title, author, publishedAt, segments]))
    .digest('hex');
}

/** The id of the briefing of some content at a depth: the beginning of the hash, and the depth. */
export function briefingId(contentHash: string, depth: Depth): string {
  return `${contentHash.slice(0, 12)}-${depth}`;
}
