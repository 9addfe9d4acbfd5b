import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { Queue } from '../../../../examples/bank/cli/queue.ts';

const KEYS = ['a', 'b', 'c', 'd'];

test('tasks with a common key run one after another, in order', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.uniqueArray(fc.constantFrom(...KEYS), { minLength: 1 }), { maxLength: 30 }),
      fc.scheduler(),
      async (tasks, scheduler) => {
        const queue = new Queue();
        const running = new Set<string>();
        const done: number[] = [];
        for (const [index, keys] of tasks.entries()) {
          queue.add(keys, async () => {
            for (const key of keys) {
              assert.ok(!running.has(key), `two concurrent tasks with ${key}`);
              running.add(key);
            }
            await scheduler.schedule(Promise.resolve(), `task ${index}`);
            for (const key of keys) running.delete(key);
            done.push(index);
          });
        }
        const ended = queue.ended();
        await scheduler.waitFor(ended);
        assert.equal(queue.size, 0);
        assert.deepEqual(
          done.toSorted((a, b) => a - b),
          [...tasks.keys()],
        );
        for (const key of KEYS) {
          const order = done.filter((index) => tasks[index]?.includes(key));
          assert.deepEqual(
            order,
            order.toSorted((a, b) => a - b),
            `order of ${key}`,
          );
        }
      },
    ),
  );
});

test('a task with new keys begins synchronously', () => {
  const queue = new Queue();
  let begun = 0;
  for (const key of ['a', 'b']) {
    queue.add([key], async () => {
      begun += 1;
    });
  }
  assert.equal(begun, 2);
});
