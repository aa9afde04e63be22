import { DEPTHS, renderHtml, renderJson, renderMarkdown, type Briefing } from '@kapelle/orchestrators';
import { randomUUID } from 'node:crypto';
import { rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { makeFolder } from './adapters/make-folder.js';

/** A folder or file of `--out` that cannot be written. */
export class OutputError extends Error {
  override readonly name = 'OutputError';
  readonly code = 'OUTPUT_NOT_WRITABLE';
}

const FORMATS = { md: renderMarkdown, html: renderHtml, json: renderJson } as const;
const MAX_NAME_LENGTH = 60;
/** The end of the names below: the id of a briefing, and the format. */
const BRIEFING_FILE = new RegExp(
  `-[\\da-f]{12}-(?:${DEPTHS.join('|')})\\.(?:${Object.keys(FORMATS).join('|')})$`,
);

/** Whether a file has the name of one that {@link writeBriefing} writes. */
export function isBriefingFile(name: string): boolean {
  return BRIEFING_FILE.test(name);
}

/**
 * Writes a briefing as Markdown, HTML and JSON into a folder, which is made where it is missing. Each file appears
 * whole or not at all; one of the same content and depth is replaced.
 *
 * @returns the paths
 * @throws {@link OutputError}
 */
export async function writeBriefing(folder: string, briefing: Briefing): Promise<readonly string[]> {
  const name = `${fileName(briefing.document.title)}-${briefing.id}`;
  const paths: string[] = [];
  try {
    makeFolder(folder);
    for (const [extension, render] of Object.entries(FORMATS)) {
      const path = join(folder, `${name}.${extension}`);
      await writeWhole(path, render(briefing));
      paths.push(path);
    }
  } catch (error) {
    throw new OutputError(
      `The briefing cannot be written to "${folder}" (${String(error)}). Give this user write access to the folder, or choose another.`,
      { cause: error },
    );
  }
  return paths;
}

async function writeWhole(path: string, text: string): Promise<void> {
  const temporary = `${path}.${randomUUID()}.tmp`;
  try {
    await writeFile(temporary, text.endsWith('\n') ? text : `${text}\n`, { encoding: 'utf8', flag: 'wx' });
    await rename(temporary, path);
  } catch (error) {
    await rm(temporary, { force: true });
    throw error;
  }
}

/** A title as a name that every file system takes. */
function fileName(title: string): string {
  const name = title
    .normalize('NFKD')
    .replaceAll(/\p{M}/gu, '')
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/g, '-')
    .slice(0, MAX_NAME_LENGTH)
    .replaceAll(/^-|-$/g, '');
  return name === '' ? 'briefing' : name;
}
