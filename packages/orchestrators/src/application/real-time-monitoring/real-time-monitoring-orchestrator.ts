import {
  background,
  BaseOrchestrator,
  type Clock,
  CLOCK,
  type HealthAnswer,
  operation,
  type OperationContext,
  OrchestrationContext,
  orchestrator,
  StepResult,
  systemClock,
} from '@kapelle/core';
import { inject, optional } from 'inversify';
import { AutonomousIntelligenceOrchestrator } from '../../domain/autonomous-intelligence/autonomous-intelligence-orchestrator.js';
import type { Briefing } from '../../domain/autonomous-intelligence/model.js';
import { HTTP_CLIENT, type HttpClient } from '../../http/http-client.js';
import { stateStoreFor } from '../../state/bounded-state-store.js';
import { STATE_STORE, type StateStore } from '../../state/state-store.js';
import { sourceAdapters } from './adapters/source-adapters.js';
import type { AnalysisOutcome } from './item-progress.js';
import type { MonitoredItem } from './monitored-item.js';
import { type MonitoredSource, NO_COUNTS, sourceIdOf } from './monitored-source.js';
import { MonitoringEngine, type SourceCheckReport } from './monitoring-engine.js';
import { MonitoringError } from './monitoring-error.js';
import {
  MONITORING_OPTIONS,
  type MonitoringOptions,
  type MonitoringSettings,
  resolveMonitoringOptions,
} from './monitoring-options.js';
import {
  AddSourceParams,
  ListItemsParams,
  SourceRefParams,
  UpdateScheduleParams,
} from './monitoring-params.js';
import {
  type MonitoringStatus,
  monitoringStatus,
  type NextCheck,
  nextChecks,
  sourceStatus,
  type SourceStatus,
} from './monitoring-status.js';
import { MonitoringStore } from './monitoring-store.js';
import { remembered } from './remembered.js';
import { MIN_INTERVAL_MS, presetOf } from './schedule-presets.js';
import { SOURCE_ADAPTERS, type SourceAdapter } from './source-adapter.js';
import { rescheduled } from './source-progress.js';

/** Looks that failed in a row before a source counts as failing. */
const FAILING_AFTER = 3;
const DEFAULT_BACKFILL = 10;

/**
 * Watches sources for each tenant, and has `autonomous_intelligence` analyse what is new, as that tenant. Where it was read
 * to, what was seen and what waits is stored, so that a restart goes on and nothing is lost or done twice.
 */
@orchestrator('application', 'monitoring', {
  name: 'real_time_monitoring',
  description: 'Watches feeds, podcasts, pages and folders, and has what is new analysed.',
  dependsOn: [AutonomousIntelligenceOrchestrator],
})
export class RealTimeMonitoringOrchestrator extends BaseOrchestrator {
  readonly #clock: Clock;
  readonly #settings: MonitoringSettings;
  readonly #engine: MonitoringEngine;

  /** @throws RangeError or TypeError for options that cannot be meant */
  constructor(
    @inject(MONITORING_OPTIONS) @optional() options: MonitoringOptions = {},
    @inject(STATE_STORE) @optional() store: StateStore | undefined = undefined,
    @inject(HTTP_CLIENT) @optional() http: HttpClient | undefined = undefined,
    @inject(SOURCE_ADAPTERS) @optional() adapters: readonly SourceAdapter[] = [],
    @inject(CLOCK) @optional() clock: Clock = systemClock,
  ) {
    super();
    const settings = resolveMonitoringOptions(options);
    this.#settings = settings;
    this.#clock = clock;
    this.#engine = new MonitoringEngine(
      sourceAdapters(http, settings, adapters),
      new MonitoringStore(stateStoreFor(store, clock)),
      settings,
      {
        clock,
        logger: () => this.logger,
        analyse: (tenantId, source, item, signal) => this.#analyse(tenantId, source, item, signal),
      },
    );
  }

  override start(): Promise<void> {
    return this.#engine.resume();
  }

  override drain(): void {
    this.#engine.drain();
  }

  override cleanup(): Promise<void> {
    return this.#engine.end();
  }

  @operation({ name: 'start_monitoring', description: 'Begins to watch the sources of the tenant.' })
  async startMonitoring({ tenantId }: OperationContext): Promise<MonitoringStatus> {
    const monitor = await this.#engine.tenant(tenantId);
    await monitor.begin(this.#clock.now());
    this.logger.info('monitoring_started', { sources: monitor.sources.length });
    this.#engine.tick();
    return this.#status(tenantId);
  }

  /** What is under way ends; what was found waits for the next start. */
  @operation({ name: 'stop_monitoring', description: 'Stops watching the sources of the tenant.' })
  async stopMonitoring({ tenantId }: OperationContext): Promise<StepResult<MonitoringStatus>> {
    const monitor = await this.#engine.tenant(tenantId);
    if (!(await monitor.stop())) return StepResult.skip('The sources are not watched.');
    this.logger.info('monitoring_stopped', { sources: monitor.sources.length });
    return StepResult.ok(await this.#status(tenantId));
  }

  @operation({
    name: 'get_monitoring_status',
    default: true,
    description: 'Whether the sources are watched, what each has brought, and how it is.',
  })
  getMonitoringStatus({ tenantId }: OperationContext): Promise<MonitoringStatus> {
    return this.#status(tenantId);
  }

  /** It is looked at as soon as monitoring runs and there is a place. */
  @operation({ name: 'add_source', params: AddSourceParams, description: 'Adds a source to watch.' })
  async addSource({ tenantId }: OperationContext, params: AddSourceParams): Promise<SourceStatus> {
    const given = givenOf(params);
    const { kind, platform = kind, enabled = true, backfill = DEFAULT_BACKFILL, depth } = given;
    const target = this.#engine.adapter(kind).checkTarget(params.target);
    const { intervalMs, priority } = { ...presetOf(platform, kind), ...scheduleOf(given) };
    const now = this.#clock.now();
    const source: MonitoredSource = {
      formatVersion: 1,
      id: sourceIdOf(kind, target),
      ...{ kind, platform, target, intervalMs, priority, enabled, backfill },
      name: given.name ?? target.slice(0, 200),
      ...(depth === undefined ? {} : { depth }),
      addedAt: now,
      cursor: null,
      nextCheckAt: now,
      failuresInARow: 0,
      counts: NO_COUNTS,
    };
    await (await this.#engine.tenant(tenantId)).add(source);
    this.logger.info('source_added', { sourceId: source.id, kind, platform, intervalMs });
    this.#engine.tick();
    return sourceStatus(source);
  }

  /** What of it waits is dropped; briefings stay. */
  @operation({
    name: 'remove_source',
    params: SourceRefParams,
    description: 'Stops watching a source, and forgets it.',
  })
  async removeSource(
    { tenantId }: OperationContext,
    { sourceId }: SourceRefParams,
  ): Promise<{ readonly droppedItems: number }> {
    const removed = await (await this.#engine.tenant(tenantId)).remove(sourceId);
    this.logger.info('source_removed', { sourceId, ...removed });
    return removed;
  }

  @operation({
    name: 'update_schedule',
    params: UpdateScheduleParams,
    description: 'Changes interval, priority or being enabled, of a source or of all of a platform.',
  })
  async updateSchedule(
    { tenantId }: OperationContext,
    params: UpdateScheduleParams,
  ): Promise<readonly SourceStatus[]> {
    const monitor = await this.#engine.tenant(tenantId);
    const { sourceId, platform, ...change } = givenOf(params);
    if ((sourceId === undefined) === (platform === undefined)) {
      throw new MonitoringError(
        'MONITOR_CHOICE_INVALID',
        'Exactly one of sourceId and platform says what to change. Give one.',
      );
    }
    if (Object.keys(change).length === 0) {
      throw new MonitoringError(
        'MONITOR_CHOICE_INVALID',
        'Nothing is to change. Give intervalMs, enabled or priority.',
      );
    }
    const chosen =
      sourceId === undefined
        ? monitor.sources.filter((source) => source.platform === platform)
        : [monitor.source(sourceId)];
    if (chosen.length === 0) {
      throw new MonitoringError(
        'MONITOR_SOURCE_UNKNOWN',
        `There is no source of the platform "${String(platform)}". Add one, or name another platform.`,
      );
    }
    const changed: SourceStatus[] = [];
    for (const { id } of chosen) {
      const source = await monitor.change(id, (before) => rescheduled(before, change, this.#clock.now()));
      changed.push(sourceStatus(source));
    }
    this.logger.info('schedule_updated', { sources: changed.map(({ id }) => id), ...change });
    this.#engine.tick();
    return changed;
  }

  @operation({
    name: 'get_next_checks',
    description: 'The enabled sources, by when they are looked at next.',
  })
  async getNextChecks({ tenantId }: OperationContext): Promise<readonly NextCheck[]> {
    return nextChecks((await this.#engine.tenant(tenantId)).sources, this.#clock.now());
  }

  /** Also of a source that is disabled, and where monitoring does not run; what is found then waits. */
  @operation({ name: 'check_now', params: SourceRefParams, description: 'Looks at a source at once.' })
  checkNow({ tenantId }: OperationContext, { sourceId }: SourceRefParams): Promise<SourceCheckReport> {
    return this.#engine.check(tenantId, sourceId);
  }

  @operation({
    name: 'list_items',
    params: ListItemsParams,
    description: 'What sources have brought, newest first.',
  })
  async listItems(
    { tenantId }: OperationContext,
    params: ListItemsParams,
  ): Promise<readonly MonitoredItem[]> {
    const { sourceId, status, limit = 50, offset = 0 } = givenOf(params);
    const { items } = await this.#engine.tenant(tenantId);
    return items
      .filter(
        (item) => (sourceId ?? item.sourceId) === item.sourceId && (status ?? item.status) === item.status,
      )
      .sort((a, b) => b.foundAt - a.foundAt || (a.key < b.key ? -1 : 1))
      .slice(offset, offset + limit);
  }

  /** Begins what is due; the work itself goes on beside the next ticks. */
  @background({ everyMs: MIN_INTERVAL_MS, initialDelayMs: MIN_INTERVAL_MS, jitterRatio: 0 })
  tick(_signal: AbortSignal): void {
    this.#engine.tick();
  }

  override health(): HealthAnswer {
    const watched = this.#engine.tenants
      .filter(({ run }) => run.running)
      .flatMap(({ sources }) => sources.filter(({ enabled }) => enabled));
    const failing = watched.filter(
      ({ failuresInARow, kind }) => failuresInARow >= FAILING_AFTER || !this.#engine.canLook(kind),
    );
    const { unreadable } = this.#engine;
    const details = { sources: watched.length, failing: failing.length, unreadableTenants: unreadable };
    if (unreadable > 0) {
      const message = `The records of ${unreadable} tenants cannot be read, so that their sources are not watched.`;
      return { status: 'degraded', score: 50, message, details };
    }
    if (failing.length * 2 <= watched.length) return { status: 'healthy', details };
    return {
      status: 'degraded',
      score: Math.round(100 * (1 - failing.length / watched.length)),
      message: `${failing.length} of ${watched.length} sources fail, or nothing can look at them.`,
      details,
    };
  }

  async #status(tenantId: string): Promise<MonitoringStatus> {
    const monitor = await this.#engine.tenant(tenantId);
    return monitoringStatus(monitor, this.#engine.inFlight(tenantId), this.#clock.now());
  }

  async #analyse(
    tenantId: string,
    source: MonitoredSource | undefined,
    { uri, part, sourceId, key }: MonitoredItem,
    signal: AbortSignal,
  ): Promise<AnalysisOutcome | undefined> {
    const context = OrchestrationContext.create({
      tenantId,
      signal,
      deadline: this.#clock.now() + this.#settings.analysisTimeoutMs,
      metadata: { sourceId, item: key },
    });
    const result = await this.delegate<Briefing>(this.#settings.analyst, context, {
      operation: 'analyze',
      uri,
      ...(part === undefined ? {} : { item: part }),
      ...(source?.depth === undefined ? {} : { depth: source.depth }),
    });
    if (result.status === 'failed') {
      // What the end of the host interrupts or refuses was not tried.
      const isInterrupted = signal.aborted || result.errorCategory === 'cancelled';
      if (isInterrupted) return undefined;
      const { retryable, retryAfterMs } = result;
      return { kind: 'failed', error: remembered(result, this.#clock.now()), retryable, retryAfterMs };
    }
    if (result.status === 'skipped') {
      const error = { message: result.reason, category: 'execution', at: this.#clock.now() };
      return { kind: 'failed', error, retryable: false };
    }
    const { id, contentHash, document } = result.data;
    const reduced = result.metadata['fallback'] === true;
    const items = Number(result.metadata['items'] ?? 1);
    return { kind: 'briefed', briefingId: id, contentHash, reduced, items, title: document.title };
  }
}

/** What of a schedule was given. */
function scheduleOf({ intervalMs, priority }: Partial<AddSourceParams>) {
  return {
    ...(intervalMs === undefined ? {} : { intervalMs }),
    ...(priority === undefined ? {} : { priority }),
  };
}

/** The params that were given: an optional one that is `null` was not. */
function givenOf<T extends object>(params: T): T {
  return Object.fromEntries(Object.entries(params).filter(([, value]) => value != null)) as T;
}
