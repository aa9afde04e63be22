import {
  BaseOrchestrator,
  createOrchestrationHost,
  operation,
  type OperationContext,
  orchestrator,
} from '@kapelle/core';
import { Type } from 'class-transformer';
import { IsEmail, IsInt, IsOptional, Min, ValidateNested } from 'class-validator';

// #region dto
export class Address {
  @IsEmail()
  email!: string;
}

export class InviteParams {
  @ValidateNested()
  @Type(() => Address)
  to!: Address;

  @IsOptional()
  @IsInt()
  @Min(1)
  seats?: number;
}

@orchestrator('domain', 'business_logic')
export class InviteOrchestrator extends BaseOrchestrator {
  @operation()
  invite(_context: OperationContext, params: InviteParams) {
    return { invited: params.to.email, seats: params.seats ?? 1, isDto: params instanceof InviteParams };
  }
}
// #endregion

// #region named
/** The shape is an interface, which leaves nothing at run time: the class is named in the decorator. */
interface Invitation {
  readonly to: { readonly email: string };
}

@orchestrator('domain', 'business_logic')
export class NamedDtoOrchestrator extends BaseOrchestrator {
  @operation({ params: InviteParams })
  invite(_context: OperationContext, { to }: Invitation) {
    return { invited: to.email };
  }
}
// #endregion

@orchestrator('domain', 'business_logic')
export class UncheckedOrchestrator extends BaseOrchestrator {
  @operation()
  echo(_context: OperationContext, params: { text: string }) {
    return params;
  }
}

// #region strict
export const createStrictHost = () =>
  createOrchestrationHost({ orchestrators: [UncheckedOrchestrator], strictParams: true });
// #endregion
