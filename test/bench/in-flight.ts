/**
 * 64 commands in flight over 64 streams, compared with the same commands one after another: the gain of shared
 * transactions.
 */
import { createSqliteStore } from '../../src/adapters/stores/sqlite/index.ts';
import { createEventSourcer } from '../../src/core/loop/create-event-sourcer.ts';
import { account, accountName, commandOf } from './bank.ts';
import { type Benchmark, type Contestant, timed } from './measure.ts';
import { inScratch } from './scratch.ts';

const STREAMS = 64;

export function inFlight(quick: boolean): Benchmark {
  const length = quick ? 50 : 200;
  return {
    name: 'in-flight',
    about: '64 commands in flight over 64 streams, SQLite WAL, synchronous = FULL',
    unit: 'commands/s',
    rounds: quick ? 3 : 7,
    contestants: [contestant('64 in flight', length, STREAMS), contestant('one after another', length, 1)],
    targets: [{ of: '64 in flight', against: 'one after another', atLeast: 3.5 }],
  };
}

function contestant(name: string, length: number, atOnce: number): Contestant {
  return {
    name,
    run: () =>
      inScratch(async (file) => {
        const store = createSqliteStore({ file, durability: 'full' });
        const sourcer = createEventSourcer({ store, modules: [account] });
        const oneStream = async (stream: number): Promise<void> => {
          for (let step = 0; step < length; step++) await sourcer.dispatch(commandOf(accountName(stream), step));
        };
        const measured = await timed(STREAMS * length, async () => {
          for (let stream = 0; stream < STREAMS; stream += atOnce) {
            await Promise.all(Array.from({ length: atOnce }, (_, index) => oneStream(stream + index)));
          }
        });
        await sourcer.close();
        await store.close();
        return measured;
      }),
  };
}
