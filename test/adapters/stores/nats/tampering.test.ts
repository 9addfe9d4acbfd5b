/**
 * A NATS store whose messages were changed. JetStream compares each message with a checksum that it stored itself, so
 * these changes are made by a program that may write to the streams. It copies all messages, and one of them differs.
 */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { type JetStreamManager, jetstreamManager } from '@nats-io/jetstream';
import { connect, type NatsConnection } from '@nats-io/transport-node';
import { createNatsStore } from 'decidable/nats';
import { verifyChain } from 'decidable/storage';
import fc from 'fast-check';
import { sharedNats, skipWithoutNats, uniqueName } from '../../../servers/nats.ts';
import { verdictOn } from '../tampering/examine.ts';
import { ask, storyClock, tellStory } from '../tampering/story.ts';
import { copyStore, type Message, messagesOf } from './changed-copies.ts';

/** The number of changed bytes. Each one is tried on a separate copy of the store. */
const FLIPS = 30;
/** The number of messages whose headers are changed. */
const CHANGED = 4;

describe('a NATS store that was changed', { skip: skipWithoutNats }, () => {
  const name = uniqueName();
  let server: Awaited<ReturnType<typeof sharedNats>>;
  let connection: NatsConnection;
  let manager: JetStreamManager;
  let messages: readonly Message[];

  before(async () => {
    server = await sharedNats();
    connection = await connect({ servers: server.url });
    manager = await jetstreamManager(connection);
    await using store = await createNatsStore({ url: server.url, name, storage: 'memory', now: storyClock() });
    await tellStory(store);
    messages = await messagesOf(connection, name);
  });
  after(async () => {
    await connection?.close();
    await server?.[Symbol.asyncDispose]();
  });

  const copy = (changed: readonly Message[]): Promise<string | undefined> => copyStore(connection, name, changed);

  /** Checks that a copy is not intact, and that every read returns a value or a typed failure. */
  async function assertDamaged(other: string, what: string): Promise<void> {
    await using store = await createNatsStore({ url: server.url, name: other, timeout: 20_000 });
    const verdict = await verdictOn(store);
    assert.notEqual(verdict, 'intact', what);
    assert.doesNotMatch(verdict, /^RAW/, what);
    const ids = messages.flatMap(({ headers: values }) => values.get('Nats-Msg-Id') ?? []);
    for (const [question, answer] of await ask(store, ids)) assert.doesNotMatch(answer, /^RAW/, `${what}: ${question}`);
    for (const stream of [other, `${other}_state`]) await manager.streams.delete(stream);
  }

  test('is intact before the change', async () => {
    const other = await copy(messages);
    assert.ok(other);
    await using store = await createNatsStore({ url: server.url, name: other });
    assert.deepEqual(await verifyChain(store), { intact: true, streams: 4, commits: messages.length });
  });

  test('is not intact after one bit of a payload was flipped', async () => {
    const place = fc
      .nat({ max: messages.length - 1 })
      .chain((at) => fc.tuple(fc.constant(at), fc.nat({ max: messages[at]!.data.length - 1 })));
    await fc.assert(
      fc.asyncProperty(place, fc.nat({ max: 7 }), async ([at, byte], bit) => {
        const data = new Uint8Array(messages[at]!.data);
        data[byte]! ^= 1 << bit;
        const other = await copy(messages.with(at, { ...messages[at]!, data }));
        assert.ok(other);
        await assertDamaged(other, `bit ${bit} of byte ${byte} of message ${at + 1}`);
      }),
      { numRuns: FLIPS, endOnFailure: true },
    );
  });

  test('is not intact after a header was changed or removed, or a message moved to another stream', async () => {
    let accepted = 0;
    for (const [at, message] of messages.slice(0, CHANGED).entries()) {
      const changes: Message[] = [{ ...message, subject: `${name}.e.account.3` }];
      for (const [key, value] of message.headers) {
        const others = new Map(message.headers);
        others.delete(key);
        changes.push({ ...message, headers: others });
        const character = value.at(-1) === '1' ? '2' : '1';
        changes.push({ ...message, headers: new Map(message.headers).set(key, value.slice(0, -1) + character) });
      }
      for (const [index, change] of changes.entries()) {
        const other = await copy(messages.with(at, change));
        if (other === undefined) continue;
        accepted++;
        await assertDamaged(other, `change ${index} of message ${at + 1}`);
      }
    }
    assert.ok(accepted > CHANGED);
  });

  test('is not intact after a message was deleted', async () => {
    for (const sequence of [1, 5, messages.length - 1]) {
      const other = await copy(messages);
      assert.ok(other);
      await manager.streams.deleteMessage(other, sequence);
      await assertDamaged(other, `message ${sequence}`);
    }
  });
});
