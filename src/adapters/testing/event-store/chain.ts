/** Tests of the hash chain, which is computed again from the appended commits. */
import assert from 'node:assert/strict';
import type { Appended } from '../../../core/event-store.ts';
import { CHAIN_START, commitHash } from '../../../core/storage/chain.ts';
import { ANY, type Check, decision, rejected, some } from './fixtures.ts';

export function chain(check: Check): void {
  check('each commit has the hash of the previous commit and of its content', async (store) => {
    const heads = new Map<string, Uint8Array>();
    for (let commit = 0; commit < 30; commit++) {
      const stream = `s-${commit % 3}`;
      const events = some(commit % 4);
      const given = events.length > 0 || commit % 2 === 0 ? decision() : rejected();
      const appended: Appended = await store.append(stream, events, ANY, given);
      const { firstRevision, recordedAt, hash } = appended;
      const previous = heads.get(stream) ?? CHAIN_START;
      assert.deepEqual(hash, commitHash(previous, { stream, firstRevision, recordedAt, decision: given, events }));
      assert.deepEqual((await store.findDecision(given.commandId))?.hash, hash);
      heads.set(stream, hash);
    }
  });

  check('simultaneous commits are chained one after the other', async (store) => {
    const given = Array.from({ length: 20 }, () => decision());
    const appended = await Promise.all(given.map((one) => store.append('s-1', some(1), ANY, one)));
    const order = [...given.keys()].sort((a, b) => Number(appended[a]!.revision! - appended[b]!.revision!));
    let previous = CHAIN_START;
    for (const index of order) {
      const { firstRevision, recordedAt, hash } = appended[index]!;
      const content = { stream: 's-1', firstRevision, recordedAt, decision: given[index]!, events: some(1) };
      assert.deepEqual(hash, commitHash(previous, content));
      previous = hash;
    }
  });
}
