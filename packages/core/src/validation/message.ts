import type { ValidationArguments } from 'class-validator';

/**
 * The text of a violation, with `$constraint1`…, `$value`, `$property` and `$target` replaced in the order and in
 * the way of class-validator. Empty if there is no message or making it failed: message functions are the user's
 * code and get hostile values.
 */
export function messageText(
  message: string | ((args: ValidationArguments) => unknown) | undefined,
  args: ValidationArguments,
): string {
  try {
    const text: unknown = typeof message === 'function' ? message(args) : message;
    return typeof text === 'string' ? replaceTokens(text, args) : '';
  } catch {
    return '';
  }
}

function replaceTokens(message: string, args: ValidationArguments): string {
  let text = message;
  const constraints: unknown = args.constraints;
  if (Array.isArray(constraints)) {
    constraints.forEach((constraint: unknown, index) => {
      text = text.replace(new RegExp(`\\$constraint${index + 1}`, 'g'), constraintText(constraint));
    });
  }
  const value: unknown = args.value;
  if (typeof value === 'string' || typeof value === 'boolean' || typeof value === 'number') {
    text = text.replace(/\$value/g, String(value));
  }
  return text.replace(/\$property/g, args.property).replace(/\$target/g, args.targetName);
}

function constraintText(constraint: unknown): string {
  if (Array.isArray(constraint)) return constraint.join(', ');
  return String(typeof constraint === 'symbol' ? constraint.description : constraint);
}
