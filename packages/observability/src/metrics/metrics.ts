import type { IncomingMessage, ServerResponse } from 'node:http';

import type { Metric, Registry } from 'prom-client';

import { CallMeter } from './call-meter.js';
import { DurationScale } from './duration-scale.js';
import { EventLoopReadings } from './event-loop-readings.js';
import { openMetricsText, prometheusText } from './exposition.js';
import { familySources } from './family-sources.js';
import { HostReadings, OrchestratorReadings } from './host-readings.js';
import { checkMetricsOptions, type MetricsOptions } from './metrics-options.js';
import { RareCounts } from './rare-counts.js';
import { type FamilySource, ScrapedFamily } from './reading.js';
import { StepRetries } from './step-retries.js';

/** How a scrape is written. */
export type ScrapeFormat = 'prometheus' | 'openmetrics';

/** The text of a scrape and its content type. */
export interface Scrape {
  readonly contentType: string;
  readonly text: string;
}

const CONTENT_TYPES = {
  prometheus: 'text/plain; version=0.0.4; charset=utf-8',
  openmetrics: 'application/openmetrics-text; version=1.0.0; charset=utf-8',
} as const;

/**
 * The metrics of a host or facade, counted from when they are made until {@link close}. A call writes to a cell of its
 * own in a few nanoseconds; everything else is asked when somebody scrapes.
 */
export class Metrics {
  readonly #sources: readonly FamilySource[];
  readonly #detach: () => void;

  /** @throws MetricsOptionsError for an option out of its bounds */
  constructor(options: MetricsOptions) {
    const checked = checkMetricsOptions(options);
    const { facade, host, clock, maxSeries, maxTenants } = checked;
    const scale = new DurationScale(checked.buckets);
    const meter = new CallMeter({ clock, scale, maxCells: maxSeries, maxTenants });
    const rare = new RareCounts(facade, maxSeries);
    const loop = new EventLoopReadings();
    const retries = new StepRetries(rare.stepRetries);
    const stopMeter = facade.use({ name: 'metrics', watch: { ...meter.watcher, ...retries.watcher } });
    const states =
      host === undefined
        ? undefined
        : new HostReadings(facade, clock, host.state, (state) => {
            if (state === 'starting' || state === 'running') loop.start();
            else if (state === 'stopped' || state === 'failed') loop.stop();
          });
    // Without a host nobody says when it ends but close.
    if (host === undefined) loop.start();
    this.#detach = () => {
      stopMeter();
      rare.close();
      states?.close();
      loop.stop();
    };
    const orchestrators = new OrchestratorReadings(facade);
    this.#sources = familySources(checked, { meter, rare, orchestrators, host: states, loop });
  }

  /** The names of the families, prefix included, in the order of a scrape. */
  get names(): readonly string[] {
    return this.#sources.map(({ name }) => name);
  }

  /**
   * Puts the families into a registry of prom-client that you scrape yourself.
   *
   * @throws Error of prom-client where it has a metric of one of the names
   */
  registerIn(registry: Pick<Registry, 'registerMetric'>): void {
    for (const source of this.#sources)
      registry.registerMetric(new ScrapedFamily(source) as unknown as Metric);
  }

  /** Reads everything, as a scraper wants it. */
  async scrape(format: ScrapeFormat = 'prometheus'): Promise<Scrape> {
    const write = format === 'openmetrics' ? openMetricsText : prometheusText;
    return { contentType: CONTENT_TYPES[format], text: write(this.#sources) };
  }

  /**
   * Answers GET and HEAD with a scrape, in OpenMetrics where the scraper accepts it, whatever the path. For
   * `createServer(metrics.handler())`, or the route of a framework that hands on node's request and response.
   */
  handler(): (request: IncomingMessage, response: ServerResponse) => void {
    return (request, response) => {
      const { method, headers } = request;
      if (method !== 'GET' && method !== 'HEAD') {
        response.writeHead(405, { allow: 'GET, HEAD', 'content-type': 'text/plain' });
        response.end('Scrape with GET.\n');
        return;
      }
      const accepts = headers.accept ?? '';
      this.scrape(accepts.includes('application/openmetrics-text') ? 'openmetrics' : 'prometheus').then(
        ({ contentType, text }) => {
          response.writeHead(200, {
            'content-type': contentType,
            'content-length': Buffer.byteLength(text),
            'cache-control': 'no-store',
          });
          response.end(method === 'HEAD' ? undefined : text);
        },
        () => {
          // What went wrong is nothing for whoever scrapes.
          response.writeHead(500, { 'content-type': 'text/plain' });
          response.end('The metrics cannot be read.\n');
        },
      );
    };
  }

  /** Takes everything off the facade, and stops watching the event loop. What was counted stays readable. */
  close(): void {
    this.#detach();
  }
}

/**
 * Attaches metrics to a host, or to a facade that has none. Made before the host starts they know how long that took.
 *
 * @throws MetricsOptionsError for an option out of its bounds
 */
export function createMetrics(options: MetricsOptions): Metrics {
  return new Metrics(options);
}
