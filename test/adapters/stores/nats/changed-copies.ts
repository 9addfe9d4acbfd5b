/**
 * Copies of a NATS store in which messages differ. JetStream compares each message with a checksum that it stored
 * itself, so a message can be changed only by a program that may write to the streams, which stores all of them again.
 */
import assert from 'node:assert/strict';
import { jetstream, jetstreamManager } from '@nats-io/jetstream';
import { headers, type MsgHdrs, type NatsConnection } from '@nats-io/transport-node';
import { uniqueName } from '../../../servers/nats.ts';

export interface Message {
  readonly subject: string;
  readonly data: Uint8Array;
  readonly headers: ReadonlyMap<string, string>;
}

/** Returns the messages of a store's commits. */
export async function messagesOf(connection: NatsConnection, name: string): Promise<readonly Message[]> {
  const { streams } = await jetstreamManager(connection);
  const { state } = await streams.info(name);
  return Promise.all(
    Array.from({ length: state.messages }, async (_, index) => {
      const stored = await streams.getMessage(name, { seq: index + 1 });
      assert.ok(stored);
      const { subject, data, header } = stored;
      return { subject, data, headers: new Map(header.keys().map((key) => [key, header.last(key)])) };
    }),
  );
}

/**
 * Copies the store with these messages instead of its own ones. Returns the name of the copy, or undefined if the
 * server refuses them.
 */
export async function copyStore(
  connection: NatsConnection,
  name: string,
  messages: readonly Message[],
): Promise<string | undefined> {
  const { streams } = await jetstreamManager(connection);
  const other = uniqueName();
  for (const stream of [name, `${name}_state`]) {
    const { config } = await streams.info(stream);
    const renamed: typeof config = JSON.parse(JSON.stringify(config).replaceAll(name, other));
    await streams.add(renamed);
  }
  const js = jetstream(connection);
  for (const { subject, data, headers: values } of messages) {
    const given: MsgHdrs = headers();
    for (const [key, value] of values) given.set(key, value);
    try {
      const { duplicate } = await js.publish(subject.replace(name, other), data, { headers: given });
      if (duplicate) return undefined;
    } catch {
      return undefined;
    }
  }
  return other;
}
