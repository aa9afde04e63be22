import type { ThreatLevel } from '../threat-book.js';

/** Something in a folder that should not be there. */
export interface ScanFinding {
  readonly kind:
    'secret' | 'string_built_sql' | 'weak_crypto' | 'code_evaluation' | 'dependency' | 'lock_file';
  readonly level: ThreatLevel;
  /** Relative to the folder, with forward slashes. */
  readonly file: string;
  /** Counted from 1; 0 where it is about the whole file. */
  readonly line: number;
  readonly what: string;
  /** The line, with what is secret of it hidden; 160 characters at most. */
  readonly excerpt: string;
}

/** What a scan found. */
export interface ScanReport {
  readonly folder: string;
  /** Epoch ms. */
  readonly at: number;
  readonly files: number;
  readonly findings: readonly ScanFinding[];
  /** Files that were passed over, and why. */
  readonly skipped: readonly { readonly file: string; readonly why: string }[];
  /** Whether advisories could be asked; without them nothing is known of the versions of dependencies. */
  readonly advisories: 'asked' | 'not_available' | 'failed';
  readonly dependencies: number;
}
