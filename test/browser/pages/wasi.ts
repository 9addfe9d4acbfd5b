/** Guests that need WASI, and use the virtual one. */
import { params, report } from '../outcome.ts';
import { wasiStoryOf } from '../wasi-story.ts';

const bytesOf = async (path: string): Promise<ArrayBuffer> => (await fetch(path)).arrayBuffer();

void report(async () =>
  wasiStoryOf(await bytesOf('/printing-guest.wasm'), await bytesOf('/asking-guest.wasm'), params.get('seed')!),
);
