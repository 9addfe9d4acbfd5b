/** Kills a writing process at random points and checks the file that it leaves. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import Sqlite from 'better-sqlite3';
import { createSqliteStore } from '../../../../src/adapters/stores/sqlite/index.ts';
import { verifyChain } from '../../../../src/core/storage/verify-chain.ts';

const program = fileURLToPath(new URL('writer.ts', import.meta.url));

/**
 * Lets a process write to `file`, and kills it `delay` milliseconds after its first acknowledged command.
 *
 * @returns the number of events of each command that was acknowledged.
 */
export async function killWriter(
  file: string,
  durability: 'full' | 'normal',
  inFlight: number,
  delay: number,
): Promise<Map<string, number>> {
  const writer = spawn(
    process.execPath,
    ['--disable-warning=ExperimentalWarning', program, file, durability, String(inFlight)],
    { stdio: ['ignore', 'pipe', 'inherit'] },
  );
  let output = '';
  writer.stdout.setEncoding('utf8').on('data', (chunk: string) => {
    if (output === '') setTimeout(() => writer.kill('SIGKILL'), delay);
    output += chunk;
  });
  const [, signal] = await once(writer, 'close');
  assert.equal(signal, 'SIGKILL', 'the writer ends only by being killed');
  // The last line may be incomplete. Then it is unknown whether its command was acknowledged.
  const lines = output
    .slice(0, output.lastIndexOf('\n') + 1)
    .split('\n')
    .slice(0, -1);
  return new Map(lines.map((line) => [line.slice(0, 36), Number(line.slice(37))]));
}

/**
 * Checks a file whose writers were killed.
 *
 * @param acknowledged the acknowledged commands of all writers.
 */
export async function examine(file: string, acknowledged: ReadonlyMap<string, number>): Promise<void> {
  await using store = createSqliteStore({ file });
  const verdict = await verifyChain(store);
  assert.ok(verdict.intact, `the chain is broken: ${JSON.stringify(verdict, (_, value) => String(value))}`);

  const database = new Sqlite(file, { readonly: true });
  try {
    assert.equal(database.pragma('integrity_check', { simple: true }), 'ok');
    assert.deepEqual(database.pragma('foreign_key_check'), []);
    const count = (sql: string): unknown => database.prepare(sql).pluck().get();
    assert.equal(count('select sum(event_count) from decisions') ?? 0, count('select count(*) from events'));
    // A complete commit has as many events as its record says, numbered without gaps up to its revision.
    const partial = count(`select count(*) from decisions d where event_count <> (select count(*) from events e where
      e.decision_id = d.id and e.stream_id = d.stream_id and e.revision between d.revision - d.event_count + 1 and d.revision)`);
    assert.equal(partial, 0);
    const gaps =
      count(`select count(*) from (select max(revision) + 1 as length, count(*) as count, min(revision) as first
      from events group by stream_id) where length <> count or first <> 0`);
    assert.equal(gaps, 0);
    // The schema makes the command id unique, so a command id that exists occurs exactly once.
    const find = database.prepare<[Buffer], number>('select event_count from decisions where command_id = ?').pluck();
    for (const [commandId, events] of acknowledged) {
      const there = find.get(Buffer.from(commandId.replaceAll('-', ''), 'hex'));
      assert.equal(there, events, `command ${commandId} was acknowledged`);
    }
  } finally {
    database.close();
  }
}
