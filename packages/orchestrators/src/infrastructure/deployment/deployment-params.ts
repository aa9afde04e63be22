import {
  IsArray,
  IsBoolean,
  IsIn,
  IsInt,
  IsObject,
  IsOptional,
  IsString,
  Length,
  Matches,
  Max,
  Min,
} from 'class-validator';
import { DEPLOYMENT_STRATEGIES, type DeploymentStrategy } from './deployment-plan.js';

/** A DNS-1123 label, short enough to have something added. */
const LABEL = /^[a-z0-9](?:[a-z0-9-]{0,48}[a-z0-9])?$/;
const LABEL_WORDS = { message: '$property must be 1 to 50 of a-z, 0-9 and -, with - neither first nor last' };
/** What may be the value of a label, a tag of an image, and a part of a path. */
const VERSION = /^[A-Za-z0-9](?:[A-Za-z0-9._-]{0,61}[A-Za-z0-9])?$/;
const MAX_MS = 2_147_483_647;

/** Names a service of the caller's tenant. */
export class DeploymentServiceParams {
  @Matches(LABEL, LABEL_WORDS)
  service!: string;

  /** @default 'production' */
  @IsOptional()
  @Matches(LABEL, LABEL_WORDS)
  environment?: string;
}

/** Params of `deploy`. */
export class DeployParams extends DeploymentServiceParams {
  @Matches(VERSION, {
    message:
      'version must be 1 to 63 letters, digits, ".", "_" and "-", the first and last a letter or digit',
  })
  version!: string;

  /** Where the driver finds it, such as an image; derived from service and version by default. No secrets. */
  @IsOptional()
  @IsString()
  @Length(1, 500)
  artifact?: string;

  /** Name of the driver; the one that deployed the service before, else the first, by default. */
  @IsOptional()
  @IsString()
  @Length(1, 100)
  driver?: string;

  @IsOptional()
  @IsIn(DEPLOYMENT_STRATEGIES)
  strategy?: DeploymentStrategy;

  @IsOptional()
  @IsInt()
  @Min(1)
  @Max(1_000)
  replicas?: number;

  @IsOptional()
  @IsInt()
  @Min(0)
  @Max(1_000)
  maxSurge?: number;

  @IsOptional()
  @IsInt()
  @Min(0)
  @Max(1_000)
  maxUnavailable?: number;

  /** Percent of the traffic in each step of a canary. */
  @IsOptional()
  @IsArray()
  canaryShares?: number[];

  /** How long each step of traffic is watched at least. */
  @IsOptional()
  @IsInt()
  @Min(0)
  @Max(MAX_MS)
  soakMs?: number;

  /** For the whole deployment, without its rollback. */
  @IsOptional()
  @IsInt()
  @Min(1)
  @Max(MAX_MS)
  timeoutMs?: number;

  /** Milliseconds by phase. */
  @IsOptional()
  @IsObject()
  phaseTimeoutsMs?: Record<string, number>;

  @IsOptional()
  @IsBoolean()
  rollbackOnFailure?: boolean;

  /** As `DeploymentGateInit`; none at all with an empty list. */
  @IsOptional()
  @IsArray()
  gates?: object[];

  /** As `Partial<MeshPolicy>`. */
  @IsOptional()
  @IsObject()
  mesh?: Record<string, number>;
}

/** Params of `rollback`. */
export class RollbackParams extends DeploymentServiceParams {
  /** The version to return to; the one that was live before by default. */
  @IsOptional()
  @Matches(VERSION)
  version?: string;

  @IsOptional()
  @IsString()
  @Length(1, 500)
  reason?: string;
}

/** Params of `cancel`. */
export class CancelDeploymentParams extends DeploymentServiceParams {
  @IsOptional()
  @IsString()
  @Length(1, 500)
  reason?: string;
}

/** Params of `status`. */
export class DeploymentStatusParams {
  /** All services of the tenant where it is left out. */
  @IsOptional()
  @Matches(LABEL, LABEL_WORDS)
  service?: string;

  @IsOptional()
  @Matches(LABEL, LABEL_WORDS)
  environment?: string;
}

/** Params of `history`. */
export class DeploymentHistoryParams extends DeploymentServiceParams {
  /** How many at most. @default 20 */
  @IsOptional()
  @IsInt()
  @Min(1)
  @Max(1_000)
  limit?: number;
}
