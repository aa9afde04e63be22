import {
  IsArray,
  IsBoolean,
  IsIn,
  IsInt,
  IsNumber,
  IsObject,
  IsOptional,
  IsString,
  Length,
  Max,
  Min,
  ArrayMaxSize,
  ArrayMinSize,
} from 'class-validator';
import { FEEDBACK_COMPONENTS, type FeedbackComponent, type FeedbackSignal } from './feedback-signal.js';
import { PROMPT_TARGETS, type PromptTarget } from './learning/learner.js';
import type { RetrievedChunk } from './read-signal.js';
import type { FeedbackTrajectory } from './read-trajectory.js';

/** Signals of one `submit_batch` at most. */
export const MAX_BATCH = 1_000;
/** Candidates of one `recommend` at most. */
export const MAX_CANDIDATES = 1_000;
const MOST = 1e12;

/** A signal as it is submitted: source, component type and component id have to be there. */
export type SubmittedSignal = Pick<FeedbackSignal, 'source' | 'componentType' | 'componentId'> &
  Partial<FeedbackSignal>;

/** Params of `submit_feedback`. */
export class SubmitFeedbackParams {
  @IsObject()
  signal!: SubmittedSignal;
}

/** Params of `submit_batch`. */
export class SubmitBatchParams {
  /** 1 to 1,000; if one of them is not valid, none is taken. */
  @IsArray()
  @ArrayMinSize(1)
  @ArrayMaxSize(MAX_BATCH)
  signals!: SubmittedSignal[];
}

/** Params of `submit_trajectory_feedback`. */
export class SubmitTrajectoryParams {
  @IsObject()
  trajectory!: FeedbackTrajectory;
}

/** Params of `submit_tool_feedback`. */
export class SubmitToolParams {
  @IsString()
  @Length(1, 200)
  toolId!: string;

  @IsBoolean()
  success!: boolean;

  /** @default 0 */
  @IsOptional()
  @IsNumber()
  @Min(0)
  @Max(MOST)
  latencyMs?: number;

  /** 0 to 1. @default 0.5 */
  @IsOptional()
  @IsNumber()
  @Min(0)
  @Max(1)
  qualityScore?: number;

  /** What was known when the tool was chosen. */
  @IsOptional()
  @IsObject()
  context?: Record<string, unknown>;

  @IsOptional()
  @IsString()
  @Length(1, 200)
  decisionId?: string;
}

/** Params of `submit_agent_feedback`. */
export class SubmitAgentParams {
  @IsString()
  @Length(1, 200)
  agentId!: string;

  @IsBoolean()
  success!: boolean;

  /** Seconds. */
  @IsOptional()
  @IsNumber()
  @Min(0)
  @Max(MOST)
  durationS?: number;

  /** 0 to 1; without it the reward is 1 or 0. */
  @IsOptional()
  @IsNumber()
  @Min(0)
  @Max(1)
  qualityScore?: number;

  /** What was known when the agent was chosen. */
  @IsOptional()
  @IsObject()
  context?: Record<string, unknown>;

  @IsOptional()
  @IsString()
  @Length(1, 200)
  decisionId?: string;
}

/** Params of `submit_rag_feedback`. */
export class SubmitRagParams {
  @IsString()
  @Length(1, 200)
  queryId!: string;

  /** 0 to 1. */
  @IsNumber()
  @Min(0)
  @Max(1)
  relevanceScore!: number;

  @IsOptional()
  @IsNumber()
  @Min(0)
  @Max(MOST)
  retrievalLatencyMs?: number;

  /** 0 makes the reward 0. */
  @IsInt()
  @Min(0)
  @Max(1_000_000)
  numResults!: number;

  /** Which memory was asked. @default 'rag' */
  @IsOptional()
  @IsString()
  @Length(1, 200)
  memoryId?: string;

  /** What was retrieved, 50 at most. */
  @IsOptional()
  @IsArray()
  chunks?: RetrievedChunk[];
}

/** Params of `recommend`. */
export class RecommendParams {
  @IsIn(FEEDBACK_COMPONENTS)
  componentType!: FeedbackComponent;

  /** What is known of the choice to be made. */
  @IsOptional()
  @IsObject()
  context?: Record<string, unknown>;

  /** What there is to choose from. @default all that signals were about */
  @IsOptional()
  @IsArray()
  @ArrayMinSize(1)
  @ArrayMaxSize(MAX_CANDIDATES)
  @IsString({ each: true })
  @Length(1, 200, { each: true })
  candidates?: string[];

  /** Of a prompt: what matters most. @default 'balanced' */
  @IsOptional()
  @IsIn(PROMPT_TARGETS)
  target?: PromptTarget;
}

/** Params of `get_health`. */
export class HealthParams {
  /** @default all */
  @IsOptional()
  @IsIn(FEEDBACK_COMPONENTS)
  componentType?: FeedbackComponent;

  /** Components that are listed, the worst first. @default 1_000 */
  @IsOptional()
  @IsInt()
  @Min(1)
  @Max(10_000)
  limit?: number;
}
