/**
 * fast-check as the tests get it (jest.project.cjs): with the same seed in every run, so that a commit is green or red by what
 * it says, not by what was drawn. `KAPELLE_SEED=7 npm test` draws other cases; `KAPELLE_SEED=random` new ones each time.
 */
import fc from '../node_modules/fast-check/lib/fast-check.js';

const wanted = process.env.KAPELLE_SEED ?? '1';
const seed = Number(wanted);
if (wanted !== 'random' && !Number.isSafeInteger(seed))
  throw new Error(`KAPELLE_SEED is "${wanted}". Give a whole number, or "random".`);
if (wanted !== 'random') fc.configureGlobal({ seed });

export default fc;
