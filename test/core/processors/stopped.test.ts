/** The restart of a processor that has stopped. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { defineReactor, defineSystem, ProcessorStopped } from 'decidable';
import { createMemoryStore } from 'decidable/memory';
import { account } from './transfers.ts';

describe('a processor that has stopped', () => {
  test('runs again when the system is started again', async () => {
    let isBroken = true;
    const reacted: string[] = [];
    const system = defineSystem({
      name: 'stopping',
      deciders: [account],
      reactors: [
        defineReactor({
          name: 'letters',
          version: '1',
          events: { Opened: account.events.Opened },
          react: {
            Opened: ({ accountId }) => {
              if (isBroken) throw new Error('the printer is out of paper');
              reacted.push(accountId);
            },
          },
        }),
      ],
    });
    const store = createMemoryStore();
    const options = { store, failurePolicy: { retries: 0 } };
    const broken = await system.start(options);
    await broken.dispatch(account.commands.Open({ accountId: 'a' }));
    await assert.rejects(broken.settled(), ProcessorStopped);
    await broken.stop();

    isBroken = false;
    await using mended = await system.start(options);
    await mended.settled();
    assert.deepEqual(reacted, ['a']);
    assert.deepEqual(
      (await mended.status()).map(({ stopped }) => stopped),
      [undefined],
    );
  });
});
