/**
 * The bank account of `../bank/account.ts` with its types from `bank.proto`. The same commands lead to the same events,
 * rejections and states. A test compares the two modules.
 *
 * `node scripts/protobuf.ts` generates `generated/bank_pb.ts`.
 */
import { defineDecider, reject } from 'decidable';
import { protobuf } from 'decidable/codecs/protobuf';
import { BALANCE_LIMIT, WITHDRAWAL_LIMIT } from '../bank/account.ts';
import { amountInRange } from './amount-in-range.ts';
import { AccountSchema, CommandSchema, EventSchema, Status } from './generated/bank_pb.ts';

const { commands, events, state, codec } = protobuf({
  commands: CommandSchema,
  events: EventSchema,
  state: AccountSchema,
});

export const account = defineDecider({
  name: 'bank.account',
  version: '1.0.0',
  state,
  // A `.proto` file can only declare that an amount is a 32-bit integer.
  commands: { ...commands, Deposit: amountInRange(commands.Deposit), Withdraw: amountInRange(commands.Withdraw) },
  events,
  codec,
  category: 'account',
  streamId: (command) => command.data.accountId,
  initialState: { status: Status.NONE, owner: '', balance: 0 },

  evolve: {
    AccountOpened: (state, { owner }) => {
      state.status = Status.OPEN;
      state.owner = owner;
    },
    Deposited: (state, { amount }) => {
      state.balance += amount;
    },
    Withdrawn: (state, { amount }) => {
      state.balance -= amount;
    },
    AccountClosed: (state) => {
      state.status = Status.CLOSED;
    },
  },

  decide: {
    OpenAccount: (state, opening) => {
      if (state.status === Status.OPEN) return reject('already-open', 'the account is open already');
      if (state.status === Status.CLOSED) return reject('account-closed', 'a closed account stays closed');
      return [{ type: 'AccountOpened', data: opening }];
    },

    Deposit: (state, deposit) => {
      if (state.status !== Status.OPEN) return notOpen(state.status);
      if (state.balance + deposit.amount > BALANCE_LIMIT) {
        return reject('balance-limit', 'the account would hold more than it may', {
          balance: state.balance,
          amount: deposit.amount,
          limit: BALANCE_LIMIT,
        });
      }
      return [{ type: 'Deposited', data: deposit }];
    },

    Withdraw: (state, withdrawal) => {
      if (state.status !== Status.OPEN) return notOpen(state.status);
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
      return [{ type: 'Withdrawn', data: withdrawal }];
    },

    CloseAccount: (state, closing) => {
      if (state.status !== Status.OPEN) return notOpen(state.status);
      if (state.balance !== 0) {
        return reject('balance-not-zero', 'withdraw what is left before closing', { balance: state.balance });
      }
      return [{ type: 'AccountClosed', data: closing }];
    },
  },
});

function notOpen(status: Status) {
  return status === Status.CLOSED
    ? reject('account-closed', 'the account is closed')
    : reject('not-open', 'there is no such account');
}
