/** `defineSystem` refuses parts that do not match, and `describe` returns the flow of messages. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import {
  DefinitionError,
  defineDecider,
  defineEventHandler,
  defineSystem,
  describe as describeSystem,
  dispatchCommand,
  inline,
} from 'decidable';
import { z } from 'zod';
import { account, balances, bankOf, transfer, transfers } from '../processors/transfers.ts';

const decider = (name: string) =>
  defineDecider({
    name,
    version: '1',
    state: z.object({}),
    commands: { [`Do${name}`]: z.object({}) },
    events: { [`Did${name}`]: z.object({}) },
    category: name,
    streamId: () => '1',
    initialState: {},
    evolve: { [`Did${name}`]: () => undefined },
    decide: { [`Do${name}`]: () => [] },
  });

const refusal = (define: () => unknown): { readonly place: string; readonly names?: readonly string[] } => {
  try {
    define();
  } catch (error) {
    assert.ok(error instanceof DefinitionError);
    return error.payload;
  }
  return assert.fail('the system was defined');
};

describe('the parts of a system', () => {
  test('are refused if two of them have one name', () => {
    const { place } = refusal(() => defineSystem({ name: 's', deciders: [decider('a'), decider('a')] }));
    assert.equal(place, 's.deciders[1]');
  });

  test('are refused if two deciders accept one command', () => {
    const other = {
      ...account,
      routing: { ...account.routing, describe: () => ({ ...account.routing.describe(), name: 'other' }) },
    };
    const { names } = refusal(() => defineSystem({ name: 's', deciders: [account, other] }));
    assert.deepEqual(names, ['Open', 'account', 'other']);
  });

  test('are refused if no decider makes an event that is read', () => {
    const { place, names } = refusal(() => defineSystem({ name: 's', deciders: [transfer], readModels: [balances] }));
    assert.equal(place, 's.balances');
    assert.deepEqual(names, ['account.Opened']);
  });

  test('are refused if no decider accepts a command that is sent', () => {
    const sender = defineEventHandler({
      name: 'sender',
      version: '1',
      state: z.object({}),
      events: { Requested: transfer.events.Requested },
      commands: { Deposit: account.commands.Deposit },
      key: ({ data }) => data.transferId,
      initialState: {},
      evolve: {},
      handle: {
        Requested: (_state, { to, amount }) => [dispatchCommand(account.commands.Deposit({ accountId: to, amount }))],
      },
    });
    const { place, names } = refusal(() =>
      defineSystem({ name: 's', deciders: [transfer], processManagers: [sender] }),
    );
    assert.equal(place, 's.sender');
    assert.deepEqual(names, ['Deposit']);
  });

  test('are refused if a process manager has a hyphen in its name, which ends the category of its streams', () => {
    const named = {
      ...transfers,
      eventHandler: {
        ...transfers.eventHandler,
        describe: () => ({ ...transfers.eventHandler.describe(), name: 'a-b' }),
      },
    };
    const { place } = refusal(() =>
      defineSystem({ name: 's', deciders: [account, transfer], processManagers: [named] }),
    );
    assert.equal(place, 's.processManagers[0]');
  });

  test('are refused in the list of another kind, and if they are promises', () => {
    const wrong = [balances] as never[];
    assert.equal(refusal(() => defineSystem({ name: 's', deciders: wrong })).place, 's.deciders[0]');
    const promised = [Promise.resolve(account)] as never[];
    assert.equal(refusal(() => defineSystem({ name: 's', deciders: promised })).place, 's.deciders[0]');
  });

  test('are described as data, with the read models that are inline', () => {
    const system = defineSystem({ name: 's', deciders: [account], readModels: [inline(balances)] });
    assert.deepEqual(
      describeSystem(system).readModels.map(({ kind, name, isInline }) => [kind, name, isInline]),
      [['documents', 'balances', true]],
    );
    const usual = defineSystem({ name: 's', deciders: [account], readModels: [balances] });
    assert.equal(describeSystem(usual).readModels[0]?.isInline, false);
  });

  test('are described by data, with the flow of their messages', () => {
    const description = describeSystem(bankOf([]));
    assert.deepEqual(JSON.parse(JSON.stringify(description)), description);
    assert.deepEqual(
      description.flows.filter(({ from, to }) => from === 'transfers' || to === 'receipts'),
      [
        { from: 'account', message: 'Deposited', to: 'receipts' },
        { from: 'transfers', message: 'Withdraw', to: 'account' },
        { from: 'transfers', message: 'Deposit', to: 'account' },
        { from: 'transfers', message: 'Finish', to: 'transfer' },
      ],
    );
  });
});
