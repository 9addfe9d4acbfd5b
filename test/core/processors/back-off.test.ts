import assert from 'node:assert/strict';
import { test } from 'node:test';
import { completePolicy, retrying } from '../../../src/core/processors/failure-policy.ts';

/** Returns the delays between the attempts of a handler that always fails. */
async function delaysOf(policy: Parameters<typeof completePolicy>[0]): Promise<readonly number[]> {
  const delays: number[] = [];
  const clock = { now: () => 0, sleepUntil: async (time: number) => void delays.push(time) };
  const failing = (): never => {
    throw new Error('may pass');
  };
  await assert.rejects(retrying(completePolicy(policy, 'policy'), clock, new AbortController().signal, failing));
  return delays;
}

test('each delay before a retry is twice the previous one, up to the maximum, and is shortened by at most one half', async () => {
  const delays = await delaysOf({ retries: 6, firstDelay: 100, longestDelay: 1_000 });
  const longest = [100, 200, 400, 800, 1_000, 1_000];
  assert.equal(delays.length, longest.length);
  for (const [index, delay] of delays.entries()) {
    assert.ok(delay <= longest[index]! && delay >= longest[index]! / 2, `delay ${index} is ${delay}`);
  }
});

test('two members do not wait equally long', async () => {
  const policy = { retries: 6, firstDelay: 100, longestDelay: 1_000 };
  assert.notDeepEqual(await delaysOf(policy), await delaysOf(policy));
});
