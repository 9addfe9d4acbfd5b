/** Tests of reading the commits of all streams in one order. */
import assert from 'node:assert/strict';
import { type CheckCommits, commandIds, fill } from './commit-store.ts';
import { ANY, all, decision, failed, some } from './fixtures.ts';

export function log(check: CheckCommits): void {
  check('all commits are read in the order in which they were made, with their events', async (store) => {
    const ids = await fill(store);
    const commits = await store.readLog();
    assert.deepEqual(commandIds(commits), ids);
    for (const { decision: recorded, events } of commits) {
      assert.deepEqual(recorded, await store.findDecision(recorded.decision.commandId));
      assert.equal(recorded.eventCount, events.length);
    }
    assert.deepEqual(
      commits.flatMap(({ events }) => events),
      (await store.readAll(all())).map(({ event }) => event),
    );
  });

  check('commits are read in pages, in both directions', async (store) => {
    const ids = await fill(store);
    const commits = await store.readLog();
    const reversed = [...commits].reverse();
    assert.deepEqual(await store.readLog({ limit: 4 }), commits.slice(0, 4));
    assert.deepEqual(await store.readLog({ after: ids[3], limit: 4 }), commits.slice(4, 8));
    assert.deepEqual(await store.readLog({ after: ids[27] }), commits.slice(28));
    assert.deepEqual(await store.readLog({ direction: 'backward', limit: 4 }), reversed.slice(0, 4));
    assert.deepEqual(await store.readLog({ direction: 'backward', after: ids[26], limit: 4 }), reversed.slice(4, 8));
    assert.deepEqual(await store.readLog({ direction: 'backward', after: ids[0] }), []);
  });

  check('commits that are made later come after the last one', async (store) => {
    assert.deepEqual(await store.readLog(), []);
    const ids = await fill(store);
    const after = ids.at(-1);
    assert.deepEqual(await store.readLog({ after }), []);
    const later = decision();
    await store.append('s-0', some(1), ANY, later);
    assert.deepEqual(commandIds(await store.readLog({ after })), [later.commandId]);
  });

  check('nothing follows an unknown command', async (store) => {
    await fill(store);
    const after = crypto.randomUUID();
    assert.deepEqual(await store.readLog({ after }), []);
    assert.deepEqual(await store.readLog({ after, direction: 'backward' }), []);
  });

  check('an invalid option of a read is refused', async (store) => {
    for (const [options, argument] of [
      [{ limit: 0 }, 'options.limit'],
      [{ after: 'x' }, 'options.after'],
      [{ direction: 'up' }, 'options.direction'],
      [{ from: 1 }, 'options.from'],
    ] as const) {
      assert.equal((await failed(store.readLog(options as never), 'invalid-argument')).val.argument, argument);
    }
  });

  check('a closed store reads no commits', async (store) => {
    await store.close();
    await failed(store.readLog(), 'closed');
  });
}
