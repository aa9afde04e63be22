import { createRequire } from 'node:module';

import type { DtoClass } from './dto-metadata.js';

/** Finds the classes that the values of a nested property may be copied into. */
export interface NestedType {
  /** What can be told without a value; compiled along with the DTO. Not all need be decorated classes. */
  readonly known: readonly unknown[];
  /** The declared type for this value, whatever it is. `parent` is the DTO instance that gets the value. */
  resolve(value: object, parent: object): unknown;
}

type TypeFunction = (help: { newObject: object; object: object; property: string }) => unknown;

interface TypeMetadata {
  readonly typeFunction?: TypeFunction;
  readonly options?: {
    readonly discriminator?: {
      readonly property: string;
      readonly subTypes: readonly { readonly name: unknown; readonly value: unknown }[];
    };
  };
}

interface TransformerStorage {
  findTypeMetadata(target: unknown, property: string): TypeMetadata | undefined;
}

/**
 * The type of a nested property: class-transformer's `@Type` (its discriminator too) where there is one, else
 * the type that TypeScript emitted.
 */
export function nestedTypeOf(dto: DtoClass, property: string): NestedType {
  const metadata = transformerStorage()?.findTypeMetadata(dto, property);
  if (metadata?.typeFunction === undefined) {
    const emitted = emittedType(dto, property);
    return { known: [emitted], resolve: () => emitted };
  }
  const declared = typeFrom(metadata.typeFunction, property);
  const discriminator = metadata.options?.discriminator;
  if (discriminator === undefined) return { known: [declared.early], resolve: declared.resolve };
  const { property: marker, subTypes } = discriminator;
  return {
    known: [declared.early, ...subTypes.map((subType) => subType.value)],
    resolve(value, parent) {
      const name: unknown = Object.hasOwn(value, marker) ? Reflect.get(value, marker) : undefined;
      return subTypes.find((subType) => subType.name === name)?.value ?? declared.resolve(value, parent);
    },
  };
}

function typeFrom(typeFunction: TypeFunction, property: string) {
  const resolve = (value: object, parent: object): unknown =>
    typeFunction({ newObject: parent, object: value, property });
  let early: unknown;
  try {
    early = resolve({}, {});
  } catch {
    early = undefined; // it wants a real value, or its module is still being loaded: asked again for each value
  }
  const isConstant = typeFunction.length === 0 && early !== undefined;
  return { early, resolve: isConstant ? () => early : resolve };
}

/** TypeScript's `design:type`, there if the class was compiled with `emitDecoratorMetadata`. */
export function emittedType(dto: DtoClass, property: string): unknown {
  const { getMetadata }: { getMetadata?: (key: string, target: object, property: string) => unknown } =
    Reflect;
  return getMetadata?.('design:type', dto.prototype as object, property);
}

/** class-transformer is optional, so it is asked for here only, and only by DTOs that nest. */
function transformerStorage(): TransformerStorage | undefined {
  try {
    const loaded: unknown = createRequire(import.meta.url)('class-transformer/cjs/storage.js');
    return (loaded as { readonly defaultMetadataStorage?: TransformerStorage }).defaultMetadataStorage;
  } catch {
    return undefined;
  }
}
