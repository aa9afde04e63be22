import {
  IsIn,
  IsNumber,
  IsObject,
  IsOptional,
  IsString,
  Length,
  Max,
  Min,
  registerDecorator,
} from 'class-validator';
import type { ServiceCall } from './service-guard.js';
import { STRATEGY_NAMES } from './strategy.js';

/** The value is something that can be called. */
function IsFunction(): PropertyDecorator {
  return (prototype, property) => {
    registerDecorator({
      name: 'isFunction',
      target: prototype.constructor,
      propertyName: property as string,
      validator: {
        validate: (value: unknown) => typeof value === 'function',
        defaultMessage: () => '$property must be a function',
      },
    });
  };
}

/** Each value of the object can be called; there is one at least. */
function HoldsFunctions(): PropertyDecorator {
  return (prototype, property) => {
    registerDecorator({
      name: 'holdsFunctions',
      target: prototype.constructor,
      propertyName: property as string,
      validator: {
        validate: (value: unknown) => {
          const held = typeof value === 'object' && value !== null ? Object.values(value) : [];
          return held.length > 0 && held.length <= 100 && held.every((each) => typeof each === 'function');
        },
        defaultMessage: () => '$property must hold 1 to 100 functions by name',
      },
    });
  };
}

/** Params of `execute`. */
export class ExecuteParams {
  /** Whose health, breaker and weights it is about; 1 to 200 characters. */
  @IsString()
  @Length(1, 200)
  serviceName!: string;

  /** Calls the service. */
  @IsFunction()
  primaryFunc!: ServiceCall;

  /** Answers where the strategy has failed, whichever it is. Gets the failure. */
  @IsOptional()
  @IsFunction()
  fallbackFunc?: (...args: never[]) => unknown;

  /** @default 'fail_fast' */
  @IsOptional()
  @IsIn(STRATEGY_NAMES)
  strategy?: string;

  /** The targets that `adaptive_routing` chooses from, by name, 1 to 100. @default the primary alone */
  @IsOptional()
  @IsObject()
  @HoldsFunctions()
  targets?: Record<string, ServiceCall>;

  /** How long one call of the service may take, in ms, 1 to 2,147,483,647. @default callTimeoutMs of the options */
  @IsOptional()
  @IsNumber()
  @Min(1)
  @Max(2_147_483_647)
  timeoutMs?: number;
}

/** Params of operations about one service. */
export class ServiceParams {
  @IsString()
  @Length(1, 200)
  serviceName!: string;
}
