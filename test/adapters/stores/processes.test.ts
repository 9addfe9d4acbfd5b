/**
 * Eight processes write the same streams of one file. No update is lost, no revision is skipped and no reader misses an
 * event.
 */

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { msgpack, readEvents } from 'decidable';
import { createSqliteStore } from 'decidable/sqlite';
import { verifyChain } from 'decidable/storage';
import { z } from 'zod';
import { FORWARD } from './commands.ts';

const folder = mkdtempSync(join(tmpdir(), 'decidable-processes-'));
after(() => rmSync(folder, { recursive: true }));

const PROCESSES = 8;
const INCREMENTS = 20;
/** A timeout in milliseconds that even a slow machine does not reach. */
const UNREACHED_TIMEOUT = 600_000;

const SUBJECT = { kind: 'event', type: 'Counted', schemaVersion: 1 } as const;
const Value = z.object({ value: z.number() });

test('eight processes that append to the same streams lose no increment', () =>
  count('counter', (payload) => Buffer.from(payload).readUInt32BE()));

test('eight processes that send commands to the same streams lose no increment', () =>
  count('deciding-counter', (payload) => Value.parse(msgpack.decode(payload, SUBJECT)).value));

async function count(name: string, readValue: (payload: Uint8Array) => number): Promise<void> {
  const file = join(folder, `${name}.db`);
  const program = fileURLToPath(new URL(`processes/${name}.ts`, import.meta.url));
  // All of them open the file simultaneously, and one of them creates it.
  const processes = Array.from({ length: PROCESSES }, () =>
    spawn(process.execPath, ['--disable-warning=ExperimentalWarning', program, file, String(INCREMENTS)], {
      stdio: ['ignore', 'inherit', 'inherit'],
    }),
  );
  let running = true;
  const ends = Promise.all(processes.map((one) => once(one, 'close'))).finally(() => {
    running = false;
  });
  await using store = createSqliteStore({ file, busyTimeout: UNREACHED_TIMEOUT });

  // A reader that follows them must receive every position once, and in order.
  const seen: bigint[] = [];
  for (let position: bigint | undefined; ; ) {
    const last = !running;
    const page = await store.readAll({ ...FORWARD, afterPosition: position, limit: 100, categories: ['counter'] });
    seen.push(...page.map(({ context }) => context.position));
    position = seen.at(-1);
    if (last && page.length === 0) break;
    await new Promise((resolve) => setImmediate(resolve));
  }
  assert.deepEqual(
    await ends,
    processes.map(() => [0, null]),
  );

  const total = PROCESSES * INCREMENTS;
  const streams = new Map<string, number[]>();
  const positions: bigint[] = [];
  for await (const { context, event } of readEvents(store)) {
    positions.push(context.position);
    const values = streams.get(context.stream) ?? [];
    assert.equal(context.revision, BigInt(values.length));
    values.push(readValue(event.payload));
    streams.set(context.stream, values);
  }
  const upTo = (count: number): number[] => Array.from({ length: count }, (_, index) => index + 1);
  for (const [stream, values] of streams) {
    assert.deepEqual(values, upTo(/-[12]$/.test(stream) ? total : INCREMENTS), stream);
  }
  assert.equal(streams.size, PROCESSES + 2);
  assert.deepEqual(seen, positions);
  assert.deepEqual(await verifyChain(store), { intact: true, streams: PROCESSES + 2, commits: 3 * total });
}
