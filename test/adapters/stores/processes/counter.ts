/**
 * One of several processes that count on the same streams: `counter.ts file increments`. Each increment reads the last
 * value and appends the next one with the precondition that the stream is unchanged. It tries again after a conflict.
 */
import { createSqliteStore } from '../../../../src/adapters/stores/sqlite/index.ts';
import { isAppendFailure } from '../../../../src/core/errors.ts';
import type { Precondition } from '../../../../src/core/messages.ts';
import { decision, envelope } from '../commands.ts';

const [, , file = '', increments] = process.argv;
await using store = createSqliteStore({ file, durability: 'normal', busyTimeout: 600_000 });

async function increment(stream: string): Promise<void> {
  for (;;) {
    const [last] = await store.readStream(stream, { direction: 'backward', limit: 1 });
    const value = last === undefined ? 0 : Buffer.from(last.event.payload).readUInt32BE();
    const payload = Buffer.alloc(4);
    payload.writeUInt32BE(value + 1);
    const guard: Precondition =
      last === undefined ? { tag: 'no-stream' } : { tag: 'at-revision', val: last.context.revision };
    try {
      await store.append(stream, [envelope('Counted', payload)], guard, decision());
      return;
    } catch (error) {
      if (!isAppendFailure(error, 'conflict')) throw error;
    }
  }
}

for (let round = 0; round < Number(increments); round++) {
  await Promise.all(['counter-1', 'counter-2', `counter-${process.pid}`].map(increment));
}
