import { registerDecorator, type ValidationArguments } from 'class-validator';

/** Checks a property with a function that says what is wrong, in words, or nothing. */
export function CheckedBy(
  name: string,
  problemOf: (value: unknown) => string | undefined,
): PropertyDecorator {
  return (prototype, property) => {
    registerDecorator({
      name,
      target: prototype.constructor,
      propertyName: property as string,
      validator: {
        validate: (value: unknown) => problemOf(value) === undefined,
        defaultMessage: (found?: ValidationArguments) =>
          problemOf(found?.value) ?? `${String(property)} is invalid`,
      },
    });
  };
}
