import {
  BaseOrchestrator,
  type Clock,
  CLOCK,
  type HealthAnswer,
  operation,
  type OperationContext,
  OrchestrationFacade,
  orchestrator,
  StepResult,
  systemClock,
  type Unsubscribe,
} from '@kapelle/core';
import { inject, optional } from 'inversify';
import { requireScopes } from '../../required-scopes.js';
import { MemoryStateStore, STATE_STORE, type StateStore } from '../../state/index.js';
import { DeploymentBook } from './deployment-book.js';
import { DeploymentDesk, type DeploymentRequest } from './deployment-desk.js';
import {
  DEPLOYMENT_DRIVERS,
  DEPLOYMENT_TRAFFIC,
  type DeploymentDriver,
  type DeploymentTarget,
  type TrafficSource,
} from './deployment-driver.js';
import { DeploymentError } from './deployment-error.js';
import {
  DEPLOYMENT_OPTIONS,
  type DeploymentOptions,
  type DeploymentSettings,
  deploymentSettings,
  refuseOption,
} from './deployment-options.js';
import { deploymentOrder } from './deployment-order.js';
import {
  CancelDeploymentParams,
  DeploymentHistoryParams,
  DeploymentStatusParams,
  DeployParams,
  RollbackParams,
} from './deployment-params.js';
import { DEPLOYMENT_PHASES, type DeploymentRecord } from './deployment-record.js';
import { deploymentResult, nothingToRollBack, rollbackTarget } from './deployment-result.js';
import { type DeploymentServiceStatus, serviceStatus } from './service-status.js';

const DEFAULT_HISTORY = 20;
const DEFAULT_ENVIRONMENT = 'production';

/**
 * Puts new versions of services live in five phases, by one of four strategies. Gates are measured on live
 * traffic after each step of it; where one fails, what was there before is restored. One deployment of a
 * service at a time.
 */
@orchestrator('infrastructure', 'sequential', {
  name: 'deployment',
  description:
    'Puts new versions of services live, measures them on live traffic, and takes them back where they fail.',
  stopTimeoutMs: 20_000,
})
export class DeploymentOrchestrator extends BaseOrchestrator {
  readonly #settings: DeploymentSettings;
  readonly #clock: Clock;
  readonly #store: StateStore;
  readonly #drivers: readonly DeploymentDriver[];
  readonly #traffic: TrafficSource | undefined;
  readonly #facade: OrchestrationFacade | undefined;
  #scopes: Unsubscribe | undefined;
  #book: DeploymentBook;
  #openDesk: DeploymentDesk | undefined;

  constructor(
    @inject(DEPLOYMENT_OPTIONS) @optional() options: DeploymentOptions = {},
    @inject(CLOCK) @optional() clock: Clock = systemClock,
    @inject(STATE_STORE) @optional() store?: StateStore,
    @inject(DEPLOYMENT_DRIVERS) @optional() drivers: readonly DeploymentDriver[] = [],
    @inject(DEPLOYMENT_TRAFFIC) @optional() traffic?: TrafficSource,
    @inject(OrchestrationFacade) @optional() facade?: OrchestrationFacade,
  ) {
    super();
    this.#facade = facade;
    this.#settings = deploymentSettings(options);
    const names = new Set<string>();
    for (const { name } of drivers) {
      if (names.has(name)) {
        throw new DeploymentError(
          'DEPLOYMENT_OPTION_INVALID',
          `DEPLOYMENT_DRIVERS: two drivers have the name "${name}". Give each a name of its own.`,
        );
      }
      names.add(name);
    }
    this.#clock = clock;
    this.#store = store ?? new MemoryStateStore(clock);
    this.#drivers = drivers;
    this.#traffic = traffic;
    this.#book = new DeploymentBook(this.#store, this.#settings.maxHistory);
  }

  override async start(): Promise<void> {
    await this.#desk.recover();
    this.#scopes = requireScopes(this.name, this.#settings.requiredScopes, this.#facade, refuseOption);
  }

  /** Nothing new begins, and what is under way is taken back: it would not end in the time there is. */
  override drain(): void {
    this.#openDesk?.interrupt();
  }

  override async cleanup(signal: AbortSignal): Promise<void> {
    this.#scopes?.();
    await this.#openDesk?.close(signal);
    this.#openDesk = undefined;
  }

  override health(): HealthAnswer {
    const { troubles } = this.#desk;
    return {
      status: troubles.length === 0 ? 'healthy' : 'degraded',
      details: {
        ...(troubles.length === 0 ? {} : { troubles }),
        durable: this.#book.isDurable,
        drivers: this.#drivers.map(({ name }) => name),
        running: this.#desk.running,
        recovering: this.#desk.recovering,
      },
    };
  }

  /** Puts a version live. Ends with it: completed, or taken back. */
  @operation({ default: true, params: DeployParams, description: 'Puts a version of a service live.' })
  async deploy(context: OperationContext, params: DeployParams): Promise<StepResult<DeploymentRecord>> {
    const { version, artifact, driver } = params;
    return this.#deploy(context, {
      target: targetOf(context, params),
      version,
      ...(artifact === undefined ? {} : { artifact }),
      ...(driver === undefined ? {} : { driver }),
      order: deploymentOrder(params, this.#settings),
    });
  }

  /** Takes back the deployment that is under way; where none is, returns to an earlier version. */
  @operation({ params: RollbackParams, description: 'Returns a service to the version before.' })
  async rollback(context: OperationContext, params: RollbackParams): Promise<StepResult<DeploymentRecord>> {
    const target = targetOf(context, params);
    const { reason = 'A rollback was asked for.', version } = params;
    const running = this.#desk.run(target);
    if (running !== undefined && version === undefined) return this.#cancel(target, reason);
    const { record } = await this.#book.service(target);
    if (record?.live === undefined) throw nothingToRollBack(target.service, version);
    const found = rollbackTarget(await this.#book.history(target), record.live, version);
    if (found === undefined) throw nothingToRollBack(target.service, version);
    this.logger.warn('deployment_rollback_asked', { service: target.service, to: found.version, reason });
    return this.#deploy(context, {
      target,
      version: found.version,
      ...(found.artifact === undefined ? {} : { artifact: found.artifact }),
      order: {
        ...deploymentOrder({}, this.#settings),
        // Beside each other, then all at once; and it is known to work, so nothing has to be measured.
        strategy: 'blue_green',
        gates: [],
        soakMs: 0,
        replicas: found.replicas,
        mesh: found.mesh,
      },
      rollbackOf: record.live.deploymentId,
    });
  }

  /** Ends the deployment that is under way, and restores what was there before. */
  @operation({ params: CancelDeploymentParams, description: 'Ends the deployment that is under way.' })
  async cancel(
    context: OperationContext,
    params: CancelDeploymentParams,
  ): Promise<StepResult<DeploymentRecord>> {
    return this.#cancel(targetOf(context, params), params.reason ?? 'It was cancelled.');
  }

  /** What is live, what is under way, and what the driver sees. */
  @operation({ params: DeploymentStatusParams, description: 'Tells what is live, and what is under way.' })
  async status(
    context: OperationContext,
    { service, environment }: DeploymentStatusParams,
  ): Promise<StepResult<readonly DeploymentServiceStatus[]>> {
    const all = await this.#book.servicesOf(context.tenantId);
    const wanted = all.filter(
      (each) =>
        (service === undefined || each.service === service) &&
        (environment === undefined || each.environment === environment),
    );
    if (service !== undefined && wanted.length === 0) {
      throw new DeploymentError(
        'DEPLOYMENT_SERVICE_UNKNOWN',
        `Nothing was ever deployed of "${service}". Use one of ${all.map((each) => `"${each.service}"`).join(', ') || 'those that were: none yet'}.`,
      );
    }
    return StepResult.ok(
      await Promise.all(wanted.map((each) => serviceStatus(each, this.#desk, this.#clock, context.signal))),
    );
  }

  /** Deployments of a service, the newest first. */
  @operation({
    params: DeploymentHistoryParams,
    description: 'Lists deployments of a service, the newest first.',
  })
  async history(
    context: OperationContext,
    params: DeploymentHistoryParams,
  ): Promise<readonly DeploymentRecord[]> {
    const history = await this.#book.history(targetOf(context, params));
    return history.slice(0, params.limit ?? DEFAULT_HISTORY);
  }

  async #deploy(
    context: OperationContext,
    request: DeploymentRequest,
  ): Promise<StepResult<DeploymentRecord>> {
    const by = context.principal?.id;
    const run = await this.#desk.open({
      ...request,
      ...(by === undefined ? {} : { by }),
      onProgress: (ratio, message) => context.progress(ratio, message),
    });
    if (run === undefined) {
      return StepResult.skip(`Version ${request.version} of "${request.target.service}" is live already.`);
    }
    const ended = this.#desk.ended(request.target) as Promise<DeploymentRecord>;
    const cancel = (): void => {
      run.cancel(cancelled('The call that asked for the deployment was ended.'));
    };
    context.signal.addEventListener('abort', cancel, { once: true });
    if (context.signal.aborted) cancel();
    try {
      // The phases go on by themselves, also after this call is over; here they are only waited for, and
      // traced.
      for (const phase of DEPLOYMENT_PHASES) await context.step(phase, () => run.phase(phase));
    } catch {
      // Why it failed is in its record, with what was done about it.
    } finally {
      context.signal.removeEventListener('abort', cancel);
    }
    return deploymentResult(await ended);
  }

  async #cancel(target: DeploymentTarget, reason: string): Promise<StepResult<DeploymentRecord>> {
    const run = this.#desk.run(target);
    const ended = this.#desk.ended(target);
    if (run === undefined || ended === undefined) {
      throw new DeploymentError(
        'DEPLOYMENT_NOT_RUNNING',
        `No deployment of "${target.service}" in ${target.environment} is under way. Use rollback to return to an earlier version.`,
      );
    }
    run.cancel(cancelled(reason));
    const record = await ended;
    // What was asked for has been done, unless it was too late or the state before is not there again.
    return record.status === 'rolled_back' ? StepResult.ok(record) : deploymentResult(record);
  }

  get #desk(): DeploymentDesk {
    this.#openDesk ??= new DeploymentDesk({
      clock: this.#clock,
      logger: this.logger,
      book: this.#book,
      drivers: this.#drivers,
      traffic: this.#traffic,
      settings: this.#settings,
    });
    return this.#openDesk;
  }
}

function targetOf(
  { tenantId }: OperationContext,
  { service, environment = DEFAULT_ENVIRONMENT }: { readonly service: string; readonly environment?: string },
): DeploymentTarget {
  return { tenantId, environment, service };
}

function cancelled(reason: string): DeploymentError {
  return new DeploymentError('DEPLOYMENT_CANCELLED', reason);
}
