/** Process managers of a system whose commands in flight are limited. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { defineEventHandler, defineSystem, dispatchCommand } from 'decidable';
import { createMemoryStore } from 'decidable/memory';
import { z } from 'zod';
import { account } from './transfers.ts';

const { Open, Deposit, Withdraw } = account.commands;

test('a process manager sends no more commands at the same time than the system accepts', async () => {
  const fees = defineEventHandler({
    name: 'fees',
    version: '1',
    state: z.object({}),
    events: { Deposited: account.events.Deposited },
    commands: { Withdraw },
    key: ({ data }) => data.accountId,
    initialState: {},
    evolve: {},
    handle: { Deposited: (_state, { accountId }) => [dispatchCommand(Withdraw({ accountId, amount: 1 }))] },
    rejected: { Withdraw: 'ignore' },
  });
  const bank = defineSystem({ name: 'bank', deciders: [account], processManagers: [fees] });
  await using store = createMemoryStore();
  await using writing = await bank.start({ store, process: false });
  for (let id = 0; id < 20; id++) {
    await writing.dispatch(Open({ accountId: `${id}` }));
    await writing.dispatch(Deposit({ accountId: `${id}`, amount: 5 }));
  }
  // A refused command would stop the dispatcher, because it is not tried again.
  await using running = await bank.start({ store, shares: 1, maxInFlight: 3, failurePolicy: { retries: 0 } });
  await running.settled();
  const withdrawn = await store.readAll({
    direction: 'forward',
    categories: [],
    eventTypes: ['Withdrawn'],
    events: [],
  });
  assert.equal(withdrawn.length, 20);
});
