import assert from 'node:assert/strict';
import { type ProcessorStore, StatementFailed } from '../../../core/processors/processor-store.ts';
import { BALANCES, type CheckProcessors, deadline, fence, fencedOff, NOW, parked } from './fixtures.ts';
import { claimedWith, linesTable, subscriptionWith } from './lines-table.ts';

const SECOND = { name: 'balances', version: '2' };
const BUILT = { name: 'balances/rebuild', version: '1' };

export function tables(check: CheckProcessors): void {
  check('the statements of a commit run in order, and are written with its checkpoint', async ({ processors }) => {
    const lines = await linesTable(processors);
    const share = await claimedWith(processors, lines);
    await processors.commit({
      fences: [fence(share, 5n)],
      statements: [lines.insert(1, 10), lines.insert(2, 20, 'two'), lines.add(1, 5)],
    });
    assert.deepEqual(await lines.rows(), [
      [1, 15, null],
      [2, 20, 'two'],
    ]);
    assert.equal(await checkpointOf(processors), 5n);
  });

  check('a statement that fails rolls its commit back, and the error has its index', async ({ processors }) => {
    const lines = await linesTable(processors);
    const share = await claimedWith(processors, lines);
    await processors.commit({ fences: [fence(share, 1n)], statements: [lines.insert(1, 10)] });
    const before = { ...share, checkpoint: 1n };
    const changes = {
      fences: [fence(before, 5n)],
      park: [parked(share, 'a', 4n, true)],
      setDeadlines: [deadline(share, 'p-1', 'late', NOW)],
    };
    await assert.rejects(
      processors.commit({ ...changes, statements: [lines.insert(2, 20), lines.add(1, 5), lines.insert(1, 1)] }),
      (error) => error instanceof StatementFailed && error.code === 'statement-failed' && error.index === 2,
    );
    assert.deepEqual(await lines.rows(), [[1, 10, null]]);
    assert.equal(await checkpointOf(processors), 1n);
    assert.deepEqual(await processors.listParked(), []);
    assert.deepEqual(await processors.listDeadlines(BALANCES), []);
    await processors.commit({ ...changes, statements: [lines.insert(2, 20)] });
    assert.deepEqual(await lines.rows(), [
      [1, 10, null],
      [2, 20, null],
    ]);
  });

  check('a commit with an old token changes no row', async ({ processors }) => {
    const lines = await linesTable(processors);
    const share = await claimedWith(processors, lines);
    const taken = await processors.claimShare(share, 'you', NOW + 2_000, NOW + 9_000);
    const statements = [lines.insert(1, 10)];
    await fencedOff(processors.commit({ fences: [fence(share, 5n)], statements }));
    assert.deepEqual(await lines.rows(), []);
    await processors.commit({ fences: [fence(taken!, 5n)], statements });
    assert.deepEqual(await lines.rows(), [[1, 10, null]]);
  });

  check('a commit from an outdated checkpoint changes no row', async ({ processors }) => {
    const lines = await linesTable(processors);
    const share = await claimedWith(processors, lines);
    await processors.commit({ fences: [fence(share, 5n)], statements: [lines.insert(1, 10)] });
    await fencedOff(processors.commit({ fences: [fence(share, 5n)], statements: [lines.add(1, 10)] }));
    assert.deepEqual(await lines.rows(), [[1, 10, null]]);
  });

  check('two versions of a read model have separate rows, until one is dropped', async ({ processors }) => {
    const [first, second] = [await linesTable(processors), await linesTable(processors, SECOND)];
    const [one, two] = [await claimedWith(processors, first), await claimedWith(processors, second, SECOND)];
    await processors.commit({ fences: [fence(one, 5n)], statements: [first.insert(1, 10)] });
    await processors.commit({ fences: [fence(two, 3n)], statements: [second.insert(1, 99)] });
    assert.deepEqual(await first.rows(), [[1, 10, null]]);
    assert.deepEqual(await second.rows(), [[1, 99, null]]);
    await processors.activate(SECOND);
    await processors.dropSubscription(BALANCES);
    await assert.rejects(first.rows());
    assert.deepEqual(await second.rows(), [[1, 99, null]]);
    // A version of this name can be created again.
    await claimedWith(processors, first);
    assert.deepEqual(await first.rows(), []);
  });

  check('opening a subscription again keeps its rows', async ({ processors }) => {
    const lines = await linesTable(processors);
    const share = await claimedWith(processors, lines);
    await processors.commit({ fences: [fence(share, 5n)], statements: [lines.insert(1, 10)] });
    await processors.openSubscription(subscriptionWith(lines.setup));
    assert.deepEqual(await lines.rows(), [[1, 10, null]]);
  });

  check('a subscription whose tables cannot be created does not exist', async ({ processors }) => {
    const lines = await linesTable(processors);
    const [create] = lines.setup.create;
    const twice = subscriptionWith({ ...lines.setup, create: [create!, create!] });
    await assert.rejects(processors.openSubscription(twice));
    assert.deepEqual(await processors.listSubscriptions(), []);
    await processors.openSubscription(subscriptionWith(lines.setup));
    assert.deepEqual(await lines.rows(), []);
  });

  check('resetting a subscription removes its rows together with its checkpoint', async ({ processors }) => {
    const lines = await linesTable(processors);
    const share = await claimedWith(processors, lines);
    await processors.commit({ fences: [fence(share, 5n)], statements: [lines.insert(1, 10)] });
    await processors.resetSubscription(BALANCES);
    assert.deepEqual(await lines.rows(), []);
    assert.equal(await checkpointOf(processors), undefined);
    const again = await claimedWith(processors, lines);
    await processors.commit({ fences: [fence(again, 1n)], statements: [lines.insert(1, 11)] });
    assert.deepEqual(await lines.rows(), [[1, 11, null]]);
  });

  check('a replacement replaces the rows, and can be reset and dropped under its new name', async ({ processors }) => {
    const [old, built] = [await linesTable(processors), await linesTable(processors, BUILT, BALANCES)];
    const [before, next] = [await claimedWith(processors, old), await claimedWith(processors, built, BUILT)];
    await processors.commit({ fences: [fence(before, 5n)], statements: [old.insert(1, 10)] });
    await processors.commit({ fences: [fence(next, 6n)], statements: [built.insert(2, 20)] });
    assert.equal(await processors.replaceSubscription(BALANCES, BUILT, '{}'), true);
    assert.deepEqual(await old.rows(), [[2, 20, null]]);
    await assert.rejects(built.rows());
    await processors.resetSubscription(BALANCES);
    assert.deepEqual(await old.rows(), []);
    await processors.dropSubscription(BALANCES);
    await assert.rejects(old.rows());
  });

  check('a reader cannot write, even after it has ended its transaction', async ({ processors }) => {
    const lines = await linesTable(processors);
    const share = await claimedWith(processors, lines);
    await processors.commit({ fences: [fence(share, 5n)], statements: [lines.insert(1, 10)] });
    const { sql, parameters } = lines.add(1, 5);
    assert.deepEqual(parameters, [5, 1]);
    const literal = sql.replace(/\?|\$1/, '5').replace(/\?|\$2/, '1');
    for (const attempt of [literal, `commit; ${literal}`, `rollback; begin; ${literal}; commit`]) {
      await assert.rejects(lines.runAsReader({ sql: attempt, parameters: [] }), attempt);
      assert.deepEqual(await lines.rows(), [[1, 10, null]], attempt);
    }
  });

  check('readers get integers beyond 2^53 exactly', async ({ processors }) => {
    const lines = await linesTable(processors);
    const share = await claimedWith(processors, lines);
    const [safe, beyond] = [2 ** 53 - 1, 2n ** 62n + 1n];
    await processors.commit({
      fences: [fence(share, 5n)],
      statements: [lines.insert(1, safe), lines.insert(2, beyond), lines.insert(3, -beyond)],
    });
    assert.deepEqual(
      (await lines.rows()).map(([, amount]) => amount),
      [safe, beyond, -beyond],
    );
  });
}

async function checkpointOf(processors: ProcessorStore): Promise<bigint | undefined> {
  return (await processors.listShares(BALANCES))[0]?.checkpoint;
}
