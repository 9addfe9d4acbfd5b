import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { describe, test } from 'node:test';
import { sha256 as portable } from '@noble/hashes/sha2.js';
import type { Decision, Envelope } from 'decidable';
import { CHAIN_START, type Commit, commitContent, commitHash } from 'decidable/storage';
import fc from 'fast-check';
import { sha256 } from '../../../src/core/storage/sha256.ts';

const uuid = '018f4d1e-7a2b-7c3d-8e4f-5a6b7c8d9e0f';

/** The commit of docs/chain.md. */
const accepted: Commit = {
  stream: 'account-1',
  firstRevision: 2n,
  recordedAt: 1_700_000_000_123n,
  decision: {
    commandId: uuid,
    command: { type: 'Withdraw', schemaVersion: 1, payload: Uint8Array.of(1, 2, 3) },
    contentType: 'application/msgpack',
    module: { name: 'bank.account', version: '1.0.0', digest: undefined },
    seenRevision: 1n,
    outcome: { tag: 'accepted' },
    causationId: undefined,
    correlationId: uuid,
    actor: 'kai',
    keyId: undefined,
  },
  events: [{ type: 'Withdrawn', schemaVersion: 2, payload: Uint8Array.of(4, 5) }],
};

/** The hash of the commit of docs/chain.md, if it is the first one of its stream. */
const FIRST_HASH = '26154b22448013ce010bd77cd0b37d56f647134e5866eff29ab698984c0eee5e';

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');

/** Writes the content independently, as an implementation in another language would. Lengths are u32, big-endian. */
function text(value: string): string {
  const bytes = Buffer.from(value, 'utf8');
  return bytes.length.toString(16).padStart(8, '0') + bytes.toString('hex');
}

describe('the content of a commit', () => {
  test('is the sequence of fields of docs/chain.md', () => {
    assert.equal(
      hex(commitContent(accepted)),
      [
        '01',
        text('account-1'),
        '01' + '0000000000000002',
        '0000018bcfe5687b',
        uuid.replaceAll('-', ''),
        text('Withdraw') + '00000001' + '00000003' + '010203',
        text('application/msgpack'),
        text('bank.account'),
        text('1.0.0'),
        '00',
        '01' + '0000000000000001',
        '00',
        '00',
        text(uuid),
        '01' + text('kai'),
        '00',
        '00000001',
        text('Withdrawn') + '00000002' + '00000002' + '0405',
      ].join(''),
    );
  });

  test('contains the rejection and no revision if the command was rejected', () => {
    const rejection = { code: 'no', message: 'zu wenig: 5 €', details: [['a', 'ü'] as const, ['b', ''] as const] };
    const decision: Decision = {
      ...accepted.decision,
      module: { name: 'm', version: '2', digest: new Uint8Array(32).fill(0xab) },
      seenRevision: undefined,
      outcome: { tag: 'rejected', val: rejection },
      causationId: 'c',
      keyId: 'k',
    };
    assert.equal(
      hex(commitContent({ ...accepted, firstRevision: undefined, recordedAt: 2n ** 63n - 1n, decision, events: [] })),
      [
        '01',
        text('account-1'),
        '00',
        '7fffffffffffffff',
        uuid.replaceAll('-', ''),
        text('Withdraw') + '00000001' + '00000003' + '010203',
        text('application/msgpack'),
        text('m'),
        text('2'),
        '01' + '00000020' + 'ab'.repeat(32),
        '00',
        '01' + text('no') + text('zu wenig: 5 €') + '00000002' + text('a') + text('ü') + text('b') + text(''),
        '01' + text('c'),
        text(uuid),
        '01' + text('kai'),
        '01' + text('k'),
        '00000000',
      ].join(''),
    );
  });

  test('is hashed after the hash of the previous commit', () => {
    const first = commitHash(CHAIN_START, accepted);
    assert.equal(hex(first), FIRST_HASH);
    const expected = createHash('sha256').update(first).update(commitContent(accepted)).digest('hex');
    assert.equal(hex(commitHash(first, accepted)), expected);
  });

  test('differs if any field differs', () => {
    const { decision } = accepted;
    const of = (changes: Partial<Decision>): Commit => ({ ...accepted, decision: { ...decision, ...changes } });
    const event = accepted.events[0]!;
    const others: readonly Commit[] = [
      accepted,
      { ...accepted, stream: 'account-2' },
      { ...accepted, firstRevision: 3n },
      { ...accepted, firstRevision: undefined },
      { ...accepted, recordedAt: 1_700_000_000_124n },
      { ...accepted, events: [] },
      { ...accepted, events: [event, event] },
      { ...accepted, events: [{ ...event, type: 'Withdraw' }] },
      { ...accepted, events: [{ ...event, schemaVersion: 1 }] },
      { ...accepted, events: [{ ...event, payload: Uint8Array.of(4, 6) }] },
      of({ commandId: '018f4d1e-7a2b-7c3d-8e4f-5a6b7c8d9e0e' }),
      of({ command: { ...decision.command, type: 'W' } }),
      of({ command: { ...decision.command, payload: Uint8Array.of() } }),
      of({ contentType: 'application/json' }),
      of({ module: { ...decision.module, name: 'bank' } }),
      of({ module: { ...decision.module, version: '1.0.1' } }),
      of({ module: { ...decision.module, digest: Uint8Array.of() } }),
      of({ seenRevision: 0n }),
      of({ seenRevision: undefined }),
      of({ outcome: { tag: 'rejected', val: { code: '', message: '', details: [] } } }),
      of({ causationId: '' }),
      of({ correlationId: '' }),
      of({ actor: undefined }),
      of({ keyId: '' }),
    ];
    assert.equal(new Set(others.map((commit) => hex(commitContent(commit)))).size, others.length);
  });

  test('equals that of another commit only if the commits are equal', () => {
    const name = fc.string({ unit: 'grapheme', maxLength: 4 });
    const envelope: fc.Arbitrary<Envelope> = fc.record({
      type: name,
      schemaVersion: fc.integer({ min: 1, max: 3 }),
      payload: fc.uint8Array({ maxLength: 3 }),
    });
    const commit: fc.Arbitrary<Commit> = fc.record({
      stream: name,
      firstRevision: fc.option(fc.bigInt({ min: 0n, max: 2n }), { nil: undefined }),
      recordedAt: fc.bigInt({ min: 0n, max: 2n ** 63n - 1n }),
      decision: fc.record({
        commandId: fc.constant(uuid),
        command: envelope,
        contentType: name,
        module: fc.record({
          name,
          version: name,
          digest: fc.option(fc.uint8Array({ maxLength: 2 }), { nil: undefined }),
        }),
        seenRevision: fc.option(fc.bigInt({ min: 0n, max: 2n }), { nil: undefined }),
        outcome: fc.oneof(
          fc.constant({ tag: 'accepted' } as const),
          fc.record({
            tag: fc.constant('rejected' as const),
            val: fc.record({ code: name, message: name, details: fc.array(fc.tuple(name, name), { maxLength: 2 }) }),
          }),
        ),
        causationId: fc.option(name, { nil: undefined }),
        correlationId: name,
        actor: fc.option(name, { nil: undefined }),
        keyId: fc.option(name, { nil: undefined }),
      }),
      events: fc.array(envelope, { maxLength: 3 }),
    });
    fc.assert(
      fc.property(commit, commit, (one, other) => {
        const same = fc.stringify(one) === fc.stringify(other);
        assert.equal(hex(commitContent(one)) === hex(commitContent(other)), same);
      }),
    );
  });

  test('may be larger than the previously written content', () => {
    const payload = new Uint8Array(100_000).fill(5);
    const large = commitContent({
      ...accepted,
      stream: 'ü'.repeat(5_000),
      events: [{ ...accepted.events[0]!, payload }],
    });
    assert.ok(hex(large).endsWith('05'.repeat(100_000)));
    assert.equal(hex(commitHash(CHAIN_START, accepted)), FIRST_HASH);
  });
});

test('the SHA-256 of the platform returns the same hashes as the portable one', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => {
      assert.equal(hex(sha256(bytes)), hex(portable(bytes)));
      assert.equal(hex(sha256(bytes)), createHash('sha256').update(bytes).digest('hex'));
    }),
  );
});
