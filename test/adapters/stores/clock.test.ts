/** A store records the time of its clock, which is an option. The order of events does not depend on it. */
import assert from 'node:assert/strict';
import { after, describe, test } from 'node:test';
import { isAppendFailure } from 'decidable';
import { verifyChain } from 'decidable/storage';
import { openStore } from 'decidable/stores';
import { ENGINES, Engines, skipWithout } from '../../servers/engines.ts';
import { ANY, decision, envelope, FORWARD } from './commands.ts';

const engines = new Engines();
after(() => engines[Symbol.asyncDispose]());

for (const name of ENGINES) {
  describe(`the clock of the ${name} store`, { skip: skipWithout(name) }, () => {
    test('must return whole milliseconds, or the append is refused without a write', async () => {
      let time = 0;
      await using store = await openStore(await engines.newAddress(name), { now: () => time });
      for (time of [1.5, -1, Number.NaN, Number.POSITIVE_INFINITY, 2 ** 53]) {
        const appending = store.append('s-1', [envelope('Done')], ANY, decision());
        await assert.rejects(
          appending,
          (error) => isAppendFailure(error, 'invalid-argument') && error.payload.val.argument === 'now',
          String(time),
        );
      }
      time = 1_700_000_000_000;
      const { firstRevision, recordedAt } = await store.append('s-1', [envelope('Done')], ANY, decision());
      assert.deepEqual([firstRevision, recordedAt], [0n, 1_700_000_000_000n]);
    });

    test('may step backward, and positions still grow', async () => {
      const times = [5_000_000, 1_000, 9_000_000, 0];
      let time = 0;
      await using store = await openStore(await engines.newAddress(name), { now: () => time });
      for (time of times) await store.append(`s-${time % 2_000}`, [envelope('Done')], ANY, decision());
      const events = await store.readAll(FORWARD);
      assert.deepEqual(
        events.map(({ context }) => Number(context.recordedAt)),
        times,
      );
      const last = events.at(-1)?.context.position;
      assert.ok(
        events.every(({ context }, index) => index === 0 || context.position > events[index - 1]!.context.position),
      );
      assert.equal(await store.awaitEvents(events.at(-2)?.context.position), last);
      assert.equal((await verifyChain(store)).intact, true);
    });
  });
}
