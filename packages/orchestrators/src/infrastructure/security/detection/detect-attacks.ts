import type { AttackFinding, FieldKind, InspectedField } from './field.js';
import { MAX_INSPECTED, readingsOf } from './readings.js';
import { type Signature, SIGNATURES } from './signatures.js';

/** What fields of a strict kind hold, and nothing else. */
const FORMS: Readonly<Partial<Record<FieldKind, { readonly form: RegExp; readonly name: string }>>> = {
  identifier: { form: /^[\p{L}\p{N}_.:@-]{1,256}$/u, name: 'not_an_identifier' },
  number: { form: /^[+-]?\d{1,40}(?:\.\d{1,40})?(?:e[+-]?\d{1,3})?$/i, name: 'not_a_number' },
  email: { form: /^[^\s@<>"'();,:\\]{1,64}@[\p{L}\p{N}.-]{1,255}$/u, name: 'not_an_email' },
};

const BY_KIND = new Map<FieldKind, readonly Signature[]>();

/**
 * What of a field has the form of an attack; one finding per signature. An ordinary text gives none.
 *
 * @param limit characters that are looked at; of a longer value its beginning and its end
 */
export function detectAttacks(
  { name, kind = 'text', value }: InspectedField,
  limit = MAX_INSPECTED,
): readonly AttackFinding[] {
  const findings = new Map<string, AttackFinding>();
  const note = (family: AttackFinding['family'], signature: string, found: string): void => {
    if (findings.has(signature)) return;
    findings.set(signature, { field: name, kind, family, signature, excerpt: excerptOf(found) });
  };
  const form = FORMS[kind];
  if (form !== undefined && !form.form.test(value)) note('malformed', form.name, value);
  const signatures = signaturesFor(kind);
  for (const reading of readingsOf(value, limit)) {
    for (const { name: signature, family, pattern } of signatures) {
      const found = pattern.exec(reading);
      if (found !== null) note(family, signature, found[0]);
    }
  }
  return [...findings.values()];
}

function signaturesFor(kind: FieldKind): readonly Signature[] {
  let signatures = BY_KIND.get(kind);
  if (signatures === undefined) {
    signatures = SIGNATURES.filter(
      (each) => (each.in === undefined || each.in.includes(kind)) && each.notIn?.includes(kind) !== true,
    );
    BY_KIND.set(kind, signatures);
  }
  return signatures;
}

function excerptOf(found: string): string {
  return found.slice(0, 120).replace(/[\u0000-\u001f\u007f-\u009f\u2028\u2029]/g, ' ');
}
