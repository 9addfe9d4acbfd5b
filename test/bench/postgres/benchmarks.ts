/**
 * The PostgreSQL store next to a raw program (`raw.ts`) and emmett, on one server with PostgreSQL's own settings, which
 * flushes each commit. The processor time of the server counts too.
 */
import { createEventSourcer } from 'decidable';
import type { PostgresStore } from 'decidable/postgres';
import type { PostgresServer } from '../../servers/postgres.ts';
import { account, type Command, commandsOf } from '../bank.ts';
import { type Benchmark, type Contestant, type Measured, timed } from '../measure.ts';
import type { EmmettStore } from './emmett.ts';
import { serverTime } from './processor-time.ts';
import { newCommit, type Raw } from './raw.ts';

const ANY = { tag: 'any' } as const;
/** The commands of the bank have payloads of about 30 bytes. */
const SHORT = new Uint8Array(30).fill(7);
const PAYLOAD = new Uint8Array(200).fill(7);
const PAGE = 1_000;
const LENGTH = 10;
const WARM_UP = 2_000;
/** The commits of each contestant before each round, during which the engine compiles discarded code again. */
const ROUND_WARM_UP = 400;

/** The contestants, which share one server. */
export interface Contestants {
  readonly server: PostgresServer;
  readonly raw: Raw;
  readonly store: PostgresStore;
  readonly emmett: EmmettStore | undefined;
}

export function postgresBenchmarks(contestants: Contestants, quick: boolean): Benchmark[] {
  return [sequential(contestants, quick), inFlight(contestants, quick), catchUp(contestants, quick)];
}

function sequential({ server, raw, store, emmett }: Contestants, quick: boolean): Benchmark {
  const streams = quick ? 30 : 100;
  const sourcer = createEventSourcer({ store, modules: [account] });
  /** The first run of each contestant follows `WARM_UP` commits, during which the engine compiles the code. */
  const contestant = (name: string, work: (streams: number) => Promise<void>): Contestant => {
    let isWarm = false;
    return {
      name,
      run: async () => {
        if (!isWarm) await work(WARM_UP / LENGTH);
        isWarm = true;
        return measured(
          server,
          streams * LENGTH,
          () => work(streams),
          () => work(ROUND_WARM_UP / LENGTH),
        );
      },
    };
  };
  const commands = (name: string, handle: (command: Command) => Promise<unknown>): Contestant => {
    let runs = 0;
    return contestant(name, async (accounts) => {
      const run = `${name.slice(0, 1)}${runs++}`;
      for (const command of commandsOf(accounts, LENGTH)) {
        await handle({
          ...command,
          data: { ...command.data, accountId: `${run}x${command.data.accountId}` },
        } as Command);
      }
    });
  };
  const appends = (name: string, append: (stream: string) => Promise<unknown>): Contestant =>
    contestant(name, async (count) => {
      const run = crypto.randomUUID();
      for (let index = 0; index < count * LENGTH; index++) await append(`${name.slice(0, 3)}-${run}-${index % count}`);
    });
  return {
    name: 'postgres, one after another',
    about: `streams of ${LENGTH}, synchronous_commit = on`,
    unit: 'commits/s',
    rounds: quick ? 3 : 7,
    contestants: [
      appends('raw append', (stream) => raw.append(stream, newCommit(SHORT))),
      appends('append', (stream) => {
        const { events, decision } = newCommit(SHORT);
        return store.append(stream, events, ANY, decision);
      }),
      commands('decidable', (command) => sourcer.dispatch(command)),
      ...(emmett === undefined ? [] : [commands('emmett', (command) => emmett.handle(command))]),
    ],
    targets: [
      { of: 'append', against: 'raw append', atLeast: 0.8 },
      { of: 'decidable', against: 'raw append', atLeast: 0.8 },
      { of: 'decidable', against: 'emmett', atLeast: 3 },
      // The targets contradict each other if this is less than 3 / 0.8.
      { of: 'raw append', against: 'emmett', atLeast: 0 },
    ],
  };
}

function inFlight({ server, raw, store }: Contestants, quick: boolean): Benchmark {
  const contestant = (
    name: string,
    commits: number,
    inFlight: number,
    append: (stream: string) => Promise<unknown>,
  ): Contestant => {
    let isWarm = false;
    const work = async (count: number): Promise<void> => {
      let left = count;
      const loop = async (own: number): Promise<void> => {
        while (left-- > 0) await append(`${name}-${own}x${left % 50}`);
      };
      await Promise.all(Array.from({ length: inFlight }, (_, own) => loop(own)));
    };
    return {
      name: `${name}, ${inFlight}`,
      run: async () => {
        // Streams are created in this round, and the engine compiles the code.
        if (!isWarm) await work(commits);
        isWarm = true;
        return measured(
          server,
          commits,
          () => work(commits),
          () => work(commits / 4),
        );
      },
    };
  };
  const own = (stream: string): Promise<unknown> => {
    const { events, decision } = newCommit(PAYLOAD);
    return store.append(stream, events, ANY, decision);
  };
  const commits = quick ? 2_000 : 6_000;
  return {
    name: 'postgres, in flight',
    about: 'appends in flight, 50 streams for each, synchronous_commit = on',
    unit: 'commits/s',
    rounds: quick ? 3 : 7,
    contestants: [
      contestant('raw', commits, 16, (stream) => raw.append(stream, newCommit(PAYLOAD))),
      contestant('append', commits, 16, own),
      contestant('append', 4 * commits, 64, own),
      contestant('append', 4 * commits, 256, own),
    ],
    targets: [
      { of: 'append, 16', against: 'raw, 16', atLeast: 0 },
      { of: 'append, 64', against: 'raw, 16', atLeast: 4 },
      { of: 'append, 256', against: 'raw, 16', atLeast: 0 },
    ],
  };
}

function catchUp({ server, raw, store }: Contestants, quick: boolean): Benchmark {
  const least = quick ? 20_000 : 100_000;
  let filled = false;
  const fill = async (): Promise<void> => {
    if (filled) return;
    filled = true;
    await raw.fill(least, newCommit(PAYLOAD));
    let left = least - (await readOwn(store));
    const loop = async (own: number): Promise<void> => {
      while (left-- > 0) {
        const { events, decision } = newCommit(PAYLOAD);
        await store.append(`filled-${own}x${left % 50}`, events, ANY, decision);
      }
    };
    await Promise.all(Array.from({ length: 256 }, (_, own) => loop(own)));
  };
  const contestant = (name: string, read: () => Promise<number>): Contestant => ({
    name,
    run: async () => {
      await fill();
      let operations = 0;
      const result = await measured(
        server,
        0,
        async () => {
          operations = await read();
        },
        async () => {
          await read();
        },
      );
      return { ...result, operations };
    },
  });
  return {
    name: 'postgres, catch-up',
    about: `all events in pages of ${PAGE.toLocaleString('en')}`,
    unit: 'events/s',
    rounds: quick ? 3 : 7,
    contestants: [contestant('raw read', () => raw.read()), contestant('readAll', () => readOwn(store))],
    targets: [{ of: 'readAll', against: 'raw read', atLeast: 0.5 }],
  };
}

async function readOwn(store: PostgresStore): Promise<number> {
  let read = 0;
  for (let after: bigint | undefined; ; ) {
    const page = await store.readAll({
      direction: 'forward',
      afterPosition: after,
      limit: PAGE,
      categories: [],
      eventTypes: [],
      events: [],
    });
    read += page.length;
    if (page.length < PAGE) return read;
    after = page.at(-1)?.context.position;
  }
}

/** @param warmUp a part of the work, which runs before the measurement. */
async function measured(
  server: PostgresServer,
  operations: number,
  work: () => Promise<void>,
  warmUp: () => Promise<void>,
): Promise<Measured> {
  let before = 0;
  const { milliseconds, cpuMilliseconds = 0 } = await timed(operations, work, async () => {
    await warmUp();
    before = serverTime(server.data);
  });
  return { operations, milliseconds, cpuMilliseconds: cpuMilliseconds + serverTime(server.data) - before };
}
