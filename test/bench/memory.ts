/**
 * Commands in memory, streams growing to 100. Our store keeps bytes, decision records and the hash chain. The peers
 * keep plain objects. An id is derived when it is read, and one contestant reads all of them.
 */
import { createMemoryStore } from '../../src/adapters/stores/memory/index.ts';
import { createEventSourcer } from '../../src/core/loop/create-event-sourcer.ts';
import { account, commandsOf } from './bank.ts';
import { type Benchmark, type Contestant, timed } from './measure.ts';
import type { Handle, Peers } from './peers.ts';

const LENGTH = 100;

export function memory(peers: Peers | undefined, quick: boolean): Benchmark {
  const streams = quick ? 50 : 400;
  return {
    name: 'memory',
    about: 'commands in memory, streams growing to 100',
    unit: 'commands/s',
    rounds: quick ? 3 : 9,
    contestants: [
      ours('decidable', streams, false),
      ours('decidable, every event id looked at', streams, true),
      ...(peers === undefined
        ? []
        : [peer('castore', streams, () => peers.castoreMemory()), peer('emmett', streams, () => peers.emmettMemory())]),
    ],
    targets: [
      { of: 'decidable', against: 'castore', atLeast: 2 },
      { of: 'decidable', against: 'emmett', atLeast: 1 },
      { of: 'decidable, every event id looked at', against: 'castore', atLeast: 2 },
      { of: 'decidable, every event id looked at', against: 'emmett', atLeast: 1 },
    ],
  };
}

function ours(name: string, streams: number, withIds: boolean): Contestant {
  return {
    name,
    run: async () => {
      const sourcer = createEventSourcer({ store: createMemoryStore(), modules: [account] });
      let lengths = 0;
      const measured = await timed(streams * LENGTH, async () => {
        for (const command of commandsOf(streams, LENGTH)) {
          const { events } = await sourcer.dispatch(command);
          if (withIds) for (const { context } of events) lengths += context.id.length;
        }
      });
      if (withIds && lengths !== streams * LENGTH * 36) throw new Error('an id is missing');
      await sourcer.close();
      return measured;
    },
  };
}

function peer(name: string, streams: number, open: () => Handle): Contestant {
  return {
    name,
    run: () => {
      const handle = open();
      return timed(streams * LENGTH, async () => {
        for (const command of commandsOf(streams, LENGTH)) await handle(command);
      });
    },
  };
}
