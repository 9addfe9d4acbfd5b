/**
 * Replays the events of one store from disk. It is compared with the raw driver's plain read of the same rows. The
 * store is created once and shared. Events are folded as the event sourcer does before a command: stream by stream,
 * checked by the schemas, through the decider's own `evolve`.
 */
import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import Sqlite from 'better-sqlite3';
import { createSqliteStore } from '../../src/adapters/stores/sqlite/index.ts';
import { createEventSourcer } from '../../src/core/loop/create-event-sourcer.ts';
import type { CommitSource } from '../../src/core/storage/verify-chain.ts';
import { verifyStore } from '../../src/core/verification/verify-store.ts';
import { account, accountName, commandOf } from './bank.ts';
import { type Benchmark, type Contestant, collect, type Measured, timed } from './measure.ts';
import { openRaw, rawHandler } from './raw-driver.ts';

const STREAM_LENGTH = 1_000;

const VERIFY = 'verify';
const VERIFY_COMMITS = 'verify, without indexes';
const VERIFY_IN_THREADS = `decidable verify, ${availableParallelism()} cores`;
const PAGE = 1_000;

export interface Replay extends Benchmark {
  /** The used bytes, in the heap and outside, after each tenth of a replay. */
  inUse(): Promise<number[]>;
  /** The same for a verification. */
  inUseByVerifying(): Promise<number[]>;
  dispose(): void;
}

export async function replay(quick: boolean, tell: (line: string) => void): Promise<Replay> {
  const streams = quick ? 100 : 1_000;
  const events = streams * STREAM_LENGTH;
  const folder = mkdtempSync(join(tmpdir(), 'decidable-bench-'));
  const file = join(folder, 'replay.db');
  tell(`  writing ${events.toLocaleString('en')} events`);
  await fill(file, streams);
  return {
    name: 'replay',
    about: `replaying ${events.toLocaleString('en')} events of one store from disk`,
    unit: 'events/s',
    rounds: quick ? 3 : 5,
    contestants: [
      rawRead(file, events, 'objects'),
      rawRead(file, events, 'arrays'),
      { name: 'read and decode', run: () => readAndDecode(file, events, () => undefined) },
      readAndFold(file, streams),
      { name: VERIFY, run: () => verifyAll(file, streams, 'store') },
      { name: VERIFY_COMMITS, run: () => verifyAll(file, streams, 'commits') },
      // Starting the command line takes as long as verifying 100,000 events.
      ...(quick ? [] : [verifyInThreads(file, events)]),
    ],
    targets: [
      { of: 'read and decode', against: 'raw driver', atLeast: 0.6 },
      { of: 'read, decode and fold', against: 'raw driver', atLeast: 0.35 },
      { of: VERIFY, against: 'read, decode and fold', atLeast: 0.5 },
      { of: VERIFY_COMMITS, against: 'read, decode and fold', atLeast: 0.5 },
      { of: VERIFY_IN_THREADS, against: 'read, decode and fold', atLeast: 0.5 },
      // The driver's rows as arrays are only a comparison, because they must be converted before use.
      { of: 'read and decode', against: 'raw driver, rows as arrays', atLeast: 0 },
    ],
    inUse: () => tenthsOf((eachTenth) => readAndDecode(file, events, eachTenth)),
    inUseByVerifying: () => tenthsOf((eachTenth) => verifyAll(file, streams, 'store', eachTenth)),
    dispose: () => rmSync(folder, { recursive: true, force: true }),
  };
}

async function tenthsOf(run: (eachTenth: () => void) => Promise<unknown>): Promise<number[]> {
  const tenths: number[] = [];
  await run(() => {
    collect();
    const { heapUsed, external } = process.memoryUsage();
    tenths.push(heapUsed + external);
  });
  return tenths;
}

/**
 * Decides every command again.
 * @param part `store`: the other data of the store, such as its indexes, is searched for damage too.
 */
async function verifyAll(
  file: string,
  streams: number,
  part: 'store' | 'commits',
  eachTenth: () => void = () => undefined,
): Promise<Measured> {
  const store = createSqliteStore({ file, readOnly: true });
  const commits: CommitSource = {
    readCommits: (stream, options) => store.readCommits(stream, options),
    readStreams: (options) => store.readStreams(options),
  };
  let last = 0;
  const measured = await timed(streams * STREAM_LENGTH, async () => {
    const { difference, decisions } = await verifyStore(
      part === 'store' ? store : commits,
      { deciders: [account] },
      {
        onProgress: ({ streams: verified }) => {
          if (verified !== last && verified % (streams / 10) === 0) eachTenth();
          last = verified;
        },
      },
    );
    if (difference !== undefined || decisions !== streams * STREAM_LENGTH) throw new Error('a decision is different');
  });
  await store.close();
  return measured;
}

/** Runs `decidable verify`, whose process starts first. Its processor time is unknown, so wall-clock time counts. */
function verifyInThreads(file: string, events: number): Contestant {
  const program = fileURLToPath(new URL('../../src/adapters/cli/bin.ts', import.meta.url));
  const config = fileURLToPath(new URL('bank.config.ts', import.meta.url));
  const args = ['verify', '--store', file, '--config', config, '--json'];
  return {
    name: VERIFY_IN_THREADS,
    run: async () => {
      const { milliseconds } = await timed(events, async () => {
        const node = promisify(execFile)(process.execPath, ['--conditions=decidable-source', program, ...args]);
        const { decisions, isIntact } = JSON.parse((await node).stdout);
        if (!isIntact || decisions !== events) throw new Error('a decision is different');
      });
      return { operations: events, milliseconds };
    },
  };
}

/** Writes one command and one event in each commit, in the form that commands produce, stream after stream. */
async function fill(file: string, streams: number): Promise<void> {
  await createSqliteStore({ file }).close();
  const database = openRaw(file);
  const handle = rawHandler(database, 'callers');
  for (let stream = 0; stream < streams; stream++) {
    database.exec('BEGIN');
    for (let step = 0; step < STREAM_LENGTH; step++) handle(commandOf(accountName(stream), step));
    database.exec('COMMIT');
  }
  database.close();
}

/** Reads page by page, so that other code can run in between. */
function rawRead(file: string, events: number, rows: 'objects' | 'arrays'): Contestant {
  return {
    name: rows === 'objects' ? 'raw driver' : 'raw driver, rows as arrays',
    run: async () => {
      const database = new Sqlite(file, { readonly: true });
      const query = database.prepare<[number, number], unknown[]>(
        'select position, stream_id, revision, decision_id, event_type_id, payload from events where position > ? order by position limit ?',
      );
      query.raw(rows === 'arrays');
      const measured = await timed(events, () => {
        let read = 0;
        for (let page = query.all(0, PAGE); page.length > 0; page = query.all(read, PAGE)) read += page.length;
        if (read !== events) throw new Error(`${read} events were read`);
      });
      database.close();
      return measured;
    },
  };
}

async function readAndDecode(file: string, events: number, eachTenth: () => void): Promise<Measured> {
  const store = createSqliteStore({ file, readOnly: true });
  const measured = await timed(events, async () => {
    let afterPosition: bigint | undefined;
    let read = 0;
    for (;;) {
      const page = await store.readAll({
        direction: 'forward',
        afterPosition,
        limit: PAGE,
        categories: [],
        eventTypes: [],
        events: [],
      });
      if (page.length === 0) break;
      for (const { event } of page) account.types.event.fromEnvelope(event);
      read += page.length;
      if (read % (events / 10) === 0) eachTenth();
      afterPosition = page.at(-1)?.context.position;
    }
    if (read !== events) throw new Error(`${read} events were read`);
  });
  await store.close();
  return measured;
}

function readAndFold(file: string, streams: number): Contestant {
  return {
    name: 'read, decode and fold',
    run: async () => {
      const store = createSqliteStore({ file, readOnly: true });
      const sourcer = createEventSourcer({ store, modules: [account], cachedStates: 0 });
      const measured = await timed(streams * STREAM_LENGTH, async () => {
        for (let stream = 0; stream < streams; stream++) {
          const { state } = await sourcer.state(account, `account-${accountName(stream)}`);
          const { balance } = state;
          if (!(balance > 0)) throw new Error('an account is empty');
        }
      });
      await sourcer.close();
      await store.close();
      return measured;
    },
  };
}
