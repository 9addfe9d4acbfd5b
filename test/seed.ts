/**
 * Properties are tested on the same cases each time, so that a failure is caused by a change and not by chance.
 * `FAST_CHECK_SEED=random npm test` draws other cases, to find faults that no fixed case finds. A number draws the
 * cases of that seed. A failing property prints its seed.
 */
import fc from 'fast-check';

const { FAST_CHECK_SEED = '1' } = process.env;
if (FAST_CHECK_SEED !== 'random') fc.configureGlobal({ seed: Number(FAST_CHECK_SEED) });
