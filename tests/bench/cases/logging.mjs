import { dropStream } from '../subjects/drop-stream.mjs';
import { kapelle } from '../subjects/lazy.mjs';

const LINES = 100;
const immediate = () => new Promise((resolve) => setImmediate(resolve));
/** Streams get a turn after every hundred lines, as they have in a program that also waits for something. */
const lines = (write, verify) => ({
  per: LINES,
  call: async () => {
    for (let i = 0; i < LINES; i += 1) write(i);
    await immediate();
  },
  ...(verify === undefined ? {} : { verify }),
});

const fields = { orchestrator: 'bench', operation: 'run', tenant_id: 'acme', duration_ms: 12 };
const secret = { ...fields, params: { user: 'ada', password: 'correct horse', nested: { api_key: 'k-1' } } };

async function ours(options) {
  const { createWinstonLogger } = await import('@kapelle/observability');
  const logger = createWinstonLogger({ stream: dropStream(), ...options });
  const verify = () => {
    const { dropped = 0 } = logger.stats ?? {};
    if (dropped > 0) throw new Error(`${dropped} lines were dropped.`);
  };
  return { logger, verify };
}

async function winston() {
  const { default: library } = await import('winston');
  return library.createLogger({
    level: 'info',
    format: library.format.combine(library.format.timestamp(), library.format.json()),
    transports: [new library.transports.Stream({ stream: dropStream() })],
  });
}

async function pino(options = {}) {
  const { default: library } = await import('pino-10');
  return library({ level: 'info', timestamp: library.stdTimeFunctions.isoTime, ...options }, dropStream());
}

const body = async () => 1;
/** What Kapelle says of a call. */
const callFields = {
  orchestrator: 'bench',
  layer: 'domain',
  operation: 'run',
  tenantId: 'bench',
  requestId: 'r-1',
  depth: 0,
  type: 'business_logic',
};

const inLines = (call, verify) => ({
  per: LINES,
  call: async () => {
    for (let i = 0; i < LINES; i += 1) await call();
    await immediate();
  },
  ...(verify === undefined ? {} : { verify }),
});

const callAt = (level) => async () => {
  const { logger, verify } = await ours({ level });
  return inLines(await kapelle({ host: { logger } }), verify);
};

export const part = {
  title: 'Logging',
  groups: [
    {
      id: 'log-off',
      title: 'A debug line where the level is info',
      base: 'winston-off',
      cases: [
        {
          id: 'kapelle-off',
          what: 'Kapelle on winston',
          ours: true,
          make: async () => {
            const { logger } = await ours();
            return lines(() => logger.debug('call_started', fields));
          },
        },
        {
          id: 'winston-off',
          what: 'winston 3 alone',
          make: async () => {
            const logger = await winston();
            return lines(() => logger.debug('call_started', fields));
          },
        },
        {
          id: 'pino-off',
          what: 'pino 10',
          make: async () => {
            const logger = await pino();
            return lines(() => logger.debug(fields, 'call_started'));
          },
        },
      ],
    },
    {
      id: 'log-written',
      title: 'A line of JSON, written to a stream that drops it',
      base: 'winston-written',
      cases: [
        {
          id: 'kapelle-written',
          what: 'Kapelle on winston: sanitised, secrets redacted',
          ours: true,
          make: async () => {
            const { logger, verify } = await ours();
            return lines(() => logger.info('call_completed', fields), verify);
          },
        },
        {
          id: 'winston-written',
          what: 'winston 3 alone: timestamp, json',
          make: async () => {
            const logger = await winston();
            return lines(() => logger.info('call_completed', fields));
          },
        },
        {
          id: 'pino-written',
          what: 'pino 10: ISO timestamp',
          make: async () => {
            const logger = await pino();
            return lines(() => logger.info(fields, 'call_completed'));
          },
        },
      ],
    },
    {
      id: 'log-secret',
      title: 'A written line with nested params, secrets hidden',
      base: 'pino-secret',
      cases: [
        {
          id: 'kapelle-secret',
          what: 'Kapelle on winston: found by name at any depth',
          ours: true,
          make: async () => {
            const { logger, verify } = await ours();
            return lines(() => logger.info('call_completed', secret), verify);
          },
        },
        {
          id: 'pino-secret',
          what: 'pino 10, redact with the two paths',
          make: async () => {
            const logger = await pino({ redact: ['params.password', 'params.nested.api_key'] });
            return lines(() => logger.info(secret, 'call_completed'));
          },
        },
      ],
    },
    {
      id: 'log-child',
      title: 'A child with the ids of a call, and one written line of it',
      base: 'winston-child',
      cases: [
        {
          id: 'kapelle-child',
          what: 'Kapelle on winston',
          ours: true,
          make: async () => {
            const { logger, verify } = await ours();
            return lines((i) => logger.child({ request_id: i }).info('call_completed', fields), verify);
          },
        },
        {
          id: 'winston-child',
          what: 'winston 3 alone',
          make: async () => {
            const logger = await winston();
            return lines((i) => logger.child({ request_id: i }).info('call_completed', fields));
          },
        },
        {
          id: 'pino-child',
          what: 'pino 10',
          make: async () => {
            const logger = await pino();
            return lines((i) => logger.child({ request_id: i }).info(fields, 'call_completed'));
          },
        },
      ],
    },
    {
      id: 'log-call',
      title: 'A call, with the two lines that are written of it at info',
      base: 'call-silent',
      cases: [
        {
          id: 'call-silent',
          what: 'Kapelle, no logger',
          ours: true,
          make: async () => inLines(await kapelle()),
        },
        {
          id: 'call-warn',
          what: 'Kapelle, winston at warn: neither is written',
          ours: true,
          make: callAt('warn'),
        },
        {
          id: 'call-info',
          what: 'Kapelle, winston at info: both are written',
          ours: true,
          make: callAt('info'),
        },
        {
          id: 'winston-two',
          what: 'raw function between two lines of winston 3',
          make: async () => {
            const logger = await winston();
            return inLines(async () => {
              logger.info('call_started', callFields);
              await body();
              logger.info('call_completed', {
                ...callFields,
                success: true,
                status: 'ok',
                duration_ms: 2.286,
              });
            });
          },
        },
        {
          id: 'pino-two',
          what: 'raw function between two lines of pino 10',
          make: async () => {
            const logger = await pino();
            return inLines(async () => {
              logger.info(callFields, 'call_started');
              await body();
              logger.info(
                { ...callFields, success: true, status: 'ok', duration_ms: 2.286 },
                'call_completed',
              );
            });
          },
        },
      ],
    },
  ],
  figures: () => [],
};
