import type { SubmitAgentParams, SubmitRagParams, SubmitToolParams } from './feedback-params.js';
import { AGENT_CONFIDENCE, agentReward, ragReward, TOOL_CONFIDENCE, toolCallReward } from './rewards.js';

/** A signal that is still to be read. */
export type RawSignal = Readonly<Record<string, unknown>>;

/** The signal that one tool call comes to. */
export function toolSignal(params: SubmitToolParams): RawSignal {
  const { toolId, success, latencyMs, qualityScore = 0.5, decisionId, context } = params;
  return {
    source: 'tool_execution',
    componentType: 'tool',
    componentId: toolId,
    reward: toolCallReward(success, qualityScore, latencyMs),
    confidence: TOOL_CONFIDENCE,
    context: { ...context, success, latencyMs, qualityScore },
    decisionId,
  };
}

/** The signal that one task of an agent comes to. */
export function agentSignal(params: SubmitAgentParams): RawSignal {
  const { agentId, success, durationS, qualityScore, decisionId, context } = params;
  return {
    source: 'agent_task',
    componentType: 'agent',
    componentId: agentId,
    reward: agentReward(success, qualityScore),
    confidence: AGENT_CONFIDENCE,
    context: { ...context, success, durationS, qualityScore },
    decisionId,
  };
}

/** The signal that one retrieval comes to. */
export function ragSignal(params: SubmitRagParams): RawSignal {
  const { queryId, relevanceScore, retrievalLatencyMs, numResults, memoryId = 'rag', chunks } = params;
  return {
    source: 'rag_retrieval',
    componentType: 'memory',
    componentId: memoryId,
    reward: ragReward(relevanceScore, numResults),
    context: { queryId, relevanceScore, latencyMs: retrievalLatencyMs, numResults, chunks },
  };
}
