import type { Depth } from '../autonomous-intelligence/model.js';
import type { AutonomyPath } from './autonomy-path.js';

/** Binding key of probes beside the built-in ones: `readonly AutonomyProbe[]`. */
export const AUTONOMY_PROBES = Symbol.for('kapelle.AutonomyProbes');

/** What a probe is asked about. */
export interface ProbeRequest {
  readonly tenantId: string;
  /** Scheme of the content in lower case, `file` for a path; nothing where no content was named. */
  readonly scheme?: string;
  readonly depth: Depth;
}

/** What a probe found. */
export interface AutonomyProbeAnswer {
  readonly available: boolean;
  /** Why not, as a sentence. */
  readonly reason?: string;
  /** What to do about it, as a sentence. */
  readonly fix?: string;
}

/** Finds out whether something that a path needs is there. */
export interface AutonomyProbe {
  /** Unique, for example `delivery`. One with the name of a built-in probe stands for that one. */
  readonly name: string;
  /** The paths that need it. @default both */
  readonly paths?: readonly AutonomyPath[];
  /** The depths at which they do. @default all */
  readonly depths?: readonly Depth[];
  /** Whether they are of no use without it. @default false: its lack is told, and nothing else comes of it */
  readonly required?: boolean;
  /** Must be cheap, and change nothing. Rejecting, and not answering in time, count as not available. */
  check(
    request: ProbeRequest,
    signal: AbortSignal,
  ): boolean | AutonomyProbeAnswer | Promise<boolean | AutonomyProbeAnswer>;
}

/** What a port may have beside its methods, so that it can be asked before it is used. */
export interface ProbeablePort {
  /** Schemes that a content source can read, lower case, `file` for paths. @default whatever it is asked for */
  readonly schemes?: readonly string[];
  /** Whether it can be expected to work now. Cheap. */
  isAvailable?(signal: AbortSignal): boolean | Promise<boolean>;
}

/** Why something is not there: nobody set it up, it cannot do this, or it does not work now. */
export type LackKind = 'unbound' | 'unsupported' | 'down';

/** What a probe said, and when. */
export interface AutonomyCapability {
  readonly name: string;
  readonly available: boolean;
  /** Where it is not available. */
  readonly lack?: { readonly kind: LackKind; readonly reason: string; readonly fix: string };
  /** Epoch milliseconds. */
  readonly checkedAt: number;
  /** How long the answer took. */
  readonly ms: number;
}

/** A probe with what its answer depends on. */
export interface BoundProbe {
  readonly name: string;
  /** Answers are used again for requests with the same one. */
  keyOf(request: ProbeRequest): string;
  check(request: ProbeRequest, signal: AbortSignal): Promise<AutonomyCapability['lack'] | undefined>;
}
