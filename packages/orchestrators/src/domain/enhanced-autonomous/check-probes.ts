import { DEPTHS } from '../autonomous-intelligence/model.js';
import { AutonomyError } from './autonomy-error.js';
import { AUTONOMY_PATHS } from './autonomy-path.js';
import type { AutonomyProbe } from './autonomy-probe.js';

/**
 * Checks the probes that somebody bound.
 *
 * @throws AutonomyError `AUTONOMY_OPTION_INVALID` naming the probe
 */
export function checkProbes(probes: readonly AutonomyProbe[]): void {
  if (!Array.isArray(probes)) throw invalid(`The probes are ${typeof probes}, they must be a list.`);
  const names = new Set<string>();
  for (const [at, probe] of (probes as readonly (Partial<AutonomyProbe> | null | undefined)[]).entries()) {
    const { name, check, paths, depths } = probe ?? {};
    if (typeof name !== 'string' || !/^[a-z][a-z0-9_.-]{0,63}$/.test(name)) {
      throw invalid(
        `Probe ${at} has the name ${JSON.stringify(name)}, it must be lower case, 64 characters at most.`,
      );
    }
    if (names.has(name)) throw invalid(`Two probes are called "${name}".`);
    names.add(name);
    if (typeof check !== 'function') throw invalid(`The probe "${name}" has no function "check".`);
    const unknown = [
      ...(paths ?? []).filter((path) => !AUTONOMY_PATHS.includes(path)),
      ...(depths ?? []).filter((depth) => !DEPTHS.includes(depth)),
    ];
    if (unknown.length > 0) {
      throw invalid(`The probe "${name}" is for ${unknown.join(', ')}, which is no path and no depth.`);
    }
  }
}

function invalid(what: string): AutonomyError {
  return new AutonomyError('AUTONOMY_OPTION_INVALID', `${what} Correct what is bound under AUTONOMY_PROBES.`);
}
