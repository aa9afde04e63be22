export type InvalidDtoCode =
  | 'DTO_NOT_A_CLASS'
  | 'DTO_NOT_CONSTRUCTIBLE'
  | 'DTO_NOT_DECORATED'
  | 'DTO_ASYNC_CHECK'
  | 'DTO_FORBIDDEN_PROPERTY';

/** A class cannot serve as the DTO of an operation. Found when it is compiled, never during a call. */
export class InvalidDtoError extends TypeError {
  override readonly name = 'InvalidDtoError';
  readonly code: InvalidDtoCode;

  constructor(code: InvalidDtoCode, message: string, options?: ErrorOptions) {
    super(`${message} [${code}]`, options);
    this.code = code;
  }
}
