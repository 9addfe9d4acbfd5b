/** `decidable copy`, in processes that are killed. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { after, describe, test } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { createSqliteStore } from 'decidable/sqlite';
import { verifyChain } from 'decidable/storage';
import { decision, envelope } from 'decidable/testing';
import { bankFile, decidable, ended, newFile, start } from './program.ts';

const ANY = { tag: 'any' } as const;
const COMMITS = 12_000;

/** A store that takes a while to copy. */
const large = newFile();
{
  await using store = createSqliteStore({ file: large, durability: 'normal' });
  const append = (index: number) =>
    store.append(`s-${index % 100}`, [envelope('Done', new Uint8Array(300))], ANY, decision());
  await Promise.all(Array.from({ length: COMMITS }, (_, index) => append(index)));
}

async function commitsOf(file: string): Promise<number> {
  if (!existsSync(file)) return 0;
  try {
    await using store = createSqliteStore({ file, readOnly: true });
    return (await store.readLog({ limit: 100_000 })).length;
  } catch {
    return 0; // The file is being created.
  }
}

describe('decidable copy', () => {
  test('copies a store and its processors', async () => {
    const [source, copy] = [await bankFile(), newFile()];
    const { status, stdout, stderr } = await decidable(['copy', source, copy, '--json']);
    assert.deepEqual([status, stderr], [0, '']);
    const { from, to, commits, added, streams, processors } = JSON.parse(stdout);
    assert.deepEqual([from, to, added, streams], [source, copy, commits, 4]);
    assert.ok(processors.moved.some(({ name }: { name: string }) => name === 'receipts'));
    assert.ok(processors.rebuilt.some(({ name }: { name: string }) => name === 'balances'));
    const verified = await decidable(['verify-chain', '--store', copy]);
    assert.equal(verified.status, 0);
  });

  test('copies the commits alone with --no-processors', async () => {
    const copy = newFile();
    const { status, stdout } = await decidable([
      'copy',
      await bankFile(),
      `sqlite:${copy}`,
      '--no-processors',
      '--json',
    ]);
    assert.deepEqual([status, JSON.parse(stdout).processors], [0, undefined]);
    await using store = createSqliteStore({ file: copy });
    assert.deepEqual(await store.processors.listSubscriptions(), []);
  });

  test('prints a summary for people', async () => {
    const { status, stdout } = await decidable(['copy', await bankFile(), newFile()]);
    assert.equal(status, 0);
    assert.match(stdout, /commits of 4 streams/);
    assert.match(stdout, /receipts@1/);
  });

  test('exits with 1 if the destination has other commits', async () => {
    const { status, stderr } = await decidable(['copy', large, await bankFile(), '--json']);
    assert.deepEqual([status, JSON.parse(stderr).error.code], [1, 'other-contents']);
  });

  test('exits with 2 if an address is wrong, before a store is made', async () => {
    const copy = newFile();
    for (const args of [
      ['copy', 'mysql://host', copy],
      ['copy', large, 'mysql://host'],
    ]) {
      const { status, stderr } = await decidable([...args, '--json']);
      assert.deepEqual([status, JSON.parse(stderr).error.code], [2, 'invalid-address']);
    }
    assert.equal(existsSync(copy), false);
  });

  test('exits with 4 if the source does not exist, and makes no destination', async () => {
    const copy = newFile();
    const { status } = await decidable(['copy', newFile(), copy]);
    assert.deepEqual([status, existsSync(copy)], [4, false]);
  });

  for (const [signal, expected] of [
    ['SIGKILL', null],
    ['SIGINT', 130],
  ] as const) {
    test(`continues a copy that ${signal} has ended`, async () => {
      const copy = newFile();
      const child = start(['copy', large, copy]);
      const end = ended(child);
      while ((await commitsOf(copy)) === 0) await pause(1);
      child.kill(signal);
      assert.equal((await end).status, expected);
      const before = await commitsOf(copy);
      assert.ok(before < COMMITS);
      const { status, stdout } = await decidable(['copy', large, copy, '--json']);
      assert.deepEqual([status, JSON.parse(stdout).added], [0, COMMITS - before]);
      await using store = createSqliteStore({ file: copy });
      assert.deepEqual(await verifyChain(store), { intact: true, streams: 100, commits: COMMITS });
    });
  }

  test('follows the source until Ctrl-C, and finishes the copy', async () => {
    const [source, copy] = [newFile(), newFile()];
    await using store = createSqliteStore({ file: source });
    await store.append('s-1', [envelope('Done')], ANY, decision());
    const child = start(['copy', source, copy, '--follow', '--json']);
    after(() => child.kill('SIGKILL'));
    const closed = once(child, 'close');
    const events: string[] = [];
    let record: { event: string; commits: number; added: number } | undefined;
    for await (const line of createInterface({ input: child.stdout })) {
      record = JSON.parse(line);
      events.push(String(record?.event));
      if (record?.event === 'following' && record.commits === 1) {
        await store.append('s-2', [envelope('Done')], ANY, decision());
      } else if (record?.event === 'following') {
        // A decision without events is copied when the copy is finished.
        await store.append('s-2', [], ANY, decision());
        child.kill('SIGINT');
      }
    }
    assert.deepEqual(await closed, [0, null]);
    assert.deepEqual(events, ['following', 'following', 'finishing', 'done']);
    assert.deepEqual([record?.commits, record?.added], [3, 3]);
    assert.equal(await commitsOf(copy), 3);
  });
});
