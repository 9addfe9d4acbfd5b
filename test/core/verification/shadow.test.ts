/** Comparing a candidate with the decisions that the current module makes in production. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { createEventSourcer } from 'decidable';
import { createMemoryStore } from 'decidable/memory';
import { type ShadowDivergence, type ShadowedStore, shadow } from 'decidable/verification';
import { account } from '../../../examples/bank/account.ts';
import { decider, POISON } from '../processors/poison-guests.ts';

const { OpenAccount, Deposit, Withdraw } = account.commands;

/** An account that accepts deposits only below a limit. */
function limited(limit: number): typeof account {
  const { decider } = account;
  return {
    ...account,
    decider: {
      ...decider,
      decide: (state, command) =>
        command.type === 'Deposit' && state.status === 'open' && state.balance > limit
          ? []
          : decider.decide(state, command),
    },
  };
}

describe('a shadow', () => {
  test('compares new decisions and rejections, and reports those that the candidate would make differently', async () => {
    const store = createMemoryStore();
    await using sourcer = createEventSourcer({ store, modules: [account] });
    await sourcer.dispatch(OpenAccount({ accountId: '1', owner: 'Ada' }));
    await sourcer.dispatch(Deposit({ accountId: '1', amount: 30 }));
    await sourcer.dispatch(Deposit({ accountId: '1', amount: 90 }));
    const found: ShadowDivergence[] = [];
    await using shadowing = await shadow(account, limited(100), store, {
      onDivergence: (divergence) => {
        found.push(divergence);
        throw new Error('an error of the hook');
      },
    });
    await sourcer.dispatch(Withdraw({ accountId: '1', amount: 1_000 }));
    await sourcer.dispatch(Deposit({ accountId: '1', amount: 5 }), { commandId: 'differs' });
    await sourcer.dispatch(OpenAccount({ accountId: '2', owner: 'Bob' }));
    await shadowing.caughtUp();
    assert.deepEqual([shadowing.decisions, shadowing.divergences], [3, 1]);
    const [divergence] = found;
    assert.deepEqual([divergence?.stream, divergence?.command.type], ['account-1', 'Deposit']);
    assert.equal(divergence?.module.version, account.version);
    const { history, current, candidate } = await divergence!.shortest();
    assert.deepEqual(
      history.map(({ type }) => type),
      ['AccountOpened', 'Deposited', 'Deposited'],
    );
    assert.deepEqual(
      [current.tag === 'decided' && current.events.length, candidate.tag === 'decided' && candidate.events.length],
      [1, 0],
    );
  });

  test('continues after the last decision of an earlier one', async () => {
    const store = createMemoryStore();
    await using sourcer = createEventSourcer({ store, modules: [account] });
    const onDivergence = (): void => {};
    const first = await shadow(account, account, store, { onDivergence });
    await sourcer.dispatch(OpenAccount({ accountId: '1', owner: 'Ada' }));
    await first.caughtUp();
    await first.stop();
    for (let amount = 1; amount <= 600; amount++) await sourcer.dispatch(Deposit({ accountId: '1', amount }));
    await using second = await shadow(account, account, store, { onDivergence, after: first.last });
    await second.caughtUp();
    assert.deepEqual([first.decisions, second.decisions], [1, 600]);
    assert.deepEqual([first.divergences, second.divergences], [0, 0]);
  });

  test('keeps few states and reads a stream again when it needs it', async () => {
    const store = createMemoryStore();
    await using sourcer = createEventSourcer({ store, modules: [account] });
    await using shadowing = await shadow(account, limited(1_000), store, { onDivergence: () => {}, cachedStates: 2 });
    const ids = ['1', '2', '3', '4'];
    for (const accountId of ids) await sourcer.dispatch(OpenAccount({ accountId, owner: 'Ada' }));
    for (let round = 0; round < 3; round++) {
      for (const accountId of ids) await sourcer.dispatch(Deposit({ accountId, amount: 600 }));
      await shadowing.caughtUp();
    }
    assert.deepEqual([shadowing.decisions, shadowing.divergences], [16, 4]);
  });

  test('compares a share of the streams', async () => {
    const store = createMemoryStore();
    await using sourcer = createEventSourcer({ store, modules: [account] });
    await using none = await shadow(account, limited(-1), store, { onDivergence: () => {}, share: 0 });
    await using half = await shadow(account, account, store, { onDivergence: () => {}, share: 0.5 });
    for (let id = 0; id < 40; id++) await sourcer.dispatch(OpenAccount({ accountId: String(id), owner: 'Ada' }));
    await Promise.all([none.caughtUp(), half.caughtUp()]);
    assert.deepEqual([none.decisions, half.divergences], [0, 0]);
    assert.ok(half.decisions > 5 && half.decisions < 35, `${half.decisions} of 40`);
  });

  test('never affects a command of the current module, even if the candidate traps or loops, and releases all handles', async () => {
    const [current, candidate] = [await decider('healthy'), await decider('ill')];
    const store = createMemoryStore();
    const sourcer = createEventSourcer({ store, modules: [current] });
    const failed: number[] = [];
    const shadowing = await shadow(current, candidate, store, {
      onDivergence: ({ command, candidate: answer }) => {
        assert.equal(answer.tag, 'failed');
        failed.push(command.payload.length);
      },
    });
    for (const length of [3, POISON.trap, 4, POISON.fuel, POISON.trap, POISON.fault, 5]) {
      const command = { type: 'tally', schemaVersion: 1, payload: new Uint8Array(length) };
      assert.equal((await sourcer.handleCommand(command)).outcome.tag, 'accepted');
      await shadowing.caughtUp();
    }
    assert.deepEqual(failed, [POISON.trap, POISON.fuel, POISON.trap, POISON.fault]);
    assert.equal(shadowing.decisions, 7);
    await shadowing.stop();
    await sourcer.close();
    assert.deepEqual([current.statistics.handles, candidate.statistics.handles], [0, 0]);
  });

  test('continues after a failed read of the store', async () => {
    const store = createMemoryStore();
    await using sourcer = createEventSourcer({ store, modules: [account] });
    const failures: unknown[] = [];
    const unreadable = new Error('unreadable');
    let isReadable = true;
    // The store is the real one. Its reads fail while `isReadable` is false, as if the connection was lost.
    const failing: ShadowedStore = {
      awaitEvents: (...wait) => store.awaitEvents(...wait),
      readAll: (options) => store.readAll(options),
      readCommits: (...read) => store.readCommits(...read),
      readStreams: (options) => store.readStreams(options),
      readLog: async (options) => {
        if (!isReadable) throw unreadable;
        return store.readLog(options);
      },
    };
    const { promise: hasFailed, resolve } = Promise.withResolvers<void>();
    await using shadowing = await shadow(account, account, failing, {
      onDivergence: () => {},
      onFailure: (error) => {
        failures.push(error);
        isReadable = true;
        resolve();
      },
    });
    isReadable = false;
    await sourcer.dispatch(OpenAccount({ accountId: '1', owner: 'Ada' }));
    await hasFailed;
    await shadowing.caughtUp();
    assert.deepEqual([failures.includes(unreadable), shadowing.decisions, shadowing.divergences], [true, 1, 0]);
  });

  test('ends when its store is closed', async () => {
    const store = createMemoryStore();
    const shadowing = await shadow(account, account, store, { onDivergence: () => {} });
    await store.close();
    await shadowing.caughtUp();
    await shadowing.stop();
  });

  test('is refused with invalid options', async () => {
    const store = createMemoryStore();
    const onDivergence = (): void => {};
    const refused: [object, string][] = [
      [{ onDivergence, shares: 1 }, 'shadow.shares'],
      [{}, 'shadow.onDivergence'],
      [{ onDivergence, share: 2 }, 'shadow.share'],
      [{ onDivergence, cachedStates: 0 }, 'shadow.cachedStates'],
    ];
    for (const [options, place] of refused) {
      await assert.rejects(shadow(account, account, store, options as never), { payload: { place } });
    }
    await assert.rejects(shadow(account, {}, store, { onDivergence }), { code: 'invalid-definition' });
  });
});
