/**
 * A NATS server that has no space for appends and checkpoints. Both fail with a code, nothing is stored in part, and
 * both continue when there is space. `../full-disk.test.ts` has appends only, also with limits of the server.
 */
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { test } from 'node:test';
import { jetstreamManager } from '@nats-io/jetstream';
import { connect } from '@nats-io/transport-node';
import { isAppendFailure, isCommandFailure, isStoreFailure, readEvents } from 'decidable';
import { createNatsStore, type NatsStore } from 'decidable/nats';
import { verifyChain } from 'decidable/storage';
import { account, balances, bankOf } from '../../../core/processors/transfers.ts';
import { skipWithoutBinary, startNatsServer, uniqueName } from '../../../servers/nats.ts';
import { SmallDisk } from '../../../servers/small-disk.ts';
import { ANY, decision, envelope } from '../commands.ts';
import { untilItResponds } from '../fire/retries.ts';

const MEGABYTE = 1_048_576;
const { Open, Deposit } = account.commands;
/** The codes of failures without space. The server may refuse a write, or may not answer it. */
const PASSING = ['full', 'busy', 'io', 'unknown-outcome'];

/** Claims a share of a separate subscription. Each commit to it has a large document and a checkpoint. */
async function checkpoints(store: NatsStore) {
  const { processors } = store;
  const subscription = { name: 'large', version: '1' };
  await processors.openSubscription({ subscription, kind: 'documents', shares: 1, definition: 'large' });
  const [share] = await processors.listShares(subscription);
  const { token } = (await processors.claimShare(share!, 'test', Date.now(), Date.now() + 600_000))!;
  let before: bigint | undefined;
  /** Returns the stored checkpoint, and the number of documents, which are equal. */
  const stored = async (): Promise<readonly number[]> => {
    const [stored] = await processors.listShares(subscription);
    return [Number(stored?.checkpoint), (await processors.listDocuments(subscription, { limit: 1_000 })).length];
  };
  return {
    stored,
    /** Returns the code of the failure, or undefined. */
    async write(): Promise<string | undefined> {
      const checkpoint = (before ?? 0n) + 1n;
      const state = new Uint8Array(randomBytes(300_000));
      try {
        await processors.commit({
          fences: [{ subscription, share: 0, token, before, checkpoint }],
          documents: [{ subscription, key: `${checkpoint}`, state, position: checkpoint }],
        });
        before = checkpoint;
        return undefined;
      } catch (error) {
        assert.ok(isStoreFailure(error, 'failure'), String(error));
        return error.payload.val.code;
      }
    },
  };
}

test('checkpoints on NATS are written whole or not at all without space, and continue when there is space', {
  skip: skipWithoutBinary,
}, async () => {
  await using server = await startNatsServer();
  const name = uniqueName();
  await using store = await createNatsStore({ url: server.url, name });
  const connection = await connect({ servers: server.url });
  const manager = await jetstreamManager(connection);
  const { write, stored } = await checkpoints(store);
  await manager.streams.update(`${name}_state`, { max_bytes: 2 * MEGABYTE });
  let written = 0;
  let code: string | undefined;
  while ((code = await write()) === undefined) written++;
  assert.ok(written > 0);
  assert.equal(code, 'full');
  assert.deepEqual(await stored(), [written, written]);
  await manager.streams.update(`${name}_state`, { max_bytes: -1 });
  assert.equal(await write(), undefined);
  assert.deepEqual(await stored(), [written + 1, written + 1]);
  await connection.close();
});

test('a system on NATS with a full disk loses nothing, and continues after the server was started with space', {
  skip: skipWithoutBinary,
}, async (context) => {
  using disk = SmallDisk.mount(80);
  if (disk === undefined) {
    context.skip('mounting a file system needs root on Linux');
    return;
  }
  await using server = await startNatsServer({ under: disk.folder, jetstream: ['max_file_store: 1GB'] });
  await using store = await createNatsStore({ url: server.url, name: uniqueName(), timeout: 500 });
  await using running = await bankOf([]).start({ store, lease: 600 });
  await running.dispatch(Open({ accountId: 'a' }));
  await running.caughtUp();
  const { write, stored } = await checkpoints(store);
  disk.fill(2 * MEGABYTE);
  const refused: string[] = [];
  while (refused.length === 0) {
    const large = decision();
    await store
      .append('s-1', [envelope('Done', new Uint8Array(randomBytes(300_000)))], ANY, large)
      .catch((error: unknown) => {
        assert.ok(isAppendFailure(error, 'failure') && PASSING.includes(error.payload.val.code), String(error));
        refused.push(large.commandId);
      });
  }
  disk.fill(0);
  // The commit of a checkpoint is refused, or has no answer.
  let code: string | undefined;
  while ((code = await write()) === undefined);
  assert.ok(PASSING.includes(code), code);
  const deposits = ['one', 'two', 'three'];
  for (const commandId of deposits) {
    await assert.rejects(
      running.dispatch(Deposit({ accountId: 'a', amount: 5 }), { commandId }),
      (error) => isCommandFailure(error, 'store') && PASSING.includes(error.payload.val.code),
    );
  }
  disk.empty();
  // The server writes nothing after a failed write, until it is started again.
  await server.stop();
  await server.start();
  for (const commandId of deposits) {
    await untilItResponds(() => running.dispatch(Deposit({ accountId: 'a', amount: 5 }), { commandId }));
  }
  await running.settled();
  assert.deepEqual(await running.readModel(balances).get('a'), { balance: 15 });
  const [checkpoint, documents] = await stored();
  assert.equal(checkpoint, documents);
  const found = new Set<string>();
  for await (const { context } of readEvents(store)) found.add(context.causationId);
  for (const id of refused) assert.equal(found.has(id), (await store.findDecision(id)) !== undefined);
  assert.equal((await verifyChain(store)).intact, true);
});
