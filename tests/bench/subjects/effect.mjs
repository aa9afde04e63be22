import { order } from './order.mjs';

const body = async () => 1;

/** Programs built per call, as an operation of them would be; of Effect 3 and 4. */
const PROGRAMS = {
  bare:
    ({ Effect }) =>
    () =>
      Effect.promise(body),
  span:
    ({ Effect }) =>
    () =>
      Effect.promise(body).pipe(Effect.withSpan('bench')),
  timeout:
    ({ Effect }) =>
    () =>
      Effect.promise(body).pipe(Effect.timeout('30 seconds')),
  retry:
    ({ Effect, Schedule }) =>
    () =>
      Effect.tryPromise(body).pipe(Effect.retry({ times: 2, schedule: Schedule.exponential('100 millis') })),
  fallback:
    ({ Effect }) =>
    () =>
      Effect.tryPromise(body).pipe(Effect.catchAll(() => Effect.succeed(0))),
  schema: ({ Effect, Schema }) => {
    const decode = Schema.decodeUnknown(orderSchema(Schema));
    return () => decode(order).pipe(Effect.flatMap(() => Effect.promise(body)));
  },
  full: ({ Effect, Schema }) => {
    const decode = Schema.decodeUnknown(orderSchema(Schema));
    return () =>
      decode(order).pipe(
        Effect.flatMap(() => Effect.promise(body)),
        Effect.timeout('30 seconds'),
        Effect.withSpan('bench'),
      );
  },
};

const orderSchema = (Schema) =>
  Schema.Struct({
    sku: Schema.String.pipe(Schema.minLength(3), Schema.maxLength(40)),
    quantity: Schema.Int.pipe(Schema.between(1, 1_000)),
    express: Schema.Boolean,
    region: Schema.Literal('eu', 'us', 'asia'),
    note: Schema.optional(Schema.String),
  });

export async function effect(program, version = 'effect') {
  const library = await import(version);
  const make = PROGRAMS[program](library);
  const call = () => library.Effect.runPromise(make());
  if ((await call()) !== 1) throw new Error('The program did not answer 1.');
  return call;
}
