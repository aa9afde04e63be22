import { type Clock, type FailedResult, type Logger, type SignalQueue, StepResult } from '@kapelle/core';
import type { StateStore } from '../../state/state-store.js';
import type { ComponentChange } from './component-track.js';
import { FeedbackError } from './feedback-error.js';
import type { FeedbackSettings } from './feedback-options.js';
import { PORT_OF_COMPONENT } from './feedback-ports.js';
import { qualified, type SubmittedFeedback, type SubmittedFeedbacks } from './feedback-report.js';
import { FEEDBACK_COMPONENTS, type FeedbackComponent, type FeedbackSignal } from './feedback-signal.js';
import { encodeContext, type FeatureEncoder } from './learning/context-features.js';
import { PortDesk, type PortDeskInit } from './port-desk.js';
import { QueueProgress } from './queue-progress.js';
import type { TenantFeedback } from './tenant-feedback.js';
import { TenantShares } from './tenant-shares.js';
import { TenantShelf } from './tenant-shelf.js';

/** A signal on its way, and whose it is. */
export interface QueuedSignal {
  readonly tenantId: string;
  readonly signal: FeedbackSignal;
}

export interface FeedbackDeskInit {
  readonly settings: FeedbackSettings;
  readonly clock: Clock;
  readonly store: StateStore;
  readonly ports: PortDeskInit['ports'];
  readonly logger: () => Logger;
  readonly queueOf: (type: FeedbackComponent) => SignalQueue<QueuedSignal>;
}

/** Takes signals in and teaches with them whoever learns from them. */
export class FeedbackDesk {
  readonly shelf: TenantShelf;
  readonly ports: PortDesk;
  readonly progress: QueueProgress;
  readonly #clock: Clock;
  readonly #logger: () => Logger;
  readonly #queueOf: FeedbackDeskInit['queueOf'];
  /** Tenants whose feedback was stopped. */
  readonly #stopped = new Set<string>();
  readonly #shares = Object.fromEntries(
    FEEDBACK_COMPONENTS.map((type) => [type, new TenantShares()]),
  ) as Readonly<Record<FeedbackComponent, TenantShares>>;

  /** @throws FeedbackError `FEEDBACK_PORT_INVALID` */
  constructor({ settings, clock, store, ports, logger, queueOf }: FeedbackDeskInit) {
    this.#clock = clock;
    this.#logger = logger;
    this.#queueOf = queueOf;
    this.progress = new QueueProgress((type) => queueOf(type).dropped);
    this.ports = new PortDesk({ ports, clock, timeoutMs: settings.portTimeoutMs, logger });
    const setup = { settings, encode: this.#encode, now: () => clock.now() };
    this.shelf = new TenantShelf(store, setup, settings.maxTenants);
  }

  isRunning(tenantId: string): boolean {
    return !this.#stopped.has(tenantId);
  }

  /** Whether that changed anything. */
  setRunning(tenantId: string, running: boolean): boolean {
    if (running) return this.#stopped.delete(tenantId);
    if (this.#stopped.has(tenantId)) return false;
    this.#stopped.add(tenantId);
    return true;
  }

  /**
   * Queues a signal. Skipped with `component_disabled` while its component rests and with `feedback_stopped` while the
   * tenant's feedback is stopped; the outcome of a shadow deployment is taken whatever its component's state. Fails with
   * `FEEDBACK_TENANT_OVER_SHARE` where the queue is nearly full, others wait in it, and the tenant holds its share of it.
   */
  submit(tenant: TenantFeedback, signal: FeedbackSignal): StepResult<SubmittedFeedback> {
    const { componentType, componentId, source, signalId, reward } = signal;
    const { totals, tenantId } = tenant;
    if (this.#stopped.size > 0 && this.#stopped.has(tenantId)) return StepResult.skip('feedback_stopped');
    const state = tenant.book(componentType).stateOf(componentId);
    if (state === 'disabled' && signal.metadata['shadow'] !== true) {
      totals.skipped += 1;
      tenant.changed.add('totals');
      return StepResult.skip('component_disabled', { metadata: { componentType, componentId } });
    }
    const queue = this.#queueOf(componentType);
    const { depth, capacity } = queue;
    const shares = this.#shares[componentType];
    if (shares.isOverShare(tenantId, depth, capacity)) {
      tenant.refused += 1;
      return overShare(componentType, capacity);
    }
    const offered = queue.offer({ tenantId, signal });
    if (offered.status !== 'ok') return offered as FailedResult;
    shares.offered(tenantId, depth, capacity);
    this.progress.offered(componentType);
    totals.accepted += 1;
    totals.bySource[source] += 1;
    totals.byComponent[componentType] += 1;
    tenant.changed.add('totals');
    return StepResult.ok({
      signalId,
      componentType,
      componentId,
      reward,
      probe: state === 'probation',
      queueDepth: offered.data.depth,
    });
  }

  /** Queues several. Skipped where all of them are; a queue that takes no more fails the call. */
  submitAll(tenant: TenantFeedback, signals: readonly FeedbackSignal[]): StepResult<SubmittedFeedbacks> {
    let accepted = 0;
    let skipped: StepResult<SubmittedFeedback> | undefined;
    const disabled = new Set<string>();
    for (const signal of signals) {
      const result = this.submit(tenant, signal);
      if (result.status === 'failed') return result;
      if (result.status === 'skipped') {
        skipped = result;
        if (result.reason === 'component_disabled') {
          disabled.add(qualified(signal.componentType, signal.componentId));
        }
      } else {
        accepted += 1;
      }
    }
    const disabledComponents = [...disabled];
    if (accepted === 0 && skipped?.status === 'skipped') {
      return StepResult.skip(skipped.reason, { metadata: { skipped: signals.length, disabledComponents } });
    }
    return StepResult.ok({ accepted, skipped: signals.length - accepted, disabledComponents });
  }

  /** Learns from what a queue gave; waits only where a tenant has to be read first, or for a port. */
  consume(type: FeedbackComponent, items: readonly QueuedSignal[]): void | Promise<void> {
    const asksPorts = this.ports.isOpen(PORT_OF_COMPONENT[type]) || this.ports.isOpen('shadow_deployer');
    if (asksPorts || items.some(({ tenantId }) => this.shelf.held(tenantId) === undefined)) {
      return this.#consumeSlowly(type, items);
    }
    const now = this.#clock.now();
    try {
      for (const { tenantId, signal } of items) {
        const tenant = this.shelf.held(tenantId);
        if (tenant !== undefined) this.#learn(tenant, signal, now);
      }
    } finally {
      this.#shares[type].handled(items.length);
      this.progress.handled(type, items.length);
    }
  }

  async #consumeSlowly(type: FeedbackComponent, items: readonly QueuedSignal[]): Promise<void> {
    const byTenant = new Map<string, FeedbackSignal[]>();
    for (const { tenantId, signal } of items) {
      const signals = byTenant.get(tenantId);
      if (signals === undefined) byTenant.set(tenantId, [signal]);
      else signals.push(signal);
    }
    const failures: unknown[] = [];
    try {
      for (const [tenantId, signals] of byTenant) {
        try {
          const tenant = await this.shelf.load(tenantId);
          const now = this.#clock.now();
          for (const signal of signals) this.#learn(tenant, signal, now);
        } catch (thrown) {
          failures.push(thrown);
        }
        await this.#teachPorts(type, tenantId, signals);
      }
    } finally {
      this.#shares[type].handled(items.length);
      this.progress.handled(type, items.length);
    }
    if (failures.length > 0) throw failures[0];
  }

  async #teachPorts(
    type: FeedbackComponent,
    tenantId: string,
    signals: readonly FeedbackSignal[],
  ): Promise<void> {
    const live = signals.filter(({ metadata }) => metadata['shadow'] !== true);
    if (live.length > 0) await this.ports.ask(PORT_OF_COMPONENT[type], (port) => port.learn(live, tenantId));
    if (live.length === signals.length) return;
    const shadows = signals.filter(({ metadata }) => metadata['shadow'] === true);
    await this.ports.ask('shadow_deployer', (port) => port.outcomes(shadows, tenantId));
  }

  #learn(tenant: TenantFeedback, signal: FeedbackSignal, now: number): void {
    const change = tenant.learn(signal, now);
    if (change !== undefined) this.#tell(tenant.tenantId, signal, change);
  }

  #tell(
    tenantId: string,
    { componentType, componentId }: FeedbackSignal,
    { to, health }: ComponentChange,
  ): void {
    const fields = { tenantId, componentType, componentId, health };
    if (to === 'disabled') this.#logger().warn('feedback_component_disabled', fields);
    else this.#logger().info('feedback_component_enabled', fields);
  }

  /** The port's features where it gives them, else the built-in ones. */
  readonly #encode: FeatureEncoder = (context, dimensions) => {
    if (!this.ports.isOpen('feature_engineer')) return encodeContext(context, dimensions);
    const answer = this.ports.askNow('feature_engineer', (port) => {
      const features = port.features(context, dimensions);
      if (features.length !== dimensions || !Array.from(features).every(Number.isFinite)) {
        throw new FeedbackError(
          'FEEDBACK_PORT_INVALID',
          `The port feature_engineer gave something else than ${dimensions} finite numbers. Let it give as many as it is asked for.`,
        );
      }
      return features;
    });
    return answer.answered ? answer.value : encodeContext(context, dimensions);
  };
}

function overShare(type: FeedbackComponent, capacity: number): FailedResult {
  return new FeedbackError(
    'FEEDBACK_TENANT_OVER_SHARE',
    `The queue for ${type} signals, which holds ${capacity}, is nearly full, and this tenant has more than its share of it. Submit the signal again a moment later.`,
  ).toResult();
}
