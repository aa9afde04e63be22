export { compileParams } from './compile-params.js';
export { describeParams } from './describe-params.js';
export { hasValidationMetadata, type DtoClass } from './dto-metadata.js';
export { InvalidDtoError, type InvalidDtoCode } from './invalid-dto-error.js';
export type { ParamsSchema, PropertySchema } from './params-schema.js';
export type { ParamsCheck, Violation } from './violation.js';
