import { mkdir, stat } from 'node:fs/promises';
import { dirname } from 'node:path';

/**
 * Makes a folder and those above it that are missing.
 *
 * Not by the `recursive` option: where nothing can be made below a folder that exists, as in `/proc`, Node asks the
 * system for it again and again, for ever.
 *
 * @param path absolute
 * @returns whether it was missing
 */
export async function makeStateFolder(path: string): Promise<boolean> {
  const missing: string[] = [];
  for (let folder = path; !(await isFolder(folder)); folder = dirname(folder)) {
    missing.push(folder);
    if (folder === dirname(folder)) break;
  }
  for (const folder of missing.reverse()) {
    try {
      await mkdir(folder);
    } catch (thrown) {
      // Somebody else may have made it in the meantime.
      if (!(await isFolder(folder))) throw thrown;
    }
  }
  return missing.length > 0;
}

async function isFolder(path: string): Promise<boolean> {
  try {
    return (await stat(path)).isDirectory();
  } catch {
    return false;
  }
}
