import type { Clock } from '@kapelle/core';
import * as http from 'node:http';
import { pipeline } from 'node:stream';
import type { Backend } from './backend.js';

/**
 * `answered`: the whole answer went to the caller. `refused`: the replica took no connection, so nothing was
 * sent. `reset`: a kept connection was closed before anything came back. `broken`: it ended in the middle.
 * `late`: the time was over. `gone`: the caller left.
 */
export type ForwardOutcome =
  | { readonly kind: 'answered'; readonly status: number }
  | { readonly kind: 'refused' | 'reset' | 'broken' | 'late' | 'gone' };

/** Said hop by hop: not passed on (RFC 9110, 7.6.1). */
const HOP_BY_HOP = [
  ...['connection', 'keep-alive', 'proxy-authenticate', 'proxy-authorization', 'proxy-connection'],
  ...['te', 'trailer', 'transfer-encoding', 'upgrade'],
];

/**
 * Sends a request on to a replica, and its answer back. Never rejects; where it is not `answered`, the caller
 * may have got headers already.
 */
export function forwardRequest(
  request: http.IncomingMessage,
  response: http.ServerResponse,
  backend: Backend,
  { clock, timeoutMs }: { readonly clock: Clock; readonly timeoutMs: number },
): Promise<ForwardOutcome> {
  return new Promise((resolve) => {
    const outgoing = http.request({
      host: backend.host,
      port: backend.port,
      method: request.method ?? 'GET',
      path: request.url ?? '/',
      headers: forwardedHeaders(request),
      agent: backend.agent,
    });
    let isOver = false;
    const end = (outcome: ForwardOutcome): void => {
      if (isOver) return;
      isOver = true;
      clock.clearTimeout(timer);
      response.off('close', left);
      if (outcome.kind !== 'answered') {
        request.unpipe(outgoing);
        outgoing.destroy();
      }
      resolve(outcome);
    };
    const left = (): void => {
      if (!response.writableFinished) end({ kind: 'gone' });
    };
    const timer = clock.setTimeout(() => end({ kind: 'late' }), timeoutMs);
    response.on('close', left);
    let hasAnswer = false;
    outgoing.on('response', (answer) => {
      hasAnswer = true;
      const status = answer.statusCode ?? 502;
      response.writeHead(status, endToEnd(answer.headers));
      pipeline(answer, response, (error) => {
        if (error == null) end({ kind: 'answered', status });
        else end({ kind: response.destroyed && !answer.errored ? 'gone' : 'broken' });
      });
    });
    outgoing.on('error', (error: NodeJS.ErrnoException) => {
      // A replica may answer without reading the whole body; whether the answer is whole is seen by itself.
      if (hasAnswer) return;
      if (error.code === 'ECONNREFUSED') end({ kind: 'refused' });
      else end({ kind: outgoing.reusedSocket && !response.headersSent ? 'reset' : 'broken' });
    });
    if (hasBody(request)) request.pipe(outgoing);
    else outgoing.end();
  });
}

/** Whether a request brings a body, which could not be sent a second time. */
export function hasBody({ headers }: http.IncomingMessage): boolean {
  return headers['transfer-encoding'] !== undefined || Number(headers['content-length'] ?? 0) > 0;
}

function forwardedHeaders(request: http.IncomingMessage): http.OutgoingHttpHeaders {
  const headers = endToEnd(request.headers);
  const from = request.socket.remoteAddress ?? 'unknown';
  const before = request.headers['x-forwarded-for'];
  headers['x-forwarded-for'] = before === undefined ? from : `${String(before)}, ${from}`;
  headers['x-forwarded-proto'] ??= 'http';
  if (request.headers.host !== undefined) headers['x-forwarded-host'] ??= request.headers.host;
  // How long the body is stays known where it is; otherwise it goes in pieces.
  if (request.headers['transfer-encoding'] !== undefined) headers['transfer-encoding'] = 'chunked';
  return headers;
}

function endToEnd(given: http.IncomingHttpHeaders): http.OutgoingHttpHeaders {
  const named = (given.connection ?? '').split(',').map((name) => name.trim().toLowerCase());
  const dropped = new Set([...HOP_BY_HOP, ...named]);
  return Object.fromEntries(Object.entries(given).filter(([name]) => !dropped.has(name)));
}
