/**
 * The names of the attributes that spans of this package carry: OpenTelemetry's where its semantic conventions have
 * one, else under `kapelle.`.
 */
export const SpanAttribute = {
  /** Name of the orchestrator. */
  ORCHESTRATOR: 'kapelle.orchestrator',
  /** Name of the operation. */
  OPERATION: 'kapelle.operation',
  /** `domain`, `application` or `infrastructure`. */
  LAYER: 'kapelle.layer',
  /** The orchestrator's type. */
  TYPE: 'kapelle.type',
  /** `Class.method`, as the semantic conventions for source code say. */
  FUNCTION: 'code.function.name',
  TENANT: 'kapelle.tenant.id',
  REQUEST: 'kapelle.request.id',
  /** Of the run, where somebody gave or asked for one. */
  RUN: 'kapelle.run.id',
  /** Where in the chain of calls, 0 first. */
  DEPTH: 'kapelle.depth',
  /** `ok`, `skipped`, `uncertain` or `failed`. */
  STATUS: 'kapelle.status',
  /** The error category of a failed result. */
  ERROR_TYPE: 'error.type',
  /** Whether another attempt may help. */
  RETRYABLE: 'kapelle.error.retryable',
  /** Why a result was skipped. */
  REASON: 'kapelle.reason',
  STEP: 'kapelle.step.name',
  /** Of a step, counted from 1. */
  ATTEMPT: 'kapelle.step.attempt',
  TASK: 'kapelle.task',
  MESSAGING_SYSTEM: 'messaging.system',
  MESSAGING_OPERATION: 'messaging.operation.type',
  MESSAGING_OPERATION_NAME: 'messaging.operation.name',
  /** Name of the queue. */
  QUEUE: 'messaging.destination.name',
  /** Items in the batch. */
  BATCH_SIZE: 'messaging.batch.message_count',
} as const;
export type SpanAttribute = (typeof SpanAttribute)[keyof typeof SpanAttribute];
