import {
  SHARED_TENANT,
  StateError,
  type StateKey,
  type StateRecord,
  type StateStore,
} from '../../state/index.js';
import { DeploymentError } from './deployment-error.js';
import type { DeploymentTarget } from './deployment-driver.js';
import { type DeploymentRecord, hasEnded, type ServiceRecord } from './deployment-record.js';

const HISTORY = 'deployment.history';
/**
 * Under the shared tenant, so that one that was interrupted is found without knowing whose it was. Nothing of
 * it is answered to another.
 */
const SERVICES = 'deployment.services';
const PAGE = 1_000;

/** A service as it was read, so that it is only changed where nobody else did. */
export interface BookedService {
  readonly record: ServiceRecord | undefined;
  readonly version: number;
}

/** Deployments and services, in the state store: the only place that knows how they are kept. */
export class DeploymentBook {
  readonly #store: StateStore;
  readonly #maxHistory: number;

  /** @param maxHistory deployments kept of one service; the oldest that are over go first */
  constructor(store: StateStore, maxHistory: number) {
    this.#store = store;
    this.#maxHistory = maxHistory;
  }

  get isDurable(): boolean {
    return this.#store.durable;
  }

  async service(target: DeploymentTarget): Promise<BookedService> {
    const found = await this.#store.get<ServiceRecord>(serviceKey(target));
    return { record: found === undefined ? undefined : readable(found), version: found?.version ?? 0 };
  }

  /** Every service of every tenant. */
  async services(): Promise<readonly ServiceRecord[]> {
    return this.#all<ServiceRecord>(SHARED_TENANT, SERVICES, '');
  }

  /** The services of one tenant. */
  async servicesOf(tenantId: string): Promise<readonly ServiceRecord[]> {
    return this.#all<ServiceRecord>(SHARED_TENANT, SERVICES, `${encodeURIComponent(tenantId)}/`);
  }

  /** @throws DeploymentError `DEPLOYMENT_IN_PROGRESS` where somebody changed the service since it was read */
  async putService(record: ServiceRecord, read: BookedService): Promise<BookedService> {
    try {
      const { version } = await this.#store.put(serviceKey(record), record, { ifVersion: read.version });
      return { record, version };
    } catch (error) {
      if (!(error instanceof StateError) || error.code !== 'STATE_CONFLICT') throw error;
      throw new DeploymentError(
        'DEPLOYMENT_IN_PROGRESS',
        `Somebody else has just changed what is deployed of "${record.service}". Ask for its status, then try again.`,
        { cause: error, retryable: true },
      );
    }
  }

  async put(record: DeploymentRecord): Promise<void> {
    await this.#store.put(deploymentKey(record), record);
  }

  /** The newest first. */
  async history(target: DeploymentTarget): Promise<readonly DeploymentRecord[]> {
    const { tenantId, environment, service } = target;
    const all = await this.#all<DeploymentRecord>(tenantId, HISTORY, `${environment}/${service}/`);
    return [...all].reverse();
  }

  /** Drops the oldest deployments beyond the limit. */
  async prune(target: DeploymentTarget): Promise<void> {
    const history = await this.history(target);
    for (const record of history.slice(this.#maxHistory)) {
      if (hasEnded(record)) await this.#store.delete(deploymentKey(record));
    }
  }

  async #all<T extends { readonly formatVersion: number }>(
    tenantId: string,
    collection: string,
    prefix: string,
  ): Promise<readonly T[]> {
    const all: T[] = [];
    let after: string | undefined;
    for (;;) {
      const page = await this.#store.list<T>(
        { tenantId, collection },
        { prefix, limit: PAGE, ...(after === undefined ? {} : { after }) },
      );
      all.push(...page.map(readable));
      after = page.at(-1)?.key;
      if (page.length < PAGE) return all;
    }
  }
}

function serviceKey({ tenantId, environment, service }: DeploymentTarget): StateKey {
  return {
    tenantId: SHARED_TENANT,
    collection: SERVICES,
    key: `${encodeURIComponent(tenantId)}/${environment}/${service}`,
  };
}

function deploymentKey(record: DeploymentRecord): StateKey {
  const { tenantId, environment, service, startedAt, id } = record;
  // Keys are in the order of their characters: times of equal length are in that of time.
  const at = String(Math.max(0, Math.trunc(startedAt))).padStart(15, '0');
  return { tenantId, collection: HISTORY, key: `${environment}/${service}/${at}/${id}` };
}

function readable<T extends { readonly formatVersion: number }>({ key, value }: StateRecord<T>): T {
  const version: unknown = (value as Partial<T> | null)?.formatVersion;
  if (version === 1) return value;
  throw new DeploymentError(
    'DEPLOYMENT_RECORD_UNREADABLE',
    `The stored record "${key}" has format ${String(version)}, this version reads format 1. Run the version that wrote it, or delete the record.`,
    { details: { key } },
  );
}
