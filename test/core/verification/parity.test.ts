/** Comparing two modules on the recorded decisions of a store. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { before, describe, test } from 'node:test';
import { createEventSourcer, type EventStore } from 'decidable';
import { loadModule } from 'decidable/component/host';
import { createMemoryStore } from 'decidable/memory';
import type { CommitSource } from 'decidable/storage';
import { parity } from 'decidable/verification';
import fc from 'fast-check';
import { account } from '../../../examples/bank/account.ts';
import { shortest } from '../../../src/core/verification/shortest.ts';

/** An account that refuses deposits when its balance is above a limit, as a careless rewrite may do. */
function stricter(limit: number): typeof account {
  const { decider } = account;
  return {
    ...account,
    decider: {
      ...decider,
      decide: (state, command) => {
        if (command.type === 'Deposit' && state.status === 'open' && state.balance > limit) return [];
        return decider.decide(state, command);
      },
    },
  };
}

describe('the parity of two modules', () => {
  let store: EventStore & CommitSource;
  before(async () => {
    store = createMemoryStore();
    const sourcer = createEventSourcer({ store, modules: [account] });
    const { OpenAccount, Deposit, Withdraw } = account.commands;
    for (const accountId of ['1', '2']) {
      await sourcer.dispatch(OpenAccount({ accountId, owner: 'Ada' }));
      for (const amount of [10, 20, 30, 1_000, 40]) await sourcer.dispatch(Deposit({ accountId, amount }));
      await sourcer.dispatch(Withdraw({ accountId, amount: 5 }));
      await sourcer.dispatch(Withdraw({ accountId, amount: 900_000 }));
      await sourcer.dispatch(Deposit({ accountId, amount: 7 }));
    }
    await sourcer.close();
  });

  test('holds for a module and itself', async () => {
    const { divergence, decisions, streams } = await parity(account, account, store);
    assert.deepEqual([divergence, decisions, streams], [undefined, 18, 2]);
  });

  for (const language of ['rust', 'c', 'assemblyscript']) {
    test(`holds for the account in TypeScript and its component: ${language}`, async () => {
      const bytes = readFileSync(new URL(`../../../examples/guests/${language}/bank.wasm`, import.meta.url));
      const component = await loadModule(bytes);
      const { divergence, decisions } = await parity(account, component, store);
      assert.deepEqual([divergence, decisions], [undefined, 18]);
      assert.equal((await parity(component, account, store)).divergence, undefined);
      // All states, commands and events of the guest were released.
      assert.equal(component.statistics.handles, 0);
    });
  }

  test('ends at the first command that is decided differently, with the shortest history', async () => {
    const { divergence, decisions } = await parity(account, stricter(500), store);
    assert.equal(decisions, 6);
    assert.deepEqual([divergence?.stream, divergence?.command.type], ['account-1', 'Deposit']);
    const history = divergence?.history.map((event) => account.types.event.fromEnvelope(event));
    assert.deepEqual(
      history?.map((event) => [event.type, 'amount' in event.data ? event.data.amount : undefined]),
      [
        ['AccountOpened', undefined],
        ['Deposited', 1_000],
      ],
    );
    const { current, candidate } = divergence!;
    assert.deepEqual(
      [current.tag === 'decided' && current.events.length, candidate.tag === 'decided' && candidate.events.length],
      [1, 0],
    );
  });

  test('ends at a command with which the candidate fails', async () => {
    const { decider } = account;
    const failing = {
      ...account,
      decider: {
        ...decider,
        decide: (state: never, command: never) => {
          if (Object(command).type === 'Withdraw') throw new TypeError('a defect');
          return decider.decide(state, command);
        },
      },
    };
    const { divergence } = await parity(account, failing, store);
    assert.deepEqual(
      [divergence?.command.type, divergence?.current.tag, divergence?.candidate.tag, divergence?.history],
      ['Withdraw', 'decided', 'failed', []],
    );
  });

  test('ends at an event that the candidate cannot fold', async () => {
    const { decider } = account;
    const evolve = (state: never, event: never) => {
      if (Object(event).type === 'Withdrawn') throw new TypeError('a defect');
      return decider.evolve(state, event);
    };
    const { divergence } = await parity(account, { ...account, decider: { ...decider, evolve } }, store);
    assert.deepEqual(
      [divergence?.candidate.tag, divergence?.history.map(({ type }) => type)],
      ['failed', ['Withdrawn']],
    );
  });

  test('is refused with an unknown option, and ends with the reason of a signal', async () => {
    await assert.rejects(parity(account, account, store, { after: '1' } as object), { code: 'invalid-definition' });
    const reason = new Error('enough');
    await assert.rejects(parity(account, account, store, { signal: AbortSignal.abort(reason) }), reason);
    await assert.rejects(parity({}, account, store), { code: 'invalid-definition' });
  });
});

describe('the shortest part of a list', () => {
  test('still has the property, and loses it if any element is removed', () => {
    const needed = fc.uniqueArray(fc.nat(60), { maxLength: 5 });
    fc.assert(
      fc.property(needed, fc.nat(60), (elements, length) => {
        const list = Array.from({ length: 61 + length }, (_, index) => index);
        const holds = (part: readonly number[]): boolean => elements.every((element) => part.includes(element));
        assert.deepEqual(
          shortest(list, holds),
          [...elements].sort((a, b) => a - b),
        );
      }),
    );
  });
});
