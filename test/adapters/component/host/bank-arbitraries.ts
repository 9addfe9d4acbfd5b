/** Commands, events, states and broken bytes of the bank. */
import fc from 'fast-check';
import { BALANCE_LIMIT, MAX_AMOUNT, WITHDRAWAL_LIMIT } from '../../../../examples/bank/account.ts';
import { msgpack } from '../../../../src/core/codec/msgpack.ts';
import type { Envelope } from '../../../../src/core/messages.ts';

/** Returns a message with the canonical payload. */
export function envelope(type: string, data: unknown, schemaVersion = 1): Envelope {
  return { type, schemaVersion, payload: msgpack.encode(data, { kind: 'command', type, schemaVersion }) };
}

/** Amounts at the boundaries: small amounts, the limits, and the amounts next to the limits. */
const amount = fc.oneof(
  { weight: 3, arbitrary: fc.integer({ min: 1, max: 300 }) },
  { weight: 2, arbitrary: fc.integer({ min: 1, max: MAX_AMOUNT }) },
  fc.constantFrom(
    1,
    WITHDRAWAL_LIMIT - 1,
    WITHDRAWAL_LIMIT,
    WITHDRAWAL_LIMIT + 1,
    BALANCE_LIMIT,
    127,
    128,
    255,
    256,
    65_535,
    65_536,
  ),
);
const text = (maxLength: number) =>
  fc.string({ minLength: 1, maxLength, unit: 'grapheme' }).map((it) => [...it].slice(0, maxLength).join(''));
const isWhole = (it: string) => it.length > 0 && it.isWellFormed();
const id = fc.oneof(fc.constant('0001'), text(64).filter(isWhole));
const owner = fc.oneof(fc.constant('Łucja 山田 🎈'), text(200).filter(isWhole));
const transferId = fc.option(id, { nil: undefined });

const open = fc.record({ accountId: id, owner });
const move = fc.record({ accountId: id, amount, transferId });
const close = fc.record({ accountId: id });

export const command: fc.Arbitrary<Envelope> = fc.oneof(
  open.map((data) => envelope('OpenAccount', data)),
  { weight: 4, arbitrary: move.map((data) => envelope('Deposit', data)) },
  { weight: 4, arbitrary: move.map((data) => envelope('Withdraw', data)) },
  close.map((data) => envelope('CloseAccount', data)),
);

/** The history of an account. It is mostly opened first, so that not all later commands are rejected. */
export const commands: fc.Arbitrary<Envelope[]> = fc
  .tuple(fc.option(open, { freq: 8 }), fc.array(command, { maxLength: 40 }))
  .map(([first, rest]) => (first === null ? rest : [envelope('OpenAccount', first), ...rest]));

export const event: fc.Arbitrary<Envelope> = fc.oneof(
  open.map((data) => envelope('AccountOpened', data)),
  { weight: 3, arbitrary: move.map((data) => envelope('Deposited', data)) },
  { weight: 3, arbitrary: move.map((data) => envelope('Withdrawn', data)) },
  close.map((data) => envelope('AccountClosed', data)),
);

export const state: fc.Arbitrary<Uint8Array> = fc
  .record({
    status: fc.constantFrom('none', 'open', 'closed'),
    owner: fc.string({ unit: 'grapheme' }),
    balance: fc.maxSafeInteger(),
  })
  .map((it) => msgpack.encode(it, { kind: 'state', type: 'bank.account', schemaVersion: 1 }));

/** Canonical bytes with a few of them changed, removed or added. Most are no longer a message. */
export function broken(bytes: fc.Arbitrary<Uint8Array>): fc.Arbitrary<Uint8Array> {
  const change = fc.tuple(fc.nat({ max: 80 }), fc.integer({ min: 0, max: 255 }));
  return fc
    .tuple(bytes, fc.array(change, { maxLength: 3 }), fc.option(fc.nat({ max: 60 })), fc.uint8Array({ maxLength: 2 }))
    .map(([original, changes, length, more]) => {
      const changed = Uint8Array.from([...original, ...more]);
      for (const [at, byte] of changes) if (at < changed.length) changed[at] = byte;
      return length === null ? changed : changed.subarray(0, length);
    });
}
