/** Definitions of deciders: their descriptors, and the definitions that are refused. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { defineCommand, defineDecider, defineEvent, type StandardSchema, type Upcasters } from 'decidable';
import { z } from 'zod';
import { borrow, member } from './library.ts';

const { routing } = member;

describe('a descriptor', () => {
  test('describes the module to a host', () => {
    assert.deepEqual(routing.describe(), {
      name: 'library.member',
      version: '2.1.0',
      contentType: 'application/vnd.msgpack',
      digest: undefined,
      category: 'member',
      foreignEvents: 'fault',
      commands: [
        { type: 'BorrowBook', schemaVersion: 1, precondition: 'stream-unchanged', snapshot: { tag: 'never' } },
        { type: 'RenewLoan', schemaVersion: 1, precondition: 'stream-exists', snapshot: { tag: 'every', val: 50 } },
        { type: 'SettleFees', schemaVersion: 1, precondition: 'stream-unchanged', snapshot: { tag: 'never' } },
      ],
      events: ['BookBorrowed', 'FeeCharged', 'FeePaid', 'AccountCleared'].map((type) => ({ type, schemaVersion: 1 })),
    });
    assert.equal(routing.streamId(borrow), 'm1');
  });
});

describe('an invalid definition', () => {
  const good = {
    name: 'shelf',
    version: '1',
    state: z.object({ n: z.number() }),
    commands: { Put: z.object({}) },
    events: { Was: z.object({}) },
    category: 'shelf',
    streamId: () => '',
    initialState: { n: 0 },
    evolve: { Was: () => {} },
    decide: { Put: () => [] },
  };
  const Moved = defineEvent('Moved', z.object({}));
  const eventually: StandardSchema = {
    '~standard': { version: 1, vendor: 'slow', validate: async (value) => ({ value }) },
  };
  const define = defineDecider as unknown as (definition: object) => unknown;
  const cases: [string, object, string][] = [
    ['has no name', { name: '' }, 'defineDecider.name'],
    ['has a name without UTF-8', { name: '\ud800' }, 'defineDecider.name'],
    ['has no version', { version: undefined }, 'shelf.version'],
    ['has an invalid codec', { codec: 'json' }, 'shelf.codec'],
    ['lacks a case of evolve', { evolve: {} }, 'shelf.evolve.Was'],
    ['lacks a case of decide', { decide: {} }, 'shelf.decide.Put'],
    ['evolves an unknown event', { evolve: { Was: () => {}, Is: () => {} } }, 'shelf.evolve.Is'],
    ['decides by a value that is not a function', { decide: { Put: 1 } }, 'shelf.decide.Put'],
    ['has a definition under another name', { events: { Was: Moved } }, 'shelf.events.Was'],
    ['has an event among the commands', { commands: { Put: Moved } }, 'shelf.commands.Put'],
    ['has no schema', { events: { Was: { n: 1 } } }, 'event Was'],
    ['has an asynchronous schema', { state: eventually }, 'shelf.state'],
    ['starts in a state outside its schema', { initialState: { n: 'x' } }, 'shelf.initialState'],
    ['cannot name a stream', { streamId: 'x' }, 'shelf.streamId'],
    ['has an unknown policy', { foreignEvents: 'ignore' }, 'shelf.foreignEvents'],
    ['has an unknown option', { initalState: { n: 0 } }, 'shelf.initalState'],
  ];
  for (const [words, change, place] of cases) {
    test(`is refused if it ${words}`, () => {
      assert.throws(() => define({ ...good, ...change }), { code: 'invalid-definition', payload: { place } });
    });
  }

  test('is refused if it is not an object', () => {
    for (const definition of [undefined, null, 'shelf']) {
      assert.throws(() => define(definition as never), { payload: { place: 'defineDecider' } });
    }
  });

  test('does not include schemas that are functions with a `kind` property', () => {
    const judge: StandardSchema = { '~standard': { version: 1, vendor: 'ark', validate: (value) => ({ value }) } };
    const schema = Object.assign(() => {}, judge, { kind: 'intersection' });
    const { types } = defineDecider({ ...good, events: { Was: schema } });
    assert.equal(types.event.toEnvelope({ type: 'Was', data: {} }).type, 'Was');
  });

  test('is refused if a message cannot be read in an older version', () => {
    const chain =
      (upcast: Upcasters, schemaVersion = 3) =>
      () =>
        defineEvent('E', z.object({}), { schemaVersion, upcast });
    const refused = (place: string) => ({ code: 'invalid-definition', payload: { place } });
    assert.throws(chain({ 1: () => ({}) }), refused('event E.upcast[2]'));
    assert.throws(chain({ 1: () => ({}), 2: () => ({}), 3: () => ({}) }), refused('event E.upcast[3]'));
    assert.throws(chain({ 1: () => ({}), 1.5: () => ({}), 2: () => ({}) }), refused('event E.upcast[1.5]'));
    assert.throws(chain({}, 0), refused('event E.schemaVersion'));
  });

  test('is refused if the options of a message are invalid or unknown', () => {
    const schema = z.object({});
    const command = (options: object) => () => defineCommand('C', schema, options);
    const refused = (place: string) => ({ code: 'invalid-definition', payload: { place } });
    assert.throws(command({ snapshot: { every: 0 } }), refused('command C.snapshot.every'));
    assert.throws(command({ snapshot: { every: 1, events: 1 } }), refused('command C.snapshot.events'));
    assert.throws(command({ snapshot: 'always' }), refused('command C.snapshot'));
    assert.throws(command({ precondition: 'x' }), refused('command C.precondition'));
    assert.throws(command({ snapshots: 'never' }), refused('command C.snapshots'));
    assert.throws(() => defineEvent('E', schema, { precondition: 'any' } as never), refused('event E.precondition'));
    assert.throws(() => defineEvent('E', schema, 2 as never), refused('event E'));
    assert.throws(() => defineCommand('', schema), refused('command.type'));
  });
});
