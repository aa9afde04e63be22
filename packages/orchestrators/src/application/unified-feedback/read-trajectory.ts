import type { FeedbackContext, FeedbackSignal } from './feedback-signal.js';
import { AMOUNT, type FieldReader, SHARE } from './field-reader.js';
import { optionalContext, type SignalDefaults } from './read-signal.js';
import {
  AGENT_CONFIDENCE,
  agentReward,
  MODEL_CONFIDENCE,
  modelReward,
  PROMPT_CONFIDENCE,
  promptReward,
  TOOL_CONFIDENCE,
  toolReward,
  trajectoryReward,
} from './rewards.js';

/** Tools of one trajectory at most. */
export const MAX_TOOLS = 100;

/** How a tool did within a trajectory. */
export interface TrajectoryTool {
  readonly toolId: string;
  /** How often it was called and how often that went well; the reward is the share. */
  readonly calls?: number;
  readonly successes?: number;
  /** Where calls are not counted. @default true */
  readonly success?: boolean;
  /** Where calls are not counted, 0 to 1. @default 0.5 */
  readonly relevance?: number;
}

/** What was done for one request, from its model to its tools, and how well it went. */
export interface FeedbackTrajectory {
  readonly trajectoryId?: string;
  /** @default true */
  readonly success?: boolean;
  readonly modelId?: string;
  readonly agentId?: string;
  /** @default success */
  readonly agentSuccess?: boolean;
  readonly promptId?: string;
  /** What the prompt was for, see PROMPT_KINDS. */
  readonly promptKind?: string;
  readonly tools?: readonly TrajectoryTool[];
  /** 0 to 1; the model's reward where it is there. */
  readonly overallScore?: number;
  /** 0 to 1; what the prompt's reward is made of. @default overallScore, else 1 or 0 for success */
  readonly quality?: number;
  readonly accuracy?: number;
  readonly efficiency?: number;
  readonly errorHandling?: number;
  readonly latencyMs?: number;
  readonly costUsd?: number;
  /** What was known when the choices were made. */
  readonly context?: FeedbackContext;
  /** Of the choice of the model. */
  readonly decisionId?: string;
}

type Part = Pick<FeedbackSignal, 'componentType' | 'componentId' | 'reward' | 'confidence'> & {
  readonly extra?: FeedbackContext;
  readonly decisionId?: string | undefined;
};

/**
 * The signals that a trajectory comes to: one for its model, each tool, its agent and its prompt, as far as they are
 * named. `undefined` where something is wrong with it, which the reader knows.
 *
 * @throws FeedbackError `FEEDBACK_CONTEXT_INVALID`
 */
export function readTrajectory(
  reader: FieldReader,
  given: Readonly<Record<string, unknown>>,
  defaults: SignalDefaults,
): readonly FeedbackSignal[] | undefined {
  const text = (name: string): string | undefined => reader.optionalText(given[name], name);
  const share = (name: string): number | undefined => reader.optionalNumber(given[name], name, SHARE);
  const amount = (name: string): number | undefined => reader.optionalNumber(given[name], name, AMOUNT);
  const flag = (name: string): boolean | undefined => reader.optionalBoolean(given[name], name);

  const success = flag('success') ?? true;
  const overall = share('overallScore');
  const latencyMs = amount('latencyMs');
  const costUsd = amount('costUsd');
  const quality = share('quality') ?? overall ?? Number(success);
  const accuracy = share('accuracy');
  const efficiency = share('efficiency');
  const errorHandling = share('errorHandling');
  const trajectoryId = text('trajectoryId');
  const [modelId, agentId, promptId, decisionId] = [
    text('modelId'),
    text('agentId'),
    text('promptId'),
    text('decisionId'),
  ];
  const agentSuccess = flag('agentSuccess') ?? success;
  const promptKind = text('promptKind');
  const context = optionalContext(reader, given['context'], 'context');
  const parts: Part[] = [];
  if (modelId !== undefined) {
    const base = overall ?? modelReward({ success, latencyMs, costUsd });
    const reward = trajectoryReward(base, { accuracy, efficiency, errorHandling });
    parts.push({
      componentType: 'model',
      componentId: modelId,
      reward,
      confidence: MODEL_CONFIDENCE,
      decisionId,
    });
  }
  parts.push(...readTools(reader, given['tools']));
  reader.of = 'trajectory';
  if (agentId !== undefined) {
    const reward = agentReward(agentSuccess);
    parts.push({ componentType: 'agent', componentId: agentId, reward, confidence: AGENT_CONFIDENCE });
  }
  if (promptId !== undefined) {
    parts.push({
      componentType: 'prompt',
      componentId: promptId,
      reward: promptReward(quality, latencyMs),
      confidence: PROMPT_CONFIDENCE,
      extra: { quality, ...(promptKind === undefined ? {} : { kind: promptKind }), ...optional({ costUsd }) },
    });
  }
  if (reader.hasFailed) return undefined;
  const common = { ...context, ...optional({ latencyMs }) };
  return parts.map(({ extra, decisionId: decision, ...part }) => ({
    ...part,
    signalId: defaults.nextId(),
    source: 'trajectory',
    context: extra === undefined ? common : { ...common, ...extra },
    metadata: optional({ trajectoryId }),
    timestamp: defaults.now(),
    ...(decision === undefined ? {} : { decisionId: decision }),
  }));
}

function readTools(reader: FieldReader, given: unknown): Part[] {
  return reader.list(given, 'tools', MAX_TOOLS).flatMap((each, index) => {
    reader.of = `trajectory.tools[${index}]`;
    const tool = reader.object(each, '');
    const componentId = tool === undefined ? undefined : reader.text(tool['toolId'], 'toolId');
    if (tool === undefined || componentId === undefined) return [];
    const calls = reader.optionalNumber(tool['calls'], 'calls', { min: 1, max: 1e9 });
    const successes = reader.optionalNumber(tool['successes'], 'successes', {
      min: 0,
      max: calls ?? 1e9,
    });
    const success = reader.optionalBoolean(tool['success'], 'success') ?? true;
    const relevance = reader.optionalNumber(tool['relevance'], 'relevance', SHARE);
    const rate = calls === undefined || successes === undefined ? undefined : successes / calls;
    const reward = rate ?? toolReward(success, relevance);
    return [
      {
        componentType: 'tool' as const,
        componentId,
        reward,
        confidence: TOOL_CONFIDENCE,
        extra: rate === undefined ? { success } : {},
      },
    ];
  });
}

/** Without what is not there. */
function optional(fields: Readonly<Record<string, unknown>>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined));
}
