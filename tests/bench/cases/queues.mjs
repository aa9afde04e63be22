const ITEMS = 1_000;

/** One call puts 1,000 items in and waits until the consumer has had them all. */
function counted(push) {
  let left = 0;
  let done;
  const take = (count = 1) => {
    left -= count;
    if (left === 0) done();
  };
  return {
    take,
    subject: {
      per: ITEMS,
      call: () =>
        new Promise((resolve) => {
          done = resolve;
          left = ITEMS;
          for (let i = 0; i < ITEMS; i += 1) push(i);
        }),
    },
  };
}

async function kapelle({ batchSize = 1, concurrency = 1 } = {}) {
  const { BaseOrchestrator, createOrchestrationHost, defineOrchestrator } = await import('@kapelle/core');
  let queue;
  let take;
  class Consumer extends BaseOrchestrator {
    start() {
      queue = this.queue('items');
    }
    async consume(items) {
      take(items.length);
    }
  }
  defineOrchestrator(Consumer, {
    layer: 'application',
    type: 'coordination',
    name: 'consumer',
    consumes: { consume: { queue: 'items', capacity: ITEMS, batchSize, concurrency } },
  });
  const host = createOrchestrationHost({ orchestrators: [Consumer] });
  await host.start();
  const made = counted((item) => {
    if (queue.offer(item).status !== 'ok') throw new Error('The queue refused an item.');
  });
  take = made.take;
  return made.subject;
}

async function fastq(concurrency) {
  const { default: library } = await import('fastq');
  const queue = library.promise(async () => made.take(), concurrency);
  const made = counted((item) => void queue.push(item));
  return made.subject;
}

async function pQueue(concurrency) {
  const { default: PQueue } = await import('p-queue');
  const queue = new PQueue({ concurrency });
  const made = counted(() => void queue.add(async () => made.take()));
  return made.subject;
}

async function pLimit(concurrency) {
  const { default: library } = await import('p-limit');
  const limit = library(concurrency);
  const made = counted(() => void limit(async () => made.take()));
  return made.subject;
}

async function asyncQueue(concurrency) {
  const { default: library } = await import('async');
  const queue = library.queue(async () => made.take(), concurrency);
  const made = counted((item) => void queue.push(item));
  return made.subject;
}

async function bottleneck(concurrency) {
  const { default: Bottleneck } = await import('bottleneck');
  const limiter = new Bottleneck({ maxConcurrent: concurrency });
  const made = counted(() => void limiter.schedule(async () => made.take()));
  return made.subject;
}

async function rxjs(concurrency) {
  const { mergeMap, Subject } = await import('rxjs');
  const subject = new Subject();
  subject.pipe(mergeMap(async () => made.take(), concurrency)).subscribe();
  const made = counted((item) => subject.next(item));
  return made.subject;
}

const group = (concurrency, title) => ({
  id: `queue-${concurrency}`,
  title,
  base: `fastq-${concurrency}`,
  cases: [
    {
      id: `kapelle-${concurrency}`,
      what: 'Kapelle, @consumes',
      ours: true,
      make: () => kapelle({ concurrency }),
    },
    ...(concurrency === 1
      ? [
          {
            id: 'kapelle-batches',
            what: 'Kapelle, @consumes, in batches of up to 100',
            ours: true,
            make: () => kapelle({ batchSize: 100 }),
          },
        ]
      : []),
    { id: `fastq-${concurrency}`, what: 'fastq 1', make: () => fastq(concurrency) },
    { id: `p-queue-${concurrency}`, what: 'p-queue 9', make: () => pQueue(concurrency) },
    { id: `p-limit-${concurrency}`, what: 'p-limit 7', make: () => pLimit(concurrency) },
    { id: `async-${concurrency}`, what: 'async 3 queue', make: () => asyncQueue(concurrency) },
    { id: `rxjs-${concurrency}`, what: 'RxJS 7, Subject and mergeMap', make: () => rxjs(concurrency) },
    // It costs a thousand times as much as the rest: its last digits tell nothing.
    {
      id: `bottleneck-${concurrency}`,
      what: 'bottleneck 2',
      maxRounds: 1,
      make: () => bottleneck(concurrency),
    },
  ],
});

export const part = {
  title: 'Queues',
  groups: [
    group(1, 'An item from producer to consumer, one at a time, 1,000 waiting'),
    group(8, 'An item from producer to consumer, eight at a time, 1,000 waiting'),
  ],
  figures: () => [],
};
