import type { Clock } from '@kapelle/core';
import { lstat, readdir, readFile } from 'node:fs/promises';
import { extname, join, relative, sep } from 'node:path';
import { boundedWork } from '../../../bounded-work.js';
import { SecurityError } from '../security-error.js';
import type { AdvisorySource, InstalledPackage } from './advisories.js';
import type { ScanFinding, ScanReport } from './finding.js';
import { readLockFile } from './read-lock-file.js';
import { scanSource } from './scan-source.js';

export interface ScanSettings {
  /** Files looked at, at most. */
  readonly maxFiles: number;
  /** Bytes of one file; a longer one is passed over. */
  readonly maxFileBytes: number;
  readonly advisories: AdvisorySource | undefined;
  readonly clock: Clock;
  readonly signal: AbortSignal;
  readonly onProgress?: (files: number) => void;
}

const LEFT_OUT: ReadonlySet<string> = new Set([
  'node_modules',
  '.git',
  '.hg',
  '.svn',
  'dist',
  'build',
  'coverage',
  '.nx',
]);
/** For all packages of a folder together. */
const ADVISORIES_TIMEOUT_MS = 120_000;
const BINARY: ReadonlySet<string> = new Set(
  '.png .jpg .jpeg .gif .webp .ico .pdf .zip .gz .tgz .br .woff .woff2 .ttf .eot .mp3 .mp4 .wav .wasm .node .so .dll .exe .db .sqlite'.split(
    ' ',
  ),
);
/** Lock files are long. */
const MAX_LOCK_BYTES = 64 * 1024 * 1024;
const ORDER = { critical: 0, high: 1, medium: 2, low: 3 } as const;

/**
 * Looks for secrets, dangerous code and vulnerable dependencies in a folder. Links are not followed; `node_modules`, build
 * output and binary files are passed over.
 *
 * @throws SecurityError `SECURITY_SCAN_FAILED` where the folder cannot be read; the reason of the signal
 */
export async function scanFolder(folder: string, settings: ScanSettings): Promise<ScanReport> {
  const { maxFiles, maxFileBytes, signal, clock, onProgress } = settings;
  const findings: ScanFinding[] = [];
  const skipped: { file: string; why: string }[] = [];
  const packages = new Map<string, InstalledPackage>();
  let files = 0;
  const look = async (path: string, bytes: number): Promise<void> => {
    const file = relative(folder, path).split(sep).join('/');
    if (BINARY.has(extname(path).toLowerCase())) return;
    if (bytes > (path.endsWith('package-lock.json') ? MAX_LOCK_BYTES : maxFileBytes)) {
      skipped.push({ file, why: `${bytes} bytes` });
      return;
    }
    let text: string;
    try {
      text = await readFile(path, 'utf8');
    } catch (thrown) {
      skipped.push({ file, why: thrown instanceof Error ? thrown.message : String(thrown) });
      return;
    }
    if (text.includes('\u0000')) return;
    files += 1;
    onProgress?.(files);
    if (path.endsWith('package-lock.json')) {
      const lock = readLockFile(file, text);
      findings.push(...lock.findings);
      for (const each of lock.packages) packages.set(`${each.name}@${each.version}`, each);
    } else findings.push(...scanSource(file, text));
  };
  const walk = async (path: string): Promise<void> => {
    signal.throwIfAborted();
    const entries = await readdir(path, { withFileTypes: true });
    for (const entry of entries.sort((a, b) => (a.name < b.name ? -1 : 1))) {
      signal.throwIfAborted();
      if (files >= maxFiles) return;
      const child = join(path, entry.name);
      if (entry.isDirectory()) {
        if (!LEFT_OUT.has(entry.name)) await walk(child);
      } else if (entry.isFile()) await look(child, (await lstat(child)).size);
    }
  };
  try {
    await walk(folder);
  } catch (cause) {
    signal.throwIfAborted();
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new SecurityError(
      'SECURITY_SCAN_FAILED',
      `The folder ${folder} cannot be scanned: ${why}. Give one that can be read.`,
      {
        cause,
      },
    );
  }
  if (files >= maxFiles) skipped.push({ file: '', why: `more than ${maxFiles} files` });
  const advisories = await askAdvisories([...packages.values()], settings, findings, skipped);
  findings.sort(
    (a, b) =>
      ORDER[a.level] - ORDER[b.level] || (a.file < b.file ? -1 : a.file > b.file ? 1 : a.line - b.line),
  );
  return { folder, at: clock.now(), files, findings, skipped, advisories, dependencies: packages.size };
}

async function askAdvisories(
  packages: readonly InstalledPackage[],
  { advisories, signal, clock }: ScanSettings,
  findings: ScanFinding[],
  skipped: { file: string; why: string }[],
): Promise<ScanReport['advisories']> {
  if (advisories === undefined) return 'not_available';
  if (packages.length === 0) return 'asked';
  try {
    const answer = await boundedWork((ended) => advisories.advisoriesFor(packages, { signal: ended }), {
      ...{ clock, signal },
      timeoutMs: ADVISORIES_TIMEOUT_MS,
      what: 'The source of advisories',
    });
    for (const { name, version, id, title, level } of answer) {
      findings.push({
        kind: 'dependency',
        level,
        file: 'package-lock.json',
        line: 0,
        what: `${name}@${version}: ${title}`,
        excerpt: id,
      });
    }
    return 'asked';
  } catch (thrown) {
    signal.throwIfAborted();
    skipped.push({ file: 'advisories', why: thrown instanceof Error ? thrown.message : String(thrown) });
    return 'failed';
  }
}
