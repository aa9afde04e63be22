import {
  acceptedValues,
  attempt,
  deferred,
  isSettled,
  microtasks,
  pseudoRandom,
  sleep,
  until,
  watch,
} from '../observe.mjs';

/** Work that begins when it is run and ends when it is told to. */
function held() {
  const end = deferred();
  const work = { begun: false, ended: false };
  return Object.assign(work, {
    run: async () => {
      work.begun = true;
      await end.promise;
      work.ended = true;
    },
    end: end.resolve,
  });
}

/** A queue with one place to run, which is taken by work that is held. */
async function taken(make, settings = {}) {
  const queue = make({ concurrency: 1, ...settings });
  const first = held();
  const call = watch(queue.run(first.run));
  if (!(await until(() => first.begun))) throw new Error('The first work did not begin.');
  return { queue, first, call };
}

const afterFree = (turns) => `${turns} microtask${turns === 1 ? '' : 's'} after a place became free`;

export const group = {
  title: 'Bulkheads and queues',
  promises: [
    {
      id: 'queue-concurrency',
      promise: 'Never more run at once than was said, also when work fails or throws.',
      why: 'It is the one thing a bulkhead is for.',
      needs: ['queue'],
      async check({ queue: { make } }) {
        const queue = make({ concurrency: 5 });
        const random = pseudoRandom(7);
        let running = 0;
        let most = 0;
        const calls = Array.from({ length: 300 }, (_, index) =>
          attempt(() =>
            queue.run(() => {
              running += 1;
              most = Math.max(most, running);
              if (index % 7 === 0) {
                running -= 1;
                throw new Error('throws');
              }
              const turns = Math.floor(random() * 10);
              const end = random() < 0.2 ? sleep(1) : microtasks(turns);
              return end.then(() => {
                running -= 1;
                if (index % 5 === 0) throw new Error('fails');
              });
            }),
          ),
        );
        if (!(await until(() => calls.every(isSettled), 30_000))) {
          return `${calls.filter((call) => !isSettled(call)).length} of 300 calls were never answered`;
        }
        return most <= 5 ? undefined : `${most} ran at once, the limit being 5`;
      },
    },
    {
      id: 'queue-slot-held',
      promise: 'Work that runs on after its time-out keeps its place until it has really ended.',
      why: 'Otherwise time-outs let any number of calls run against a dependency that is too slow already.',
      needs: ['queue', 'queue.timeout'],
      async check({ queue: { make } }) {
        const { queue, first, call } = await taken(make, { timeoutMs: 60 });
        await until(() => isSettled(call));
        const second = held();
        watch(queue.run(second.run));
        const together = (await until(() => second.begun, 1_000)) && !first.ended;
        first.end();
        return together ? 'two ran at once, the limit being 1' : undefined;
      },
    },
    {
      id: 'queue-bounded',
      promise: 'The queue has a limit, and what does not fit is refused while the rest waits.',
      why: 'A queue without a limit turns an overload into an outage of memory.',
      needs: ['queue.bounded'],
      async check({ queue: { make, waits } }) {
        const bound = waits ? 5 : 0;
        const { queue, first } = await taken(make, { bound });
        const calls = Array.from({ length: 50 }, () => watch(queue.run(async () => {})));
        await until(() => calls.filter(isSettled).length >= 50 - bound, 10_000);
        await sleep(30);
        const refused = calls.filter(isSettled).length;
        first.end();
        await until(() => calls.every(isSettled), 10_000);
        const ran = calls.filter((call) => call.state === 'fulfilled').length;
        if (refused === 50 - bound && ran === bound) return undefined;
        return `limit ${bound}: of 50 calls ${refused} were refused at once, and ${ran} ran later`;
      },
    },
    {
      id: 'queue-admitted',
      promise: 'What has been let into the queue is not refused later, whoever comes when.',
      why: 'The caller was told to wait, and waited.',
      needs: ['queue.waits'],
      async check({ queue: { make, bounded } }) {
        const refused = [];
        for (let turns = 0; turns <= 12; turns += 1) {
          const { queue, first, call } = await taken(make, bounded ? { bound: 1 } : {});
          const waiting = watch(queue.run(async () => {}));
          await sleep(15);
          first.end();
          await microtasks(turns);
          const newcomers = Array.from({ length: 3 }, () => attempt(() => queue.run(() => sleep(5))));
          await until(() => [call, waiting, ...newcomers].every(isSettled));
          if (waiting.state === 'rejected') refused.push(turns);
        }
        if (refused.length === 0) return undefined;
        return `the one that waited was refused, newcomers having come ${afterFree(refused[0])}`;
      },
    },
    {
      id: 'queue-order',
      promise: 'First come, first served: no newcomer overtakes one that waits.',
      why: 'Overtaking makes the longest waits longer, under the load that made them long.',
      needs: ['queue.waits'],
      async check({ queue: { make } }) {
        for (let turns = 0; turns <= 12; turns += 1) {
          const { queue, first } = await taken(make);
          const order = [];
          const run = (name) => watch(queue.run(async () => void order.push(name)));
          const calls = [run(1), run(2), run(3)];
          await sleep(15);
          first.end();
          await microtasks(turns);
          calls.push(run(4));
          if (!(await until(() => calls.every(isSettled)))) return `only ${order.join(', ')} of 4 ran`;
          if (order.join() !== '1,2,3,4')
            return `ran in the order ${order.join(', ')}, the last having come ${afterFree(turns)}`;
        }
        return undefined;
      },
    },
    {
      id: 'queue-cancel-at-once',
      promise: 'A queued call that its caller cancels is answered at once and not run.',
      why: 'Whoever has gone should neither wait nor cost.',
      needs: ['queue.cancel'],
      async check({ queue: { make } }) {
        const { queue, first } = await taken(make);
        const controller = new AbortController();
        const second = held();
        const call = watch(queue.run(second.run, { signal: controller.signal }));
        await sleep(10);
        controller.abort();
        const atOnce = await until(() => isSettled(call), 1_000);
        first.end();
        await sleep(50);
        if (second.begun) return 'the cancelled work was run';
        return atOnce ? undefined : 'not answered within 1 s, while another call ran';
      },
    },
    {
      id: 'queue-cancel-goes-on',
      promise: 'A cancelled queued call does not stop those behind it.',
      why: 'One impatient caller would otherwise hold all others up for ever.',
      needs: ['queue.cancel'],
      async check({ queue: { make } }) {
        const { queue, first } = await taken(make);
        const controller = new AbortController();
        watch(queue.run(async () => {}, { signal: controller.signal }));
        const behind = Array.from({ length: 3 }, () => watch(queue.run(async () => {})));
        await sleep(10);
        controller.abort();
        await sleep(10);
        first.end();
        if (await until(() => behind.every(isSettled), 1_500)) return undefined;
        return `${behind.filter((call) => !isSettled(call)).length} calls behind it were never run`;
      },
    },
    {
      id: 'queue-clear',
      promise: 'Dropping all that waits answers every one of them.',
      why: 'A promise that stays pending keeps its caller, and all it holds, for ever.',
      needs: ['queue.clear'],
      async check({ queue: { make } }) {
        const { queue, first } = await taken(make);
        const calls = Array.from({ length: 5 }, () => watch(queue.run(async () => {})));
        await sleep(50);
        queue.clear();
        await sleep(50);
        first.end();
        if (await until(() => calls.every(isSettled), 1_000)) return undefined;
        return `${calls.filter((call) => !isSettled(call)).length} of 5 dropped calls stay pending for ever`;
      },
    },
    {
      id: 'queue-fair',
      promise: 'One tenant that floods the queue does not make another wait behind all of it.',
      why: 'Else the batch job of one is the outage of all.',
      needs: ['queue.fair'],
      async check({ queue: { make } }) {
        const { queue, first } = await taken(make, { fair: true });
        const order = [];
        const calls = Array.from({ length: 50 }, () =>
          watch(queue.run(async () => void order.push('loud'), { key: 'loud' })),
        );
        calls.push(watch(queue.run(async () => void order.push('quiet'), { key: 'quiet' })));
        first.end();
        await until(() => calls.every(isSettled));
        const place = order.indexOf('quiet');
        return place <= 2 ? undefined : `it ran after ${place} calls of the other`;
      },
    },
    {
      id: 'queue-options',
      promise: 'A concurrency that is NaN or negative is refused.',
      why: 'With it nothing ever runs, or everything at once.',
      needs: ['queue'],
      check: ({ queue: { make } }) =>
        acceptedValues(['NaN', '−1'], async (label) => {
          const concurrency = label === 'NaN' ? NaN : -1;
          let queue;
          try {
            queue = make({ concurrency });
          } catch {
            return false;
          }
          // Where making it takes everything, the call may still say what is wrong; refusing it for ever is no such word.
          const call = attempt(() => queue.run(async () => {}));
          await until(() => isSettled(call), 500);
          return !(call.error instanceof TypeError || call.error instanceof RangeError);
        }),
    },
  ],
};
