/** Tests of decision records and duplicate command ids. */
import assert from 'node:assert/strict';
import { isAppendFailure } from '../../../core/errors.ts';
import {
  ANY,
  all,
  at,
  type Check,
  decision,
  envelope,
  NO_STREAM,
  refused,
  rejected,
  STREAM_EXISTS,
  some,
} from './fixtures.ts';

export function decisions(check: Check): void {
  check('a decision is found by its command id, as it was recorded', async (store) => {
    await store.append('s-1', some(1), ANY, decision());
    const given = decision({
      command: envelope('Überweise', new Uint8Array(300).fill(7), 4),
      contentType: 'application/x',
      module: { name: 'bank', version: '2.1.0', digest: new Uint8Array(32).fill(9) },
      seenRevision: 0n,
      causationId: 'request 1',
      correlationId: 'journey\0äöü',
      actor: '小林',
      keyId: 'key 7',
    });
    const before = Date.now();
    const appended = await store.append('s-1', some(2), at(0n), given);
    const found = await store.findDecision(given.commandId);
    const { firstRevision, recordedAt, hash } = appended;
    assert.deepEqual(found, { stream: 's-1', decision: given, firstRevision, eventCount: 2, recordedAt, hash });
    assert.equal(hash.length, 32);
    assert.ok(recordedAt >= BigInt(before) && recordedAt <= BigInt(Date.now()));
    assert.equal(await store.findDecision(crypto.randomUUID()), undefined);
  });

  check('rejections and decisions without events are recorded, and take no revision', async (store) => {
    const no = rejected();
    const nothing = decision();
    const first = await store.append('s-1', [], ANY, no);
    assert.deepEqual([first.firstRevision, first.firstPosition, first.revision], [undefined, undefined, undefined]);
    await store.append('s-1', some(1), NO_STREAM, decision());
    const second = await store.append('s-1', [], at(0n), nothing);
    assert.deepEqual([second.firstRevision, second.firstPosition, second.revision], [undefined, undefined, 0n]);
    assert.equal((await store.append('s-1', some(1), at(0n), decision())).firstRevision, 1n);
    for (const one of [no, nothing]) {
      const found = await store.findDecision(one.commandId);
      assert.deepEqual(found?.decision, one);
      assert.deepEqual([found.eventCount, found.firstRevision], [0, undefined]);
    }
    await refused(store.append('s-1', [], NO_STREAM, rejected()), 'conflict');
  });

  check(
    'a command id is looked up before any precondition, and a duplicate returns the first record',
    async (store) => {
      const [accepted, no] = [decision(), rejected()];
      await store.append('s-1', some(2), NO_STREAM, accepted);
      await store.append('s-1', [], ANY, no);
      for (const known of [accepted, no]) {
        const first = await store.findDecision(known.commandId);
        for (const precondition of [ANY, NO_STREAM, STREAM_EXISTS, at(1n), at(7n)]) {
          for (const stream of ['s-1', 's-2']) {
            const again = decision({ commandId: known.commandId, command: envelope('Other') });
            const { val } = await refused(store.append(stream, some(1), precondition, again), 'duplicate');
            assert.deepEqual(val, first);
          }
        }
      }
      assert.equal((await store.readAll(all())).length, 2);
    },
  );

  check('one of sixteen simultaneous deliveries of a command is recorded', async (store) => {
    const { commandId } = decision();
    const tries = await Promise.allSettled(
      Array.from({ length: 16 }, (_, index) => store.append(`s-${index}`, some(1), ANY, decision({ commandId }))),
    );
    assert.equal(tries.filter(({ status }) => status === 'fulfilled').length, 1);
    for (const one of tries) if (one.status === 'rejected') assert.ok(isAppendFailure(one.reason, 'duplicate'));
    assert.equal((await store.readAll(all())).length, 1);
  });
}
