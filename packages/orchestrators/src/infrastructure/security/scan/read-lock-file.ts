import type { ScanFinding } from './finding.js';
import type { InstalledPackage } from './advisories.js';

interface LockEntry {
  readonly version?: unknown;
  readonly resolved?: unknown;
  readonly integrity?: unknown;
  readonly link?: unknown;
  readonly hasInstallScript?: unknown;
}

/** The packages of a `package-lock.json` (version 2 or 3), and what of it lets something else be installed than was meant. */
export function readLockFile(
  file: string,
  text: string,
): { readonly packages: readonly InstalledPackage[]; readonly findings: readonly ScanFinding[] } {
  const findings: ScanFinding[] = [];
  const note = (level: ScanFinding['level'], what: string, excerpt = ''): void => {
    findings.push({ kind: 'lock_file', level, file, line: 0, what, excerpt: excerpt.slice(0, 160) });
  };
  let entries: unknown;
  try {
    entries = (JSON.parse(text) as { readonly packages?: unknown } | null)?.packages ?? {};
  } catch {
    note('medium', 'the lock file is no JSON: nothing is known of what is installed');
    return { packages: [], findings };
  }
  const packages: InstalledPackage[] = [];
  for (const [path, entry] of Object.entries(entries as Record<string, LockEntry | null>)) {
    const at = path.lastIndexOf('node_modules/');
    if (at < 0 || typeof entry !== 'object' || entry === null || entry.link === true) continue;
    const name = path.slice(at + 'node_modules/'.length);
    const { version, resolved, integrity, hasInstallScript } = entry;
    if (typeof version === 'string') packages.push({ name, version });
    if (hasInstallScript === true) note('low', `${name} runs a script of its own when it is installed`);
    if (typeof resolved !== 'string') continue;
    if (resolved.startsWith('http:')) note('high', `${name} is fetched without encryption`, resolved);
    else if (/^git(?:\+|:)/.test(resolved))
      note('low', `${name} is fetched from a repository, not a registry`, resolved);
    if (/^https?:/.test(resolved) && typeof integrity !== 'string') {
      note('medium', `${name} is fetched without a hash to compare it with`, resolved);
    }
  }
  return { packages, findings };
}
