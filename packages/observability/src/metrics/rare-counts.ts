import type { OrchestrationFacade, Unsubscribe } from '@kapelle/core';

import type { Reading } from './reading.js';

/** Counts by labels. */
export class LabelledCounter {
  readonly #series = new Map<string, { readonly labels: Record<string, string>; value: number }>();
  readonly #max: number;
  readonly #onOverflow: () => void;

  constructor(max: number, onOverflow: () => void) {
    this.#max = max;
    this.#onOverflow = onOverflow;
  }

  add(labels: Record<string, string>, by = 1): void {
    const key = JSON.stringify(Object.values(labels));
    const known = this.#series.get(key);
    if (known !== undefined) {
      known.value += by;
      return;
    }
    if (this.#series.size < this.#max) {
      this.#series.set(key, { labels, value: by });
      return;
    }
    this.#onOverflow();
    const other = Object.fromEntries(Object.keys(labels).map((name) => [name, 'other']));
    const last = this.#series.get('other');
    if (last === undefined) this.#series.set('other', { labels: other, value: by });
    else last.value += by;
  }

  set(labels: Record<string, string>, value: number): void {
    this.add(labels, 0);
    const series = this.#series.get(JSON.stringify(Object.values(labels)));
    if (series !== undefined) series.value = value;
  }

  read(): readonly Reading[] {
    return [...this.#series.values()];
  }
}

/** What happens seldom, counted from events: refusals, background tasks, failed batches, the lifecycle. */
export class RareCounts {
  readonly refused: LabelledCounter;
  readonly stepRetries: LabelledCounter;
  readonly runs: LabelledCounter;
  readonly failures: LabelledCounter;
  readonly restarts: LabelledCounter;
  readonly failedItems: LabelledCounter;
  readonly batchRetries: LabelledCounter;
  readonly lifecycleFailures: LabelledCounter;
  readonly startDurations: LabelledCounter;
  overflowed = 0;
  readonly #subscriptions: Unsubscribe[] = [];

  constructor(facade: OrchestrationFacade, maxSeries: number) {
    const counter = (): LabelledCounter => new LabelledCounter(maxSeries, () => (this.overflowed += 1));
    this.refused = counter();
    this.stepRetries = counter();
    this.runs = counter();
    this.failures = counter();
    this.restarts = counter();
    this.failedItems = counter();
    this.batchRetries = counter();
    this.lifecycleFailures = counter();
    this.startDurations = counter();
    const { events } = facade;
    const known = new Set(Object.keys(facade.listOrchestrators()));
    this.#subscriptions.push(
      events.on('orchestrator.registered', ({ orchestrator }) => {
        known.add(orchestrator);
      }),
      events.on('orchestrator.unregistered', ({ orchestrator }) => {
        known.delete(orchestrator);
      }),
      events.on('call.refused', ({ orchestrator, result }) => {
        this.refused.add({
          // The name is the caller's, who may ask for anything.
          orchestrator: known.has(orchestrator) ? orchestrator : 'other',
          error_category: result.status === 'failed' ? result.errorCategory : '',
        });
      }),
      events.on('task.ended', ({ orchestrator, layer, task }) => {
        this.runs.add({ orchestrator, layer, task });
      }),
      events.on('task.failed', ({ orchestrator, layer, task, delayMs }) => {
        const labels = { orchestrator, layer, task };
        this.runs.add(labels);
        this.failures.add(labels);
        // Without a pause it was being stopped, and no run follows.
        this.restarts.add(labels, delayMs > 0 ? 1 : 0);
      }),
      events.on('task.gave_up', ({ orchestrator, layer, task }) => {
        this.runs.add({ orchestrator, layer, task });
        this.failures.add({ orchestrator, layer, task });
      }),
      events.on('queue.failed', ({ orchestrator, layer, queue, items }) => {
        this.failedItems.add({ orchestrator, layer, queue }, items);
      }),
      events.on('queue.retrying', ({ orchestrator, layer, queue }) => {
        this.batchRetries.add({ orchestrator, layer, queue });
      }),
      events.on('lifecycle.done', ({ orchestrator, layer, phase, durationMs }) => {
        if (phase === 'start') this.startDurations.set({ orchestrator, layer }, durationMs / 1_000);
      }),
      events.on('lifecycle.failed', ({ orchestrator, layer, phase, kind }) => {
        this.lifecycleFailures.add({ orchestrator, layer, phase, kind });
      }),
    );
  }

  close(): void {
    for (const unsubscribe of this.#subscriptions.splice(0)) unsubscribe();
  }
}
