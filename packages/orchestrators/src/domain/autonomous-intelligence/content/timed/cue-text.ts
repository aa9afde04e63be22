import { cleanText } from '../prose/clean.js';
import { decodeEntities } from '../prose/entities.js';
import type { CuePart } from './cue.js';

const TAG = /<([^<>]*)>/gu;
const VOICE = /^v(?:\.[^\s]*)?(?:\s([^]*))?$/u;
/** What SubRip files borrow from HTML; anything else between angle brackets is text there. */
const SUBRIP_TAG = /^\/?(?:[bius]|c|v|br|em|strong|font|span|p|sub|sup|ruby|rt)(?:[\s./][^]*)?$/iu;
const WEBVTT_TAG = /^\/?(?:[a-z][^]*|)$/iu;
const KARAOKE_TIME = /^[\d:.]+$/u;
/** Position and style codes of SubStation Alpha, which some SubRip writers keep: `{\an8}`. */
const OVERRIDE = /\{\\[^{}]*\}/gu;
/** Its hard space and line break; behind a colon or another backslash it is a path. */
const OVERRIDE_SPACE = /(?<![:\\])\\[hN]/gu;

/**
 * Text of a WebVTT cue without its mark-up: class, style, ruby, language and time tags go, a voice tag begins a
 * part with a speaker, character references are decoded. A `<` that opens no tag stays.
 */
export function webVttParts(lines: readonly string[]): CuePart[] {
  return partsOf(lines.join('\n'), WEBVTT_TAG);
}

/** The same for SubRip, where only well-known tags are taken for mark-up. */
export function subRipParts(lines: readonly string[]): CuePart[] {
  return partsOf(lines.join('\n').replace(OVERRIDE, '').replace(OVERRIDE_SPACE, ' '), SUBRIP_TAG);
}

function partsOf(text: string, tagPattern: RegExp): CuePart[] {
  const parts: { speaker?: string; text: string }[] = [{ text: '' }];
  const append = (addition: string): void => {
    const last = parts.at(-1);
    if (last !== undefined) last.text += addition;
  };
  let end = 0;
  for (const match of text.matchAll(TAG)) {
    const [whole, content = ''] = match;
    const voice = VOICE.exec(content);
    const isTag = voice !== null || tagPattern.test(content) || KARAOKE_TIME.test(content);
    append(text.slice(end, match.index));
    end = match.index + whole.length;
    if (voice !== null) {
      const speaker = cleanText(decodeEntities(voice[1] ?? ''));
      parts.push(speaker === '' ? { text: '' } : { speaker, text: '' });
    } else if (content === '/v') {
      parts.push({ text: '' });
    } else if (!isTag) {
      append(whole);
    } else if (/^\/?(?:br|p)\b/iu.test(content)) {
      append('\n');
    }
  }
  append(text.slice(end));
  return parts
    .filter((part) => part.text.trim() !== '')
    .map(({ speaker, text: raw }) => ({
      ...(speaker !== undefined && { speaker }),
      lines: decodeEntities(raw).split('\n'),
    }));
}
