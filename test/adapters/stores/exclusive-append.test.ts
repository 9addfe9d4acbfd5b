/** Appends that are decided inside the store (`decidable/storage`, `ExclusiveAppend`), in every store. */
import assert from 'node:assert/strict';
import { after, describe, test } from 'node:test';
import { isAppendFailure, type RecordedEvent } from 'decidable';
import type { CommitStore, DecidedAppend } from 'decidable/storage';
import { openStore } from 'decidable/stores';
import { ENGINES, Engines, skipWithout } from '../../servers/engines.ts';
import { ANY, decision, envelope } from './commands.ts';

const engines = new Engines();
after(() => engines[Symbol.asyncDispose]());

const one = (changes: Partial<DecidedAppend> = {}): DecidedAppend => ({
  events: [envelope('Done')],
  precondition: ANY,
  decision: decision(),
  ...changes,
});
const revisions = (events: readonly RecordedEvent[]): bigint[] => events.map(({ context }) => context.revision);
const refusal = (code: 'conflict' | 'duplicate' | 'invalid-argument' | 'closed') => (error: unknown) =>
  isAppendFailure(error, code);

for (const name of ENGINES) {
  describe(`exclusive appends of the store ${name}`, { skip: skipWithout(name) }, () => {
    const check = (claim: string, body: (store: CommitStore) => Promise<void>): void => {
      test(claim, async () => {
        const store = await openStore(await engines.newAddress(name));
        try {
          for (let event = 0; event < 3; event++) await store.append('s-1', [envelope('Done')], ANY, decision());
          await body(store);
        } finally {
          await store.close();
        }
      });
    };

    check('get the events after the revision that was seen', async (store) => {
      const seen: bigint[][] = [];
      for (const after of [undefined, 0n, 2n, 3n]) {
        await store.appendExclusively('s-1', after, (events) => {
          seen.push(revisions(events));
          return one();
        });
      }
      assert.deepEqual(seen, [
        [0n, 1n, 2n],
        [1n, 2n, 3n],
        [3n, 4n],
        [4n, 5n],
      ]);
    });

    check('see the appends before them in the same group', async (store) => {
      const values: number[] = [];
      const increment = (events: readonly RecordedEvent[]): DecidedAppend => {
        values.push(events.length);
        return one();
      };
      await Promise.all(Array.from({ length: 20 }, () => store.appendExclusively('s-2', undefined, increment)));
      assert.deepEqual(
        values,
        Array.from({ length: 20 }, (_, index) => index),
      );
    });

    check('return what an append returns', async (store) => {
      const appended = await store.appendExclusively('s-1', 2n, () => one());
      const found = await store.readStream('s-1', { direction: 'backward', limit: 1 });
      assert.deepEqual([appended.firstRevision, appended.revision], [3n, 3n]);
      assert.equal(found[0]?.context.position, appended.firstPosition);
    });

    check('write nothing and pass the error on if the decision throws', async (store) => {
      const reason = new Error('no');
      let calls = 0;
      const failing = store.appendExclusively('s-1', 2n, () => {
        calls++;
        throw reason;
      });
      const normal = store.append('s-1', [envelope('Done')], ANY, decision());
      await assert.rejects(failing, (error) => error === reason);
      assert.equal((await normal).revision, 3n);
      assert.equal(calls, 1);
    });

    check('check the precondition and the command id', async (store) => {
      const known = decision();
      await store.append('s-2', [envelope('Done')], ANY, known);
      await assert.rejects(
        store.appendExclusively('s-1', 2n, () => one({ precondition: { tag: 'no-stream' } })),
        refusal('conflict'),
      );
      await assert.rejects(
        store.appendExclusively('s-1', 2n, () => one({ decision: known })),
        refusal('duplicate'),
      );
    });

    check('check their arguments', async (store) => {
      for (const [stream, after] of [
        ['', undefined],
        ['s-1', -1n],
        ['s-1', 1 as unknown as bigint],
      ] as const) {
        await assert.rejects(
          store.appendExclusively(stream, after, () => assert.fail('it must not decide')),
          refusal('invalid-argument'),
        );
      }
      await assert.rejects(
        store.appendExclusively('s-1', 2n, () => one({ events: [envelope('')] })),
        refusal('invalid-argument'),
      );
    });

    check('are a conflict without a decision if more than 1,000 events were missed', async (store) => {
      const many = Array.from({ length: 998 }, () => envelope('Done'));
      await store.append('s-1', many, ANY, decision());
      await assert.rejects(
        store.appendExclusively('s-1', undefined, () => assert.fail('it must not decide')),
        (error) => isAppendFailure(error, 'conflict') && error.payload.val.actual === 1_000n,
      );
      await store.appendExclusively('s-1', 0n, ({ length }) => {
        assert.equal(length, 1_000);
        return one();
      });
    });

    check('are refused once the store is closed', async (store) => {
      await store.close();
      await assert.rejects(
        store.appendExclusively('s-1', 2n, () => one()),
        refusal('closed'),
      );
    });
  });
}
