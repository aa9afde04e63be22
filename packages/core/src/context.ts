import { randomUUID } from 'node:crypto';

import { markAsOurs } from './copy-mark.js';
import { forMany, openController } from './engine/open-controller.js';
import { OrchestrationError } from './errors.js';
import { EMPTY_RECORD, frozenJsonRecord, kindOf } from './json-data.js';
import type { WorkScope } from './watching/watcher.js';

/** Who asks. Set by whoever authenticated the caller; never read from params or metadata. */
export interface Principal {
  readonly id: string;
  readonly scopes: readonly string[];
}

/** What a context is made of. Both ids are texts that are not empty. */
export interface OrchestrationContextInit {
  readonly tenantId: string;
  readonly requestId: string;
  /** JSON-like data; copied and deep-frozen. */
  readonly metadata?: Readonly<Record<string, unknown>>;
  /** Of a distributed trace. */
  readonly traceId?: string;
  /** The span outside of this process that the work belongs to: a W3C `traceparent`. Gives the traceId, unless that is given. */
  readonly traceParent?: string;
  /** What the tracers before have to tell: a W3C `tracestate`. */
  readonly traceState?: string;
  /** Epoch milliseconds after which the answer is of no use. */
  readonly deadline?: number;
  /** Aborts the calls made with this context. */
  readonly signal?: AbortSignal;
  readonly principal?: Principal;
}

/** What a child context may have of its own. Metadata is laid over the parent's. */
export type ChildContextOverrides = Partial<Omit<OrchestrationContextInit, 'requestId'>>;

/** The wire form of a context. A signal cannot travel. */
export interface OrchestrationContextJSON {
  readonly tenantId: string;
  readonly requestId: string;
  readonly metadata: Readonly<Record<string, unknown>>;
  readonly traceId?: string;
  readonly traceParent?: string;
  readonly traceState?: string;
  readonly deadline?: number;
  readonly principal?: Principal;
  readonly parentOrchestrator?: string;
  readonly orchestrationDepth: number;
  /** Names from the first orchestrator of the request to the direct parent. */
  readonly callPath?: readonly string[];
}

/** A link of the chain of calls a context stands in. */
interface ChainLink {
  readonly name: string;
  readonly before: ChainLink | undefined;
}

/** @internal A running call, as far as its child contexts depend on it. */
export interface FrameLink {
  readonly signal: AbortSignal;
  /** Epoch milliseconds. */
  readonly deadline: number | undefined;
  /** What accompanies it, where somebody watches. */
  readonly scope?: WorkScope | undefined;
}

/** @internal What a context is made of; never changed once made. */
export interface ContextState {
  readonly tenantId: string;
  readonly requestId: string;
  readonly traceId: string | undefined;
  readonly traceParent: string | undefined;
  readonly traceState: string | undefined;
  readonly principal: Principal | undefined;
  readonly deadline: number | undefined;
  readonly chain: ChainLink | undefined;
  readonly depth: number;
  /** Every signal, beside the frame's, that aborts calls made with the context. */
  readonly sources: readonly AbortSignal[];
  /** The running call that made the context for a call of its own. */
  readonly frame: FrameLink | undefined;
  /** The metadata to copy from on first read. */
  readonly metadata: Readonly<Record<string, unknown>>;
  /** Whether {@link metadata} belongs to this context alone. */
  readonly ownMetadata: boolean;
}

const NO_SOURCES: readonly AbortSignal[] = Object.freeze([]);

/**
 * What a call belongs to: tenant, request, trace, time left, and where in the chain of calls it stands.
 * Immutable: whoever receives one cannot change it, and metadata is a deep-frozen copy.
 */
export class OrchestrationContext {
  readonly #state: ContextState;
  /** The running call that this is the context of. Here, since asking a context for what a subclass adds is slow. */
  readonly #call: FrameLink | undefined;
  /** What is made when somebody looks. One field: contexts are made per call, and each field costs. */
  #seen: { metadata?: Readonly<Record<string, unknown>>; signal?: AbortSignal } | undefined;

  /** @throws OrchestrationError `CONTEXT_INVALID` naming the field that is missing or of the wrong kind. */
  constructor(init: OrchestrationContextInit);
  /** @internal */
  constructor(init: OrchestrationContextInit | ContextState, state: typeof TRUSTED, call?: FrameLink);
  constructor(init: OrchestrationContextInit | ContextState, trusted?: typeof TRUSTED, call?: FrameLink) {
    this.#state = trusted === TRUSTED ? (init as ContextState) : stateOf(init);
    this.#call = trusted === TRUSTED ? call : undefined;
    // Subclasses may have fields of their own to set.
    if (new.target === OrchestrationContext) Object.freeze(this);
  }

  /** A context whose requestId is made here. */
  static create(
    init: { readonly tenantId: string } & Partial<OrchestrationContextInit>,
  ): OrchestrationContext {
    mustBeObject('init', init);
    return new OrchestrationContext({ ...init, requestId: init.requestId ?? randomUUID() });
  }

  /** @throws OrchestrationError `CONTEXT_INVALID` */
  static fromJSON(json: unknown): OrchestrationContext {
    const wire = json as OrchestrationContextJSON;
    const state = stateOf(wire);
    const path = wire.callPath ?? (wire.parentOrchestrator === undefined ? [] : [wire.parentOrchestrator]);
    if (!Array.isArray(path) || !path.every((name) => typeof name === 'string')) {
      throw invalid('callPath', 'an array of names', wire.callPath);
    }
    let chain: ChainLink | undefined;
    for (const name of path as readonly string[]) chain = { name, before: chain };
    const depth: unknown = wire.orchestrationDepth;
    if (depth !== undefined && (typeof depth !== 'number' || !Number.isSafeInteger(depth) || depth < 0)) {
      throw invalid('orchestrationDepth', 'an integer >= 0', depth);
    }
    return new OrchestrationContext({ ...state, chain, depth: depth ?? path.length }, TRUSTED);
  }

  /** True for contexts, also those an operation gets; never fooled by a look-alike. */
  static isContext(value: unknown): value is OrchestrationContext {
    return typeof value === 'object' && value !== null && #state in value;
  }

  /** @internal What `context` is made of, whatever a receiver did to the object. */
  static stateOf(context: OrchestrationContext): ContextState {
    return context.#state;
  }

  /** @internal The running call that `context` is the context of. */
  static callOf(context: OrchestrationContext): FrameLink | undefined {
    return context.#call;
  }

  get tenantId(): string {
    return this.#state.tenantId;
  }

  get requestId(): string {
    return this.#state.requestId;
  }

  get metadata(): Readonly<Record<string, unknown>> {
    if (this.#state.ownMetadata) return this.#state.metadata;
    return ((this.#seen ??= {}).metadata ??= Object.freeze({ ...this.#state.metadata }));
  }

  get traceId(): string | undefined {
    return this.#state.traceId;
  }

  /** The span outside of this process that the work belongs to: a W3C `traceparent`. */
  get traceParent(): string | undefined {
    return this.#state.traceParent;
  }

  /** The W3C `tracestate` that came with {@link traceParent}. */
  get traceState(): string | undefined {
    return this.#state.traceState;
  }

  get principal(): Principal | undefined {
    return this.#state.principal;
  }

  /** The orchestrator that made this context for a call of its own. */
  get parentOrchestrator(): string | undefined {
    return this.#state.chain?.name;
  }

  /** 0 for the first call of a request. */
  get orchestrationDepth(): number {
    return this.#state.depth;
  }

  /** Epoch milliseconds. */
  get deadline(): number | undefined {
    return earlier(this.#state.deadline, this.#state.frame?.deadline);
  }

  /** Fires when work for this context should end. Always there; without a source it never fires. */
  get signal(): AbortSignal {
    return ((this.#seen ??= {}).signal ??= joined(this.#state));
  }

  /** A context for a call that `parentName` makes: depth + 1, own metadata, the earlier deadline, a linked signal. */
  createChildContext(parentName: string, overrides?: ChildContextOverrides): OrchestrationContext {
    if (typeof parentName !== 'string' || parentName === '') {
      throw invalid('parentName', 'a non-empty string', parentName);
    }
    return new OrchestrationContext(childState(this.#state, parentName, overrides), TRUSTED);
  }

  toJSON(): OrchestrationContextJSON {
    const { tenantId, requestId, traceId, traceParent, traceState, principal, chain, depth } = this.#state;
    const { deadline } = this;
    return {
      tenantId,
      requestId,
      metadata: this.metadata,
      ...(traceId === undefined ? {} : { traceId }),
      ...(traceParent === undefined ? {} : { traceParent }),
      ...(traceState === undefined ? {} : { traceState }),
      ...(deadline === undefined ? {} : { deadline }),
      ...(principal === undefined ? {} : { principal }),
      ...(chain === undefined ? {} : { parentOrchestrator: chain.name }),
      orchestrationDepth: depth,
      ...(chain === undefined ? {} : { callPath: callPath(chain) }),
    };
  }

  [Symbol.for('nodejs.util.inspect.custom')](): unknown {
    return this.toJSON();
  }
}

markAsOurs(OrchestrationContext.prototype);

/** @internal Proof that a state was checked already. */
export const TRUSTED: unique symbol = Symbol('kapelle.trusted');

/** @internal */
export function callPath(chain: ChainLink | undefined): string[] {
  const path: string[] = [];
  for (let link = chain; link !== undefined; link = link.before) path.push(link.name);
  return path.reverse();
}

/**
 * @internal The state of a child context.
 *
 * @param call the running call that makes it; it carries deadline and signals, which it knows on the monotonic clock
 */
export function childState(
  parent: ContextState,
  parentName: string,
  overrides: ChildContextOverrides | undefined,
  call?: FrameLink,
): ContextState {
  const chain: ChainLink = { name: parentName, before: parent.chain };
  const deadline = call === undefined ? parent.deadline : undefined;
  const sources = call === undefined ? parent.sources : NO_SOURCES;
  const frame = call ?? parent.frame;
  const depth = parent.depth + 1;
  if (overrides === undefined) {
    // Written out: one is made per call, and before Node 24 a spread costs many times as much.
    return {
      tenantId: parent.tenantId,
      requestId: parent.requestId,
      traceId: parent.traceId,
      traceParent: parent.traceParent,
      traceState: parent.traceState,
      principal: parent.principal,
      deadline,
      chain,
      depth,
      sources,
      frame,
      metadata: parent.metadata,
      ownMetadata: false,
    };
  }
  mustBeObject('overrides', overrides);
  const own = stateOf({
    ...overrides,
    tenantId: overrides.tenantId ?? parent.tenantId,
    requestId: parent.requestId,
  });
  // Another trace has another parent.
  const trace = own.traceId === undefined || own.traceId === parent.traceId ? parent : own;
  return {
    tenantId: own.tenantId,
    requestId: parent.requestId,
    traceId: trace.traceId,
    traceParent: own.traceParent ?? trace.traceParent,
    traceState: own.traceParent === undefined ? trace.traceState : own.traceState,
    principal: own.principal ?? parent.principal,
    deadline: earlier(deadline, own.deadline),
    chain,
    depth,
    sources: own.sources.length === 0 ? sources : [...new Set([...sources, ...own.sources])],
    frame,
    metadata:
      overrides.metadata === undefined
        ? parent.metadata
        : Object.freeze({ ...parent.metadata, ...own.metadata }),
    ownMetadata: overrides.metadata !== undefined,
  };
}

function earlier(a: number | undefined, b: number | undefined): number | undefined {
  if (a === undefined) return b;
  return b === undefined ? a : Math.min(a, b);
}

function joined({ sources, frame }: ContextState): AbortSignal {
  const all = frame === undefined ? sources : [...sources, frame.signal];
  const [first] = all;
  if (first === undefined) return openController().signal;
  return all.length === 1 ? first : forMany(AbortSignal.any([...all]));
}

function stateOf(init: unknown): ContextState {
  mustBeObject('init', init);
  const { tenantId, requestId, metadata, deadline, signal, principal } = init as Record<string, unknown>;
  const trace = traceOf(init as Record<string, unknown>);
  if (typeof tenantId !== 'string' || tenantId === '')
    throw invalid('tenantId', 'a non-empty string', tenantId);
  if (typeof requestId !== 'string' || requestId === '')
    throw invalid('requestId', 'a non-empty string', requestId);
  if (deadline !== undefined && (typeof deadline !== 'number' || !Number.isFinite(deadline))) {
    throw invalid('deadline', 'a finite number of epoch milliseconds', deadline);
  }
  if (signal !== undefined && !(signal instanceof AbortSignal))
    throw invalid('signal', 'an AbortSignal', signal);
  return {
    tenantId,
    requestId,
    traceId: trace.traceId,
    traceParent: trace.traceParent,
    traceState: trace.traceState,
    principal: principal === undefined ? undefined : principalOf(principal),
    deadline,
    chain: undefined,
    depth: 0,
    sources: signal === undefined ? NO_SOURCES : [signal],
    frame: undefined,
    metadata: metadata === undefined ? EMPTY_RECORD : metadataOf(metadata),
    ownMetadata: true,
  };
}

function mustBeObject(what: string, value: unknown): asserts value is object {
  if (typeof value !== 'object' || value === null) throw invalid(what, 'an object', value);
}

const NO_TRACE = Object.freeze({ traceId: undefined, traceParent: undefined, traceState: undefined });
const TRACE_PARENT = /^[0-9a-f]{2}-([0-9a-f]{32})-[0-9a-f]{16}-[0-9a-f]{2}$/;

function traceOf({
  traceId,
  traceParent,
  traceState,
}: Record<string, unknown>): Pick<ContextState, 'traceId' | 'traceParent' | 'traceState'> {
  if (traceId !== undefined && typeof traceId !== 'string') throw invalid('traceId', 'a string', traceId);
  if (traceState !== undefined && typeof traceState !== 'string')
    throw invalid('traceState', 'a string', traceState);
  if (traceParent === undefined) {
    return traceId === undefined ? NO_TRACE : { traceId, traceParent: undefined, traceState: undefined };
  }
  const named = typeof traceParent === 'string' ? TRACE_PARENT.exec(traceParent)?.[1] : undefined;
  if (named === undefined) throw invalid('traceParent', 'a W3C traceparent', traceParent);
  if (traceId !== undefined && traceId !== named) {
    throw invalid('traceParent', `a span of its trace ${JSON.stringify(traceId)}`, traceParent);
  }
  return { traceId: named, traceParent: traceParent as string, traceState };
}

function metadataOf(metadata: unknown): Readonly<Record<string, unknown>> {
  try {
    return frozenJsonRecord(metadata, 'metadata');
  } catch (cause) {
    throw new OrchestrationError(
      'CONTEXT_INVALID',
      cause instanceof Error ? cause.message : 'metadata cannot be read.',
      {
        cause,
      },
    );
  }
}

function principalOf(principal: unknown): Principal {
  const { id, scopes } = (typeof principal === 'object' && principal !== null ? principal : {}) as Record<
    string,
    unknown
  >;
  if (typeof id !== 'string' || id === '') throw invalid('principal.id', 'a non-empty string', id);
  if (!Array.isArray(scopes) || !scopes.every((scope) => typeof scope === 'string')) {
    throw invalid('principal.scopes', 'an array of strings', scopes);
  }
  return Object.freeze({ id, scopes: Object.freeze([...scopes]) });
}

function invalid(field: string, wanted: string, found: unknown): OrchestrationError {
  const shown =
    typeof found === 'string' || typeof found === 'number' ? JSON.stringify(found) : kindOf(found);
  return new OrchestrationError('CONTEXT_INVALID', `The context's ${field} must be ${wanted}, got ${shown}.`);
}
