import type { Clock } from '@kapelle/core';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { MeshPolicy } from '../deployment-driver.js';
import { type Shared, ShareRouter } from '../share-router.js';
import type { TrafficCounters } from '../traffic.js';
import type { Backend } from './backend.js';
import { type ForwardOutcome, forwardRequest, hasBody } from './forward-request.js';
import { VersionPool } from './version-pool.js';

/** Where a balancer listens. */
export interface LoadBalancerInit {
  readonly host: string;
  /** 0 for any that is free. */
  readonly port: number;
  readonly clock: Clock;
  readonly policy: MeshPolicy;
}

/** Sent twice they do what they do once (RFC 9110, 9.2.2). */
const IDEMPOTENT: ReadonlySet<string> = new Set(['GET', 'HEAD', 'OPTIONS', 'TRACE', 'PUT', 'DELETE']);
/** Versions without replicas whose counters are kept. */
const MAX_GONE = 20;
const WORDS = {
  502: 'no answer from the service',
  503: 'no replica can take the request',
  504: 'the service took too long',
};

/**
 * Leads requests to the replicas of several versions by their shares, and counts what each version answers.
 * HTTP/1.1 without upgrades. A request that no replica has taken is tried at another one of the same version
 * where it is idempotent and brings no body.
 */
export class LoadBalancer {
  policy: MeshPolicy;
  readonly #server: Server;
  readonly #clock: Clock;
  readonly #pools = new Map<string, VersionPool>();
  readonly #router = new ShareRouter();
  /** Requests that no version could be chosen for. */
  #unrouted = 0;

  private constructor({ clock, policy }: LoadBalancerInit) {
    this.#clock = clock;
    this.policy = policy;
    this.#server = createServer((request, response) => void this.#answer(request, response));
    this.#server.keepAliveTimeout = 65_000;
  }

  /** Rejects where the port is taken. */
  static async listen(init: LoadBalancerInit): Promise<LoadBalancer> {
    const balancer = new LoadBalancer(init);
    const server = balancer.#server;
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen(init.port, init.host, () => {
        server.off('error', reject);
        resolve();
      });
    });
    return balancer;
  }

  get url(): string {
    const { address, port } = this.#server.address() as AddressInfo;
    return `http://${address.includes(':') ? `[${address}]` : address}:${port}`;
  }

  get unrouted(): number {
    return this.#unrouted;
  }

  add(version: string, backend: Backend): void {
    this.#pool(version).add(backend);
  }

  /** From now on it gets no request; those it has go on. */
  remove(version: string, backend: Backend): void {
    this.#pools.get(version)?.remove(backend);
  }

  setShares(shares: readonly Shared[]): void {
    this.#router.set(shares);
    const gone = [...this.#pools].filter(
      ([version, { size }]) => size === 0 && !shares.some(({ key }) => key === version),
    );
    // The oldest first; what the last ones answered can still be asked for.
    for (const [version] of gone.slice(0, Math.max(0, gone.length - MAX_GONE))) this.#pools.delete(version);
  }

  /** Percent that a version gets, counting only those that have a replica. */
  shareOf(version: string): number {
    const live = this.#router.shares.filter(({ key }) => (this.#pools.get(key)?.size ?? 0) > 0);
    const total = live.reduce((sum, { share }) => sum + share, 0);
    const own = live.find(({ key }) => key === version)?.share ?? 0;
    return total === 0 ? 0 : Math.round((10_000 * own) / total) / 100;
  }

  counters(): Readonly<Record<string, TrafficCounters>> {
    return Object.fromEntries([...this.#pools].map(([version, pool]) => [version, pool.counter.read()]));
  }

  /** Takes no more connections, and ends those there are. */
  async close(): Promise<void> {
    await new Promise<void>((resolve) => {
      this.#server.close(() => resolve());
      this.#server.closeAllConnections();
    });
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    // A caller that breaks off is noticed by the exchange; the error itself says nothing more.
    request.on('error', () => undefined);
    response.on('error', () => undefined);
    const version = this.#router.next((key) => (this.#pools.get(key)?.size ?? 0) > 0);
    if (version === undefined) {
      this.#unrouted += 1;
      refuse(response, 503);
      return;
    }
    const pool = this.#pool(version);
    const began = this.#clock.monotonic();
    const outcome = await this.#exchange(request, response, pool);
    if (outcome.kind === 'gone') return;
    const isUnanswered = outcome.kind !== 'answered';
    if (outcome.kind === 'full') refuse(response, 503);
    else if (outcome.kind === 'late') refuse(response, 504);
    else if (isUnanswered) refuse(response, 502);
    pool.counter.count({
      isUnanswered,
      isFailure: outcome.kind === 'answered' && outcome.status >= 500,
      durationMs: this.#clock.monotonic() - began,
    });
  }

  async #exchange(
    request: IncomingMessage,
    response: ServerResponse,
    pool: VersionPool,
  ): Promise<ForwardOutcome | { readonly kind: 'full' }> {
    const tried = new Set<Backend>();
    const mayRetry = IDEMPOTENT.has(request.method ?? '') && !hasBody(request);
    let last: ForwardOutcome | { readonly kind: 'full' } = { kind: 'full' };
    for (let attempt = 0; attempt <= this.policy.retries; attempt += 1) {
      const backend = pool.pick(this.policy, this.#clock.monotonic(), tried);
      if (backend === undefined) return last;
      last = await this.#forward(request, response, backend);
      if (!mayRetry || response.headersSent || (last.kind !== 'refused' && last.kind !== 'reset'))
        return last;
      // A kept connection that was closed says nothing of the replica: it may be asked again.
      if (last.kind === 'refused') tried.add(backend);
    }
    return last;
  }

  async #forward(
    request: IncomingMessage,
    response: ServerResponse,
    backend: Backend,
  ): Promise<ForwardOutcome> {
    backend.begin();
    try {
      const outcome = await forwardRequest(request, response, backend, {
        clock: this.#clock,
        timeoutMs: this.policy.timeoutMs,
      });
      if (outcome.kind !== 'gone' && outcome.kind !== 'reset') {
        const isGood = outcome.kind === 'answered' && outcome.status < 500;
        backend.judge(isGood, this.policy, this.#clock.monotonic());
      }
      return outcome;
    } finally {
      backend.end();
    }
  }

  #pool(version: string): VersionPool {
    let pool = this.#pools.get(version);
    if (pool === undefined) {
      pool = new VersionPool();
      this.#pools.set(version, pool);
    }
    return pool;
  }
}

/**
 * Answers for the service; where its answer has begun, breaks it off, so that the caller knows it is not
 * whole.
 */
function refuse(response: ServerResponse, status: keyof typeof WORDS): void {
  if (response.headersSent || response.destroyed) {
    response.destroy();
    return;
  }
  response.writeHead(status, {
    'content-type': 'text/plain; charset=utf-8',
    ...(status === 503 ? { 'retry-after': '1' } : {}),
  });
  response.end(`${WORDS[status]}\n`);
}
