/** The messages of a decider: their bytes, their schemas and their versions. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { defineDecider, defineEvent, type Envelope, isFault, type Message, upcastFrom } from 'decidable';
import fc from 'fast-check';
import { z } from 'zod';
import { faultIn } from './fault-in.ts';
import { after, BookBorrowed, envelopeOf, FeeCharged, type MemberEvent, member, SettleFees } from './library.ts';

const { types } = member;

describe('messages between program and bytes', () => {
  test('are decoded unchanged, with integers in the form of the schema', () => {
    const event = FeeCharged({ cents: 250n });
    assert.deepEqual(types.event.fromEnvelope(types.event.toEnvelope(event)), event);
    const command = SettleFees({ memberId: 'm1', cents: 2n ** 70n });
    assert.deepEqual(types.command.fromEnvelope(types.command.toEnvelope(command)), command);
    const state = after(BookBorrowed({ bookId: 'b1' }), FeeCharged({ cents: 1n }));
    assert.deepEqual(types.state.fromBytes(types.state.toBytes(state)), state);
  });

  test('have their type and their schema version', () => {
    const { type, schemaVersion } = types.event.toEnvelope(BookBorrowed({ bookId: 'b1' }));
    assert.deepEqual({ type, schemaVersion }, { type: 'BookBorrowed', schemaVersion: 1 });
  });

  test('are a fault with the type and the path if they have a wrong shape', () => {
    const fault = faultIn(() => types.command.fromEnvelope(envelopeOf('SettleFees', { memberId: 'm1', cents: 'two' })));
    assert.equal(fault.code, 'invalid-shape');
    assert.deepEqual(fault.payload.details, [
      ['type', 'SettleFees'],
      ['schema-version', '1'],
      ['SettleFees.data.cents', 'expected bigint, received string'],
    ]);
  });

  test('are checked when a command is encoded', () => {
    const fault = faultIn(() => types.command.toEnvelope(SettleFees({ memberId: 'm1', cents: 0n })));
    assert.equal(fault.code, 'invalid-shape');
    assert.equal(fault.payload.details[2]?.[0], 'SettleFees.data.cents');
  });

  test('are a fault with the known types if their type is unknown', () => {
    const fault = faultIn(() => types.event.fromEnvelope(envelopeOf('BookBurned', {})));
    assert.equal(fault.code, 'unknown-type');
    assert.deepEqual(fault.payload.details, [
      ['type', 'BookBurned'],
      ['known', 'BookBorrowed, FeeCharged, FeePaid, AccountCleared'],
    ]);
    assert.equal(faultIn(() => types.command.fromEnvelope(envelopeOf('BookBorrowed', {}))).code, 'unknown-type');
  });

  test('are a fault if the codec cannot decode the bytes', () => {
    const envelope = { type: 'FeePaid', schemaVersion: 1, payload: new Uint8Array([0xc1]) };
    assert.equal(faultIn(() => types.event.fromEnvelope(envelope)).code, 'undecodable-payload');
  });

  test('are a fault with the same code if the codec throws an error of its own', () => {
    const codec = {
      contentType: 'text/x',
      encode: () => new Uint8Array(),
      decode: () => {
        throw new Error('odd');
      },
    };
    const odd = defineDecider({
      name: 'odd',
      version: '1',
      codec,
      state: z.number(),
      commands: {},
      events: { Done: z.object({}) },
      category: 'odd',
      streamId: () => '',
      initialState: 0,
      evolve: { Done: () => {} },
      decide: {},
    });
    const fault = faultIn(() => odd.types.event.fromEnvelope(envelopeOf('Done', {})));
    assert.equal(fault.code, 'undecodable-payload');
  });

  test('are checked in the same way if they come without types', () => {
    assert.deepEqual(
      member.command('SettleFees', { memberId: 'm1', cents: 5 }),
      SettleFees({ memberId: 'm1', cents: 5n }),
    );
    assert.equal(faultIn(() => member.command('BurnBooks', {})).code, 'unknown-type');
    assert.equal(
      faultIn(() => member.command('SettleFees', null)).message,
      'SettleFees.data: expected object, received null',
    );
  });
});

describe('arbitrary bytes', () => {
  const type = fc.constantFrom('BookBorrowed', 'FeeCharged', 'FeePaid', 'BorrowBook', 'SettleFees', 'Nothing');
  const anyEnvelope: fc.Arbitrary<Envelope> = fc.oneof(
    fc.record({ type, schemaVersion: fc.nat(3), payload: fc.uint8Array({ maxLength: 20 }) }),
    fc
      .tuple(type, fc.object({ key: fc.constantFrom('bookId', 'cents', 'memberId'), maxDepth: 1, withBigInt: true }))
      .map(([name, data]) => encodable(name, data)),
  );

  test('are decoded, or are a fault of the module', () => {
    let read = 0;
    fc.assert(
      fc.property(anyEnvelope, (envelope) => {
        for (const messages of [types.event, types.command]) {
          try {
            messages.fromEnvelope(envelope);
            read++;
          } catch (error) {
            assert.ok(isFault(error), String(error));
          }
        }
        try {
          types.state.fromBytes(envelope.payload);
        } catch (error) {
          assert.ok(isFault(error), String(error));
        }
      }),
      { numRuns: 1000 },
    );
    assert.ok(read > 0);
  });
});

/** Values without an encoding are their own result. */
function encodable(type: string, data: unknown): Envelope {
  try {
    return envelopeOf(type, data);
  } catch (error) {
    assert.ok(isFault(error));
    return { type, schemaVersion: 1, payload: new Uint8Array() };
  }
}

describe('an event that has changed its schema', () => {
  const Priced = defineEvent('Priced', z.object({ cents: z.bigint(), currency: z.string() }), {
    schemaVersion: 3,
    upcast: {
      1: (old: { euros: number }) => ({ cents: BigInt(old.euros) * 100n }),
      2: upcastFrom(z.object({ cents: z.bigint() }), (old) => ({ cents: old.cents + 0n, currency: 'EUR' })),
    },
  });
  const { types } = defineDecider({
    name: 'shop',
    version: '1',
    state: z.number(),
    commands: {},
    events: { Priced },
    category: 'shop',
    streamId: () => '',
    initialState: 0,
    evolve: { Priced: () => {} },
    decide: {},
  });

  test('is upgraded from every older version', () => {
    const now = Priced({ cents: 300n, currency: 'EUR' });
    assert.deepEqual(types.event.fromEnvelope(envelopeOf('Priced', { euros: 3 }, 1)), now);
    assert.deepEqual(types.event.fromEnvelope(envelopeOf('Priced', { cents: 300 }, 2)), now);
    assert.deepEqual(types.event.fromEnvelope(types.event.toEnvelope(now)), now);
    assert.equal(types.event.toEnvelope(now).schemaVersion, 3);
  });

  test('is a fault with both versions if it is newer than the module', () => {
    const fault = faultIn(() => types.event.fromEnvelope(envelopeOf('Priced', {}, 4)));
    assert.equal(fault.code, 'newer-schema-version');
    assert.deepEqual(fault.payload.details, [
      ['type', 'Priced'],
      ['schema-version', '4'],
      ['newest-known', '3'],
    ]);
  });

  test('is a fault if its version is invalid', () => {
    assert.equal(faultIn(() => types.event.fromEnvelope(envelopeOf('Priced', {}, 0))).code, 'invalid-schema-version');
  });

  test('is a fault with the version of the upcaster that fails', () => {
    const fault = faultIn(() => types.event.fromEnvelope(envelopeOf('Priced', { cents: 'x' }, 2)));
    assert.equal(fault.code, 'upcast-failed');
    assert.deepEqual(fault.payload.details, [
      ['type', 'Priced'],
      ['schema-version', '2'],
    ]);
  });
});

/** A function that compiles only if messages are narrowed by their type. */
export function narrowed(event: MemberEvent): string | bigint {
  return event.type === 'BookBorrowed' ? event.data.bookId : event.type === 'AccountCleared' ? '' : event.data.cents;
}

export const plain: Message<'BookBorrowed', { bookId: string }> = BookBorrowed({ bookId: 'b' });
