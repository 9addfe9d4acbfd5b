/** `caughtUp`: a program can read its own writes, in whichever process the read models run. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import { defineSystem, ProcessorStopped } from 'decidable';
import { createMemoryStore } from 'decidable/memory';
import { createSqliteStore } from 'decidable/sqlite';
import { sumsOf } from './sums.ts';
import { account } from './transfers.ts';

const { Open, Deposit, Withdraw } = account.commands;

const sums = sumsOf((amount) => {
  if (amount === 13) throw new Error('thirteen cannot be added');
  return amount;
});

const bank = defineSystem({ name: 'bank', deciders: [account], readModels: [sums] });

const folder = mkdtempSync(join(tmpdir(), 'decidable-caught-up-'));
after(() => rmSync(folder, { recursive: true }));

describe('the position of a result', () => {
  test('is the position of the last event of the decision, also for a duplicate', async () => {
    await using store = createMemoryStore();
    await using running = await bank.start({ store });
    const options = { commandId: 'open' };
    const { events, position } = await running.dispatch(Open({ accountId: 'a' }), options);
    assert.equal(position, events.at(-1)?.context.position);
    assert.equal((await running.dispatch(Open({ accountId: 'a' }), options)).position, position);
  });

  test('is missing if the decision has no events', async () => {
    await using store = createMemoryStore();
    await using running = await bank.start({ store });
    const { position, outcome } = await running.dispatch(Withdraw({ accountId: 'a', amount: 1 }));
    assert.deepEqual([position, outcome.tag], [undefined, 'rejected']);
  });
});

describe('a wait for a position', () => {
  test('ends when the read model shows the write', async () => {
    await using store = createMemoryStore();
    await using running = await bank.start({ store });
    await running.dispatch(Open({ accountId: 'a' }));
    for (let amount = 1; amount <= 5; amount++) {
      const { position } = await running.dispatch(Deposit({ accountId: 'a', amount }));
      await running.caughtUp(position);
      assert.deepEqual(await running.readModel(sums).get('a'), { sum: (amount * (amount + 1)) / 2 });
    }
  });

  test('ends immediately for a decision without events, even if no process runs the read model', async () => {
    await using store = createMemoryStore();
    await using running = await bank.start({ store, process: false });
    await running.dispatch(Open({ accountId: 'a' }));
    await running.caughtUp((await running.dispatch(Withdraw({ accountId: 'a', amount: 1 }))).position);
  });

  test('ends when another connection to the file has processed the position', async () => {
    const file = join(folder, 'two.db');
    await using store = createSqliteStore({ file });
    await using other = createSqliteStore({ file });
    await using _worker = await bank.start({ store: other });
    await using running = await bank.start({ store, process: false });
    await running.dispatch(Open({ accountId: 'a' }));
    const { position } = await running.dispatch(Deposit({ accountId: 'a', amount: 5 }));
    await running.caughtUp(position);
    assert.deepEqual(await running.readModel(sums).get('a'), { sum: 5 });
  });

  test('ends with the reason if the processor has stopped in any process', async () => {
    const file = join(folder, 'stopped.db');
    await using store = createSqliteStore({ file });
    await using other = createSqliteStore({ file });
    await using _worker = await bank.start({ store: other });
    await using running = await bank.start({ store, process: false });
    await running.dispatch(Open({ accountId: 'a' }));
    const { position } = await running.dispatch(Deposit({ accountId: 'a', amount: 13 }));
    await assert.rejects(
      running.caughtUp(position),
      (error) => error instanceof ProcessorStopped && error.reason.code === 'project-failed',
    );
  });

  test('ends with the reason of its signal', async () => {
    await using store = createMemoryStore();
    await using running = await bank.start({ store, process: false });
    await running.dispatch(Open({ accountId: 'a' }));
    const controller = new AbortController();
    const waiting = running.caughtUp({ signal: controller.signal });
    const reason = new Error('enough');
    controller.abort(reason);
    await assert.rejects(waiting, (error) => error === reason);
  });

  test('ends with an error when the system is stopped', async () => {
    await using store = createMemoryStore();
    await using running = await bank.start({ store });
    await running.dispatch(Open({ accountId: 'a' }));
    const waiting = running.caughtUp(1_000n);
    const refused = assert.rejects(
      waiting,
      (error) => error instanceof ProcessorStopped && error.reason.code === 'closed',
    );
    await running.stop();
    await refused;
  });
});
