/** Guests and host give back what they take: many calls within a memory that would not hold what a leak leaves. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, test } from 'node:test';
import { account } from '../../examples/bank/account.ts';
import { componentModule } from '../../src/adapters/hosts/component/index.ts';
import { isFault, isRejection } from '../../src/core/index.ts';
import { envelope } from './bank-arbitraries.ts';

const ROUNDS = 50_000;

describe('nothing leaks', () => {
  for (const guest of ['c', 'rust', 'assemblyscript']) {
    test(`in ${guest}: ${ROUNDS} decisions, folds, rejections, faults and states within 1.5 MiB`, async () => {
      const bytes = readFileSync(new URL(`../../examples/guests/${guest}/bank.wasm`, import.meta.url));
      const module = await componentModule(bytes, { maxMemoryBytes: 3 << 19, maxHandles: 10 });
      const { types, decider, routing } = module;
      const accountId = 'x'.repeat(64);
      const deposit = account.types.command.toEnvelope(
        account.commands.Deposit({ accountId, amount: 1, transferId: accountId }),
      );
      const withdraw = account.types.command.toEnvelope(account.commands.Withdraw({ accountId, amount: 1_000_000 }));
      const open = account.events.AccountOpened({ accountId, owner: 'o'.repeat(200) });
      const broken = envelope('Deposit', { accountId });
      const opened = types.event.fromEnvelope(account.types.event.toEnvelope(open));
      let state = decider.evolve(decider.initialState(), opened);
      types.event.drop?.(opened);

      for (let round = 0; round < ROUNDS; round++) {
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
      assert.deepEqual([module.statistics.handles, module.statistics.instances], [0, 1]);
    });
  }
});
