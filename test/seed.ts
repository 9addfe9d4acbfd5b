/**
 * Properties are tested on the same cases each time, so that a run says something of what has changed, and nothing of luck.
 * `FAST_CHECK_SEED=random npm test` draws others, which is how to look for what nobody thought of; with a number it has
 * those of that seed. What fails says which one it failed with.
 */
import fc from 'fast-check';

const { FAST_CHECK_SEED = '1' } = process.env;
if (FAST_CHECK_SEED !== 'random') fc.configureGlobal({ seed: Number(FAST_CHECK_SEED) });
