import { OrchestrationError } from '../errors.js';
import type { FacadeOptions } from './orchestration-facade.js';

/** @throws OrchestrationError `OPTION_INVALID` for a clock or an engine that is none. A logger may lack what it likes. */
export function checkPorts({ clock, engine }: FacadeOptions): void {
  if (clock !== undefined) checkMethods('clock', clock, ['now', 'monotonic', 'setTimeout', 'clearTimeout']);
  if (engine === undefined) return;
  checkMethods('engine', engine, ['start', 'run', 'stop']);
  if (typeof engine.name !== 'string' || !Array.isArray(engine.capabilities)) {
    throw new OrchestrationError('OPTION_INVALID', 'engine must have a name and an array of capabilities.');
  }
}

function checkMethods(option: string, port: unknown, methods: readonly string[]): void {
  const missing =
    typeof port === 'object' && port !== null
      ? methods.filter((method) => typeof (port as Record<string, unknown>)[method] !== 'function')
      : methods;
  if (missing.length === 0) return;
  throw new OrchestrationError('OPTION_INVALID', `${option} has no ${missing.join(', ')}.`, {
    fix: `Pass an object with the methods ${methods.join(', ')}.`,
  });
}
