/**
 * Commands to the bank, each with its id: one with an owner whose name is not ASCII, some that are rejected, and one
 * that is sent twice.
 */
import { account } from '../../examples/bank/account.ts';

const { OpenAccount, Deposit, Withdraw, CloseAccount } = account.commands;

export const COMMANDS = [
  ['first', Deposit({ accountId: '0001', amount: 5 })],
  ['open', OpenAccount({ accountId: '0001', owner: 'Łucja 山田 🎈' })],
  ['transfer', Deposit({ accountId: '0001', amount: 100_000, transferId: 't' })],
  ['too-much', Withdraw({ accountId: '0001', amount: 100_001 })],
  ['transfer', Deposit({ accountId: '0001', amount: 100_000, transferId: 't' })],
  ['all', Withdraw({ accountId: '0001', amount: 100_000 })],
  ['other', OpenAccount({ accountId: '0002', owner: 'o' })],
  ['close', CloseAccount({ accountId: '0001' })],
] as const;

export const STREAMS = ['account-0001', 'account-0002'] as const;
