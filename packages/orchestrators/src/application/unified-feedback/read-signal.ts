import { boundedContext, NO_CONTEXT } from './bounded-context.js';
import { FeedbackError } from './feedback-error.js';
import {
  DEFAULT_CONFIDENCE,
  DEFAULT_REWARD,
  FEEDBACK_COMPONENTS,
  FEEDBACK_SOURCES,
  type FeedbackContext,
  type FeedbackSignal,
} from './feedback-signal.js';
import { AMOUNT, type FieldReader, SHARE } from './field-reader.js';
import { MAX_CHUNKS } from './learning/rag-quality.js';

/** What a signal gets that does not say. */
export interface SignalDefaults {
  /** Epoch milliseconds. */
  now(): number;
  nextId(): string;
}

const MAX_SIGNAL_ID = 100;
const TIMESTAMP = { min: 0, max: 8.64e15 };

interface SignalFields {
  readonly source?: unknown;
  readonly componentType?: unknown;
  readonly componentId?: unknown;
  readonly reward?: unknown;
  readonly confidence?: unknown;
  readonly signalId?: unknown;
  readonly timestamp?: unknown;
  readonly decisionId?: unknown;
  readonly context?: unknown;
  readonly metadata?: unknown;
}

/**
 * A signal that somebody submitted, copied; `undefined` where something is wrong with it, which the reader knows.
 *
 * @throws FeedbackError `FEEDBACK_CONTEXT_INVALID`
 */
export function readSignal(
  reader: FieldReader,
  given: unknown,
  defaults: SignalDefaults,
): FeedbackSignal | undefined {
  const object: SignalFields | undefined = reader.object(given, '');
  if (object === undefined) return undefined;
  try {
    return readFields(reader, object, defaults);
  } catch (thrown) {
    if (thrown instanceof FeedbackError) throw thrown;
    throw new FeedbackError(
      'FEEDBACK_CONTEXT_INVALID',
      `${reader.of} could not be read: one of its properties threw an error. Pass plain data.`,
      { details: { property: reader.of }, cause: thrown },
    );
  }
}

function readFields(
  reader: FieldReader,
  object: SignalFields,
  defaults: SignalDefaults,
): FeedbackSignal | undefined {
  // Each is read once: a getter cannot show the check something else than what is kept.
  const { source, componentType, componentId, reward, confidence, signalId, timestamp, decisionId } = object;
  const failures = reader.violations.length;
  const from = reader.oneOf(source, 'source', FEEDBACK_SOURCES);
  const type = reader.oneOf(componentType, 'componentType', FEEDBACK_COMPONENTS);
  const id = reader.text(componentId, 'componentId');
  const worth = reader.optionalNumber(reward, 'reward', SHARE) ?? DEFAULT_REWARD;
  const sure = reader.optionalNumber(confidence, 'confidence', SHARE) ?? DEFAULT_CONFIDENCE;
  const ownId = reader.optionalText(signalId, 'signalId', MAX_SIGNAL_ID);
  const at = reader.optionalNumber(timestamp, 'timestamp', TIMESTAMP) ?? defaults.now();
  const decision = reader.optionalText(decisionId, 'decisionId');
  const context = optionalContext(reader, object.context, 'context');
  const metadata = optionalContext(reader, object.metadata, 'metadata');
  if (type === 'memory' && context['chunks'] !== undefined) checkChunks(reader, context['chunks']);
  if (from === undefined || type === undefined || id === undefined || reader.violations.length > failures) {
    return undefined;
  }
  const signal = {
    signalId: ownId ?? defaults.nextId(),
    source: from,
    componentType: type,
    componentId: id,
    reward: worth,
    confidence: sure,
    context,
    metadata,
    timestamp: at,
  };
  return decision === undefined ? signal : { ...signal, decisionId: decision };
}

/** A chunk that a retrieval gave, `chunks` of the context of a memory signal. */
export interface RetrievedChunk {
  readonly chunkId: string;
  /** 0 to 1. */
  readonly relevance: number;
  /** From 0. @default the index in the list */
  readonly position?: number;
}

function checkChunks(reader: FieldReader, given: unknown): void {
  const { of } = reader;
  const chunks = reader.list(given, 'context.chunks', MAX_CHUNKS);
  for (const [index, each] of chunks.entries()) {
    reader.of = `${of}.context.chunks[${index}]`;
    const chunk = reader.object(each, '');
    if (chunk === undefined) continue;
    reader.text(chunk['chunkId'], 'chunkId');
    reader.number(chunk['relevance'], 'relevance', SHARE);
    reader.optionalNumber(chunk['position'], 'position', AMOUNT);
  }
  reader.of = of;
}

/** @throws FeedbackError `FEEDBACK_CONTEXT_INVALID` */
export function optionalContext(reader: FieldReader, given: unknown, name: string): FeedbackContext {
  if (given === undefined || given === null) return NO_CONTEXT;
  const object = reader.object(given, name);
  return object === undefined ? NO_CONTEXT : boundedContext(object, () => reader.path(name));
}
