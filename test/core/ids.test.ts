import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { describe, test } from 'node:test';
import { COMMAND_ID_NAMESPACE, commandUuid, eventId, isCommandFailure, isUuid, reactionId } from 'decidable';
import fc from 'fast-check';
import { uuidV5 } from '../../src/core/uuid.ts';

/** UUIDv5 according to RFC 9562 §5.5, with Node's SHA-1. */
function reference(namespace: string, name: Uint8Array | string): string {
  const hash = createHash('sha1')
    .update(Buffer.from(namespace.replaceAll('-', ''), 'hex'))
    .update(name)
    .digest();
  hash[6] = (hash[6]! & 0x0f) | 0x50;
  hash[8] = (hash[8]! & 0x3f) | 0x80;
  const hex = hash.toString('hex', 0, 16);
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join('-');
}

const URL_NAMESPACE = '6ba7b811-9dad-11d1-80b4-00c04fd430c8';
const COMMAND = '2d6608f0-09bb-5e1f-b217-d3aba4072841';

describe('derived ids', () => {
  test('use a namespace for command ids that anyone can derive', () => {
    assert.equal(COMMAND_ID_NAMESPACE, 'f21aa10a-cc1b-5774-8588-740f40dd4e19');
    assert.equal(COMMAND_ID_NAMESPACE, reference(URL_NAMESPACE, 'decidable:eventsourcing/command-id'));
  });

  test('agree with the test vector of RFC 9562, appendix A.4', () => {
    const dns = '6ba7b810-9dad-11d1-80b4-00c04fd430c8';
    assert.equal(uuidV5(dns, new TextEncoder().encode('www.example.com')), '2ed6657d-e927-568b-95e1-2665a8aea6a2');
  });

  test('are UUIDs for command ids of any form (vectors for other languages)', () => {
    assert.equal(commandUuid('deposit-1'), COMMAND);
    assert.equal(commandUuid('överföring 🏦'), 'b7866ef4-124d-5abb-b136-4bc5a48be31e');
  });

  test('derive an event id from the command and the index in its decision (vectors)', () => {
    assert.equal(eventId(COMMAND, 0), '46b76025-e718-55fe-baf8-d4086b79fa02');
    assert.equal(eventId(COMMAND, 1), '6b023127-50b6-5900-93d6-060214ee4026');
    assert.equal(eventId(COMMAND, 258), 'f752da82-3f33-5138-b947-b0384b9efcb4');
  });

  test('derive the id of an emitted command from the event, the handler and the index (vectors)', () => {
    const event = '46b76025-e718-55fe-baf8-d4086b79fa02';
    assert.equal(reactionId(event, 'billing', 0), '98863c01-5605-53fe-bcbd-877342c4d7ed');
    assert.equal(reactionId(event, 'billing', 1), '6a4284b1-9462-55ee-a462-2733be85bd56');
  });

  test('keep a UUID of any version as a command id, in lower case', () => {
    fc.assert(
      fc.property(fc.uuid(), (uuid) => {
        assert.equal(commandUuid(uuid), uuid);
        assert.equal(commandUuid(uuid.toUpperCase()), uuid);
      }),
    );
    assert.equal(commandUuid('00000000-0000-0000-0000-000000000000'), '00000000-0000-0000-0000-000000000000');
  });

  test('treat a text that only resembles a UUID like any other text', () => {
    for (const text of [
      `{${COMMAND}}`,
      `urn:uuid:${COMMAND}`,
      COMMAND.replaceAll('-', ''),
      `${COMMAND}\n`,
      `g${COMMAND.slice(1)}`,
    ])
      assert.equal(commandUuid(text), reference(COMMAND_ID_NAMESPACE, text));
  });

  test('agree with an independent SHA-1 on every text, index and handler', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', minLength: 1 }), fc.nat({ max: 0xffff_ffff }), (text, index) => {
        const bytes = Buffer.alloc(4);
        bytes.writeUInt32BE(index);
        const command = commandUuid(text);
        assert.equal(command, reference(COMMAND_ID_NAMESPACE, text));
        assert.equal(eventId(command, index), reference(command, bytes));
        assert.equal(reactionId(command, text, index), reference(reference(command, text), bytes));
      }),
    );
  });

  test('accept a namespace in upper or lower case', () => {
    fc.assert(fc.property(fc.uuid(), (uuid) => assert.equal(eventId(uuid.toUpperCase(), 7), eventId(uuid, 7))));
  });

  test('refuse an empty command id, and one with a lone surrogate', () => {
    for (const id of ['', 'a\ud800', '\udc00'])
      assert.throws(
        () => commandUuid(id),
        (error) => isCommandFailure(error, 'invalid-argument') && error.payload.val.argument === 'commandId',
      );
  });

  test('accept as a UUID only the form that this package writes', () => {
    assert.equal(isUuid(COMMAND), true);
    for (const text of ['', 'deposit-1', COMMAND.toUpperCase(), COMMAND.slice(1), `${COMMAND}0`])
      assert.equal(isUuid(text), false);
  });
});
