import { order } from './order.mjs';

export const moleculerSchema = {
  sku: { type: 'string', min: 3, max: 40 },
  quantity: { type: 'number', integer: true, min: 1, max: 1_000 },
  express: 'boolean',
  region: { type: 'enum', values: ['eu', 'us', 'asia'] },
  note: { type: 'string', optional: true },
};

export async function moleculerBroker({
  broker: options = {},
  params,
  body = async () => 1,
  actions = {},
  version = 'moleculer',
} = {}) {
  const { ServiceBroker } = (await import(version)).default;
  const broker = new ServiceBroker({ logger: false, ...options });
  broker.createService({
    name: 'bench',
    actions: { run: { ...(params === undefined ? {} : { params }), handler: body }, ...actions },
  });
  await broker.start();
  return broker;
}

export async function moleculer(options) {
  const broker = await moleculerBroker(options);
  return () => broker.call('bench.run', order);
}
