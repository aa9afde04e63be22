import type { IncomingMessage, ServerResponse } from 'node:http';
import { shown } from '../option-checks.js';
import { healthChecks as check, HealthOptionError } from './health-error.js';
import type { HealthMonitor, HealthReport } from './health-monitor.js';

/** Under which paths probes are answered, and how much is told. */
export interface HealthHandlerOptions {
  /** What stands before `/live`, `/ready` and `/health`, such as `/internal`. @default none */
  readonly basePath?: string;
  /** Whether `/health` names the orchestrators. @default true */
  readonly details?: boolean;
}

type Answer = readonly [status: number, body: object];

/**
 * Answers probes over `node:http`: `/live` and `/ready` with 200 or 503, `/health` with the whole report (503 while
 * not ready). Other paths are 404, other methods 405. Nothing is cached.
 *
 * @throws {@link HealthOptionError}
 */
export function healthHandler(
  monitor: Pick<HealthMonitor, 'report'>,
  options: HealthHandlerOptions = {},
): (request: IncomingMessage, response: ServerResponse) => void {
  const { basePath = '', details = true } = check.object('options', options);
  check.callable('monitor', monitor, 'report');
  check.flag('details', details);
  if (check.text('basePath', basePath) !== '' && (!basePath.startsWith('/') || basePath.endsWith('/'))) {
    throw new HealthOptionError(
      `basePath is ${shown(basePath)}.`,
      'Begin it with a slash, and end it without one.',
    );
  }
  const answers: Readonly<Record<string, (report: HealthReport) => Answer>> = {
    '/live': ({ live }) => [live ? 200 : 503, { live }],
    '/ready': ({ ready, status }) => [ready ? 200 : 503, { ready, status }],
    '/health': (report) => [
      report.ready ? 200 : 503,
      details ? report : { ...report, orchestrators: undefined },
    ],
  };
  return (request, response) => {
    const path = (request.url ?? '').split('?', 1)[0] ?? '';
    const name = path.startsWith(basePath) ? path.slice(basePath.length) : '';
    const answer = Object.hasOwn(answers, name) ? answers[name] : undefined;
    const isRead = request.method === 'GET' || request.method === 'HEAD';
    if (answer !== undefined && !isRead) response.setHeader('allow', 'GET, HEAD');
    const [status, body] =
      answer === undefined
        ? [404, { error: 'Use /live, /ready or /health.' }]
        : isRead
          ? safely(monitor, answer)
          : [405, { error: 'Use GET or HEAD.' }];
    const text = JSON.stringify(body);
    response.writeHead(status, {
      'content-type': 'application/json; charset=utf-8',
      'content-length': Buffer.byteLength(text),
      'cache-control': 'no-store',
    });
    response.end(request.method === 'HEAD' ? undefined : text);
  };
}

/** A report that cannot be made is a bad sign itself. */
function safely(monitor: Pick<HealthMonitor, 'report'>, answer: (report: HealthReport) => Answer): Answer {
  try {
    return answer(monitor.report());
  } catch {
    return [503, { error: 'The report cannot be made.' }];
  }
}
