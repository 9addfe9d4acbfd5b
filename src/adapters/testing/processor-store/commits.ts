import assert from 'node:assert/strict';
import { BALANCES, bytes, type CheckProcessors, claimed, deadline, fence, fencedOff, NOW, parked } from './fixtures.ts';

export function commits(check: CheckProcessors): void {
  check('a commit moves the checkpoints of all its shares together', async ({ processors }) => {
    const [one, two] = [await claimed(processors, BALANCES, 0), await claimed(processors, BALANCES, 1)];
    await processors.commit({ fences: [fence(one, 5n), fence(two, 7n)] });
    const shares = await processors.listShares(BALANCES);
    assert.deepEqual(
      shares.map(({ checkpoint }) => checkpoint),
      [5n, 7n],
    );
  });

  check('a commit with an old token writes nothing', async ({ processors }) => {
    const share = await claimed(processors);
    const taken = await processors.claimShare(share, 'you', NOW + 2_000, NOW + 9_000);
    const changes = {
      documents: [{ subscription: BALANCES, key: 'a', state: bytes('1'), position: 5n }],
      park: [parked(share, 'a', 5n, true)],
      setDeadlines: [deadline(share, 'p-1', 'late', NOW)],
    };
    await fencedOff(processors.commit({ ...changes, fences: [fence(share, 5n)] }));
    assert.equal((await processors.listShares(BALANCES))[0]?.checkpoint, undefined);
    assert.equal(await processors.readDocument(BALANCES, 'a'), undefined);
    assert.deepEqual(await processors.listParked(), []);
    assert.deepEqual(await processors.listDeadlines(BALANCES), []);
    await processors.commit({ ...changes, fences: [fence(taken!, 5n)] });
    assert.deepEqual((await processors.readDocument(BALANCES, 'a'))?.state, bytes('1'));
  });

  check('a commit from an outdated checkpoint writes nothing', async ({ processors }) => {
    const share = await claimed(processors);
    await processors.commit({ fences: [fence(share, 5n)] });
    // The outcome of the first commit may have been unknown. If it were repeated, the statements of tables would run
    // twice.
    await fencedOff(
      processors.commit({
        fences: [fence(share, 5n)],
        documents: [{ subscription: BALANCES, key: 'a', state: bytes('1'), position: 5n }],
      }),
    );
    assert.equal(await processors.readDocument(BALANCES, 'a'), undefined);
  });

  check('if one share of a commit is lost, nothing of the commit is written', async ({ processors }) => {
    const [one, two] = [await claimed(processors, BALANCES, 0), await claimed(processors, BALANCES, 1)];
    await processors.releaseShares([two]);
    await fencedOff(processors.commit({ fences: [fence(one, 5n), fence(two, 5n)] }));
    assert.equal((await processors.listShares(BALANCES))[0]?.checkpoint, undefined);
  });

  check('a wait for a change ends with the next commit', async ({ processors }) => {
    const share = await claimed(processors);
    const change = processors.awaitChange();
    await processors.commit({ fences: [fence(share, 1n)] });
    await change;
  });

  check('aborting a wait for a change rejects it with the reason', async ({ processors }) => {
    const controller = new AbortController();
    const change = processors.awaitChange(controller.signal);
    const reason = new Error('enough');
    controller.abort(reason);
    await assert.rejects(change, (error) => error === reason);
  });
}
