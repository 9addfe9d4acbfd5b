/** Tests of closing a store while it is in use. */
import assert from 'node:assert/strict';
import { ANY, all, type Check, decision, failed, refused, some } from './fixtures.ts';

export function closing(check: Check): void {
  check('accepted work is finished, and later work is refused', async (store) => {
    const given = Array.from({ length: 40 }, () => decision());
    const pending = given.map((one, index) => store.append(`s-${index % 4}`, some(2), ANY, one));
    const closed = store.close();
    await refused(store.append('s-1', some(1), ANY, decision()), 'closed');
    const appended = await Promise.all(pending);
    await closed;
    assert.equal(appended.length, 40);
    const key = { moduleName: 'm', moduleVersion: '1', stream: 's-1' };
    await refused(store.append('s-1', some(1), ANY, decision()), 'closed');
    await failed(store.readStream('s-1', { direction: 'forward', limit: 1 }), 'closed');
    await failed(store.readAll(all()), 'closed');
    await failed(store.findDecision(given[0]!.commandId), 'closed');
    await failed(store.loadSnapshot(key), 'closed');
    await failed(store.saveSnapshot(key, { revision: 0n, contentType: '', state: Uint8Array.of() }), 'closed');
    await failed(store.dropSnapshot(key), 'closed');
    await store.close();
  });
}
