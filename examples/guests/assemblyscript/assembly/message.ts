/** Commands and events. Each command has an event with the same fields. */
import { Bytes, EMPTY, Reader, Writer } from './msgpack';
import { Refusal } from './refusal';

export const OPEN_ACCOUNT = 0;
export const DEPOSIT = 1;
export const WITHDRAW = 2;
export const CLOSE_ACCOUNT = 3;

export const COMMANDS: string[] = ['OpenAccount', 'Deposit', 'Withdraw', 'CloseAccount'];
export const EVENTS: string[] = ['AccountOpened', 'Deposited', 'Withdrawn', 'AccountClosed'];

const MAX_AMOUNT: i64 = 100_000_000;
const MAX_ID_CHARACTERS = 64;
const MAX_OWNER_CHARACTERS = 200;

/** Texts are UTF-8. `transferId` is empty if it is absent, because an empty one has the wrong shape. */
export class Message {
  /** The reason why there is no message. */
  fault: Refusal | null = null;

  constructor(
    public kind: i32,
    public accountId: Bytes,
    public owner: Bytes,
    public amount: i64,
    public transferId: Bytes,
  ) {}

  static none(fault: Refusal): Message {
    const message = new Message(-1, EMPTY, EMPTY, 0, EMPTY);
    message.fault = fault;
    return message;
  }
}

function hasOwner(kind: i32): bool {
  return kind == OPEN_ACCOUNT;
}

function hasAmount(kind: i32): bool {
  return kind == DEPOSIT || kind == WITHDRAW;
}

/** Encodes the message as a map whose keys are in the order of their bytes. */
export function encodeMessage(message: Message): Writer {
  const owner = hasOwner(message.kind);
  const amount = hasAmount(message.kind);
  const transferId = message.transferId.length > 0;
  const writer = new Writer(64 + message.accountId.length + message.owner.length + message.transferId.length);
  writer.map(1 + i32(owner) + i32(amount) + i32(transferId));
  writer.key('accountId');
  writer.text(message.accountId);
  if (amount) {
    writer.key('amount');
    writer.integer(message.amount);
  }
  if (owner) {
    writer.key('owner');
    writer.text(message.owner);
  }
  if (transferId) {
    writer.key('transferId');
    writer.text(message.transferId);
  }
  return writer;
}

/**
 * Decodes a message. With `strict`, unknown fields are refused. Commands are strict. Stored events may have more
 * fields.
 */
export function decodeMessage(kind: i32, strict: bool, payload: usize, length: usize): Message {
  const reader = new Reader(payload, length);
  let accountId = EMPTY;
  let owner = EMPTY;
  let amount: i64 = 0;
  let transferId = EMPTY;
  let seen = 0;
  let known = true;
  for (let entries = reader.map(); entries > 0 && reader.failed == ''; entries--) {
    const key = reader.key();
    if (key.is('accountId')) {
      seen = reader.once(seen, 1);
      accountId = reader.text();
    } else if (key.is('owner') && hasOwner(kind)) {
      seen = reader.once(seen, 2);
      owner = reader.text();
    } else if (key.is('amount') && hasAmount(kind)) {
      seen = reader.once(seen, 4);
      amount = reader.integer(MAX_AMOUNT);
    } else if (key.is('transferId') && hasAmount(kind)) {
      seen = reader.once(seen, 8);
      transferId = reader.text();
    } else {
      known = false;
      reader.skip();
    }
  }
  reader.finish();
  if (reader.failed != '') return Message.none(reader.fault());
  if (!within(accountId, MAX_ID_CHARACTERS)) return wrongShape('accountId: expected 1 to 64 characters');
  if (hasOwner(kind) && !within(owner, MAX_OWNER_CHARACTERS)) return wrongShape('owner: expected 1 to 200 characters');
  if (hasAmount(kind) && amount < 1) return wrongShape('amount: expected an integer from 1 to 100000000');
  if ((seen & 8) != 0 && !within(transferId, MAX_ID_CHARACTERS)) {
    return wrongShape('transferId: expected 1 to 64 characters');
  }
  if (strict && !known) return wrongShape('unknown field; omit fields that the type of the command does not have');
  return new Message(kind, accountId, owner, amount, transferId);
}

function wrongShape(message: string): Message {
  return Message.none(Refusal.wrongShape(message));
}

/** Returns whether the text has 1 to `most` characters. Code points are counted, as zod does. */
function within(text: Bytes, most: i32): bool {
  let characters = 0;
  for (let i = 0; i < text.length; i++) characters += i32((text[i] & 0xc0) != 0x80);
  return characters >= 1 && characters <= most;
}
