import { type Clock, type FailedResult, type Logger, StepResult } from '@kapelle/core';
import { boundedLook } from './bounded-look.js';
import { type DueJob, nextJob } from './due-jobs.js';
import type { AnalysisOutcome } from './item-progress.js';
import type { MonitoredItem } from './monitored-item.js';
import type { MonitoredSource } from './monitored-source.js';
import { MonitoringError } from './monitoring-error.js';
import type { MonitoringSettings } from './monitoring-options.js';
import type { MonitoringStore } from './monitoring-store.js';
import type { SourceAdapter } from './source-adapter.js';
import { remembered, shownTarget } from './remembered.js';
import { TenantMonitor } from './tenant-monitor.js';

/** What a look at a source came to. */
export interface SourceCheckReport {
  readonly sourceId: string;
  readonly platform: string;
  /** Epoch ms. */
  readonly checkedAt: number;
  readonly durationMs: number;
  readonly unchanged: boolean;
  readonly newItems: number;
  readonly duplicates: number;
  readonly passedOver: number;
  /** Epoch ms. */
  readonly nextCheckAt: number;
}

/** What the engine has done with: the call of the analysis, and where it tells what happens. */
export interface EnginePorts {
  readonly clock: Clock;
  readonly logger: () => Logger;
  /** Analyses what is at the address, as the tenant. `undefined` where it was interrupted and nothing can be said. */
  analyse(
    tenantId: string,
    source: MonitoredSource | undefined,
    item: MonitoredItem,
    signal: AbortSignal,
  ): Promise<AnalysisOutcome | undefined>;
}

interface CheckJob extends DueJob {
  readonly monitor: TenantMonitor;
  readonly source: MonitoredSource;
}

interface AnalysisJob extends DueJob {
  readonly monitor: TenantMonitor;
  readonly item: MonitoredItem;
}

/** A time that far ahead was set by a clock that went wrong, in ms. */
const IMPLAUSIBLE_MS = 30 * 24 * 60 * 60 * 1000;
/** Wait after the store has failed, in ms. */
const STORE_PAUSE_MS = 60_000;

/** Runs what is due: looks at sources, and analyses of what they brought; so many at a time, the most urgent first. */
export class MonitoringEngine {
  readonly #adapters: ReadonlyMap<string, SourceAdapter>;
  readonly #store: MonitoringStore;
  readonly #settings: MonitoringSettings;
  readonly #ports: EnginePorts;
  readonly #tenants = new Map<string, Promise<TenantMonitor>>();
  readonly #loaded = new Map<string, TenantMonitor>();
  readonly #unreadable = new Set<string>();
  readonly #checks = new Map<string, Promise<SourceCheckReport>>();
  readonly #analyses = new Map<string, Promise<void>>();
  readonly #checksOf = new Map<string, number>();
  readonly #analysesOf = new Map<string, number>();
  readonly #ended = new AbortController();
  #isDraining = false;

  constructor(
    adapters: ReadonlyMap<string, SourceAdapter>,
    store: MonitoringStore,
    settings: MonitoringSettings,
    ports: EnginePorts,
  ) {
    this.#adapters = adapters;
    this.#store = store;
    this.#settings = settings;
    this.#ports = ports;
  }

  /** The monitors of tenants that were asked for or run. */
  get tenants(): readonly TenantMonitor[] {
    return [...this.#loaded.values()];
  }

  /** Looks and analyses of a tenant under way. */
  inFlight(tenantId: string): { readonly checks: number; readonly analyses: number } {
    return { checks: this.#checksOf.get(tenantId) ?? 0, analyses: this.#analysesOf.get(tenantId) ?? 0 };
  }

  /** Loads the tenants whose sources are watched; one whose records cannot be read is told of and left out. */
  async resume(): Promise<void> {
    const running = [...(await this.#store.tenants())].filter(([, run]) => run.running);
    for (const [tenantId] of running) {
      try {
        await this.tenant(tenantId);
      } catch (thrown) {
        this.#unreadable.add(tenantId);
        this.#ports.logger().error('monitoring_state_failed', { tenantId, error: String(thrown) });
      }
    }
    if (running.length > 0) this.#ports.logger().info('monitoring_resumed', { tenants: this.#loaded.size });
  }

  /** Tenants that should be watched and whose records could not be read. */
  get unreadable(): number {
    return this.#unreadable.size;
  }

  /** The monitor of a tenant, loaded when it is first asked for. */
  tenant(tenantId: string): Promise<TenantMonitor> {
    let monitor = this.#tenants.get(tenantId);
    if (monitor === undefined) {
      monitor = TenantMonitor.load(tenantId, this.#store, this.#settings);
      this.#tenants.set(tenantId, monitor);
      monitor.then(
        (loaded) => {
          this.#loaded.set(tenantId, loaded);
          this.#unreadable.delete(tenantId);
        },
        () => this.#tenants.delete(tenantId),
      );
    }
    return monitor;
  }

  /** @throws {@link MonitoringError} `MONITOR_KIND_UNKNOWN` */
  adapter(kind: string): SourceAdapter {
    const adapter = this.#adapters.get(kind);
    if (adapter !== undefined) return adapter;
    throw new MonitoringError(
      'MONITOR_KIND_UNKNOWN',
      `Sources of the kind "${kind}" cannot be watched. Use one of: ${[...this.#adapters.keys()].join(', ') || 'none'}. ` +
        'Kinds of the web need an HTTP_CLIENT, folders the option folders, others an adapter in SOURCE_ADAPTERS.',
    );
  }

  /** Whether there is something that can look at sources of a kind. */
  canLook(kind: string): boolean {
    return this.#adapters.has(kind);
  }

  /** Begins what is due and has a place. */
  tick(): void {
    if (this.#isDraining) return;
    const now = this.#ports.clock.now();
    for (;;) {
      if (this.#checks.size >= this.#settings.maxChecks) break;
      const job = nextJob(this.#dueChecks(now), now, this.#checksOf);
      if (job === undefined) break;
      // What it came to is told by the source; nobody waits for it here.
      this.#check(job.monitor, job.source).catch(() => undefined);
    }
    for (;;) {
      if (this.#analyses.size >= this.#settings.maxAnalyses) break;
      const job = nextJob(this.#dueItems(now), now, this.#analysesOf);
      if (job === undefined) break;
      this.#analyse(job);
    }
  }

  /** Looks at a source now, whatever its schedule says; joins a look that is under way. Rejects with what it failed with. */
  async check(tenantId: string, sourceId: string): Promise<SourceCheckReport> {
    const monitor = await this.tenant(tenantId);
    const source = monitor.source(sourceId);
    if (!monitor.hasRoom) {
      throw new MonitoringError(
        'MONITOR_BACKLOG_FULL',
        `${monitor.waitingCount} items wait to be analysed, and no more are taken. Start monitoring, or raise maxWaiting.`,
      );
    }
    return this.#check(monitor, source);
  }

  /** Begins nothing more. */
  drain(): void {
    this.#isDraining = true;
  }

  /** Ends what is under way, and waits until it has. */
  async end(): Promise<void> {
    this.drain();
    this.#ended.abort(new DOMException('Monitoring has ended.', 'AbortError'));
    await Promise.allSettled([...this.#checks.values(), ...this.#analyses.values()]);
  }

  *#running(): Iterable<TenantMonitor> {
    for (const monitor of this.#loaded.values()) if (monitor.run.running) yield monitor;
  }

  #dueChecks(now: number): CheckJob[] {
    const jobs: CheckJob[] = [];
    for (const monitor of this.#running()) {
      if (!monitor.hasRoom) continue;
      const { tenantId } = monitor;
      for (const source of monitor.sources) {
        const { nextCheckAt: dueAt, priority, enabled, kind } = source;
        const isDue = dueAt <= now || dueAt > now + IMPLAUSIBLE_MS;
        if (!enabled || !isDue || !this.#adapters.has(kind)) continue;
        if (!this.#checks.has(jobKey(tenantId, source.id)))
          jobs.push({ monitor, source, tenantId, priority, dueAt });
      }
    }
    return jobs;
  }

  #dueItems(now: number): AnalysisJob[] {
    const jobs: AnalysisJob[] = [];
    for (const monitor of this.#running()) {
      const { tenantId } = monitor;
      for (const item of monitor.waiting) {
        const { nextAttemptAt: dueAt = 0, key, sourceId } = item;
        if (dueAt > now && dueAt <= now + IMPLAUSIBLE_MS) continue;
        const priority = monitor.find(sourceId)?.priority ?? 1;
        if (!this.#analyses.has(jobKey(tenantId, key)))
          jobs.push({ monitor, item, tenantId, priority, dueAt });
      }
    }
    return jobs;
  }

  #check(monitor: TenantMonitor, source: MonitoredSource): Promise<SourceCheckReport> {
    const { tenantId } = monitor;
    const key = jobKey(tenantId, source.id);
    const underWay = this.#checks.get(key);
    if (underWay !== undefined) return underWay;
    add(this.#checksOf, tenantId, 1);
    const check = this.#lookAt(monitor, source).finally(() => {
      this.#checks.delete(key);
      add(this.#checksOf, tenantId, -1);
      this.tick();
    });
    this.#checks.set(key, check);
    return check;
  }

  async #lookAt(monitor: TenantMonitor, source: MonitoredSource): Promise<SourceCheckReport> {
    const { clock, logger } = this.#ports;
    const { id: sourceId, platform, target, kind } = source;
    const { tenantId } = monitor;
    const checkedAt = clock.now();
    const begun = clock.monotonic();
    const fields = { tenantId, sourceId, kind, platform };
    try {
      const look = { tenantId, target, cursor: source.cursor ?? undefined, now: checkedAt };
      const { checkTimeoutMs: timeoutMs } = this.#settings;
      const findings = await boundedLook((signal) => this.adapter(kind).look({ ...look, signal }), target, {
        ...{ clock, timeoutMs },
        signal: this.#ended.signal,
      });
      const intake = await monitor.take(sourceId, findings, clock.now());
      const after = monitor.find(sourceId);
      if (intake === undefined || after === undefined) monitor.source(sourceId);
      const { fresh = [], duplicates = 0, passedOver = 0 } = intake ?? {};
      const report: SourceCheckReport = {
        ...{ sourceId, platform, checkedAt, duplicates, passedOver },
        durationMs: clock.monotonic() - begun,
        unchanged: findings.unchanged,
        newItems: fresh.length,
        nextCheckAt: after?.nextCheckAt ?? checkedAt,
      };
      if (fresh.length > 0)
        logger().info('source_items_found', { ...fields, newItems: fresh.length, duplicates });
      return report;
    } catch (thrown) {
      // What the end of the host interrupts has not failed.
      if (this.#ended.signal.aborted) throw thrown;
      const failure = StepResult.fromError(thrown);
      const error = remembered(failure as FailedResult, clock.now());
      const { retryAfterMs } = failure as FailedResult;
      logger().warn('source_check_failed', { ...fields, error: error.message, code: error.code });
      await monitor.fail(sourceId, error, retryAfterMs, clock.now()).catch((cause: unknown) => {
        logger().error('monitoring_state_failed', { ...fields, error: String(cause) });
      });
      throw thrown;
    }
  }

  #analyse({ monitor, item, tenantId }: AnalysisJob): void {
    const key = jobKey(tenantId, item.key);
    add(this.#analysesOf, tenantId, 1);
    const analysis = this.#runAnalysis(monitor, item).finally(() => {
      this.#analyses.delete(key);
      add(this.#analysesOf, tenantId, -1);
      this.tick();
    });
    this.#analyses.set(key, analysis);
  }

  async #runAnalysis(monitor: TenantMonitor, item: MonitoredItem): Promise<void> {
    const { clock, logger } = this.#ports;
    const { tenantId } = monitor;
    const { key, sourceId, uri } = item;
    const fields = { tenantId, sourceId, item: key, uri: shownTarget(uri) };
    try {
      const source = monitor.find(sourceId);
      const outcome = await this.#ports.analyse(tenantId, source, item, this.#ended.signal);
      if (outcome === undefined) return;
      const after = await monitor.settle(key, outcome, clock.now());
      if (after === undefined) return;
      const { status, attempts, briefingId, leftOut } = after;
      if (leftOut !== undefined) logger().warn('feed_items_left_out', { ...fields, leftOut });
      if (outcome.kind === 'briefed') logger().info('item_analysed', { ...fields, status, briefingId });
      else
        logger().warn('item_analysis_failed', { ...fields, status, attempts, error: outcome.error.message });
    } catch (thrown) {
      logger().error('monitoring_state_failed', { ...fields, error: String(thrown) });
      monitor.postpone(key, clock.now() + STORE_PAUSE_MS);
    }
  }
}

function jobKey(tenantId: string, id: string): string {
  return `${id}\n${tenantId}`;
}

function add(counts: Map<string, number>, tenantId: string, by: number): void {
  const count = (counts.get(tenantId) ?? 0) + by;
  if (count > 0) counts.set(tenantId, count);
  else counts.delete(tenantId);
}
