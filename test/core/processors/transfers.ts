/**
 * A small bank with accounts, transfers between them, and the compensation of a transfer whose second half is refused.
 */
import {
  defineDecider,
  defineEventHandler,
  defineProjector,
  defineReactor,
  defineSystem,
  dispatchCommand,
  endProcess,
  reject,
  scheduleCommand,
} from 'decidable';
import { z } from 'zod';

const accountId = z.string();
const transferId = z.string();
const amount = z.int().min(1);

export const account = defineDecider({
  name: 'account',
  version: '1',
  state: z.object({ open: z.boolean(), balance: z.int() }),
  commands: {
    Open: z.object({ accountId }),
    Deposit: z.object({ accountId, amount }),
    Withdraw: z.object({ accountId, amount, transferId: z.string().optional() }),
    Close: z.object({ accountId }),
  },
  events: {
    Opened: z.object({ accountId }),
    Deposited: z.object({ accountId, amount }),
    Withdrawn: z.object({ accountId, amount, transferId: z.string().optional() }),
    Closed: z.object({ accountId }),
  },
  category: 'account',
  streamId: ({ data }) => data.accountId,
  initialState: { open: false, balance: 0 },
  evolve: {
    Opened: (state) => {
      state.open = true;
    },
    Deposited: (state, data) => {
      state.balance += data.amount;
    },
    Withdrawn: (state, data) => {
      state.balance -= data.amount;
    },
    Closed: (state) => {
      state.open = false;
    },
  },
  decide: {
    Open: (_state, data) => [{ type: 'Opened', data }],
    Deposit: (state, data) => (state.open ? [{ type: 'Deposited', data }] : reject('not-open')),
    Withdraw: (state, data) =>
      !state.open
        ? reject('not-open')
        : state.balance >= data.amount
          ? [{ type: 'Withdrawn', data }]
          : reject('insufficient-funds'),
    Close: (_state, data) => [{ type: 'Closed', data }],
  },
});

export const transfer = defineDecider({
  name: 'transfer',
  version: '1',
  state: z.object({ outcome: z.string() }),
  commands: {
    Request: z.object({ transferId, from: accountId, to: accountId, amount }),
    Finish: z.object({ transferId, outcome: z.string() }),
  },
  events: {
    Requested: z.object({ transferId, from: accountId, to: accountId, amount }),
    Finished: z.object({ transferId, outcome: z.string() }),
  },
  category: 'transfer',
  streamId: ({ data }) => data.transferId,
  initialState: { outcome: '' },
  evolve: {
    Requested: () => undefined,
    Finished: (state, { outcome }) => {
      state.outcome = outcome;
    },
  },
  decide: {
    Request: (_state, data) => [{ type: 'Requested', data }],
    Finish: (_state, data) => [{ type: 'Finished', data }],
  },
});

const { Deposit, Withdraw } = account.commands;
const { Finish } = transfer.commands;

export const transfers = defineEventHandler({
  name: 'transfers',
  version: '1',
  state: z.object({
    transferId: z.string(),
    from: z.string(),
    to: z.string(),
    amount: z.int(),
    isReturning: z.boolean(),
  }),
  events: {
    Requested: transfer.events.Requested,
    Finished: transfer.events.Finished,
    Withdrawn: account.events.Withdrawn,
  },
  commands: { Withdraw, Deposit, Finish },
  key: ({ data }) => data.transferId,
  initialState: { transferId: '', from: '', to: '', amount: 0, isReturning: false },
  evolve: {
    Requested: (state, data) => {
      Object.assign(state, data);
    },
  },
  handle: {
    Requested: (_state, { transferId, from, amount }, { recordedAt }) => [
      scheduleCommand('late', recordedAt + 86_400_000n, Finish({ transferId, outcome: 'late' })),
      dispatchCommand(Withdraw({ accountId: from, amount, transferId })),
    ],
    Withdrawn: ({ to, amount, transferId }) => [
      dispatchCommand(Deposit({ accountId: to, amount })),
      dispatchCommand(Finish({ transferId, outcome: 'paid' })),
    ],
    Finished: () => [endProcess()],
  },
  rejected: {
    Withdraw: {
      handle: ({ transferId }, { rejection }) => [dispatchCommand(Finish({ transferId, outcome: rejection.code }))],
    },
    Deposit: {
      evolve: (state) => {
        state.isReturning = true;
      },
      handle: ({ from, amount }) => [dispatchCommand(Deposit({ accountId: from, amount }))],
    },
  },
});

export const balances = defineProjector({
  name: 'balances',
  version: '1',
  state: z.object({ balance: z.int() }),
  events: { Opened: account.events.Opened, Deposited: account.events.Deposited, Withdrawn: account.events.Withdrawn },
  key: ({ data }) => data.accountId,
  initialState: { balance: 0 },
  project: {
    Opened: () => undefined,
    Deposited: (document, data) => {
      document.balance += data.amount;
    },
    Withdrawn: (document, data) => {
      document.balance -= data.amount;
    },
  },
});

export function bankOf(receipts: string[]) {
  return defineSystem({
    name: 'bank',
    deciders: [account, transfer],
    processManagers: [transfers],
    readModels: [balances],
    reactors: [
      defineReactor({
        name: 'receipts',
        version: '1',
        events: { Deposited: account.events.Deposited },
        react: {
          Deposited: async ({ accountId, amount }, { idempotencyKey }) => {
            receipts.push(`${idempotencyKey} ${accountId} ${amount}`);
          },
        },
      }),
    ],
  });
}
