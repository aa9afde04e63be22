import type { WatchedOperation, WatchedStep, Watcher } from '@kapelle/core';

import type { LabelledCounter } from './rare-counts.js';

/** Counts the attempts of steps beyond the first, by operation: names of steps are made at run time, and are not bounded. */
export class StepRetries {
  readonly watcher: Pick<Required<Watcher>, 'step'> = {
    step: (step) => {
      if (step.attempt > 1) this.#count(step);
      return undefined;
    },
  };
  readonly #counter: LabelledCounter;
  readonly #labels = new WeakMap<WatchedOperation, Record<string, string>>();

  constructor(counter: LabelledCounter) {
    this.#counter = counter;
  }

  #count({ call: { identity } }: WatchedStep): void {
    let labels = this.#labels.get(identity);
    if (labels === undefined) {
      const { orchestrator, layer, operation } = identity;
      this.#labels.set(identity, (labels = { orchestrator, layer, operation }));
    }
    this.#counter.add(labels);
  }
}
