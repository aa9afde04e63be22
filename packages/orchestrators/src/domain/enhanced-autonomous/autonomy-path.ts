import { DEPTH_PLANS } from '../autonomous-intelligence/depth-plan.js';
import { type Depth, DEPTHS } from '../autonomous-intelligence/model.js';

/** The ways to a briefing, by the orchestrator that goes each; the full one first. */
export const AUTONOMY_PATHS = ['autonomous_intelligence', 'fallback_autonomous'] as const;
export type AutonomyPath = (typeof AUTONOMY_PATHS)[number];

/** A path with the depth at which it is gone. */
export interface AutonomyStep {
  readonly path: AutonomyPath;
  readonly depth: Depth;
}

/** Depths below one, the nearest first. */
export function lowerDepths(depth: Depth): readonly Depth[] {
  return DEPTHS.slice(0, DEPTHS.indexOf(depth)).reverse();
}

/** Whether two depths make the same parts of the analysis, so that the lower one only makes less of each. */
export function haveSameParts(one: Depth, other: Depth): boolean {
  const { parts } = DEPTH_PLANS[one];
  return (
    parts.length === DEPTH_PLANS[other].parts.length &&
    parts.every((part) => DEPTH_PLANS[other].parts.includes(part))
  );
}

/** Something that a path uses at a depth. */
export interface PathNeed {
  readonly capability: string;
  /** Whether the path is of no use without it; otherwise it makes a lesser briefing, and says so. */
  readonly isRequired: boolean;
}

/** What decides about a need beside the depth. */
export interface NeedSettings {
  /** Whether a language model is bound at all. */
  readonly hasModel: boolean;
  readonly requireLanguageModel: boolean;
}

/**
 * What a path needs at a depth.
 *
 * | capability                | `autonomous_intelligence`                       | `fallback_autonomous` |
 * | ------------------------- | ----------------------------------------------- | --------------------- |
 * | the orchestrator itself   | required                                        | required              |
 * | `content_source`          | required                                        | required              |
 * | `briefing_store`          | required                                        | used                  |
 * | `knowledge_source`        | required where the depth verifies               | used there            |
 * | `language_model`          | required where the depth narrates and one is bound | used there         |
 */
export function needsOf(path: AutonomyPath, depth: Depth, settings: NeedSettings): readonly PathNeed[] {
  const isFull = path === 'autonomous_intelligence';
  const plan = DEPTH_PLANS[depth];
  const modelIsRequired = isFull && (settings.hasModel || settings.requireLanguageModel);
  return [
    { capability: path, isRequired: true },
    { capability: 'content_source', isRequired: true },
    { capability: 'briefing_store', isRequired: isFull },
    ...(plan.verifies ? [{ capability: 'knowledge_source', isRequired: isFull }] : []),
    ...(plan.narrates ? [{ capability: 'language_model', isRequired: modelIsRequired }] : []),
  ];
}

/** At least two letters: a single one is a drive of Windows. */
const SCHEME = /^([a-z][a-z0-9+.-]+):/i;

/** The scheme of a URL in lower case; `file` for a path. */
export function schemeOf(uri: string): string {
  return SCHEME.exec(uri.trim())?.[1]?.toLowerCase() ?? 'file';
}
