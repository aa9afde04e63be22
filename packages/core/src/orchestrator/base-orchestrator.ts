import { injectable, unmanaged } from 'inversify';

import { ambientLogger, contextLogFields } from '../ambient.js';
import type { OrchestrationContext } from '../context.js';
import { OrchestrationError } from '../errors.js';
import type { CallOptions, NotGiven, OrchestratorRef, ParamsOf, ResultOf } from '../facade/references.js';
import type { OrchestrationLayer, OrchestrationType } from '../layers.js';
import { type Logger, silentLogger } from '../logging/logger.js';
import { sanitize } from '../logging/redact.js';
import { defaultOrchestratorName } from '../naming.js';
import type { SignalQueue } from '../queues/signal-queue.js';
import { StepResult } from '../step-result.js';
import { attachmentOf } from './attachment.js';
import { type AnyClass, definitionOf } from './metadata.js';
import { standaloneOrchestrate } from './standalone.js';

/** What a `health` hook may answer. `true` is healthy, `false` unhealthy. */
export type HealthAnswer =
  | boolean
  | {
      readonly status: 'healthy' | 'degraded' | 'unhealthy';
      /** 0 to 100. */
      readonly score?: number;
      readonly message?: string;
      readonly details?: unknown;
    };

/** What the facade needs of an orchestrator. Every hook is optional. */
export interface OrchestratorProtocol {
  readonly name: string;
  readonly layer: OrchestrationLayer;
  readonly orchestrationType: OrchestrationType;
  orchestrate(context: OrchestrationContext, params?: unknown): unknown;
  canOrchestrate?(context: OrchestrationContext, params?: unknown): boolean | Promise<boolean>;
  /** Once, before the first call, after everything it depends on is up. */
  start?(signal: AbortSignal): unknown;
  /** Once, after the whole host has started. */
  ready?(signal: AbortSignal): unknown;
  /** When the host stops taking calls; running ones go on. */
  drain?(signal: AbortSignal): unknown;
  /**
   * Once, at stop or unregister, of an orchestrator whose start hook succeeded, be it after its time. A start hook that
   * fails cleans up after itself.
   */
  cleanup?(signal: AbortSignal): unknown;
  /** Asked whenever somebody asks for health. Should be quick. */
  health?(signal: AbortSignal): HealthAnswer | Promise<HealthAnswer>;
}

/** What a decorator would say, for a class that has none. */
export interface OrchestratorIdentity {
  readonly layer: OrchestrationLayer;
  readonly name: string;
  readonly type: OrchestrationType;
}

const IDENTITY = new WeakMap<object, OrchestratorIdentity>();

/** The base of orchestrators: identity, routing to operations, logger, queues, delegation. */
@injectable()
export abstract class BaseOrchestrator implements OrchestratorProtocol {
  /** `identity` only for a class without `@orchestrator`. */
  constructor(@unmanaged() identity?: OrchestratorIdentity) {
    if (identity !== undefined) IDENTITY.set(this, identity);
  }

  get name(): string {
    return identityOf(this).name;
  }

  get layer(): OrchestrationLayer {
    return identityOf(this).layer;
  }

  get orchestrationType(): OrchestrationType {
    return identityOf(this).type;
  }

  /**
   * Routes `params.operation` to an `@operation`, validated and logged as every call is. Override it to do the
   * routing yourself. Never rejects.
   */
  orchestrate(context: OrchestrationContext, params?: unknown): Promise<StepResult> {
    const attachment = attachmentOf(this);
    if (attachment === undefined) return standaloneOrchestrate(this, context, params);
    return attachment.route(context, params) ?? attachment.orchestrate(context, params);
  }

  /** Whether this orchestrator takes the call; `false` makes it a skipped result. */
  canOrchestrate(_context: OrchestrationContext, _params?: unknown): boolean | Promise<boolean> {
    return true;
  }

  start?(signal: AbortSignal): unknown;
  ready?(signal: AbortSignal): unknown;
  drain?(signal: AbortSignal): unknown;
  cleanup?(signal: AbortSignal): unknown;
  health?(signal: AbortSignal): HealthAnswer | Promise<HealthAnswer>;

  /** Adds the orchestrator's name and the ids of the current call to each event. */
  protected get logger(): Logger {
    return attachmentOf(this)?.logger ?? detachedLogger;
  }

  /** The queue that a `@consumes` method of this class declares. @throws OrchestrationError for another name */
  protected queue<T>(name: string): SignalQueue<T> {
    const attachment = attachmentOf(this);
    if (attachment === undefined) {
      throw new OrchestrationError(
        'ORCHESTRATOR_NOT_REGISTERED',
        `Queue "${name}" of ${this.name} is not there yet: the orchestrator is not registered.`,
      );
    }
    return attachment.queue(name);
  }

  /** Calls another orchestrator with a child of `context`, typed as `context.call`. Throws nothing. */
  protected delegate<R extends OrchestratorRef, P extends ParamsOf<R>, Op extends string = never>(
    ref: R,
    context: OrchestrationContext,
    params?: P | (P & { readonly operation?: Op }),
    options?: CallOptions,
  ): Promise<StepResult<ResultOf<R, P>>>;
  protected delegate<T = NotGiven>(
    ref: [T] extends [NotGiven] ? never : OrchestratorRef,
    context: OrchestrationContext,
    params?: unknown,
    options?: CallOptions,
  ): Promise<StepResult<T>>;
  protected delegate(
    ref: OrchestratorRef,
    context: OrchestrationContext,
    params?: unknown,
    options?: CallOptions,
  ): Promise<StepResult<never>> {
    const attachment = attachmentOf(this);
    if (attachment === undefined) {
      return Promise.resolve(
        StepResult.fail(
          `${this.name} is not registered with a facade and cannot delegate. Register it first.`,
          {
            errorCategory: 'configuration',
          },
        ),
      );
    }
    return attachment.delegate(ref, context, params, options) as Promise<StepResult<never>>;
  }

  /** Writes `orchestration_started`. Nothing where the facade has written it for this call. */
  protected logOrchestrationStart(context: OrchestrationContext, params?: unknown): void {
    if (attachmentOf(this)?.logsCall(context) === true) return;
    const { logger } = this;
    if (logger.isLevelEnabled?.('info') === false) return;
    logger.info('orchestration_started', {
      orchestrator: this.name,
      layer: this.layer,
      ...contextLogFields(context),
      ...(params === undefined ? {} : { params: sanitize(params) }),
    });
  }

  /** Writes `orchestration_completed`. Nothing where the facade writes it for this call. */
  protected logOrchestrationEnd(context: OrchestrationContext, result: StepResult): void {
    if (attachmentOf(this)?.logsCall(context) === true) return;
    const { logger } = this;
    if (logger.isLevelEnabled?.('info') === false) return;
    logger.info('orchestration_completed', {
      orchestrator: this.name,
      layer: this.layer,
      ...contextLogFields(context),
      success: result.success,
      status: result.status,
    });
  }
}

const detachedLogger = ambientLogger(silentLogger);

/** Name, layer and type of any orchestrator object. @throws OrchestrationError where it has none */
export function identityOf(instance: object): OrchestratorIdentity {
  const given = IDENTITY.get(instance);
  if (given !== undefined) return given;
  const target = instance.constructor as AnyClass;
  const definition = definitionOf(target);
  if (definition === undefined) {
    throw new OrchestrationError(
      'ORCHESTRATOR_NOT_DECORATED',
      `${target.name} does not say what orchestrator it is.`,
      {
        fix: 'Put @orchestrator(layer, type) on the class, or pass { layer, name, type } to super().',
      },
    );
  }
  return {
    layer: definition.layer,
    type: definition.type,
    name: definition.options.name ?? defaultOrchestratorName(target.name),
  };
}
