/**
 * Tests that a store refuses the use of a capability that it lacks. A store must not ignore the statements of a table
 * read model.
 */
import assert from 'node:assert/strict';
import { type Capability, UnsupportedByStore } from '../../../core/processors/capabilities.ts';
import { BALANCES, bytes, type CheckProcessors, claimed, fence } from './fixtures.ts';
import { subscriptionWith } from './lines-table.ts';

export function missingTables(check: CheckProcessors): void {
  const statement = { sql: 'create table lines (id integer)', parameters: [] };

  check('a subscription with tables is refused, and names stores that have them', async ({ processors }) => {
    assert.equal(processors.tables, undefined);
    await refused(processors.openSubscription(subscriptionWith({ create: [statement], drop: [] })), 'tables');
    assert.deepEqual(await processors.listSubscriptions(), []);
  });

  check('a commit with statements is refused, and nothing of it is written', async ({ processors }) => {
    const share = await claimed(processors);
    const documents = [{ subscription: BALANCES, key: 'a', state: bytes('1'), position: 5n }];
    const commit = { fences: [fence(share, 5n)], documents };
    await refused(processors.commit({ ...commit, statements: [statement] }), 'tables');
    assert.equal(await processors.readDocument(BALANCES, 'a'), undefined);
    assert.equal((await processors.listShares(BALANCES))[0]?.checkpoint, undefined);
    await processors.commit({ ...commit, statements: [] });
    assert.equal((await processors.listShares(BALANCES))[0]?.checkpoint, 5n);
  });
}

export function missingInline(check: CheckProcessors): void {
  check('inline read models cannot be added', async ({ processors }) => {
    assert.equal(processors.inline, undefined);
  });
}

async function refused(call: Promise<unknown>, capability: Capability): Promise<void> {
  await assert.rejects(call, (error) => {
    assert.ok(error instanceof UnsupportedByStore);
    assert.deepEqual([error.code, error.payload.capability], ['unsupported-by-store', capability]);
    assert.ok(error.payload.stores.length > 0);
    return true;
  });
}
