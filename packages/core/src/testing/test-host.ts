import type { Container } from 'inversify';

import { type Clock, systemClock } from '../clock/clock.js';
import { createOrchestrationHost, type HostOptions } from '../container/create-host.js';
import type { OrchestrationContext } from '../context.js';
import type { OrchestrationEvent, OrchestrationEventType } from '../events/events.js';
import type { OrchestrationFacade } from '../facade/orchestration-facade.js';
import type { OrchestrationHost } from '../lifecycle/host.js';
import type { StopReport } from '../lifecycle/stop-sequence.js';
import { aContext, type AContextInit } from './a-context.js';
import { FakeClock } from './fake-clock.js';
import { type Override, Overrides } from './overrides.js';
import { RecordingLogger } from './recording-logger.js';

/** As of a host; container and logger are the test host's own. */
export interface TestHostOptions extends Omit<HostOptions, 'container' | 'logger'> {
  /** Bound in the place of what the modules bind. One that nothing uses is an error. */
  readonly overrides?: readonly Override[];
}

/**
 * A started host for a test, which remembers what it does: `await using test = await TestHost.start({ … })` stops it at
 * the end of the block.
 */
export class TestHost {
  readonly host: OrchestrationHost;
  readonly clock: Clock;
  /** Everything that was logged. */
  readonly logs: RecordingLogger;
  /** Everything the framework has told, the oldest first, from before the start. */
  readonly events: readonly OrchestrationEvent[];
  #contexts = 0;

  private constructor(
    host: OrchestrationHost,
    clock: Clock,
    logs: RecordingLogger,
    events: readonly OrchestrationEvent[],
  ) {
    this.host = host;
    this.clock = clock;
    this.logs = logs;
    this.events = events;
  }

  /**
   * Starts a host. Where that fails nothing is left of it.
   *
   * @throws OrchestrationError `OPTION_INVALID` for an override that nothing uses or that cannot be; whatever
   * `host.start()` rejects with (rejects)
   */
  static async start(options: TestHostOptions): Promise<TestHost> {
    const { overrides: given = [], modules = [], orchestrators = [], ...others } = options;
    const overrides = new Overrides(given, orchestrators);
    const logs = new RecordingLogger();
    const host = createOrchestrationHost({
      ...others,
      orchestrators,
      modules: [...modules, overrides.module],
      logger: logs,
    });
    const events: OrchestrationEvent[] = [];
    host.facade.events.on('*', (event) => events.push(event));
    await host.start();
    const unused = overrides.unused(host, orchestrators);
    const test = new TestHost(host, others.clock ?? systemClock, logs, events);
    if (unused !== undefined) {
      await test[Symbol.asyncDispose]();
      throw unused;
    }
    return test;
  }

  get facade(): OrchestrationFacade {
    return this.host.facade;
  }

  get container(): Container {
    return this.host.container;
  }

  /** The events of one type. */
  eventsOf<K extends OrchestrationEventType>(type: K): Extract<OrchestrationEvent, { readonly type: K }>[] {
    return this.events.filter(
      (event): event is Extract<OrchestrationEvent, { type: K }> => event.type === type,
    );
  }

  /** A context of its own request, `request-1`, `request-2` and so on, with whatever is given. */
  context(init: AContextInit = {}): OrchestrationContext {
    this.#contexts += 1;
    return aContext({ requestId: `request-${this.#contexts}`, ...init });
  }

  /** Stops the host. On a fake clock its limits pass only as the test advances it. */
  stop(reason?: string): Promise<StopReport> {
    return this.host.stop(reason);
  }

  /** Stops the host; a fake clock is advanced for as long as that takes. */
  async [Symbol.asyncDispose](): Promise<void> {
    const stopping = this.host.stop('the test is over');
    const { clock } = this;
    if (clock instanceof FakeClock) {
      let isOver = false;
      void stopping.finally(() => {
        isOver = true;
      });
      while (!isOver) await clock.advance(clock.nextTimerIn() ?? 0);
    }
    await stopping;
  }
}
