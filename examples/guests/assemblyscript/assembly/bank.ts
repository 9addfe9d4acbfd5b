/**
 * The bank account of examples/bank/account.ts in AssemblyScript: state, `decide` and `evolve`.
 *
 * Amounts are integers in minor units: 1250 is 12.50.
 */
import { CLOSE_ACCOUNT, COMMANDS, DEPOSIT, EVENTS, Message, OPEN_ACCOUNT } from './message';
import { Bytes, EMPTY, Reader, Text, Writer } from './msgpack';
import { Refusal } from './refusal';

const WITHDRAWAL_LIMIT: i64 = 1_000_000;
const BALANCE_LIMIT: i64 = 100_000_000;
const MAX_SAFE_INTEGER: i64 = 9_007_199_254_740_991;

const NONE = 0;
const OPEN = 1;
const CLOSED = 2;
const STATUSES: string[] = ['none', 'open', 'closed'];

export class Account {
  status: i32 = NONE;
  owner: Bytes = EMPTY;
  balance: i64 = 0;
  /** The reason why there is no account. */
  fault: Refusal | null = null;
}

export function commandKind(type: usize, length: usize): i32 {
  return indexOf(COMMANDS, new Text(type, length));
}

export function eventKind(type: usize, length: usize): i32 {
  return indexOf(EVENTS, new Text(type, length));
}

function indexOf(names: string[], name: Text): i32 {
  for (let i = 0; i < names.length; i++) if (name.is(names[i])) return i;
  return -1;
}

export function evolve(account: Account, event: Message): void {
  if (event.kind == OPEN_ACCOUNT) {
    account.status = OPEN;
    account.owner = event.owner;
  } else if (event.kind == DEPOSIT) account.balance += event.amount;
  else if (event.kind == CLOSE_ACCOUNT) account.status = CLOSED;
  else account.balance -= event.amount;
}

/** Returns the event: the command in the past tense, with the same fields. Messages are never changed. */
export function decide(account: Account, command: Message): Message {
  const no = refusalOf(account, command);
  if (no != null) return Message.none(no);
  return new Message(command.kind, command.accountId, command.owner, command.amount, command.transferId);
}

function refusalOf(account: Account, command: Message): Refusal | null {
  if (command.kind == OPEN_ACCOUNT) return mayOpen(account);
  if (account.status == CLOSED) return new Refusal('account-closed', 'the account is closed');
  if (account.status == NONE) return new Refusal('not-open', 'there is no such account');
  if (command.kind == DEPOSIT) return mayDeposit(account, command.amount);
  if (command.kind == CLOSE_ACCOUNT) return mayClose(account);
  return mayWithdraw(account, command.amount);
}

function mayOpen(account: Account): Refusal | null {
  if (account.status == OPEN) return new Refusal('already-open', 'the account is open already');
  if (account.status == CLOSED) return new Refusal('account-closed', 'a closed account stays closed');
  return null;
}

function mayDeposit(account: Account, amount: i64): Refusal | null {
  if (account.balance + amount <= BALANCE_LIMIT) return null;
  return new Refusal('balance-limit', 'the account would hold more than it may')
    .with('balance', account.balance)
    .with('amount', amount)
    .with('limit', BALANCE_LIMIT);
}

function mayWithdraw(account: Account, amount: i64): Refusal | null {
  if (amount > WITHDRAWAL_LIMIT) {
    return new Refusal('withdrawal-limit', 'one withdrawal cannot take so much')
      .with('amount', amount)
      .with('limit', WITHDRAWAL_LIMIT);
  }
  if (amount > account.balance) {
    return new Refusal('insufficient-funds', 'the balance is too small')
      .with('balance', account.balance)
      .with('amount', amount);
  }
  return null;
}

function mayClose(account: Account): Refusal | null {
  if (account.balance == 0) return null;
  return new Refusal('balance-not-zero', 'withdraw what is left before closing').with('balance', account.balance);
}

/** Encodes the account as a map whose keys are in the order of their bytes. */
export function encodeAccount(account: Account): Writer {
  const writer = new Writer(64 + account.owner.length);
  writer.map(3);
  writer.key('balance');
  writer.integer(account.balance);
  writer.key('owner');
  writer.text(account.owner);
  writer.key('status');
  writer.key(STATUSES[account.status]);
  return writer;
}

export function decodeAccount(bytes: usize, length: usize): Account {
  const reader = new Reader(bytes, length);
  const account = new Account();
  let seen = 0;
  let status = EMPTY;
  for (let entries = reader.map(); entries > 0 && reader.failed == ''; entries--) {
    const key = reader.key();
    if (key.is('balance')) {
      seen = reader.once(seen, 1);
      account.balance = reader.integer(MAX_SAFE_INTEGER);
      if (!reader.present) seen |= 8;
    } else if (key.is('owner')) {
      seen = reader.once(seen, 2);
      account.owner = reader.text();
      if (!reader.present) seen |= 16;
    } else if (key.is('status')) {
      seen = reader.once(seen, 4);
      status = reader.text();
    } else reader.skip();
  }
  reader.finish();
  account.status = indexOf(STATUSES, Text.of(status));
  if (reader.failed != '') account.fault = reader.fault();
  else if ((seen & 9) != 1) account.fault = Refusal.wrongShape('balance: expected an integer');
  else if ((seen & 18) != 2) account.fault = Refusal.wrongShape('owner: expected a string');
  else if (account.status < 0) account.fault = Refusal.wrongShape('status: expected none, open or closed');
  return account;
}
