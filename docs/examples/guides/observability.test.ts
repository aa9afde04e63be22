import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { PassThrough } from 'node:stream';

import { afterEach, describe, expect, it } from '@jest/globals';
import { OrchestrationFacade } from '@kapelle/core';
import { aContext } from '@kapelle/core/testing';
import { PolicyRegistry } from '@kapelle/resilience';
import { context as otel, propagation, trace } from '@opentelemetry/api';
import {
  BasicTracerProvider,
  InMemorySpanExporter,
  SimpleSpanProcessor,
} from '@opentelemetry/sdk-trace-base';

import * as observability from './observability.js';

const PARENT = '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01';
const ended: (() => unknown)[] = [];

afterEach(async () => {
  for (const end of ended.splice(0).reverse()) await end();
});

async function listening(server: Server): Promise<string> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  ended.push(() => {
    server.closeAllConnections();
    return new Promise((resolve) => server.close(resolve));
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

/** Tells prices, and what it was asked with. */
async function priceServer() {
  const asked: IncomingMessage['headers'][] = [];
  const url = await listening(
    createServer((request, response) => {
      asked.push(request.headers);
      response.end('{"price":7}');
    }),
  );
  return { url, asked };
}

describe('the guide to observability', () => {
  it('carries a trace from the incoming to the outgoing request', async () => {
    const exporter = new InMemorySpanExporter();
    const kept: unknown[] = [];
    const flush = observability.installTracing({
      export: (spans, done) => {
        kept.push(...spans);
        exporter.export(spans, done);
      },
      shutdown: () => exporter.shutdown(),
    });
    ended.push(() => {
      trace.disable();
      otel.disable();
      propagation.disable();
    });
    const host = observability.createTracedHost();
    await host.start();
    ended.push(() => host.stop());
    const { url, asked } = await priceServer();

    const request = { headers: { traceparent: PARENT } } as unknown as IncomingMessage;
    const result = await observability.answer(host.facade, request, 'acme', url);
    expect(result.data).toEqual({ price: 7 });
    await flush();
    expect(kept).toHaveLength(1);
    expect(kept[0]).toMatchObject({ name: 'price.quote', parentSpanContext: { spanId: '00f067aa0ba902b7' } });
    expect(asked[0]?.['traceparent']).toMatch(
      /^00-4bf92f3577b34da6a3ce929d0e0e4736-(?!00f067aa0ba902b7)\w{16}-01$/,
    );
  });

  it('traces with a tracer of your own', async () => {
    const exporter = new InMemorySpanExporter();
    const provider = new BasicTracerProvider({ spanProcessors: [new SimpleSpanProcessor(exporter)] });
    const facade = new OrchestrationFacade();
    facade.register(observability.PriceOrchestrator);
    const { url } = await priceServer();
    const off = observability.traceWith(facade, provider.getTracer('app'));
    await facade.orchestrate('price', aContext({ metadata: { plan: 'gold' } }), { url });
    off();
    const [span] = exporter.getFinishedSpans();
    expect(span?.attributes).toMatchObject({ 'app.free': false, 'kapelle.status': 'ok' });
    expect(span?.attributes).not.toHaveProperty('kapelle.tenant.id');
    await facade.unregister('price');
  });

  it('writes the ids of the active span into each line', async () => {
    const stream = new PassThrough();
    const logger = observability.createTracedLogger(stream);
    const provider = new BasicTracerProvider();
    ended.push(observability.installTracing(new InMemorySpanExporter()), () => {
      trace.disable();
      otel.disable();
      propagation.disable();
    });
    const span = provider.getTracer('app').startSpan('GET /');
    otel.with(trace.setSpan(otel.active(), span), () => {
      logger.info('price_asked');
    });
    await logger.close();
    const { traceId, spanId } = span.spanContext();
    expect(JSON.parse(String(stream.read()))).toMatchObject({ event: 'price_asked', traceId, spanId });
  });

  it('serves metrics at a path of its own', async () => {
    const host = observability.createTracedHost();
    const url = await listening(observability.serveMetrics(host));
    await host.start();
    ended.push(() => host.stop());
    const { url: prices } = await priceServer();
    await host.facade.orchestrate('price', aContext(), { url: prices });
    const text = await (await fetch(`${url}/metrics`)).text();
    expect(text).toContain(
      'kapelle_calls_total{orchestrator="price",layer="domain",operation="quote",status="ok",error_category=""} 1',
    );
    expect(text).toContain('process_resident_memory_bytes ');
    expect((await fetch(url)).status).toBe(404);
  });

  it('bounds what it counts', async () => {
    const host = observability.createTracedHost();
    const policies = new PolicyRegistry().define('prices', { breaker: {} });
    policies.for('prices');
    const metrics = observability.countTenants(host, policies);
    ended.push(() => metrics.close());
    const { text } = await metrics.scrape();
    expect(text).toContain('kapelle_breaker_state{breaker="prices",state="closed"} 1');
  });
});
