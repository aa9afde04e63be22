import { readRequiredScopes, type RequiredScopes } from '../../required-scopes.js';
import { FIELD_KINDS, type FieldKind } from './detection/field.js';
import { SecurityError } from './security-error.js';
import type { SourceLimits } from './source-watch.js';

/** Binding key of the options of `security`. */
export const SECURITY_OPTIONS = Symbol.for('kapelle.SecurityOptions');

/** What can be set of `security`; all of it has a default. */
export interface SecurityOptions extends Partial<SourceLimits> {
  /**
   * What happens to a call whose params have the form of an attack: `block` refuses it, `monitor` notes it, `off` looks at
   * nothing but what is handed to `analyze_request`. @default 'monitor'
   */
  readonly enforcement?: 'block' | 'monitor' | 'off';
  /** Params by what they are for, as `orchestrator.operation.field` or `field`: `text` where nothing is said. */
  readonly fieldKinds?: Readonly<Record<string, FieldKind>>;
  /** Orchestrators whose calls are not looked at. @default none */
  readonly except?: readonly string[];
  /**
   * Codes (`details.code`) of failed calls that say that their maker did what he may not. The category alone does not say so: a
   * server that refuses this program's own key fails in the same one.
   * @default SCOPE_MISSING, HTTP_ADDRESS_FORBIDDEN, SOURCE_BLOCKED_ADDRESS
   */
  readonly violationCodes?: readonly string[];
  /** Which scopes callers of operations of `security` need. @default none */
  readonly requiredScopes?: RequiredScopes;
  /** How long a threat counts. @default 86_400_000 (a day) */
  readonly threatTtlMs?: number;
  /** Threats remembered. @default 1_000 */
  readonly maxThreats?: number;
  /** Injections of a source within a minute after which it is blocked. @default 5 */
  readonly blockAfterInjections?: number;
  /** For the hashes of the audit trail: with it nobody can write a trail anew who has not got it. */
  readonly auditKey?: string;
  /** Files of a scan. @default 20_000 */
  readonly maxScanFiles?: number;
}

export interface SecuritySettings extends SourceLimits {
  readonly enforcement: 'block' | 'monitor' | 'off';
  readonly fieldKinds: ReadonlyMap<string, FieldKind>;
  readonly except: readonly string[];
  readonly violationCodes: ReadonlySet<string>;
  readonly requiredScopes: RequiredScopes;
  readonly threatTtlMs: number;
  readonly maxThreats: number;
  readonly blockAfterInjections: number;
  readonly auditKey: string | undefined;
  readonly maxScanFiles: number;
}

const VIOLATIONS: readonly string[] = ['SCOPE_MISSING', 'HTTP_ADDRESS_FORBIDDEN', 'SOURCE_BLOCKED_ADDRESS'];

/** @throws SecurityError `SECURITY_OPTION_INVALID` naming the option */
export function securitySettings(options: SecurityOptions): SecuritySettings {
  const { enforcement = 'monitor', fieldKinds = {}, except = [], auditKey } = options;
  if (!['block', 'monitor', 'off'].includes(enforcement)) {
    throw invalid('enforcement', enforcement, 'block, monitor or off');
  }
  if (auditKey !== undefined && (typeof auditKey !== 'string' || auditKey.length < 16)) {
    throw invalid('auditKey', 'shorter', 'a text of 16 characters or more');
  }
  for (const [field, kind] of Object.entries(fieldKinds)) {
    if (!FIELD_KINDS.includes(kind)) throw invalid(`fieldKinds["${field}"]`, kind, FIELD_KINDS.join(', '));
  }
  const { violationCodes = VIOLATIONS } = options;
  if (!Array.isArray(violationCodes) || violationCodes.some((code: unknown) => typeof code !== 'string')) {
    throw invalid('violationCodes', violationCodes, 'a list of codes');
  }
  const whole = (name: keyof SecurityOptions, otherwise: number, low: number, high: number): number => {
    const value = (options[name] as number | undefined) ?? otherwise;
    if (Number.isSafeInteger(value) && value >= low && value <= high) return value;
    throw invalid(name, value, `a whole number from ${low} to ${high}`);
  };
  return {
    enforcement,
    fieldKinds: new Map(Object.entries(fieldKinds)),
    except: ['security', ...except],
    auditKey,
    violationCodes: new Set(violationCodes),
    requiredScopes: readRequiredScopes(options.requiredScopes, (problem) => {
      throw new SecurityError('SECURITY_OPTION_INVALID', `SECURITY_OPTIONS: ${problem}`);
    }),
    requestsPerMinute: whole('requestsPerMinute', 100, 1, 10_000),
    authFailuresPerMinute: whole('authFailuresPerMinute', 10, 1, 10_000),
    maxRequestBytes: whole('maxRequestBytes', 10 * 1024 * 1024, 1, 1024 ** 3),
    blockMs: whole('blockMs', 15 * 60_000, 1_000, 30 * 86_400_000),
    maxSources: whole('maxSources', 10_000, 1, 1_000_000),
    threatTtlMs: whole('threatTtlMs', 86_400_000, 1_000, 365 * 86_400_000),
    maxThreats: whole('maxThreats', 1_000, 1, 100_000),
    blockAfterInjections: whole('blockAfterInjections', 5, 1, 1_000),
    maxScanFiles: whole('maxScanFiles', 20_000, 1, 1_000_000),
  };
}

function invalid(name: string, value: unknown, wanted: string): SecurityError {
  return new SecurityError(
    'SECURITY_OPTION_INVALID',
    `${name} is ${String(value)}, it must be ${wanted}. Correct it in SECURITY_OPTIONS.`,
  );
}
