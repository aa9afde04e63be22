import { isBriefingFile } from './output-files.js';

/** `README.md`, `SOURCES.txt`, `license.md`; `LICENSE-MIT.txt`, where capitals say that it is no text about licences. */
const DESCRIBES_FOLDER = [
  /^(?:readme|sources|licen[cs]e)\.(?:md|markdown|txt|text|html?)$/i,
  /^(?:README|SOURCES|LICEN[CS]E)[-_.]/,
];

/**
 * What a file of a folder is, by its name: content, something that describes the folder, or a briefing that `--out` has written.
 * The last two are content only where somebody names them.
 */
export function fileKind(name: string): 'content' | 'passedOver' | 'ownOutput' {
  if (isBriefingFile(name)) return 'ownOutput';
  return DESCRIBES_FOLDER.some((each) => each.test(name)) ? 'passedOver' : 'content';
}
