export { createWinstonLogger, type WinstonLoggerOptions } from './create-winston-logger.js';
export { LoggerOptionsError } from './log-level.js';
export type { LoggerStats } from './log-sink.js';
export type { LineStream } from './stream-transport.js';
export type { WinstonLogger } from './winston-logger.js';
