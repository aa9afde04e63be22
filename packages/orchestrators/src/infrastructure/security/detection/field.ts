/** What a field is for: what is an attack in one is an ordinary text in another. */
export const FIELD_KINDS = [
  'text',
  'html',
  'url',
  'path',
  'identifier',
  'email',
  'number',
  'header',
  'command',
] as const;
export type FieldKind = (typeof FIELD_KINDS)[number];

/** A value that somebody has sent. */
export interface InspectedField {
  readonly name: string;
  /** @default 'text' */
  readonly kind?: FieldKind;
  readonly value: string;
}

/** The kinds of attack whose form is known. */
export const ATTACK_FAMILIES = [
  'sql_injection',
  'script_injection',
  'path_traversal',
  'command_injection',
  'xml_injection',
  'template_injection',
  'query_injection',
  'header_injection',
] as const;
export type AttackFamily = (typeof ATTACK_FAMILIES)[number];

/** Something in a field that has the form of an attack, or that the field may not hold. */
export interface AttackFinding {
  readonly field: string;
  readonly kind: FieldKind;
  /** `malformed`: not what the field is for. */
  readonly family: AttackFamily | 'malformed';
  /** The name of the signature. */
  readonly signature: string;
  /** What was found, 120 characters at most, without control characters. */
  readonly excerpt: string;
}
