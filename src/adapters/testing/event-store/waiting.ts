/** Tests of waiting for events (wit/event-store.wit, `await-events`). */
import assert from 'node:assert/strict';
import { ANY, all, type Check, decision, failed, some } from './fixtures.ts';

export function waiting(check: Check): void {
  check('a wait for an event that is already stored ends immediately', async (store) => {
    const { firstPosition } = await store.append('s-1', some(3), ANY, decision());
    const last = await store.awaitEvents(undefined);
    assert.ok(last >= firstPosition!);
    assert.equal(await store.awaitEvents(firstPosition), last);
    const events = await store.readAll(all());
    assert.equal(events.at(-1)!.context.position, last);
  });

  check('a wait ends when an event after the position is appended', async (store) => {
    const { firstPosition } = await store.append('s-1', some(1), ANY, decision());
    const waits = [store.awaitEvents(firstPosition), store.awaitEvents(firstPosition)];
    const { firstPosition: next } = await store.append('s-2', some(1), ANY, decision());
    assert.deepEqual(await Promise.all(waits), [next, next]);
  });

  check('a wait on an empty store ends with its first event', async (store) => {
    const wait = store.awaitEvents(undefined);
    const { firstPosition } = await store.append('s-1', some(1), ANY, decision());
    assert.equal(await wait, firstPosition);
  });

  check('a decision without events does not end a wait', async (store) => {
    let ended = false;
    const wait = store.awaitEvents(undefined).finally(() => (ended = true));
    await store.append('s-1', [], ANY, decision());
    await store.readAll(all());
    assert.equal(ended, false);
    const { firstPosition } = await store.append('s-1', some(1), ANY, decision());
    assert.equal(await wait, firstPosition);
  });

  check('aborting a wait rejects it with the reason of the signal', async (store) => {
    const controller = new AbortController();
    const wait = store.awaitEvents(undefined, controller.signal);
    const reason = new Error('enough');
    controller.abort(reason);
    await assert.rejects(wait, (error) => error === reason);
    await assert.rejects(store.awaitEvents(undefined, controller.signal), (error) => error === reason);
  });

  check('closing the store ends a wait', async (store) => {
    const wait = failed(store.awaitEvents(undefined), 'closed');
    await store.close();
    await wait;
    await failed(store.awaitEvents(undefined), 'closed');
  });

  check('a position that is not a non-negative bigint is refused', async (store) => {
    for (const position of [-1n, 1, '1', null]) {
      const { val } = await failed(store.awaitEvents(position as bigint), 'invalid-argument');
      assert.equal(val.argument, 'afterPosition');
    }
  });
}
