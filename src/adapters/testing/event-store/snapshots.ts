/** Tests of snapshots: their keys, and that an earlier one never replaces a later one. */
import assert from 'node:assert/strict';
import { ANY, type Check, decision, readWhole, some } from './fixtures.ts';

export function snapshots(check: Check): void {
  const key = { moduleName: 'bank', moduleVersion: '1.0.0', stream: 's-1' };
  const snapshot = (revision: bigint, byte: number): { revision: bigint; contentType: string; state: Uint8Array } => ({
    revision,
    contentType: 'application/x',
    state: new Uint8Array(50).fill(byte),
  });

  check('a snapshot is kept by module name, version and stream', async (store) => {
    await store.saveSnapshot(key, snapshot(4n, 1));
    assert.deepEqual(await store.loadSnapshot(key), snapshot(4n, 1));
    const others = [
      { ...key, moduleName: 'ban' },
      { ...key, moduleVersion: '1.0.1' },
      { ...key, stream: 's-2' },
      { moduleName: 'bank1', moduleVersion: '.0.0', stream: 's-1' },
      { moduleName: 'bank', moduleVersion: '1.0.0s', stream: '-1' },
    ];
    for (const [index, other] of others.entries()) {
      assert.equal(await store.loadSnapshot(other), undefined);
      await store.saveSnapshot(other, snapshot(BigInt(index), index));
    }
    for (const [index, other] of others.entries()) {
      assert.deepEqual(await store.loadSnapshot(other), snapshot(BigInt(index), index));
    }
    await store.dropSnapshot(key);
    await store.dropSnapshot(key);
    assert.equal(await store.loadSnapshot(key), undefined);
    assert.deepEqual(await store.loadSnapshot(others[0]!), snapshot(0n, 0));
  });

  check('a later snapshot replaces an earlier one, and an earlier one never replaces a later one', async (store) => {
    await store.saveSnapshot(key, snapshot(4n, 1));
    await store.saveSnapshot(key, snapshot(9n, 2));
    await store.saveSnapshot(key, snapshot(7n, 3));
    assert.deepEqual(await store.loadSnapshot(key), snapshot(9n, 2));
    await store.saveSnapshot(key, snapshot(9n, 4));
    assert.deepEqual(await store.loadSnapshot(key), snapshot(9n, 4));
  });

  check('the caller may change a snapshot as soon as the call has returned its promise', async (store) => {
    const given = snapshot(4n, 1);
    const saving = store.saveSnapshot(key, given);
    given.state.fill(2);
    await saving;
    assert.deepEqual(await store.loadSnapshot(key), snapshot(4n, 1));
  });

  check('a snapshot may be saved while its stream is written', async (store) => {
    await Promise.all([
      store.append('s-1', some(3), ANY, decision()),
      store.saveSnapshot(key, snapshot(2n, 1)),
      store.append('s-1', some(3), ANY, decision()),
    ]);
    assert.deepEqual(await store.loadSnapshot(key), snapshot(2n, 1));
    assert.equal((await readWhole(store, 's-1')).length, 6);
  });
}
