import type { Depth } from '../autonomous-intelligence/model.js';
import {
  AUTONOMY_PATHS,
  type AutonomyPath,
  needsOf,
  type NeedSettings,
  type PathNeed,
} from './autonomy-path.js';
import type { AutonomyCapability, AutonomyProbe } from './autonomy-probe.js';
import type { MissingNeed } from './autonomy-report.js';

/** What both paths can do now. */
export interface PathViews {
  readonly canRun: Readonly<Record<AutonomyPath, boolean>>;
  readonly missing: readonly MissingNeed[];
}

/** What the paths need at a depth, by the table and by the probes that somebody bound. */
export class PathNeeds {
  readonly #settings: NeedSettings;
  readonly #bound: readonly AutonomyProbe[];

  constructor(settings: NeedSettings, bound: readonly AutonomyProbe[]) {
    this.#settings = settings;
    this.#bound = bound;
  }

  of(path: AutonomyPath, depth: Depth): readonly PathNeed[] {
    const table = needsOf(path, depth, this.#settings);
    const more = this.#bound.filter(
      ({ name, paths = AUTONOMY_PATHS, depths }) =>
        paths.includes(path) &&
        (depths === undefined || depths.includes(depth)) &&
        table.every(({ capability }) => capability !== name),
    );
    return [
      ...table,
      ...more.map(({ name, required = false }) => ({ capability: name, isRequired: required })),
    ];
  }

  /** What the paths lack of what they need. */
  views(depth: Depth, capabilities: readonly AutonomyCapability[]): PathViews {
    const needs = {
      full: this.of('autonomous_intelligence', depth),
      fallback: this.of('fallback_autonomous', depth),
    };
    const wanting = (name: string, isRequired: boolean): readonly AutonomyPath[] =>
      AUTONOMY_PATHS.filter((path) =>
        needs[path === 'autonomous_intelligence' ? 'full' : 'fallback'].some(
          (need) => need.capability === name && need.isRequired === isRequired,
        ),
      );
    const missing = capabilities.flatMap(({ name, lack }): MissingNeed[] => {
      if (lack === undefined) return [];
      const requiredBy = wanting(name, true);
      const usedBy = wanting(name, false);
      return requiredBy.length + usedBy.length === 0
        ? []
        : [{ capability: name, ...lack, requiredBy, usedBy }];
    });
    const canRun = (path: AutonomyPath): boolean =>
      missing.every(({ requiredBy }) => !requiredBy.includes(path));
    return {
      canRun: {
        autonomous_intelligence: canRun('autonomous_intelligence'),
        fallback_autonomous: canRun('fallback_autonomous'),
      },
      missing,
    };
  }
}

/** Names of what a path cannot run without, and is not there. */
export function lacksOf(path: AutonomyPath, { missing }: Pick<PathViews, 'missing'>): readonly string[] {
  return missing.filter(({ requiredBy }) => requiredBy.includes(path)).map(({ capability }) => capability);
}
