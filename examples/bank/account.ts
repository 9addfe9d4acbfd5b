/**
 * The bank account: three data structures (state, commands, events) and two functions (`evolve`, `decide`).
 *
 * Amounts are integers in minor units: 1250 is 12.50. A transfer consists of two commands, a `Withdraw` and a `Deposit`
 * with the same `transferId`. Each account decides its own half.
 */
import { defineCommand, defineDecider, defineEvent, reject } from 'decidable';
import { z } from 'zod';

/** The largest amount of one command: 1,000,000.00. A message with a larger amount has the wrong shape. */
export const MAX_AMOUNT = 100_000_000;

/** The largest withdrawal: 10,000.00. */
export const WITHDRAWAL_LIMIT = 1_000_000;

/** The largest balance: 1,000,000.00. */
export const BALANCE_LIMIT = 100_000_000;

const accountId = z.string().min(1).max(64);
const owner = z.string().min(1).max(200);
const amount = z.int().min(1).max(MAX_AMOUNT);
const transferId = z.string().min(1).max(64).optional();

/** The state of an account. */
export const Account = z.object({
  status: z.enum(['none', 'open', 'closed']),
  owner: z.string(),
  balance: z.int(),
});

export const OpenAccount = defineCommand('OpenAccount', z.strictObject({ accountId, owner }));
export const Deposit = defineCommand('Deposit', z.strictObject({ accountId, amount, transferId }));
export const Withdraw = defineCommand('Withdraw', z.strictObject({ accountId, amount, transferId }));
export const CloseAccount = defineCommand('CloseAccount', z.strictObject({ accountId }));

export const AccountOpened = defineEvent('AccountOpened', z.object({ accountId, owner }));
export const Deposited = defineEvent('Deposited', z.object({ accountId, amount, transferId }));
export const Withdrawn = defineEvent('Withdrawn', z.object({ accountId, amount, transferId }));
export const AccountClosed = defineEvent('AccountClosed', z.object({ accountId }));

export const account = defineDecider({
  name: 'bank.account',
  version: '1.0.0',
  state: Account,
  commands: { OpenAccount, Deposit, Withdraw, CloseAccount },
  events: { AccountOpened, Deposited, Withdrawn, AccountClosed },
  category: 'account',
  streamId: (command) => command.data.accountId,
  initialState: { status: 'none', owner: '', balance: 0 },

  evolve: {
    AccountOpened: (state, { owner }) => {
      state.status = 'open';
      state.owner = owner;
    },
    Deposited: (state, { amount }) => {
      state.balance += amount;
    },
    Withdrawn: (state, { amount }) => {
      state.balance -= amount;
    },
    AccountClosed: (state) => {
      state.status = 'closed';
    },
  },

  decide: {
    OpenAccount: (state, { accountId, owner }) => {
      if (state.status === 'open') return reject('already-open', 'the account is open already');
      if (state.status === 'closed') return reject('account-closed', 'a closed account stays closed');
      return [AccountOpened({ accountId, owner })];
    },

    Deposit: (state, deposit) => {
      if (state.status !== 'open') return notOpen(state);
      if (state.balance + deposit.amount > BALANCE_LIMIT) {
        return reject('balance-limit', 'the account would hold more than it may', {
          balance: state.balance,
          amount: deposit.amount,
          limit: BALANCE_LIMIT,
        });
      }
      return [Deposited(deposit)];
    },

    Withdraw: (state, withdrawal) => {
      if (state.status !== 'open') return notOpen(state);
      if (withdrawal.amount > WITHDRAWAL_LIMIT) {
        return reject('withdrawal-limit', 'one withdrawal cannot take so much', {
          amount: withdrawal.amount,
          limit: WITHDRAWAL_LIMIT,
        });
      }
      if (withdrawal.amount > state.balance) {
        return reject('insufficient-funds', 'the balance is too small', {
          balance: state.balance,
          amount: withdrawal.amount,
        });
      }
      return [Withdrawn(withdrawal)];
    },

    CloseAccount: (state, { accountId }) => {
      if (state.status !== 'open') return notOpen(state);
      if (state.balance !== 0) {
        return reject('balance-not-zero', 'withdraw what is left before closing', { balance: state.balance });
      }
      return [AccountClosed({ accountId })];
    },
  },
});

function notOpen(state: z.infer<typeof Account>) {
  return state.status === 'closed'
    ? reject('account-closed', 'the account is closed')
    : reject('not-open', 'there is no such account');
}
