import ts from 'typescript';

import type { Finding } from './finding.js';
import { findingAt, nodesOf } from './repository.js';

/** `since X, removed on YYYY-MM-DD` or `since X, removed in X.Y.Z`, then what to use. */
const DATED =
  /^since (?<since>\S+), removed (?:on (?<date>\d{4}-\d{2}-\d{2})|in (?<version>\d+\.\d+\.\d+))\b[.:,;]?\s*(?<then>.*)/s;

/** What a deprecation is judged by. */
export interface Present {
  /** ISO date of today, in UTC. */
  readonly today: string;
  /** Of the package that is deprecated from: x.y.z. */
  readonly version: string;
}

/** Deprecations that do not say when they end, that say no other way, or whose end has come. */
export function deprecations(sources: readonly ts.SourceFile[], present: Present): Finding[] {
  return sources.flatMap((source) => {
    const tags = new Set<ts.JSDocTag>();
    for (const node of nodesOf(source)) {
      for (const tag of ts.getJSDocTags(node)) if (tag.tagName.text === 'deprecated') tags.add(tag);
    }
    return [...tags].flatMap((tag) => {
      const wrong = judged((ts.getTextOfJSDocComment(tag.comment) ?? '').trim(), present);
      return wrong === undefined ? [] : [findingAt(tag, wrong.what, wrong.fix)];
    });
  });
}

/** @returns what is wrong with the words behind `@deprecated`; `undefined` where nothing is */
export function judged(
  comment: string,
  { today, version }: Present,
): Pick<Finding, 'what' | 'fix'> | undefined {
  const groups = DATED.exec(comment)?.groups;
  if (groups === undefined) {
    return {
      what: `A deprecation says "${comment}".`,
      fix: 'Write "@deprecated since 1.2.0, removed on 2030-01-31: use x." (or "removed in 2.0.0").',
    };
  }
  const { date, version: end, then = '' } = groups;
  if (date !== undefined && !isDay(date)) return { what: `${date} is no day.`, fix: 'Write YYYY-MM-DD.' };
  if (then.trim() === '') {
    return {
      what: 'A deprecation says no other way.',
      fix: 'Say what to use, or that nothing takes its place.',
    };
  }
  if (date !== undefined && date <= today) {
    return { what: `What was to be removed on ${date} is still here.`, fix: 'Remove it.' };
  }
  if (end !== undefined && compare(end, version) <= 0) {
    return { what: `What was to be removed in ${end} is still in ${version}.`, fix: 'Remove it.' };
  }
  return undefined;
}

function isDay(date: string): boolean {
  const parsed = new Date(`${date}T00:00:00Z`);
  return !Number.isNaN(parsed.getTime()) && parsed.toISOString().startsWith(date);
}

function compare(one: string, other: string): number {
  const parts = other.split('.').map(Number);
  for (const [at, part] of one.split('.').map(Number).entries()) {
    const difference = part - (parts[at] ?? 0);
    if (difference !== 0) return difference;
  }
  return 0;
}
