import assert from 'node:assert/strict';
import {
  BALANCES,
  bytes,
  type CheckProcessors,
  claimed,
  commit,
  fence,
  fencedOff,
  NOW,
  OTHER,
  opened,
} from './fixtures.ts';

export function subscriptions(check: CheckProcessors): void {
  check('a store that no processor has used lists nothing', async (processors) => {
    assert.deepEqual(await processors.listSubscriptions(), []);
    assert.deepEqual(await processors.listShares(BALANCES), []);
    assert.deepEqual(await processors.listMembers(NOW), []);
    assert.equal(await processors.readDocument(BALANCES, 'a'), undefined);
    assert.deepEqual(await processors.listParked(), []);
    assert.deepEqual(await processors.listDeadlines(BALANCES), []);
  });

  check('the first version of a name is active, and a later one is not', async (processors) => {
    const first = await opened(processors);
    assert.deepEqual(first, {
      subscription: BALANCES,
      kind: 'documents',
      shares: 2,
      definition: '{"events":["A"]}',
      active: true,
      stopped: undefined,
    });
    assert.equal((await opened(processors, { name: 'balances', version: '2' })).active, false);
    assert.equal((await opened(processors, OTHER)).active, true);
  });

  check('opening a subscription again returns what is stored', async (processors) => {
    const first = await opened(processors);
    const again = await processors.openSubscription({
      subscription: BALANCES,
      kind: 'tables',
      shares: 9,
      definition: '{}',
    });
    assert.deepEqual(again, first);
    assert.equal((await processors.listShares(BALANCES)).length, 2);
  });

  check('activating a version replaces the active one', async (processors) => {
    const next = { name: 'balances', version: '2' };
    await opened(processors);
    await opened(processors, next);
    await processors.activate(next);
    const records = await processors.listSubscriptions();
    assert.deepEqual(
      records.map(({ subscription, active }) => [subscription.version, active]),
      [
        ['1', false],
        ['2', true],
      ],
    );
  });

  check('the reason why a processor stopped is kept until it is cleared', async (processors) => {
    await opened(processors);
    const reason = { code: 'boom', message: 'it failed', position: 7n, at: NOW };
    for (const stopped of [reason, { ...reason, position: undefined }, undefined]) {
      await processors.setStopped(BALANCES, stopped);
      assert.deepEqual((await processors.listSubscriptions())[0]?.stopped, stopped);
    }
  });

  check('dropping a subscription removes everything of it, and fences its members off', async (processors) => {
    const share = await claimed(processors);
    const other = await claimed(processors, OTHER);
    const document = { key: 'a', state: bytes('1'), position: 1n };
    await commit(processors, share, { documents: [{ subscription: BALANCES, ...document }] });
    await commit(processors, other, { documents: [{ subscription: OTHER, ...document }] });
    await processors.dropSubscription(BALANCES);
    assert.equal(await processors.readDocument(BALANCES, 'a'), undefined);
    assert.deepEqual(await processors.readDocument(OTHER, 'a'), document);
    const records = await processors.listSubscriptions();
    assert.deepEqual(
      records.map(({ subscription }) => subscription),
      [OTHER],
    );
    await fencedOff(processors.commit({ fences: [fence({ ...share, checkpoint: 0n }, 5n)] }));
  });
}
