/** The guard of every store. */

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { isAppendFailure, isStoreFailure } from 'decidable';
import { createMemoryStore } from 'decidable/memory';
import { type BareCommitStore, GuardedCommitStore } from 'decidable/storage';
import { decision, envelope } from 'decidable/testing';

const ANY = { tag: 'any' } as const;
const KEY = { moduleName: 'm', moduleVersion: '1', stream: 's-1' };
const SNAPSHOT = { revision: 0n, contentType: 'x', state: Uint8Array.of() };
const decide = () => ({ events: [envelope('Done')], precondition: ANY, decision: decision() });

/** Every operation, with arguments that are valid, or with the first one invalid. */
function calls(store: GuardedCommitStore, isValid: boolean): Readonly<Record<string, () => Promise<unknown>>> {
  const stream = isValid ? 's-1' : '';
  const key = { ...KEY, stream };
  return {
    append: () => store.append(stream, [], ANY, decision()),
    appendExclusively: () => store.appendExclusively(stream, undefined, decide),
    readStream: () => store.readStream(stream, { direction: 'forward' }),
    readAll: () =>
      store.readAll({ direction: isValid ? 'forward' : ('up' as never), categories: [], eventTypes: [], events: [] }),
    awaitEvents: () => store.awaitEvents(isValid ? undefined : -1n),
    findDecision: () => store.findDecision(isValid ? crypto.randomUUID() : 'x'),
    loadSnapshot: () => store.loadSnapshot(key),
    saveSnapshot: () => store.saveSnapshot(key, SNAPSHOT),
    dropSnapshot: () => store.dropSnapshot(key),
    readCommits: () => store.readCommits(stream),
    readStreams: () => store.readStreams({ limit: isValid ? 1 : 0 }),
    readLog: () => store.readLog({ limit: isValid ? 1 : 0 }),
    importCommits: () => store.importCommits(isValid ? [] : [undefined as never]),
  };
}

/** A guarded store, and the names of the operations that were called. */
function guarded(): { store: GuardedCommitStore; reached: string[] } {
  const reached: string[] = [];
  const memory = createMemoryStore();
  const bare = new Proxy(memory as unknown as BareCommitStore, {
    get(target, name) {
      const operation = Reflect.get(target, name) as (...args: unknown[]) => unknown;
      return (...args: unknown[]) => {
        reached.push(String(name));
        return operation.apply(target, args);
      };
    },
  });
  return { store: new GuardedCommitStore(bare), reached };
}

describe('a guarded store', () => {
  test('passes valid calls on', async () => {
    const { store, reached } = guarded();
    const valid = calls(store, true);
    for (const call of Object.values(valid)) await call();
    assert.deepEqual(reached, Object.keys(valid));
  });

  for (const operation of Object.keys(calls(guarded().store, true))) {
    const isRefused =
      (tag: 'invalid-argument' | 'closed') =>
      (error: unknown): boolean =>
        operation.startsWith('append') ? isAppendFailure(error, tag) : isStoreFailure(error, tag);

    test(`refuses an invalid argument before the operation: ${operation}`, async () => {
      const { store, reached } = guarded();
      await assert.rejects(calls(store, false)[operation]!(), isRefused('invalid-argument'));
      assert.deepEqual(reached, []);
    });

    test(`refuses a call after it was closed: ${operation}`, async () => {
      const { store, reached } = guarded();
      await store.close();
      await assert.rejects(calls(store, true)[operation]!(), isRefused('closed'));
      assert.deepEqual(reached, ['close']);
    });
  }

  test('refuses an invalid decision inside of a reservation', async () => {
    const { store } = guarded();
    const appending = store.appendExclusively('s-1', undefined, () => ({ ...decide(), events: [envelope('')] }));
    await assert.rejects(
      appending,
      (error) => isAppendFailure(error, 'invalid-argument') && error.payload.val.argument === 'events[0].type',
    );
  });

  test('closes once', async () => {
    const { store, reached } = guarded();
    assert.equal(store.close(), store.close());
    await store[Symbol.asyncDispose]();
    assert.deepEqual(reached, ['close']);
  });

  test('reports no damage if its operations only use commits', async () => {
    assert.equal(await createMemoryStore().findDamage?.(), undefined);
  });
});
