import assert from 'node:assert/strict';
import {
  BALANCES,
  bytes,
  type CheckProcessors,
  claimed,
  commit,
  deadline,
  fence,
  fencedOff,
  NOW,
  OTHER,
  opened,
  parked,
} from './fixtures.ts';

export function subscriptions(check: CheckProcessors): void {
  check('a store that no processor has used lists nothing', async ({ processors }) => {
    assert.deepEqual(await processors.listSubscriptions(), []);
    assert.deepEqual(await processors.listShares(BALANCES), []);
    assert.deepEqual(await processors.listMembers(NOW), []);
    assert.equal(await processors.readDocument(BALANCES, 'a'), undefined);
    assert.deepEqual(await processors.listParked(), []);
    assert.deepEqual(await processors.listDeadlines(BALANCES), []);
  });

  check('the first version of a name is active, and a later one is not', async ({ processors }) => {
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

  check('opening a subscription again returns the stored record', async ({ processors }) => {
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

  check('opening a subscription returns its record even if it is dropped simultaneously', async ({ processors }) => {
    const [record] = await Promise.all([opened(processors), processors.dropSubscription(BALANCES)]);
    assert.deepEqual([record.subscription, record.active], [BALANCES, true]);
  });

  check('activating a version replaces the active one', async ({ processors }) => {
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

  check('only the definition of a subscription can be changed', async ({ processors }) => {
    const before = await opened(processors);
    await processors.redefine(BALANCES, '{"events":["B"]}');
    assert.deepEqual(await processors.listSubscriptions(), [{ ...before, definition: '{"events":["B"]}' }]);
  });

  check('the reason why a processor stopped is kept until it is cleared', async ({ processors }) => {
    await opened(processors);
    const reason = { code: 'boom', message: 'it failed', position: 7n, at: NOW };
    for (const stopped of [reason, { ...reason, position: undefined }, undefined]) {
      await processors.setStopped(BALANCES, stopped);
      assert.deepEqual((await processors.listSubscriptions())[0]?.stopped, stopped);
    }
  });

  check('dropping a subscription removes all its data, and fences its members off', async ({ processors }) => {
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

  check(
    'a version that continues takes over all data of the previous one, and fences its members off',
    async ({ processors }) => {
      const next = { name: 'balances', version: '2' };
      const share = await commit(processors, await claimed(processors), {});
      await processors.commit({
        fences: [fence(share, 5n)],
        park: [parked(share, 'a', 4n, true)],
        setDeadlines: [deadline(share, 'p-1', 'late', NOW)],
      });
      const record = { subscription: next, kind: 'documents', shares: 9, definition: '{}' } as const;
      assert.deepEqual(await processors.openSubscription({ ...record, continues: true }), {
        ...record,
        shares: 2,
        active: true,
        stopped: undefined,
      });
      await fencedOff(processors.commit({ fences: [fence({ ...share, checkpoint: 5n }, 6n)] }));
      assert.deepEqual(await processors.listShares(BALANCES), []);
      const [first] = await processors.listShares(next);
      assert.deepEqual([first?.checkpoint, first?.holder], [5n, undefined]);
      assert.deepEqual(
        (await processors.listParked()).map((event) => event.subscription),
        [next],
      );
      assert.deepEqual(
        (await processors.listDeadlines(next)).map(({ subscription }) => subscription),
        [next],
      );
      // The old token is invalid for the new version too.
      await fencedOff(processors.commit({ fences: [fence({ ...share, subscription: next, checkpoint: 5n }, 6n)] }));
    },
  );

  check(
    'a version that continues begins at the first event if the previous one is of another kind',
    async ({ processors }) => {
      await processors.commit({ fences: [fence(await claimed(processors), 5n)] });
      const next = { name: 'balances', version: '2' };
      const record = { subscription: next, kind: 'reactor', shares: 1, definition: '{}' } as const;
      assert.equal((await processors.openSubscription({ ...record, continues: true })).active, false);
      assert.equal((await processors.listShares(next))[0]?.checkpoint, undefined);
      assert.equal((await processors.listShares(BALANCES))[0]?.checkpoint, 5n);
    },
  );

  check('a version that continues begins at the first event if it is the first one', async ({ processors }) => {
    const record = { subscription: BALANCES, kind: 'reactor', shares: 2, definition: '{}' } as const;
    assert.equal((await processors.openSubscription({ ...record, continues: true })).active, true);
    assert.deepEqual(
      (await processors.listShares(BALANCES)).map(({ checkpoint }) => checkpoint),
      [undefined, undefined],
    );
  });

  const BUILT = { name: 'balances/rebuild', version: '1' };

  check(
    'a replacement replaces all data of a subscription, and fences the members of both off',
    async ({ processors }) => {
      const [old, built] = [await claimed(processors), await claimed(processors, BUILT)];
      await processors.commit({
        fences: [fence(old, 5n)],
        documents: ['a', 'b'].map((key) => ({ subscription: BALANCES, key, state: bytes('old'), position: 5n })),
      });
      await processors.commit({
        fences: [fence(built, 6n)],
        documents: [{ subscription: BUILT, key: 'a', state: bytes('new'), position: 6n }],
        park: [parked(built, 'c', 4n, true)],
      });
      assert.equal(await processors.replaceSubscription(BALANCES, BUILT, '{"new":1}'), true);
      assert.deepEqual(await processors.listDocuments(BALANCES), [{ key: 'a', state: bytes('new'), position: 6n }]);
      assert.deepEqual(
        (await processors.listParked()).map(({ subscription }) => subscription),
        [BALANCES],
      );
      const records = await processors.listSubscriptions();
      assert.deepEqual(
        records.map(({ subscription, active, definition }) => [subscription, active, definition]),
        [[BALANCES, true, '{"new":1}']],
      );
      const [share] = await processors.listShares(BALANCES);
      assert.deepEqual([share?.checkpoint, share?.holder], [6n, undefined]);
      await fencedOff(processors.commit({ fences: [fence({ ...old, checkpoint: 6n }, 7n)] }));
      await fencedOff(processors.commit({ fences: [fence({ ...built, subscription: BALANCES, checkpoint: 6n }, 7n)] }));
      const again = await processors.claimShare(share!, 'me', NOW, NOW + 1_000);
      await processors.commit({ fences: [fence(again!, 7n)] });
    },
  );

  check('a replacement with a lower checkpoint changes nothing', async ({ processors }) => {
    const [old, built] = [await claimed(processors), await claimed(processors, BUILT)];
    await processors.commit({ fences: [fence(old, 5n)] });
    await processors.commit({ fences: [fence(built, 4n)] });
    assert.equal(await processors.replaceSubscription(BALANCES, BUILT, '{}'), false);
    assert.equal((await processors.listSubscriptions()).length, 2);
    await processors.commit({ fences: [fence({ ...built, checkpoint: 4n }, 5n)] });
  });

  check('a replacement that does not exist changes nothing', async ({ processors }) => {
    await claimed(processors);
    assert.equal(await processors.replaceSubscription(BALANCES, BUILT, '{}'), false);
    assert.equal(await processors.replaceSubscription(BUILT, BALANCES, '{}'), false);
    assert.equal((await processors.listSubscriptions()).length, 1);
  });
}
