/** Tests that invalid arguments are refused, with errors that name them. */
import assert from 'node:assert/strict';
import type { Decision, Envelope, Precondition } from '../../../core/messages.ts';
import {
  ANY,
  all,
  at,
  type Check,
  decision,
  envelope,
  failed,
  NO_STREAM,
  refused,
  rejected,
  some,
} from './fixtures.ts';

const NOT_NAMES: readonly string[] = [
  '',
  'x'.repeat(256),
  'ü'.repeat(128),
  '\0',
  'account-\0',
  '\ud800',
  'a\udc00-1',
  '\udc00\ud800',
];

export function badArguments(check: Check): void {
  check('an invalid stream name is refused by every function', async (store) => {
    const key = { moduleName: 'm', moduleVersion: '1', stream: '' };
    for (const name of NOT_NAMES) {
      assert.equal((await refused(store.append(name, [], ANY, decision()), 'invalid-argument')).val.argument, 'stream');
      const read = store.readStream(name, { direction: 'forward' });
      assert.equal((await failed(read, 'invalid-argument')).val.argument, 'stream');
      const load = store.loadSnapshot({ ...key, stream: name });
      assert.equal((await failed(load, 'invalid-argument')).val.argument, 'key.stream');
    }
  });

  check('the error of an invalid append names the argument, and nothing is stored', async (store) => {
    const cases: readonly (readonly [string, readonly Envelope[], Precondition, Partial<Decision>])[] = [
      ['events', some(1_001), ANY, {}],
      ['events[1].type', [envelope('Done'), envelope('')], ANY, {}],
      ['events[0].type', [envelope('\ud800')], ANY, {}],
      ['events[0].schemaVersion', [envelope('Done', undefined, 0)], ANY, {}],
      ['events[0].schemaVersion', [envelope('Done', undefined, 1.5)], ANY, {}],
      ['events[0].payload', [{ ...envelope('Done'), payload: [1] as never }], ANY, {}],
      ['precondition', [], at(-1n), {}],
      ['precondition', [], { tag: 'at-revision', val: 3 as never }, {}],
      ['precondition', [], { tag: 'sometimes' as never }, {}],
      ['decision.commandId', [], ANY, { commandId: 'command 1' }],
      ['decision.commandId', [], ANY, { commandId: '018F4D1E-7A2B-7C3D-8E4F-5A6B7C8D9E0F' }],
      ['decision.command.type', [], ANY, { command: envelope('') }],
      ['decision.correlationId', [], ANY, { correlationId: '\udfff' }],
      ['decision.actor', [], ANY, { actor: 5 as never }],
      ['decision.seenRevision', [], ANY, { seenRevision: -1n }],
      ['decision.outcome', some(1), ANY, { outcome: rejected().outcome }],
      ['decision.outcome', [], ANY, { outcome: { tag: 'perhaps' as never } }],
      ['decision.module.digest', [], ANY, { module: { name: 'm', version: '1', digest: 'abc' as never } }],
    ];
    for (const [argument, events, precondition, changes] of cases) {
      const given = decision(changes);
      const { val } = await refused(store.append('s-1', events, precondition, given), 'invalid-argument');
      assert.equal(val.argument, argument);
      assert.ok(val.message.length > 0);
    }
    assert.equal((await store.append('s-1', some(1_000), NO_STREAM, decision())).revision, 999n);
  });

  check('the error of an invalid read names the argument', async (store) => {
    for (const limit of [0, -1, 1.5, Number.NaN, 2 ** 32]) {
      const { val } = await failed(store.readAll(all({ limit })), 'invalid-argument');
      assert.equal(val.argument, 'options.limit');
    }
    const { val } = await failed(store.readAll(all({ direction: 'up' as never })), 'invalid-argument');
    assert.equal(val.argument, 'options.direction');
    for (const events of ['Done', [{ category: 'a' }], [{ category: 'a', type: '\ud800' }]]) {
      const named = await failed(store.readAll(all({ events: events as never })), 'invalid-argument');
      assert.equal(named.val.argument, 'options.events');
    }
    const position = await failed(store.readAll(all({ afterPosition: 1 as never })), 'invalid-argument');
    assert.equal(position.val.argument, 'options.afterPosition');
    const id = await failed(store.findDecision('x'), 'invalid-argument');
    assert.equal(id.val.argument, 'commandId');
  });
}
