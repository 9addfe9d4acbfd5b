/** A decision has to use the rejections that it creates. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { createEventSourcer, defineDecider, isFault, isRejection, reject } from 'decidable';
import { createMemoryStore } from 'decidable/memory';
import { z } from 'zod';

type Event = { readonly type: 'Reserved'; readonly data: Record<string, never> };
const reserved: Event = { type: 'Reserved', data: {} };

/** A decider with only this decision. */
const concertOf = (decide: () => unknown) =>
  defineDecider({
    name: 'concert',
    version: '1.0.0',
    state: z.object({ free: z.int() }),
    commands: { Reserve: z.object({}) },
    events: { Reserved: z.object({}) },
    category: 'concert',
    streamId: () => '1',
    initialState: { free: 0 },
    evolve: { Reserved: () => {} },
    decide: { Reserve: decide as () => readonly Event[] },
  });

const decided = (decide: () => unknown) => () =>
  concertOf(decide).decider.decide({ free: 0 }, { type: 'Reserve', data: {} });

describe('a rejection that a decision creates', () => {
  test('is a fault if it is neither returned nor thrown', () => {
    const decide = decided(() => {
      reject('sold-out');
      return [reserved];
    });
    assert.throws(decide, (error) => isFault(error) && error.code === 'unreturned-rejection');
  });

  test('is a fault of a decision in steps too', () => {
    const decide = decided(function* () {
      yield [reserved];
      reject('sold-out');
    });
    assert.throws(decide, (error) => isFault(error) && error.code === 'unreturned-rejection');
  });

  test('leaves nothing in the store if it is not returned', async () => {
    const store = createMemoryStore();
    const concert = concertOf(() => {
      reject('sold-out');
      return [reserved];
    });
    const sourcer = createEventSourcer({ store, modules: [concert] });
    const sent = sourcer.dispatch({ type: 'Reserve', data: {} });
    await assert.rejects(sent, { code: 'fault' });
    assert.deepEqual(await store.readStreams(), []);
  });

  for (const [use, decide] of [
    ['returned', () => reject('sold-out')],
    [
      'thrown',
      () => {
        throw reject('sold-out');
      },
    ],
    ['one of several, another of which is returned', () => [reject('closed'), reject('sold-out')][1]],
  ] as const) {
    test(`rejects the command if it is ${use}`, () => {
      assert.throws(decided(decide), (error) => isRejection(error) && error.code === 'sold-out');
    });
  }

  test('may be replaced by events if the decision has read it', () => {
    const decide = decided(() => {
      const first: unknown = reject('sold-out');
      return isRejection(first) ? [reserved] : [];
    });
    assert.equal(decide().length, 1);
  });

  test('belongs to its own decision if one runs inside another', () => {
    const inner = decided(() => {
      reject('sold-out');
      return [];
    });
    const outer = decided(() => {
      assert.throws(inner, { code: 'unreturned-rejection' });
      return [reserved];
    });
    assert.equal(outer().length, 1);
  });
});

test('a rejection that is created outside of a decision is ignored', () => {
  const known = reject('sold-out');
  assert.equal(decided(() => [reserved])().length, 1);
  assert.equal(known.code, 'sold-out');
});
