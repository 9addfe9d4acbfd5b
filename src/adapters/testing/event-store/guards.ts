/** Tests of preconditions and of concurrent writers. */
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
  readWhole,
  refused,
  rejected,
  revisions,
  STREAM_EXISTS,
  some,
} from './fixtures.ts';

export function guards(check: Check): void {
  const states: readonly (readonly [name: string, events: number | 'rejected'])[] = [
    ['a stream that was never written', 0],
    ['a stream on which only a rejection is recorded', 'rejected'],
    ['a stream of three events', 3],
  ];
  for (const [state, events] of states) {
    const last = events === 3 ? 2n : undefined;
    for (const [precondition, holds] of [
      [ANY, true],
      [NO_STREAM, last === undefined],
      [STREAM_EXISTS, last !== undefined],
      [at(0n), false],
      [at(2n), last === 2n],
      [at(3n), false],
    ] as const) {
      const guard = precondition.tag === 'at-revision' ? `at-revision ${precondition.val}` : precondition.tag;
      check(`${guard} ${holds ? 'is satisfied' : 'is not satisfied'} by ${state}`, async (store) => {
        if (events === 'rejected') await store.append('s-1', [], ANY, rejected());
        else if (events > 0) await store.append('s-1', some(events), ANY, decision());
        const next = decision();
        if (holds) {
          const appended = await store.append('s-1', some(1), precondition, next);
          assert.equal(appended.firstRevision, (last ?? -1n) + 1n);
          return;
        }
        const { val } = await refused(store.append('s-1', some(1), precondition, next), 'conflict');
        assert.deepEqual(val, { stream: 's-1', precondition, actual: last });
        assert.equal(await store.findDecision(next.commandId), undefined);
        assert.equal((await readWhole(store, 's-1')).length, last === undefined ? 0 : 3);
      });
    }
  }

  check('one of sixteen simultaneous creations succeeds', async (store) => {
    const tries = await Promise.allSettled(
      Array.from({ length: 16 }, () => store.append('s-1', some(2), NO_STREAM, decision())),
    );
    assert.equal(tries.filter(({ status }) => status === 'fulfilled').length, 1);
    for (const one of tries) if (one.status === 'rejected') assert.ok(isAppendFailure(one.reason, 'conflict'));
    assert.deepEqual(revisions(await readWhole(store, 's-1')), [0n, 1n]);
  });

  check('one of sixteen writers that have read the same revision succeeds', async (store) => {
    await store.append('s-1', some(1), ANY, decision());
    const tries = await Promise.allSettled(
      Array.from({ length: 16 }, () => store.append('s-1', some(1), at(0n), decision())),
    );
    assert.equal(tries.filter(({ status }) => status === 'fulfilled').length, 1);
    assert.deepEqual(revisions(await readWhole(store, 's-1')), [0n, 1n]);
  });

  check('writers without a precondition all append, one after the other', async (store) => {
    const appended = await Promise.all(Array.from({ length: 50 }, () => store.append('s-1', some(2), ANY, decision())));
    const firsts = appended.map(({ firstRevision }) => firstRevision).sort((a, b) => Number(a! - b!));
    assert.deepEqual(
      firsts,
      Array.from({ length: 50 }, (_, index) => BigInt(2 * index)),
    );
  });

  check('a refused append does not affect simultaneous appends', async (store) => {
    const known = decision();
    await store.append('s-0', some(1), ANY, known);
    const tries = await Promise.allSettled([
      store.append('s-1', some(2), ANY, decision()),
      store.append('s-0', some(1), NO_STREAM, decision()),
      store.append('s-1', some(1), at(1n), decision()),
      store.append('s-2', some(1), ANY, known),
      store.append('s-2', some(1), NO_STREAM, decision()),
      store.append('s-0', [envelope('')], ANY, decision()),
    ]);
    const outcomes = tries.map((one) => (one.status === 'fulfilled' ? one.value.revision : one.reason.code));
    assert.deepEqual(outcomes, [1n, 'conflict', 2n, 'duplicate', 0n, 'invalid-argument']);
    assert.equal((await store.readAll(all())).length, 5);
  });
}
