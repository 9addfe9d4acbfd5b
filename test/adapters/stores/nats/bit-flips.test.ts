/** Random flips of one bit in the messages of a NATS store, which have the payloads, the records and the hashes. */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { jetstreamManager } from '@nats-io/jetstream';
import { connect, type NatsConnection } from '@nats-io/transport-node';
import { createNatsStore } from 'decidable/nats';
import fc from 'fast-check';
import { bankVerdict, tellBankStory } from '../../../core/verification/bank-story.ts';
import { sharedNats, skipWithoutNats, uniqueName } from '../../../servers/nats.ts';
import { copyStore, type Message, messagesOf } from './changed-copies.ts';

describe('a NATS store with one other bit', { skip: skipWithoutNats }, () => {
  const name = uniqueName();
  let server: Awaited<ReturnType<typeof sharedNats>>;
  let connection: NatsConnection;
  let messages: readonly Message[];

  before(async () => {
    server = await sharedNats();
    connection = await connect({ servers: server.url });
    await using store = await createNatsStore({ url: server.url, name, storage: 'memory' });
    await tellBankStory(store);
    messages = await messagesOf(connection, name);
  });
  after(async () => {
    await connection?.close();
    await server?.[Symbol.asyncDispose]();
  });

  async function verdictOn(changed: readonly Message[]): Promise<string> {
    const copy = await copyStore(connection, name, changed);
    assert.ok(copy);
    await using store = await createNatsStore({ url: server.url, name: copy, timeout: 20_000 });
    const verdict = await bankVerdict(store);
    const { streams } = await jetstreamManager(connection);
    for (const stream of [copy, `${copy}_state`]) await streams.delete(stream);
    return verdict;
  }

  test('is intact before the change', async () => {
    assert.ok(messages.length > 10);
    assert.equal(await verdictOn(messages), 'intact');
  });

  test('is found to be damaged, whichever of 40 random bits it is', async () => {
    const place = fc
      .nat({ max: messages.length - 1 })
      .chain((at) => fc.tuple(fc.constant(at), fc.nat({ max: 8 * messages[at]!.data.length - 1 })));
    await fc.assert(
      fc.asyncProperty(place, async ([at, bit]) => {
        const data = new Uint8Array(messages[at]!.data);
        data[bit >> 3]! ^= 1 << (bit & 7);
        const verdict = await verdictOn(messages.with(at, { ...messages[at]!, data }));
        assert.notEqual(verdict, 'intact', `bit ${bit} of message ${at + 1}`);
      }),
      { numRuns: 40, endOnFailure: true },
    );
  });
});
