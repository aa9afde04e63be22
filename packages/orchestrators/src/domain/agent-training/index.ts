export {
  type AgentDefinition,
  type AgentParameter,
  type AgentPatch,
  MAX_AGENT_EXAMPLES,
} from './agent-definition.js';
export type { AgentExperiment, AgentVersion, NamedPatch } from './agent-record.js';
export { AGENT_RUNNER, type AgentAnswer, type AgentRunner } from './agent-runner.js';
export type { Enhancement, GeneratedExamples } from './agent-trainer.js';
export { AgentTrainingOrchestrator } from './agent-training-orchestrator.js';
export { AGENT_TRAINING_OPTIONS, type AgentTrainingOptions } from './agent-training-options.js';
export {
  AddExamplesParams,
  AgentParams,
  EnhanceAgentParams,
  EnhanceAllParams,
  GetAgentParams,
  RecordInteractionParams,
  RegisterAgentDefinitionParams,
  RevertAgentParams,
} from './agent-training-params.js';
export type { ScoreComparison } from './compare-scores.js';
export { EXAMPLE_GENERATOR, type ExampleGenerator, type ExampleRequest } from './example-generation.js';
export type { ExampleFlaw } from './example-quality.js';
export type { AgentInteraction, AgentPerformance, AgentTargets } from './interactions.js';
export type { UseVerdict } from './judge-in-use.js';
export { NearestExampleRunner } from './nearest-example-runner.js';
export { ANSWER_SCORES, type AnswerScore } from './score-answer.js';
export { AgentTrainingError, type AgentTrainingErrorCode } from './training-error.js';
export type { ExampleComplexity, TrainingExample } from './training-example.js';
export type {
  AgentRegistered,
  AgentSummary,
  CompleteEnhancement,
  EnhancedAgents,
  ExamplesAdded,
} from './training-results.js';
