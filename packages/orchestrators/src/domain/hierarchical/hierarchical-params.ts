import {
  ArrayMaxSize,
  IsArray,
  IsBoolean,
  IsIn,
  IsInt,
  IsOptional,
  IsString,
  Length,
  Matches,
  Max,
  Min,
} from 'class-validator';
import {
  AGENT_ROLES,
  type AgentCall,
  type AgentExecutor,
  type AgentRole,
  type SupervisorFunction,
} from './agent.js';
import { CheckedBy } from './checked-by.js';
import {
  jsonWithin,
  MAX_INPUT_LENGTH,
  type ObjectiveInput,
  objectivesProblem,
  type SessionBudget,
} from './objective.js';
import { RECOVERY_STRATEGIES, type RecoveryStrategy } from './recovery.js';

const isFunction = (value: unknown): string | undefined =>
  typeof value === 'function' ? undefined : 'it must be a function';

const isJson = (value: unknown): string | undefined =>
  jsonWithin(value, MAX_INPUT_LENGTH) === undefined
    ? `it must be JSON-like and have at most ${MAX_INPUT_LENGTH} characters as JSON`
    : undefined;

/** What is wrong with a budget; neither part need be there. */
function budgetProblem(value: unknown): string | undefined {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return 'budget must be an object';
  const { cost, timeMs } = value as Record<string, unknown>;
  const isAmount = (amount: unknown): boolean =>
    amount === undefined || (typeof amount === 'number' && Number.isFinite(amount) && amount >= 0);
  if (!isAmount(cost)) return 'budget.cost must be a number of 0 or more';
  return isAmount(timeMs) ? undefined : 'budget.timeMs must be a number of 0 or more';
}

function callProblem(value: unknown): string | undefined {
  const { orchestrator, operation } = (value ?? {}) as Record<string, unknown>;
  if (typeof orchestrator !== 'string' || orchestrator === '') return 'calls.orchestrator must be a name';
  return operation === undefined || (typeof operation === 'string' && operation !== '')
    ? undefined
    : 'calls.operation must be a name';
}

/** Params of `create_orchestration_session`. */
export class CreateSessionParams {
  /** 1 to 200 characters. */
  @IsString()
  @Length(1, 200)
  name!: string;

  /** 1 to 500. */
  @CheckedBy('objectives', objectivesProblem)
  objectives!: readonly ObjectiveInput[];

  /** What it is about; each executor gets it. JSON-like. */
  @IsOptional()
  @CheckedBy('json', isJson)
  missionContext?: unknown;

  @IsOptional()
  @IsString()
  @Length(1, 200)
  workspace?: string;

  @IsOptional()
  @CheckedBy('budget', budgetProblem)
  budget?: SessionBudget;
}

/** Params of operations about one session. */
export class SessionParams {
  /** As `create_orchestration_session` gave it. */
  @IsString()
  @Length(1, 200)
  sessionId!: string;
}

/** Params of `cancel_orchestration_session`. */
export class CancelSessionParams extends SessionParams {
  /** Kept with the session. */
  @IsOptional()
  @IsString()
  @Length(1, 1_000)
  reason?: string;
}

/** Params of `handle_failure_recovery`. */
export class RecoverSessionParams extends SessionParams {
  /** @default what fits the failures that are recorded */
  @IsOptional()
  @IsIn(RECOVERY_STRATEGIES)
  strategy?: RecoveryStrategy;

  /** Whether the session is executed afterwards. @default true */
  @IsOptional()
  @IsBoolean()
  execute?: boolean;
}

/** Params of `register_agent`: an `AgentRegistration`. */
export class RegisterAgentParams {
  @Matches(/^[A-Za-z0-9][A-Za-z0-9_.:-]{0,99}$/)
  agentId!: string;

  /** @default 'specialist_agent' */
  @IsOptional()
  @IsIn(AGENT_ROLES)
  role?: AgentRole;

  /** Up to 100. @default [] */
  @IsOptional()
  @IsArray()
  @ArrayMaxSize(100)
  @IsString({ each: true })
  @Length(1, 100, { each: true })
  capabilities?: string[];

  /** @default 10 */
  @IsOptional()
  @IsInt()
  @Min(1)
  @Max(1_000)
  capacity?: number;

  @IsOptional()
  @IsString()
  @Length(1, 100)
  reportsTo?: string;

  /** @default false */
  @IsOptional()
  @IsBoolean()
  heartbeats?: boolean;

  @IsOptional()
  @CheckedBy('function', isFunction)
  execute?: AgentExecutor;

  @IsOptional()
  @CheckedBy('call', callProblem)
  calls?: AgentCall;

  @IsOptional()
  @CheckedBy('function', isFunction)
  decide?: SupervisorFunction;
}

/** Params of `record_heartbeat`. */
export class HeartbeatParams {
  @IsString()
  @Length(1, 100)
  agentId!: string;
}
