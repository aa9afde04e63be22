import {
  acceptedValues,
  attempt,
  deferred,
  HOUR_MS,
  isSettled,
  sleep,
  stepWallClock,
  until,
  watch,
} from '../observe.mjs';

const OPEN_MS = 120;

const fails = async () => {
  throw new Error('down');
};
const works = async () => 'up';

const SETTINGS = { minimum: 10, windowMs: 10_000, openMs: OPEN_MS };

class Mistake extends Error {}
const isMistake = (error) => error instanceof Mistake || error?.name === 'AbortError';

/** Runs the work so often, one after another, and lets all failures pass. */
async function run(breaker, times, work) {
  for (let count = 0; count < times; count += 1) await breaker.run(work).catch(() => {});
}

/** A breaker that has opened, and whose time open is over. */
async function rested(make, settings = {}) {
  const breaker = make({ ...SETTINGS, ...settings });
  await run(breaker, SETTINGS.minimum, fails);
  if (breaker.state() === 'closed') throw new Error('The breaker did not open.');
  await sleep(OPEN_MS + 60);
  return breaker;
}

/** Whether a call is let through within a second, asked again and again; the work succeeds. */
async function letsThrough(breaker) {
  let through = false;
  return until(() => {
    watch(breaker.run(async () => void (through = true)));
    return through;
  }, 1_000);
}

export const group = {
  title: 'Circuit breakers',
  promises: [
    {
      id: 'breaker-opens',
      promise: 'Opens when enough calls have failed, and then refuses without running the work.',
      why: 'Callers get an answer at once, and the dependency gets rest.',
      needs: ['breaker'],
      async check({ breaker: { make } }) {
        const breaker = make(SETTINGS);
        await run(breaker, SETTINGS.minimum, fails);
        let runs = 0;
        const call = watch(breaker.run(async () => (runs += 1)));
        await until(() => isSettled(call));
        return runs === 0 && call.state === 'rejected' ? undefined : 'ran the work after 10 failures of 10';
      },
    },
    {
      id: 'breaker-default-volume',
      promise: 'With its defaults one failure does not open it.',
      why: 'The first call after a start or a quiet night says nothing.',
      needs: ['breaker'],
      async check({ breaker: { makeDefault } }) {
        const breaker = makeDefault();
        await run(breaker, 1, fails);
        return breaker.state() === 'closed' ? undefined : 'opened at the first failure';
      },
    },
    {
      id: 'breaker-minimum',
      promise: 'Does not open on fewer calls than the minimum that was set.',
      why: 'Half of two calls is no trend.',
      needs: ['breaker'],
      async check({ breaker: { make } }) {
        const breaker = make(SETTINGS);
        await run(breaker, SETTINGS.minimum - 1, fails);
        return breaker.state() === 'closed' ? undefined : 'opened after 9 calls, the minimum being 10';
      },
    },
    {
      id: 'breaker-window',
      promise: 'Old outcomes leave the window by time, also when no call came meanwhile.',
      why: 'Failures of an hour ago must not open it now.',
      needs: ['breaker'],
      async check({ breaker: { make } }) {
        const breaker = make({ ...SETTINGS, windowMs: 200 });
        await run(breaker, 11, works);
        await run(breaker, 9, fails);
        if (breaker.state() !== 'closed') return 'opened at 45 % of failures, the threshold being 50 %';
        await sleep(1_200);
        await run(breaker, 4, fails);
        return breaker.state() === 'closed'
          ? undefined
          : 'six windows of silence after 9 failures of 20, four more failures opened it (minimum 10)';
      },
    },
    {
      id: 'breaker-probes',
      promise: 'Half-open lets exactly its probes through and refuses everybody else at once.',
      why: 'A dependency that is just getting up is killed by a queue that is let loose on it.',
      needs: ['breaker'],
      async check({ breaker: { make, probes } }) {
        const expected = probes === true ? 3 : 1;
        const breaker = await rested(make, { probes: expected, timeoutMs: 5_000 });
        const probe = deferred();
        let begun = 0;
        const calls = Array.from({ length: 50 }, () =>
          watch(
            breaker.run(() => {
              begun += 1;
              return probe.promise;
            }),
          ),
        );
        await sleep(100);
        const refused = calls.filter(isSettled).length;
        const atFirst = begun;
        probe.resolve('up');
        await until(() => calls.every(isSettled));
        if (atFirst === expected && refused === 50 - expected) return undefined;
        return `of 50 callers ${atFirst} ran, ${refused} were refused at once and ${50 - atFirst - refused} waited; ${begun - atFirst} of these ran together when the probe came back`;
      },
    },
    {
      id: 'breaker-hung-probe',
      promise:
        'A probe that never comes back does not hold the circuit for ever, also without a time-out around the work.',
      why: 'The dependency is up again, and nobody is let through to find out.',
      needs: ['breaker'],
      async check({ breaker: { make } }) {
        const recovers = async (settings) => {
          const breaker = await rested(make, settings);
          watch(breaker.run(() => new Promise(() => {})));
          await sleep(200 + OPEN_MS * 2 + 400);
          return letsThrough(breaker);
        };
        if (await recovers({})) return undefined;
        const withTimeout = (await recovers({ timeoutMs: 200 }))
          ? 'with a time-out around the work it does recover'
          : 'nor with a time-out around the work';
        return `no call was let through any more (${withTimeout})`;
      },
    },
    {
      id: 'breaker-cancelled-probe',
      promise: 'A probe that its caller cancels returns its permit and says nothing.',
      why: 'A closed browser tab must neither close the circuit nor keep it open.',
      needs: ['breaker.cancel'],
      async check({ breaker: { make } }) {
        const breaker = await rested(make, { isMistake, timeoutMs: 5_000 });
        const controller = new AbortController();
        const { signal } = controller;
        const probe = watch(
          breaker.run(
            () => new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason))),
            { signal },
          ),
        );
        await sleep(10);
        controller.abort();
        if (!(await until(() => isSettled(probe)))) return 'the cancelled probe was not answered';
        const state = breaker.state();
        if (state !== 'half-open') return `a cancelled probe left the circuit ${state}`;
        return (await letsThrough(breaker)) ? undefined : 'no further probe was let through';
      },
    },
    {
      id: 'breaker-late-failures',
      promise: 'Failures of calls begun before it opened do not count after it has closed again.',
      why: 'Stragglers of the last incident would start the next one.',
      needs: ['breaker'],
      async check({ breaker: { make } }) {
        const breaker = make(SETTINGS);
        const late = deferred();
        const stragglers = Array.from({ length: 15 }, () => watch(breaker.run(() => late.promise)));
        await run(breaker, 25, fails);
        if (breaker.state() === 'closed') throw new Error('The breaker did not open.');
        await sleep(OPEN_MS + 60);
        await run(breaker, 3, works);
        if (breaker.state() !== 'closed') throw new Error('The breaker did not close.');
        late.reject(new Error('down'));
        await until(() => stragglers.every(isSettled));
        return breaker.state() === 'closed' ? undefined : 'stragglers of the last period opened it again';
      },
    },
    {
      id: 'breaker-late-success',
      promise: 'A late success of a call begun before it opened does not close it.',
      why: 'It says how the dependency was then, not how it is.',
      needs: ['breaker'],
      async check({ breaker: { make } }) {
        const breaker = make(SETTINGS);
        const late = deferred();
        const straggler = watch(breaker.run(() => late.promise));
        await run(breaker, 25, fails);
        await sleep(OPEN_MS + 60);
        const probe = deferred();
        watch(breaker.run(() => probe.promise));
        await sleep(10);
        late.resolve('up');
        await until(() => isSettled(straggler));
        const state = breaker.state();
        probe.reject(new Error('down'));
        return state === 'half-open' ? undefined : `${state} while its probe was still out`;
      },
    },
    {
      id: 'breaker-wall-clock',
      promise: 'Steps of the wall clock neither hold it open nor let it half-open early.',
      why: 'Clocks are set, by NTP after a suspend or by hand.',
      needs: ['breaker'],
      async check({ breaker: { make } }) {
        const open = async (openMs) => {
          const breaker = make({ ...SETTINGS, openMs });
          await run(breaker, SETTINGS.minimum, fails);
          return breaker;
        };
        const patient = await open(60_000);
        stepWallClock(HOUR_MS);
        let early = 0;
        await run(patient, 1, async () => (early += 1));
        stepWallClock(0);
        const brief = await open(OPEN_MS);
        stepWallClock(-HOUR_MS);
        await sleep(OPEN_MS + 60);
        const stuck = !(await letsThrough(brief));
        const seen = [
          ...(early > 0 ? ['one hour forward, it let a call through 60 s early'] : []),
          ...(stuck ? ['one hour back, it stayed open past its time'] : []),
        ];
        return seen.length === 0 ? undefined : seen.join('; ');
      },
    },
    {
      id: 'breaker-mistakes',
      promise: 'What the rule calls a mistake of the caller does not open it.',
      why: 'One client with bad input must not lock out all others.',
      needs: ['breaker'],
      async check({ breaker: { make } }) {
        const breaker = make({ ...SETTINGS, isMistake });
        await run(breaker, 30, () => Promise.reject(new Mistake('bad input')));
        return breaker.state() === 'closed' ? undefined : 'opened on 30 mistakes of callers';
      },
    },
    {
      id: 'breaker-probe-mistake',
      promise: 'A probe that ends with a mistake of its caller does not close it.',
      why: 'Bad input that is refused on this side does not show that the dependency is up.',
      needs: ['breaker'],
      async check({ breaker: { make } }) {
        const breaker = await rested(make, { isMistake, timeoutMs: 5_000 });
        await run(breaker, 1, () => Promise.reject(new Mistake('bad input')));
        const state = breaker.state();
        return state === 'closed' ? 'closed by a mistake of the caller' : undefined;
      },
    },
    {
      id: 'breaker-cancels',
      promise: 'Calls cancelled by their callers are not counted.',
      why: 'Impatient callers say nothing about the dependency.',
      needs: ['breaker.cancel'],
      async check({ breaker: { make } }) {
        const breaker = make({ ...SETTINGS, isMistake });
        for (let count = 0; count < 30; count += 1) {
          const controller = new AbortController();
          const { signal } = controller;
          const call = watch(
            breaker.run(
              () => new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason))),
              { signal },
            ),
          );
          controller.abort();
          await until(() => isSettled(call));
        }
        return breaker.state() === 'closed' ? undefined : 'opened on 30 cancels';
      },
    },
    {
      id: 'breaker-retry-after',
      promise: 'A refusal says after how long another call makes sense.',
      why: 'Retries, queues and HTTP answers need the number.',
      needs: ['breaker.retryAfter'],
      async check({ breaker: { make, retryAfter } }) {
        const breaker = make({ ...SETTINGS, openMs: 60_000 });
        await run(breaker, SETTINGS.minimum, fails);
        const call = watch(breaker.run(works));
        await until(() => isSettled(call));
        const ms = retryAfter(call.error);
        return ms > 0 && ms <= 60_000 ? undefined : `said ${ms}`;
      },
    },
    {
      id: 'breaker-options',
      promise: 'Thresholds and times that are NaN or negative are refused.',
      why: 'A breaker that never opens is found out in an outage.',
      needs: ['breaker'],
      check: ({ breaker: { make } }) =>
        acceptedValues(['threshold NaN', 'threshold −1', 'time open NaN', 'time open −1'], async (label) => {
          const value = label.endsWith('NaN') ? NaN : -1;
          const more = label.startsWith('threshold') ? { ratio: value } : { openMs: value };
          const call = attempt(() => make({ ...SETTINGS, ...more }).run(works));
          await until(() => isSettled(call));
          return call.state === 'fulfilled';
        }),
    },
  ],
};
