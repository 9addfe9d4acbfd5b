import assert from 'node:assert/strict';
import { isFault, isRejection } from 'decidable';
import type { ComponentCommandHandler } from 'decidable/component/host';
import { envelope } from './bank-arbitraries.ts';

/**
 * Calls every function of a guest of the bank in each round, and drops what it got: decisions, folds, rejections,
 * faults and states.
 */
export function callEveryFunction({ types, decider, routing }: ComponentCommandHandler, rounds: number): void {
  const accountId = 'x'.repeat(64);
  const deposit = envelope('Deposit', { accountId, amount: 1, transferId: accountId });
  const withdraw = envelope('Withdraw', { accountId, amount: 1_000_000 });
  const broken = envelope('Deposit', { accountId });
  const opened = types.event.fromEnvelope(envelope('AccountOpened', { accountId, owner: 'o'.repeat(200) }));
  let state = decider.evolve(decider.initialState(), opened);
  types.event.drop?.(opened);
  for (let round = 0; round < rounds; round++) {
    const [yes, no] = [types.command.fromEnvelope(deposit), types.command.fromEnvelope(withdraw)];
    routing.streamId(yes);
    types.command.toEnvelope(yes);
    for (const event of decider.decide(state, yes)) {
      types.event.toEnvelope(event);
      state = decider.evolve(state, event);
      types.event.drop?.(event);
    }
    assert.throws(() => decider.decide(state, no), isRejection);
    assert.throws(() => types.command.fromEnvelope(broken), isFault);
    types.command.drop?.(yes);
    types.command.drop?.(no);
    const copy = types.state.fromBytes(types.state.toBytes(state));
    types.state.drop?.(state);
    state = copy;
  }
  types.state.drop?.(state);
}
