import {
  ArrayMaxSize,
  ArrayMinSize,
  IsArray,
  IsBoolean,
  IsInt,
  IsNumber,
  IsObject,
  IsOptional,
  IsString,
  Length,
  Matches,
  Max,
  Min,
} from 'class-validator';

/** Params of `register_agent`. */
export class RegisterAgentDefinitionParams {
  /** An {@link AgentDefinition}; backstory, instructions, tools, parameters and examples may be left out. */
  @IsObject()
  definition!: object;
}

/** Params of operations about one agent. */
export class AgentParams {
  @IsString()
  @Matches(/^[a-z][a-z0-9_]{0,63}$/)
  agent!: string;
}

/** Params of `get_agent`. */
export class GetAgentParams extends AgentParams {
  /** @default the one in use */
  @IsOptional()
  @IsInt()
  @Min(1)
  version?: number;
}

/** Params of `add_examples`. */
export class AddExamplesParams extends AgentParams {
  /** {@link TrainingExample}s, 1 to 500. */
  @IsArray()
  @ArrayMinSize(1)
  @ArrayMaxSize(500)
  examples!: unknown[];
}

/** Params of `enhance_all_agents` and `run_complete_enhancement`. */
export class EnhanceAllParams {
  /** Determines what is generated. @default 'kapelle' */
  @IsOptional()
  @IsString()
  @Length(1, 100)
  seed?: string;
}

/** Params of `enhance_agent`. */
export class EnhanceAgentParams extends AgentParams {
  /** What to try, in order, each as `{ change, patch }`. @default the examples given, then generated ones */
  @IsOptional()
  @IsArray()
  @ArrayMaxSize(50)
  changes?: unknown[];

  /** Determines what is generated. @default 'kapelle' */
  @IsOptional()
  @IsString()
  @Length(1, 100)
  seed?: string;
}

/** Params of `revert_agent`. */
export class RevertAgentParams extends AgentParams {
  /** The version whose definition is to be in use again. */
  @IsInt()
  @Min(1)
  version!: number;

  /** @default 'asked for' */
  @IsOptional()
  @IsString()
  @Length(1, 500)
  reason?: string;
}

/** Params of `record_interaction`. */
export class RecordInteractionParams extends AgentParams {
  /** How good the answer was, 0 to 1. */
  @IsNumber()
  @Min(0)
  @Max(1)
  quality!: number;

  /** Milliseconds, 0 or more. */
  @IsNumber()
  @Min(0)
  @Max(86_400_000)
  responseTimeMs!: number;

  /** @default 0 */
  @IsOptional()
  @IsInt()
  @Min(0)
  @Max(1_000)
  toolsUsed?: number;

  /** @default false */
  @IsOptional()
  @IsBoolean()
  failed?: boolean;

  /** The version that was used. @default the one in use */
  @IsOptional()
  @IsInt()
  @Min(1)
  version?: number;
}
