import type { HttpClient } from '../../../http/index.js';
import { SecurityError } from '../security-error.js';
import type { ThreatLevel } from '../threat-book.js';

/** A package that is installed. */
export interface InstalledPackage {
  readonly name: string;
  readonly version: string;
}

/** A known vulnerability of an installed version. */
export interface PackageAdvisory extends InstalledPackage {
  readonly id: string;
  readonly title: string;
  readonly level: ThreatLevel;
  readonly url?: string;
}

/** Knows which versions of packages are vulnerable. */
export interface AdvisorySource {
  /** Rejects where nobody answers, and at once when the signal fires. */
  advisoriesFor(
    packages: readonly InstalledPackage[],
    options: { readonly signal: AbortSignal },
  ): Promise<readonly PackageAdvisory[]>;
}

/** Binding key of the source of advisories. */
export const ADVISORY_SOURCE = Symbol.for('kapelle.AdvisorySource');

const LEVELS: Readonly<Record<string, ThreatLevel>> = {
  info: 'low',
  low: 'low',
  moderate: 'medium',
  high: 'high',
  critical: 'critical',
};

interface BulkAdvisory {
  readonly id?: unknown;
  readonly title?: unknown;
  readonly severity?: unknown;
  readonly url?: unknown;
}

/**
 * Asks an npm registry as `npm audit` does (`POST /-/npm/v1/security/advisories/bulk`); the registry compares versions with
 * the ranges that are vulnerable, so one version of a package is asked about at a time.
 */
export class NpmAdvisories implements AdvisorySource {
  readonly #http: HttpClient;
  readonly #registry: string;
  readonly #tenantId: string;

  /** @param registry without a slash at the end */
  constructor(http: HttpClient, registry = 'https://registry.npmjs.org', tenantId = '_shared') {
    this.#http = http;
    this.#registry = registry.replace(/\/+$/, '');
    this.#tenantId = tenantId;
  }

  async advisoriesFor(
    packages: readonly InstalledPackage[],
    { signal }: { readonly signal: AbortSignal },
  ): Promise<readonly PackageAdvisory[]> {
    const found: PackageAdvisory[] = [];
    for (const batch of batchesOf(packages)) {
      const response = await this.#http.request({
        url: `${this.#registry}/-/npm/v1/security/advisories/bulk`,
        method: 'POST',
        headers: { 'content-type': 'application/json', accept: 'application/json' },
        body: JSON.stringify(Object.fromEntries([...batch].map(([name, version]) => [name, [version]]))),
        tenantId: this.#tenantId,
        retry: true,
        signal,
      });
      if (response.status !== 200) {
        throw new SecurityError(
          'SECURITY_SCAN_FAILED',
          `The registry answered ${response.status} when it was asked for advisories. Try again later, or bind another ADVISORY_SOURCE.`,
        );
      }
      const answer = JSON.parse(new TextDecoder().decode(response.body)) as Record<string, unknown>;
      for (const [name, advisories] of Object.entries(answer)) {
        const version = batch.get(name);
        if (version === undefined || !Array.isArray(advisories)) continue;
        for (const advisory of advisories as readonly BulkAdvisory[])
          found.push(readAdvisory(name, version, advisory));
      }
    }
    return found;
  }
}

function readAdvisory(
  name: string,
  version: string,
  { id, title, severity, url }: BulkAdvisory,
): PackageAdvisory {
  return {
    name,
    version,
    id: typeof id === 'string' || typeof id === 'number' ? String(id) : 'unknown',
    title: typeof title === 'string' ? title.slice(0, 300) : 'a known vulnerability',
    level: LEVELS[String(severity)] ?? 'medium',
    ...(typeof url === 'string' ? { url } : {}),
  };
}

/** Requests in which each package has one version. */
function batchesOf(packages: readonly InstalledPackage[]): readonly Map<string, string>[] {
  const batches: Map<string, string>[] = [];
  for (const { name, version } of packages) {
    let batch = batches.find((each) => each.size < 500 && !each.has(name));
    if (batch === undefined) {
      batch = new Map<string, string>();
      batches.push(batch);
    }
    batch.set(name, version);
  }
  return batches;
}
