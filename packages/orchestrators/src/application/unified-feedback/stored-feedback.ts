import type { TrackRecord } from './component-track.js';
import { FeedbackError } from './feedback-error.js';
import { FEEDBACK_COMPONENTS, FEEDBACK_SOURCES } from './feedback-signal.js';
import { type FeedbackTotals, newTotals } from './feedback-totals.js';
import { AGENT_ROUTER, MODEL_ROUTER, type RouterRecord, TOOL_ROUTER } from './learning/component-router.js';
import { PROMPT_DIMENSIONS, type PromptRecord } from './learning/prompt-tester.js';
import type { RagRecord } from './learning/rag-quality.js';
import type { ShadowReport } from './learning/shadow-comparison.js';
import { BUDGET_PRESSURES, THRESHOLD_STEPS, type ThresholdRecord } from './learning/threshold-tuner.js';
import { RecordReader } from './record-reader.js';

/** Of every record; one of another version is not read. */
export const FORMAT_VERSION = 1;

/** What is put under one key, beside the version. */
export type StoredPart = Readonly<Record<string, unknown>>;

interface StoredType<L> {
  readonly components: Readonly<Record<string, TrackRecord>>;
  readonly learner: L;
}

/** What was stored of a tenant; a part that never was is left out. */
export interface StoredTenant {
  readonly model?: StoredType<RouterRecord>;
  readonly tool?: StoredType<RouterRecord>;
  readonly agent?: StoredType<RouterRecord>;
  readonly threshold?: StoredType<ThresholdRecord>;
  readonly prompt?: StoredType<PromptRecord>;
  readonly memory?: StoredType<RagRecord>;
  readonly totals?: { readonly totals: FeedbackTotals; readonly shadows: readonly ShadowReport[] };
}

/**
 * Takes records back that {@link StoredPart}s were written as. Keys that are none of ours are left alone.
 *
 * @throws FeedbackError `FEEDBACK_STATE_INVALID`
 */
export function readTenant(
  records: readonly { readonly key: string; readonly value: unknown }[],
): StoredTenant {
  const found: Record<string, unknown> = {};
  for (const { key, value } of records) {
    const read = Object.hasOwn(READERS, key) ? READERS[key] : undefined;
    if (read === undefined) continue;
    const record = new RecordReader(value, key);
    const version = record.at('formatVersion').value;
    if (version !== FORMAT_VERSION) {
      throw new FeedbackError(
        'FEEDBACK_STATE_INVALID',
        `The stored record "${key}" has format ${String(version)}, this version reads ${FORMAT_VERSION}. Run the version that wrote it, or delete the record to begin anew.`,
        { details: { key } },
      );
    }
    found[key] = read(record);
  }
  return found;
}

const READERS: Readonly<Record<string, (record: RecordReader) => unknown>> = {
  model: (record) => ({ components: tracks(record), learner: router(record, MODEL_ROUTER.dimensions) }),
  tool: (record) => ({ components: tracks(record), learner: router(record, TOOL_ROUTER.dimensions) }),
  agent: (record) => ({ components: tracks(record), learner: router(record, AGENT_ROUTER.dimensions) }),
  threshold: (record) => ({ components: tracks(record), learner: thresholds(record) }),
  prompt: (record) => ({ components: tracks(record), learner: prompts(record) }),
  memory: (record) => ({ components: tracks(record), learner: memory(record) }),
  totals: (record) => ({ totals: totals(record.at('totals')), shadows: shadows(record.at('shadows')) }),
};

function tracks(record: RecordReader): Record<string, TrackRecord> {
  return record.at('components').map((track) => ({
    state: track.at('state').oneOf(['enabled', 'disabled', 'probation'] as const),
    rewards: track.at('rewards').numbers({ most: 100, min: 0, max: 1 }),
    probes: track.at('probes').numbers({ most: 100, min: 0, max: 1 }),
    average: track.at('average').number(0, 1),
    samples: track.at('samples').number(0),
    disabledAt: track.at('disabledAt').number(0),
    probeAt: track.at('probeAt').number(0),
    rests: track.at('rests').number(0),
  }));
}

function linear(record: RecordReader, dimensions: number): { weights: number[]; updates: number } {
  return {
    weights: record.at('weights').numbers({ least: dimensions, most: dimensions }),
    updates: record.at('updates').number(0),
  };
}

function router(record: RecordReader, dimensions: number): RouterRecord {
  return {
    arms: record
      .at('learner')
      .at('arms')
      .map((arm) => ({
        model: linear(arm.at('model'), dimensions),
        successRate: arm.at('successRate').number(0, 1),
        outcomes: arm.at('outcomes').numbers({ most: 1_000, min: 0, max: 1 }),
      })),
  };
}

function thresholds(record: RecordReader): ThresholdRecord {
  return {
    thresholds: record
      .at('learner')
      .at('thresholds')
      .map((threshold) => {
        const level = (name: string): { average: number; samples: number }[] =>
          threshold
            .at('levels')
            .at(name)
            .list(THRESHOLD_STEPS, THRESHOLD_STEPS)
            .map((step) => ({
              average: step.at('average').number(0, 1),
              samples: step.at('samples').number(0),
            }));
        const [normal, elevated, critical] = BUDGET_PRESSURES.map(level);
        return {
          start: threshold.at('start').number(0),
          levels: { normal: normal ?? [], elevated: elevated ?? [], critical: critical ?? [] },
        };
      }),
  };
}

function prompts(record: RecordReader): PromptRecord {
  return {
    variants: record
      .at('learner')
      .at('variants')
      .map((variant) => ({
        kinds: variant.at('kinds').map((averages) => ({
          quality: averages.at('quality').number(0, 1),
          speed: averages.at('speed').number(0, 1),
          cost: averages.at('cost').number(0, 1),
          samples: averages.at('samples').number(0),
        })),
        model: linear(variant.at('model'), PROMPT_DIMENSIONS),
      })),
  };
}

function memory(record: RecordReader): RagRecord {
  const learner = record.at('learner');
  return {
    history: learner.at('history').numbers({ most: 5_000, min: 0, max: 1 }),
    chunks: learner
      .at('chunks')
      .list(0, 5_000)
      .map((chunk) => ({
        id: chunk.at('id').text(),
        uses: chunk.at('uses').number(1),
        relevance: chunk.at('relevance').number(0, 1),
        position: chunk.at('position').number(0, 1),
        lastUsedAt: chunk.at('lastUsedAt').number(0),
      })),
  };
}

function totals(record: RecordReader): FeedbackTotals {
  const read = newTotals();
  for (const [name, value] of Object.entries(read) as [keyof FeedbackTotals, unknown][]) {
    if (typeof value === 'number') Object.assign(read, { [name]: record.at(name).number(0) });
  }
  for (const source of FEEDBACK_SOURCES) read.bySource[source] = record.at('bySource').at(source).number(0);
  for (const type of FEEDBACK_COMPONENTS)
    read.byComponent[type] = record.at('byComponent').at(type).number(0);
  return read;
}

function shadows(record: RecordReader): ShadowReport[] {
  return record.list(0, 200).map((each) => ({
    componentType: each.at('componentType').oneOf(FEEDBACK_COMPONENTS),
    componentId: each.at('componentId').text(),
    samples: each.at('samples').number(1),
    average: each.at('average').number(0, 1),
  }));
}
