import type { Clock, HostState, OrchestrationFacade, OrchestratorInfo, Unsubscribe } from '@kapelle/core';

import { HOST_STATES } from './metric-families.js';
import type { Reading } from './reading.js';

type Labels = Readonly<Record<string, string>>;
const NO_LABELS: Labels = Object.freeze({});

/** What the orchestrators of a facade are like now. */
export class OrchestratorReadings {
  readonly #facade: OrchestrationFacade;
  #looked: readonly OrchestratorInfo[] | undefined;
  /** By orchestrator; those that are gone go with the next look that finds fewer. */
  readonly #labels = new Map<string, Labels>();

  constructor(facade: OrchestrationFacade) {
    this.#facade = facade;
  }

  /** The families of one scrape are read within one turn, and from one look. */
  get #list(): readonly OrchestratorInfo[] {
    if (this.#looked === undefined) {
      this.#looked = Object.values(this.#facade.listOrchestrators());
      if (this.#labels.size > this.#looked.length) this.#labels.clear();
      queueMicrotask(() => {
        this.#looked = undefined;
      });
    }
    return this.#looked;
  }

  each(value: (info: OrchestratorInfo) => number): readonly Reading[] {
    return this.#list.map((info) => ({
      shared: this.#labelsOf(info),
      labels: NO_LABELS,
      value: value(info),
    }));
  }

  states(): readonly Reading[] {
    return this.#list.map((info) => ({
      shared: this.#labelsOf(info),
      labels: { state: info.state },
      value: 1,
    }));
  }

  queues(value: (queue: OrchestratorInfo['queues'][number]) => number): readonly Reading[] {
    return this.#list.flatMap((info) =>
      info.queues.map((queue) => ({
        shared: this.#labelsOf(info),
        labels: { queue: queue.name },
        value: value(queue),
      })),
    );
  }

  tasks(value: (task: OrchestratorInfo['tasks'][number]) => number): readonly Reading[] {
    return this.#list.flatMap((info) =>
      info.tasks.map((task) => ({
        shared: this.#labelsOf(info),
        labels: { task: task.name },
        value: value(task),
      })),
    );
  }

  /** The same object for an orchestrator each time. */
  #labelsOf({ name, layer }: OrchestratorInfo): Labels {
    const known = this.#labels.get(name);
    if (known?.['layer'] === layer) return known;
    const labels = Object.freeze({ orchestrator: name, layer });
    this.#labels.set(name, labels);
    return labels;
  }
}

/** The states that a host goes through, and how long its last start took. */
export class HostReadings {
  #state: HostState;
  #startingSince: number | undefined;
  #startSeconds: number | undefined;
  readonly #unsubscribe: Unsubscribe;

  /** @param onState called with each state, the one it is in now included */
  constructor(
    facade: OrchestrationFacade,
    clock: Clock,
    state: HostState,
    onState: (state: HostState) => void,
  ) {
    this.#state = state;
    if (state === 'starting') this.#startingSince = clock.monotonic();
    onState(state);
    this.#unsubscribe = facade.events.on('host.state', ({ state: next }) => {
      this.#state = next;
      if (next === 'starting') this.#startingSince = clock.monotonic();
      if (next === 'running' && this.#startingSince !== undefined) {
        this.#startSeconds = (clock.monotonic() - this.#startingSince) / 1_000;
        this.#startingSince = undefined;
      }
      onState(next);
    });
  }

  states(): readonly Reading[] {
    return HOST_STATES.map((state) => ({ labels: { state }, value: state === this.#state ? 1 : 0 }));
  }

  startDuration(): readonly Reading[] {
    return this.#startSeconds === undefined ? [] : [{ labels: {}, value: this.#startSeconds }];
  }

  close(): void {
    this.#unsubscribe();
  }
}
