import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { isRejection } from 'decidable';
import { testDecider } from 'decidable/testing';
import fc from 'fast-check';
import { account, BALANCE_LIMIT, MAX_AMOUNT, WITHDRAWAL_LIMIT } from '../../../examples/bank/account.ts';

const { given } = testDecider(account);
const { OpenAccount, Deposit, Withdraw, CloseAccount } = account.commands;
const { AccountOpened, Deposited, Withdrawn, AccountClosed } = account.events;

const accountId = '0001';
const opened = AccountOpened({ accountId, owner: 'Ada' });
const closed = AccountClosed({ accountId });
const deposited = (amount: number) => Deposited({ accountId, amount });

describe('an account', () => {
  test('is opened once', () => {
    given()
      .when(OpenAccount({ accountId, owner: 'Ada' }))
      .then(opened);
    given(opened)
      .when(OpenAccount({ accountId, owner: 'Bo' }))
      .thenRejected('already-open');
    given(opened, closed)
      .when(OpenAccount({ accountId, owner: 'Bo' }))
      .thenRejected('account-closed');
  });

  test('accepts deposits up to its limit', () => {
    given(opened)
      .when(Deposit({ accountId, amount: 1250 }))
      .then(deposited(1250));
    given(opened, deposited(BALANCE_LIMIT - 1))
      .when(Deposit({ accountId, amount: 1 }))
      .then(deposited(1));
    given(opened, deposited(BALANCE_LIMIT))
      .when(Deposit({ accountId, amount: 1 }))
      .thenRejected('balance-limit');
  });

  test('pays out up to its balance, and up to the limit in one withdrawal', () => {
    const [all, more] = [1250, 1251];
    given(opened, deposited(all))
      .when(Withdraw({ accountId, amount: all }))
      .then(Withdrawn({ accountId, amount: all }));
    given(opened, deposited(all))
      .when(Withdraw({ accountId, amount: more }))
      .thenRejected('insufficient-funds');
    given(opened, deposited(BALANCE_LIMIT))
      .when(Withdraw({ accountId, amount: WITHDRAWAL_LIMIT + 1 }))
      .thenRejected('withdrawal-limit');
  });

  test('copies the reference of a transfer into the event', () => {
    const half = { accountId, amount: 5, transferId: 't1' };
    given(opened).when(Deposit(half)).then(Deposited(half));
    given(opened, Deposited(half)).when(Withdraw(half)).then(Withdrawn(half));
  });

  test('can be closed when its balance is zero, and then stays closed', () => {
    given(opened).when(CloseAccount({ accountId })).then(closed);
    given(opened, deposited(1)).when(CloseAccount({ accountId })).thenRejected('balance-not-zero');
    given(opened, closed).when(CloseAccount({ accountId })).thenRejected('account-closed');
    given(opened, closed)
      .when(Deposit({ accountId, amount: 1 }))
      .thenRejected('account-closed');
    given(opened, closed)
      .when(Withdraw({ accountId, amount: 1 }))
      .thenRejected('account-closed');
  });

  test('refuses every command before it is opened', () => {
    given()
      .when(Deposit({ accountId, amount: 1 }))
      .thenRejected('not-open');
    given()
      .when(Withdraw({ accountId, amount: 1 }))
      .thenRejected('not-open');
    given().when(CloseAccount({ accountId })).thenRejected('not-open');
  });
});

const amount = fc.oneof(fc.integer({ min: 1, max: 5_000 }), fc.integer({ min: 1, max: MAX_AMOUNT }));
const anyCommand = fc.oneof(
  { weight: 1, arbitrary: fc.constant(OpenAccount({ accountId, owner: 'Ada' })) },
  { weight: 5, arbitrary: amount.map((amount) => Deposit({ accountId, amount })) },
  { weight: 5, arbitrary: amount.map((amount) => Withdraw({ accountId, amount })) },
  { weight: 1, arbitrary: fc.constant(CloseAccount({ accountId })) },
);

test('the balance of an account is its deposits less its withdrawals, within its limits', () => {
  fc.assert(
    fc.property(fc.array(anyCommand, { maxLength: 60 }), (commands) => {
      const { decider } = account;
      let state = decider.initialState();
      let expected = 0;
      for (const command of commands) {
        try {
          for (const event of decider.decide(state, command)) {
            if (event.type === 'Deposited') expected += event.data.amount;
            if (event.type === 'Withdrawn') expected -= event.data.amount;
            state = decider.evolve(state, event);
          }
        } catch (error) {
          assert.ok(isRejection(error), String(error));
        }
        assert.equal(state.balance, expected);
        assert.ok(state.balance >= 0 && state.balance <= BALANCE_LIMIT);
        if (state.status !== 'open') assert.equal(state.balance, 0);
      }
    }),
  );
});
