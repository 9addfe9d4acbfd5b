/**
 * The work that all contestants do: they open accounts, and then deposit and withdraw in turns. The rules are the same
 * for all of them. Amounts are numbers, because emmett and castore have no bigints.
 */
import { z } from 'zod';
import { defineDecider } from '../../src/core/define/decider.ts';
import { defineCommand, defineEvent } from '../../src/core/define/message.ts';
import { reject } from '../../src/core/define/reject.ts';

const accountId = z.string();
const amount = z.int().min(1);

export const Account = z.object({ status: z.enum(['none', 'open']), owner: z.string(), balance: z.number() });
export type AccountState = z.infer<typeof Account>;

const Open = defineCommand('Open', z.object({ accountId, owner: z.string() }));
const Deposit = defineCommand('Deposit', z.object({ accountId, amount }));
const Withdraw = defineCommand('Withdraw', z.object({ accountId, amount }));
const Opened = defineEvent('Opened', z.object({ owner: z.string() }));
const Deposited = defineEvent('Deposited', z.object({ amount }));
const Withdrawn = defineEvent('Withdrawn', z.object({ amount }));

export const account = defineDecider({
  name: 'bench.account',
  version: '1.0.0',
  state: Account,
  commands: { Open, Deposit, Withdraw },
  events: { Opened, Deposited, Withdrawn },
  category: 'account',
  streamId: (command) => command.data.accountId,
  initialState: { status: 'none', owner: '', balance: 0 },
  evolve: {
    Opened: (draft, { owner }) => {
      draft.status = 'open';
      draft.owner = owner;
    },
    Deposited: (draft, { amount }) => {
      draft.balance += amount;
    },
    Withdrawn: (draft, { amount }) => {
      draft.balance -= amount;
    },
  },
  decide: {
    Open: (state, { owner }) => (state.status === 'open' ? reject('already-open', 'is open') : [Opened({ owner })]),
    Deposit: (state, { amount }) => (state.status === 'open' ? [Deposited({ amount })] : reject('not-open', 'is not')),
    Withdraw: (state, { amount }) =>
      state.balance < amount ? reject('insufficient-funds', 'too little') : [Withdrawn({ amount })],
  },
});

export type Command =
  | { readonly type: 'Open'; readonly data: { readonly accountId: string; readonly owner: string } }
  | { readonly type: 'Deposit'; readonly data: { readonly accountId: string; readonly amount: number } }
  | { readonly type: 'Withdraw'; readonly data: { readonly accountId: string; readonly amount: number } };

export type Event =
  | { readonly type: 'Opened'; readonly data: { readonly owner: string } }
  | { readonly type: 'Deposited'; readonly data: { readonly amount: number } }
  | { readonly type: 'Withdrawn'; readonly data: { readonly amount: number } };

/** Returns command `step` of an account. It is opened first, and deposits exceed withdrawals, so none is rejected. */
export function commandOf(id: string, step: number): Command {
  if (step === 0) return { type: 'Open', data: { accountId: id, owner: 'Ada Lovelace' } };
  if (step % 2 === 1) return { type: 'Deposit', data: { accountId: id, amount: 100 + step } };
  return { type: 'Withdraw', data: { accountId: id, amount: step } };
}

/** Returns `length` commands for each of `streams` accounts, one account after another. */
export function* commandsOf(streams: number, length: number): Generator<Command> {
  for (let stream = 0; stream < streams; stream++) {
    const id = accountName(stream);
    for (let step = 0; step < length; step++) yield commandOf(id, step);
  }
}

export function accountName(stream: number): string {
  return `a${String(stream).padStart(5, '0')}`;
}

/** The rules as plain functions, for the contestants without a decider. */
export const initialState: AccountState = { status: 'none', owner: '', balance: 0 };

export function evolve(state: AccountState, { type, data }: Event): AccountState {
  switch (type) {
    case 'Opened':
      return { ...state, status: 'open', owner: data.owner };
    case 'Deposited':
      return { ...state, balance: state.balance + data.amount };
    case 'Withdrawn':
      return { ...state, balance: state.balance - data.amount };
  }
}

export function decide(state: AccountState, { type, data }: Command): Event[] {
  switch (type) {
    case 'Open':
      if (state.status === 'open') throw new Error('already-open');
      return [{ type: 'Opened', data: { owner: data.owner } }];
    case 'Deposit':
      if (state.status !== 'open') throw new Error('not-open');
      return [{ type: 'Deposited', data: { amount: data.amount } }];
    case 'Withdraw':
      if (state.balance < data.amount) throw new Error('insufficient-funds');
      return [{ type: 'Withdrawn', data: { amount: data.amount } }];
  }
}
