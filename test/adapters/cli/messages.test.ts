/** Payloads in readable form. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { defineDecider, defineSystem } from 'decidable';
import { createMemoryStore } from 'decidable/memory';
import { z } from 'zod';
import { Messages } from '../../../src/adapters/cli/messages.ts';
import { decidable, newFile } from './program.ts';

/** A decider of a category whose only event is `Cancelled`. */
function cancelling(category: string) {
  return defineDecider({
    name: `${category}s`,
    version: '1',
    category,
    state: z.object({}),
    commands: { [`Cancel-${category}`]: z.object({ id: z.string() }) },
    events: { Cancelled: z.object({ id: z.string() }) },
    streamId: ({ data }) => data.id,
    initialState: {},
    evolve: { Cancelled: () => undefined },
    decide: { [`Cancel-${category}`]: (_state, data) => [{ type: 'Cancelled', data }] },
  });
}

describe('an event of a type that two categories have', () => {
  test('is decoded by the module of its category', async () => {
    const deciders = [cancelling('order'), cancelling('subscription')];
    const system = defineSystem({ name: 'shop', deciders });
    await using store = createMemoryStore();
    await using running = await system.start({ store });
    for (const category of ['order', 'subscription']) {
      await running.dispatch({ type: `Cancel-${category}`, data: { id: '1' } });
    }
    const messages = new Messages(system);
    const events = await store.readAll({ direction: 'forward', categories: [], eventTypes: [], events: [] });
    assert.deepEqual(
      events.map((event) => messages.event(event).decodedBy),
      ['orders', 'subscriptions'],
    );
  });
});

describe('a payload that no module can decode', () => {
  test('is returned as bytes', () => {
    const event = {
      context: {
        id: '',
        stream: 'x-1',
        revision: 0n,
        position: 1n,
        recordedAt: 0n,
        correlationId: '',
        causationId: '',
      },
      event: { type: 'Drawn', schemaVersion: 1, payload: Uint8Array.of(1, 2) },
      contentType: 'image/png',
    };
    assert.deepEqual(new Messages(undefined).event(event), { payload: Uint8Array.of(1, 2), decodedBy: 'none' });
  });
});

describe('a system whose decider is a component', () => {
  const file = newFile();
  const bank = ['--store', file, '--config', 'component.config.ts', '--json'];

  test('accepts a command as JSON', async () => {
    const { status, stdout, stderr } = await decidable([
      'dispatch',
      'OpenAccount',
      '{"accountId":"7","owner":"Ada"}',
      ...bank,
    ]);
    assert.equal(status, 0, stderr);
    const [event] = JSON.parse(stdout).events;
    assert.deepEqual([event.data, event.decodedBy], [{ accountId: '7', owner: 'Ada' }, 'content-type']);
  });

  test('shows its state', async () => {
    const { stdout } = await decidable(['state', 'account-7', ...bank]);
    const { state, decodedBy } = JSON.parse(stdout);
    assert.deepEqual([state.owner, decodedBy], ['Ada', 'content-type']);
  });
});
