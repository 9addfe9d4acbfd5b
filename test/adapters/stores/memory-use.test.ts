/** The buffers of one large value are freed before the process ends. */

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { msgpack } from 'decidable';
import { json } from 'decidable/codecs/json';
import { createMemoryStore } from 'decidable/memory';
import { createSqliteStore } from 'decidable/sqlite';
import { ANY, decision, envelope } from './commands.ts';
import { newFile } from './sqlite/files.ts';

const LARGE = 40_000_000;
const SUBJECT = { kind: 'event', type: 'Large', schemaVersion: 1 } as const;

setFlagsFromString('--expose-gc');
const collectGarbage: () => void = runInNewContext('gc');

/** The bytes in array buffers after a garbage collection. */
async function bufferedBytes(): Promise<number> {
  // Buffers are freed in a separate task.
  for (let turn = 0; turn < 5; turn++) {
    collectGarbage();
    await new Promise((resolve) => setImmediate(resolve));
  }
  return process.memoryUsage().arrayBuffers;
}

/** The growth in megabytes. */
async function kept(use: () => Promise<void>): Promise<number> {
  const before = await bufferedBytes();
  await use();
  return Math.round(((await bufferedBytes()) - before) / 1_000_000);
}

describe('the buffers of a large value', () => {
  test('are freed after an append to SQLite and a read', async () => {
    await using store = createSqliteStore({ file: newFile(), durability: 'normal' });
    const append = async (): Promise<void> => {
      // This is the second append of the command type, so the store has looked up its id.
      for (let count = 0; count < 2; count++) {
        const given = decision({ command: envelope('Do', new Uint8Array(LARGE)) });
        await store.append('s-1', [envelope('Large', new Uint8Array(LARGE))], ANY, given);
      }
      await store.readStream('s-1', { direction: 'forward' });
    };
    assert.equal(await kept(append), 0);
  });

  test('are freed after a store in memory is closed', async () => {
    const append = async (): Promise<void> => {
      await using store = createMemoryStore();
      await store.append('s-1', [envelope('Large', new Uint8Array(LARGE))], ANY, decision());
      await store.readStream('s-1', { direction: 'forward' });
    };
    assert.equal(await kept(append), 0);
  });

  test('are freed after an append to memory, except for the commit itself', async () => {
    await using store = createMemoryStore();
    const append = async (): Promise<void> => {
      await store.append('s-1', [envelope('Large', new Uint8Array(LARGE))], ANY, decision());
    };
    assert.equal(await kept(append), LARGE / 1_000_000);
  });

  for (const [name, codec, size] of [
    ['msgpack', msgpack, LARGE],
    ['json', json, LARGE / 20],
  ] as const) {
    test(`are freed after encoding and decoding it as ${name}`, async () => {
      const encode = async (): Promise<void> => {
        const value = { text: 'x'.repeat(size), bytes: new Uint8Array(size) };
        codec.decode(codec.encode(value, SUBJECT), SUBJECT);
      };
      assert.equal(await kept(encode), 0);
    });
  }

  test('do not stop msgpack from encoding the next values', () => {
    for (const size of [LARGE, 3, LARGE, 2_000, 70_000]) {
      const value = { text: 'ü'.repeat(size), bytes: new Uint8Array(size).fill(7) };
      const again = Object(msgpack.decode(msgpack.encode(value, SUBJECT), SUBJECT));
      assert.equal(again.text.length, size);
      assert.ok(Buffer.from(value.bytes).equals(again.bytes));
    }
  });
});
