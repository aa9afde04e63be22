import type { Clock, Logger } from '@kapelle/core';
import type { BookedService, DeploymentBook } from './deployment-book.js';
import type { DeploymentDriver, DeploymentTarget, TrafficSource } from './deployment-driver.js';
import { DeploymentError, deploymentError } from './deployment-error.js';
import type { DeploymentSettings } from './deployment-options.js';
import {
  type DeploymentOrder,
  type DeploymentRecord,
  hasEnded,
  type LiveRelease,
  type ServiceRecord,
} from './deployment-record.js';
import { DeploymentRun, type DeploymentWorld } from './deployment-run.js';
import { recoverService } from './recover-service.js';
import { inProgress, interrupted, keyOf, onlyTarget, settledService } from './service-rules.js';

/** What the desk works with. */
export interface DeploymentDeskInit {
  readonly clock: Clock;
  readonly logger: Logger;
  readonly book: DeploymentBook;
  readonly drivers: readonly DeploymentDriver[];
  readonly traffic: TrafficSource | undefined;
  readonly settings: DeploymentSettings;
}

/** A new version, wanted by somebody. */
export interface DeploymentRequest {
  readonly target: DeploymentTarget;
  readonly version: string;
  readonly artifact?: string;
  readonly driver?: string;
  readonly order: DeploymentOrder;
  readonly by?: string;
  readonly rollbackOf?: string;
  readonly onProgress?: DeploymentWorld['onProgress'];
}

/** Opens and closes deployments: one at a time for each service, found again after a restart. */
export class DeploymentDesk {
  readonly #init: DeploymentDeskInit;
  /** What is under way, or being opened (`undefined`), by service. */
  readonly #runs = new Map<string, DeploymentRun | undefined>();
  readonly #closing = new Map<string, Promise<DeploymentRecord>>();
  readonly #recovering = new Map<string, Promise<void>>();
  /** Services whose state nobody restored, and why. */
  readonly #troubles = new Map<string, string>();
  #isClosed = false;

  constructor(init: DeploymentDeskInit) {
    this.#init = init;
  }

  /** How many deployments are under way. */
  get running(): number {
    return this.#runs.size;
  }

  /** How many services are being taken up after a restart. */
  get recovering(): number {
    return this.#recovering.size;
  }

  /** What somebody has to look at: services whose state could not be restored, until a deployment of them is completed. */
  get troubles(): readonly string[] {
    return [...this.#troubles.values()];
  }

  run(target: DeploymentTarget): DeploymentRun | undefined {
    return this.#runs.get(keyOf(target));
  }

  /** The deployment under way and its end, with everything stored. */
  ended(target: DeploymentTarget): Promise<DeploymentRecord> | undefined {
    return this.#closing.get(keyOf(target));
  }

  /** @throws DeploymentError `DEPLOYMENT_DRIVER_UNKNOWN` */
  driver(name: string | undefined): DeploymentDriver {
    const { drivers } = this.#init;
    const found = name === undefined ? drivers[0] : drivers.find((each) => each.name === name);
    if (found !== undefined) return found;
    throw new DeploymentError(
      'DEPLOYMENT_DRIVER_UNKNOWN',
      drivers.length === 0
        ? 'No driver is bound. Bind DEPLOYMENT_DRIVERS to a list with at least one.'
        : `There is no driver "${String(name)}". Use one of ${drivers.map((each) => `"${each.name}"`).join(', ')}.`,
    );
  }

  traffic(driver: DeploymentDriver): TrafficSource | undefined {
    return driver.traffic ?? this.#init.traffic;
  }

  /**
   * Begins a deployment. `undefined` where the version is live already.
   *
   * @throws DeploymentError `DEPLOYMENT_IN_PROGRESS`, `DEPLOYMENT_DRIVER_UNKNOWN`,
   * `DEPLOYMENT_REQUEST_INVALID`, what the driver's check throws
   */
  async open(request: DeploymentRequest): Promise<DeploymentRun | undefined> {
    const { target } = request;
    const key = keyOf(target);
    await this.#recovering.get(key);
    if (this.#isClosed) throw interrupted();
    if (this.#runs.has(key)) throw inProgress(target, this.#runs.get(key)?.record.id);
    this.#runs.set(key, undefined);
    try {
      const { book } = this.#init;
      const service = await this.#settled(target);
      const { live } = service.record ?? {};
      if (live?.version === request.version) {
        this.#runs.delete(key);
        return undefined;
      }
      const driver = this.driver(request.driver ?? service.record?.driver);
      if (live !== undefined && service.record !== undefined && service.record.driver !== driver.name) {
        throw new DeploymentError(
          'DEPLOYMENT_REQUEST_INVALID',
          `"${target.service}" is live with the driver "${service.record.driver}", and "${driver.name}" was asked for. Leave the driver out, or use another service.`,
        );
      }
      driver.check(target, request);
      const record = await this.#newRecord(request, driver, live);
      await book.put(record);
      const opened = await book.putService(
        {
          ...(service.record ?? { formatVersion: 1, ...onlyTarget(target) }),
          driver: driver.name,
          open: record.id,
        },
        service,
      );
      if (this.#isClosed as boolean) throw interrupted();
      const run = new DeploymentRun(record, this.world(target, driver, request.onProgress));
      this.#runs.set(key, run);
      this.#closing.set(key, this.#close(run, opened));
      return run;
    } catch (error) {
      this.#runs.delete(key);
      throw error;
    }
  }

  /** Takes up what a process left behind: reads it now, and does the work meanwhile. */
  async recover(): Promise<void> {
    const { book, settings } = this.#init;
    if (!settings.recover) return;
    for (const service of await book.services()) {
      this.#recoverInBackground(service, this.#recover(service));
    }
  }

  /** Ends what is under way: the state before is restored. */
  interrupt(): void {
    this.#isClosed = true;
    for (const run of this.#runs.values()) run?.cancel(interrupted());
  }

  /** Interrupts, waits for the ends until the signal fires, and closes the drivers. */
  async close(signal: AbortSignal): Promise<void> {
    this.interrupt();
    const ends = Promise.allSettled([...this.#closing.values(), ...this.#recovering.values()]);
    const fired = new Promise<void>((resolve) => {
      if (signal.aborted) resolve();
      signal.addEventListener('abort', () => resolve(), { once: true });
    });
    await Promise.race([ends, fired]);
    await Promise.all(this.#init.drivers.map(async (driver) => driver.close?.()));
  }

  /** What a deployment of this service runs in. */
  world(
    target: DeploymentTarget,
    driver: DeploymentDriver,
    onProgress?: DeploymentWorld['onProgress'],
  ): DeploymentWorld {
    const { clock, logger, book, settings } = this.#init;
    return {
      clock,
      logger,
      driver,
      traffic: this.traffic(driver),
      pollMs: settings.pollMs,
      graceMs: settings.graceMs,
      rollbackTimeoutMs: settings.rollbackTimeoutMs,
      save: async (record) => {
        try {
          await book.put(record);
        } catch (error) {
          logger.error('deployment_not_saved', {
            deploymentId: record.id,
            error: deploymentError(error, 'Saving').message,
          });
        }
      },
      onLate: () => void this.#afterLate(target, driver),
      ...(onProgress === undefined ? {} : { onProgress }),
    };
  }

  async #newRecord(
    { target, version, artifact, order, by, rollbackOf }: DeploymentRequest,
    driver: DeploymentDriver,
    live: LiveRelease | undefined,
  ): Promise<DeploymentRecord> {
    const startedAt = this.#init.clock.now();
    const ids = new Set((await this.#init.book.history(target)).map(({ id }) => id));
    const wanted = `${target.service}-${version}-${Math.floor(startedAt / 1_000)}`;
    let id = wanted;
    for (let number = 2; ids.has(id); number += 1) id = `${wanted}-${number}`;
    return {
      formatVersion: 1,
      ...onlyTarget(target),
      id,
      version,
      ...(artifact === undefined ? {} : { artifact }),
      driver: driver.name,
      order,
      status: 'pending',
      startedAt,
      ...(by === undefined ? {} : { by }),
      ...(live === undefined ? {} : { previous: live }),
      phases: [],
      ...(rollbackOf === undefined ? {} : { rollbackOf }),
      warnings: [],
    };
  }

  /** The service, without a deployment that is over but could not be closed. */
  async #settled(target: DeploymentTarget): Promise<BookedService> {
    const { book } = this.#init;
    const service = await book.service(target);
    const open = service.record?.open;
    if (service.record === undefined || open === undefined) return service;
    const record = (await book.history(target)).find(({ id }) => id === open);
    if (record !== undefined && !hasEnded(record)) throw inProgress(target, open);
    return book.putService(settledService(service.record, record), service);
  }

  async #close(run: DeploymentRun, opened: BookedService): Promise<DeploymentRecord> {
    const { book, logger } = this.#init;
    const record = await run.done;
    const key = keyOf(record);
    if (record.status === 'completed') this.#troubles.delete(key);
    if (record.rollback?.performed === false) this.#noteTrouble(record);
    try {
      await book.putService(settledService(opened.record as ServiceRecord, record), opened);
      if (record.status === 'completed' && record.rollbackOf !== undefined)
        await this.#markRolledBack(record);
      await book.prune(record);
    } catch (thrown) {
      const { message } = deploymentError(thrown, 'Closing the deployment');
      logger.error('deployment_not_saved', { deploymentId: record.id, error: message });
    } finally {
      this.#runs.delete(key);
      this.#closing.delete(key);
    }
    return record;
  }

  #noteTrouble(record: DeploymentRecord): void {
    const { service, environment, id } = record;
    this.#troubles.set(keyOf(record), `${service} in ${environment}: the rollback of ${id} failed`);
  }

  async #markRolledBack({ rollbackOf, id, ...target }: DeploymentRecord): Promise<void> {
    const { book } = this.#init;
    const undone = (await book.history(target)).find((each) => each.id === rollbackOf);
    if (undone !== undefined) await book.put({ ...undone, status: 'rolled_back', rolledBackBy: id });
  }

  async #recover(service: ServiceRecord): Promise<void> {
    const { book } = this.#init;
    const driver = this.driver(service.driver);
    const read = await book.service(service);
    const record =
      service.open === undefined
        ? undefined
        : (await book.history(service)).find(({ id }) => id === service.open);
    const ended = await recoverService(service, record, this.world(service, driver));
    if (ended?.rollback?.performed === false && service.open !== undefined) this.#noteTrouble(ended);
    if (service.open !== undefined) await book.putService(settledService(service, ended), read);
  }

  /** Nothing is deployed of the service until the work is over. */
  #recoverInBackground(target: DeploymentTarget, work: Promise<void>): void {
    const key = keyOf(target);
    const recovering = work
      .catch((thrown: unknown) => {
        const { code, message } = deploymentError(thrown, `Taking up "${target.service}"`);
        this.#troubles.set(key, `${target.service} in ${target.environment}: it could not be taken up again`);
        this.#init.logger.error('deployment_recovery_failed', {
          service: target.service,
          code,
          error: message,
        });
      })
      .finally(() => {
        if (this.#recovering.get(key) === recovering) this.#recovering.delete(key);
      });
    this.#recovering.set(key, recovering);
  }

  /**
   * A call of a driver that was given up has ended: where nothing else is under way the service is brought to
   * what is live once more, for nobody knows what that call did last.
   */
  async #afterLate(target: DeploymentTarget, driver: DeploymentDriver): Promise<void> {
    const { book, logger } = this.#init;
    logger.warn('deployment_driver_late', { service: target.service, driver: driver.name });
    const key = keyOf(target);
    await this.#closing.get(key);
    if (this.#isClosed || this.#runs.has(key)) return;
    const restoring = (async () => {
      const { record } = await book.service(target);
      if (record !== undefined)
        await recoverService(record, undefined, this.world(target, driver), { always: true });
    })();
    this.#recoverInBackground(target, restoring);
  }
}
