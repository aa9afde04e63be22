import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';

import {
  BaseOrchestrator,
  createOrchestrationHost,
  operation,
  type OperationContext,
  type OrchestrationFacade,
  type OrchestrationHost,
  orchestrator,
} from '@kapelle/core';
// #region imports
import {
  contextFromHeaders,
  createMetrics,
  createWinstonLogger,
  injectHeaders,
  type LineStream,
  openTelemetryTracing,
  traceLogFields,
} from '@kapelle/observability';
// #endregion
import type { PolicyRegistry } from '@kapelle/resilience';
// #region sdk-imports
import { context, propagation, trace, type Tracer } from '@opentelemetry/api';
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks';
import { W3CTraceContextPropagator } from '@opentelemetry/core';
import { BasicTracerProvider, BatchSpanProcessor, type SpanExporter } from '@opentelemetry/sdk-trace-base';
// #endregion

@orchestrator('domain', 'business_logic')
export class PriceOrchestrator extends BaseOrchestrator {
  // #region outgoing
  @operation()
  async quote(context: OperationContext, { url }: { url: string }) {
    const response = await fetch(url, { headers: injectHeaders(context), signal: context.signal });
    return (await response.json()) as { price: number };
  }
  // #endregion
}

// #region tracing
export function createTracedHost(): OrchestrationHost {
  return createOrchestrationHost({
    orchestrators: [PriceOrchestrator],
    interceptors: [openTelemetryTracing()],
  });
}
// #endregion

// #region sdk
/** Before the host starts. Returns what sends the last spans at the end. */
export function installTracing(exporter: SpanExporter): () => Promise<void> {
  const provider = new BasicTracerProvider({ spanProcessors: [new BatchSpanProcessor(exporter)] });
  trace.setGlobalTracerProvider(provider);
  context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
  propagation.setGlobalPropagator(new W3CTraceContextPropagator());
  return () => provider.shutdown();
}
// #endregion

// #region incoming
export async function answer(
  facade: OrchestrationFacade,
  request: IncomingMessage,
  tenantId: string,
  url: string,
) {
  const context = contextFromHeaders(request.headers, { tenantId });
  return facade.orchestrate(PriceOrchestrator, context, { url });
}
// #endregion

// #region own-tracer
/** Names no tenants, gives steps no spans, and says whether the caller pays. */
export function traceWith(facade: OrchestrationFacade, tracer: Tracer): () => void {
  return facade.use(
    openTelemetryTracing({
      tracer,
      tenant: false,
      steps: false,
      attributes: ({ context }) => ({ 'app.free': context.metadata['plan'] === undefined }),
    }),
  );
}
// #endregion

// #region logs
export function createTracedLogger(stream: LineStream) {
  return createWinstonLogger({ format: 'json', stream, ambient: traceLogFields });
}
// #endregion

// #region metrics
/** Before the host starts, so that the start is measured too. */
export function serveMetrics(host: OrchestrationHost): Server {
  const metrics = createMetrics({ host, processMetrics: true });
  const scrape = metrics.handler();
  const server = createServer((request: IncomingMessage, response: ServerResponse) => {
    if (request.url === '/metrics') scrape(request, response);
    else response.writeHead(404).end();
  });
  server.on('close', () => {
    metrics.close();
  });
  return server;
}
// #endregion

// #region bounds
export function countTenants(host: OrchestrationHost, policies: PolicyRegistry<string>) {
  return createMetrics({
    host,
    breakers: () => policies.breakers(),
    tenantLabel: { max: 20 },
    buckets: [0.01, 0.1, 1, 10],
    maxSeries: 500,
  });
}
// #endregion
