/** The queues of streams. Idle queues are removed if there are too many. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { MAX_IDLE_QUEUES } from '../../../src/core/limits.ts';
import { StreamQueue } from '../../../src/core/loop/stream-queue.ts';

function useOthers(queue: StreamQueue): void {
  for (let index = 0; index < 3 * MAX_IDLE_QUEUES; index++) {
    assert.equal(queue.enter(`other-${index}`), undefined);
    queue.leave(`other-${index}`);
  }
}

describe('a queue of a stream', () => {
  test('has its tickets in order, however many other streams were used in the meantime', async () => {
    const queue = new StreamQueue();
    assert.equal(queue.enter('account-1'), undefined);
    useOthers(queue);
    const [second, third] = [queue.enter('account-1'), queue.enter('account-1')];
    useOthers(queue);
    assert.deepEqual([second?.granted, third?.granted], [false, false]);
    queue.leave('account-1');
    await second?.turn;
    assert.deepEqual([second?.granted, third?.granted], [true, false]);
    queue.leave('account-1');
    await third?.turn;
    queue.leave('account-1');
    useOthers(queue);
    assert.equal(queue.enter('account-1'), undefined);
    assert.notEqual(queue.enter('account-1'), undefined);
  });
});
