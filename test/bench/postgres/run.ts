/**
 * Measures the PostgreSQL store next to raw PL/pgSQL appends and raw reads, on one server that flushes each commit:
 * `node --conditions=decidable-source test/bench/postgres/run.ts`. All figures of a run are ratios on one machine.
 */
import { createPostgresStore, type PostgresStore } from 'decidable/postgres';
import { decision } from 'decidable/testing';
import { Client, Pool } from 'pg';
import { startPostgres } from '../../servers/postgres.ts';

const SECONDS = 3;
const payload = new Uint8Array(200).fill(7);
const ANY = { tag: 'any' } as const;

/** One append in one round trip: the guard, and an event. */
const RAW = `
create schema raw;
create table raw.streams (name text primary key, revision bigint not null);
create table raw.events (
  position bigint generated always as identity primary key, stream text not null, revision bigint not null,
  type text not null, command_id uuid not null unique, payload bytea not null, unique (stream, revision)
);
create function raw.append(name_ text, type_ text, command uuid, payload_ bytea) returns bigint language plpgsql as $$
declare latest bigint;
begin
  insert into raw.streams as s values (name_, 0) on conflict (name) do update set revision = s.revision + 1 returning s.revision into latest;
  insert into raw.events (stream, revision, type, command_id, payload) values (name_, latest, type_, command, payload_);
  return latest;
end $$`;

/** Runs calls one after another in each of `inFlight` loops. Returns the calls of a second. */
async function rate(inFlight: number, call: (index: number) => Promise<unknown>): Promise<number> {
  const end = performance.now() + SECONDS * 1_000;
  let calls = 0;
  await Promise.all(
    Array.from({ length: inFlight }, async (_, loop) => {
      while (performance.now() < end) {
        await call(loop);
        calls++;
      }
    }),
  );
  return calls / SECONDS;
}

const server = await startPostgres({ durable: true });
let store: PostgresStore | undefined;
try {
  const setUp = new Client({ connectionString: server.url });
  setUp.on('error', () => {});
  await setUp.connect();
  await setUp.query(RAW);
  const pool = new Pool({ connectionString: server.url, max: 16 });
  pool.on('error', () => {});
  let ids = 0;
  const rawAppend = (loop: number) =>
    pool.query({
      name: 'append',
      text: 'select raw.append($1, $2, $3, $4)',
      values: [`account-${loop}-${ids++ % 50}`, 'Deposited', crypto.randomUUID(), payload],
    });
  store = await createPostgresStore({ url: server.url });
  const own = store;
  const ownAppend = (loop: number) =>
    own.append(
      `account-${loop}-${ids++ % 50}`,
      [{ type: 'Deposited', schemaVersion: 1, payload }],
      ANY,
      decision({ commandId: crypto.randomUUID() }),
    );
  for (let round = 0; round < 200; round++) await Promise.all([rawAppend(0), ownAppend(0)]);

  const rates = {
    'raw, 1': await rate(1, rawAppend),
    'own, 1': await rate(1, ownAppend),
    'raw, 16': await rate(16, rawAppend),
    'own, 16': await rate(16, ownAppend),
    'own, 64': await rate(64, ownAppend),
    'own, 256': await rate(256, ownAppend),
  };
  for (const [name, appends] of Object.entries(rates))
    console.log(`${name} in flight: ${Math.round(appends)} appends/s`);
  console.log(`one after another: ${(rates['own, 1'] / rates['raw, 1']).toFixed(2)} × raw`);
  console.log(`64 in flight: ${(rates['own, 64'] / rates['raw, 16']).toFixed(2)} × raw at 16`);

  const readRaw = async (): Promise<number> => {
    const began = performance.now();
    let [after, events] = ['0', 0];
    for (;;) {
      const { rows } = await setUp.query({
        name: 'read',
        text: 'select position, stream, revision, type, command_id, payload from raw.events where position > $1 order by position limit 1000',
        values: [after],
      });
      events += rows.length;
      if (rows.length < 1_000) return events / ((performance.now() - began) / 1_000);
      after = rows.at(-1).position;
    }
  };
  const readOwn = async (): Promise<number> => {
    const began = performance.now();
    let [after, events]: [bigint | undefined, number] = [undefined, 0];
    for (;;) {
      const page = await own.readAll({
        direction: 'forward',
        afterPosition: after,
        limit: 1_000,
        categories: [],
        eventTypes: [],
        events: [],
      });
      events += page.length;
      if (page.length < 1_000) return events / ((performance.now() - began) / 1_000);
      after = page.at(-1)?.context.position;
    }
  };
  const [raw, read] = [await readRaw(), await readOwn()];
  console.log(`catch-up: raw ${Math.round(raw)}, own ${Math.round(read)} events/s: ${(read / raw).toFixed(2)} × raw`);

  const writer = await createPostgresStore({ url: server.url });
  const delays: number[] = [];
  for (let round = 0; round < 500; round++) {
    const last = (
      await own.readAll({ direction: 'backward', limit: 1, categories: [], eventTypes: [], events: [] })
    )[0];
    const waiting = own.awaitEvents(last?.context.position).then(() => performance.now());
    await writer.append('late-1', [{ type: 'Deposited', schemaVersion: 1, payload }], ANY, decision());
    const acknowledged = performance.now();
    delays.push((await waiting) - acknowledged);
  }
  delays.sort((one, other) => one - other);
  console.log(
    `acknowledged append to a reader of another store: p50 ${delays[250]!.toFixed(2)} ms, p99 ${delays[495]!.toFixed(2)} ms`,
  );
  await writer.close();
  await pool.end();
  await setUp.end();
} finally {
  await store?.close();
  await server.remove();
}
