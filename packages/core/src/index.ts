export type { LogFields, Logger, LogLevel } from './logging/logger.js';
export { silentLogger } from './logging/logger.js';
