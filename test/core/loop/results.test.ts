/** The results of the event sourcer, and their forms in a spread, `structuredClone` and JSON. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import {
  type CommandFailure,
  commandUuid,
  createEventSourcer,
  DefinitionError,
  defineDecider,
  defineEvent,
  eventId,
  FaultError,
  reject,
  toJson,
} from 'decidable';
import { createMemoryStore } from 'decidable/memory';
import { z } from 'zod';
import { failsWith } from './failing.ts';
import { tillEnvelope, tillModule } from './till.ts';

const data = z.object({ id: z.string(), amount: z.bigint(), at: z.date(), proof: z.instanceof(Uint8Array) });
const ledger = defineDecider({
  name: 'ledger',
  version: '1.0.0',
  state: z.object({ entries: z.array(data) }),
  commands: { Book: data, Refuse: z.object({}), Ignore: z.object({}) },
  events: { Booked: data },
  category: 'ledger',
  streamId: () => '1',
  initialState: { entries: [] },
  evolve: {
    Booked: (draft, entry) => {
      draft.entries.push(entry);
    },
  },
  decide: {
    Book: (_state, entry) => [{ type: 'Booked', data: entry }],
    Refuse: () => reject('no'),
    Ignore: () => [],
  },
});

const entry = { id: 'a', amount: 5n, at: new Date('2026-01-01'), proof: Uint8Array.of(1, 2) };
const book = ledger.commands.Book(entry);
const CLOCK = 1_767_225_600_000;

function start() {
  const store = createMemoryStore({ now: () => CLOCK });
  return { store, sourcer: createEventSourcer({ store, modules: [ledger] }) };
}

describe('the decided events of a dispatched command', () => {
  test('are values of the module', async () => {
    const { sourcer } = start();
    const { decided, events } = await sourcer.dispatch(book);
    assert.deepEqual(decided, [{ type: 'Booked', data: entry }]);
    assert.equal(events.length, 1);
  });

  test('are empty for a rejection and for a decision without events', async () => {
    const { sourcer } = start();
    assert.deepEqual((await sourcer.dispatch({ type: 'Refuse', data: {} })).decided, []);
    assert.deepEqual((await sourcer.dispatch({ type: 'Ignore', data: {} })).decided, []);
  });

  test('are those of the first decision if the command is a duplicate', async () => {
    const { sourcer } = start();
    await sourcer.dispatch(book, { commandId: 'x' });
    const again = await sourcer.dispatch(book, { commandId: 'x' });
    assert.deepEqual([again.duplicate, again.decided], [true, [{ type: 'Booked', data: entry }]]);
  });

  test('are copies, so that a change does not affect the state and the store', async () => {
    const { sourcer } = start();
    const { decided } = await sourcer.dispatch(book);
    decided[0]!.data.at.setTime(0);
    decided[0]!.data.proof.fill(9);
    assert.deepEqual((await sourcer.state(ledger, 'ledger-1')).state.entries, [entry]);
  });

  test('are kept by a spread and by structuredClone', async () => {
    const { sourcer } = start();
    const result = await sourcer.dispatch(book);
    assert.deepEqual({ ...result }.decided, [{ type: 'Booked', data: entry }]);
    assert.deepEqual(structuredClone(result).decided, [{ type: 'Booked', data: entry }]);
  });

  test('are a fault if the module can no longer read them', async () => {
    const { store, sourcer } = start();
    await sourcer.dispatch(book, { commandId: 'x' });
    const Booked = defineEvent('Booked', z.object({ total: z.bigint() }));
    const later = defineDecider({
      name: 'ledger',
      version: '2.0.0',
      state: z.object({}),
      commands: { Book: data },
      events: { Booked },
      category: 'ledger',
      streamId: () => '1',
      initialState: {},
      evolve: { Booked: () => {} },
      decide: { Book: () => [] },
    });
    const again = await createEventSourcer({ store, modules: [later] }).dispatch(book, { commandId: 'x' });
    assert.equal(again.duplicate, true);
    assert.throws(() => again.decided, { code: 'fault' });
  });

  test('are missing for a command that was sent as bytes, because their handles would have to be released', async () => {
    const sourcer = createEventSourcer({ store: createMemoryStore(), modules: [tillModule()] });
    const result = await sourcer.handleCommand(tillEnvelope({ type: 'PayIn', till: 'a', amount: 1 }));
    assert.equal('decided' in result, false);
  });
});

describe('the context of an event', () => {
  test('keeps its id in a spread, in structuredClone and in JSON', async () => {
    const { sourcer, store } = start();
    const { events, commandId } = await sourcer.dispatch(book);
    const [read] = await store.readStream('ledger-1', { direction: 'forward' });
    const id = eventId(commandId, 0);
    for (const { context } of [events[0]!, read!]) {
      assert.equal({ ...context }.id, id);
      assert.equal(Object.assign({}, context).id, id);
      assert.equal(structuredClone(context).id, id);
      assert.deepEqual(JSON.parse(JSON.stringify(context)), {
        id,
        stream: 'ledger-1',
        revision: '0',
        position: '1',
        recordedAt: String(CLOCK),
        correlationId: commandId,
        causationId: commandId,
        index: 0,
      });
    }
  });
});

describe('toJSON', () => {
  test('writes a result with bigints as decimal texts and bytes in base64', async () => {
    const { sourcer } = start();
    const result = await sourcer.dispatch(book, { commandId: 'order-1' });
    const commandId = commandUuid('order-1');
    const json = JSON.parse(JSON.stringify(result));
    assert.deepEqual(
      { ...json, events: json.events.length },
      {
        commandId,
        stream: 'ledger-1',
        module: 'ledger',
        outcome: { tag: 'accepted' },
        events: 1,
        revision: '0',
        position: '1',
        duplicate: false,
        attempts: 1,
        decided: [{ type: 'Booked', data: { id: 'a', amount: '5', at: '2026-01-01T00:00:00.000Z', proof: 'AQI=' } }],
      },
    );
    const { payload } = json.events[0].event;
    assert.deepEqual(Uint8Array.from(Buffer.from(payload, 'base64')), Uint8Array.from(result.events[0]!.event.payload));
  });

  test('writes a state with its stream and its revision', async () => {
    const { sourcer } = start();
    await sourcer.dispatch(book);
    assert.deepEqual(JSON.parse(JSON.stringify(await sourcer.state(ledger, 'ledger-1'))), {
      stream: 'ledger-1',
      module: 'ledger',
      state: { entries: [{ id: 'a', amount: '5', at: '2026-01-01T00:00:00.000Z', proof: 'AQI=' }] },
      revision: '0',
    });
    assert.equal(JSON.parse(JSON.stringify(await sourcer.readState('ledger-1'))).revision, '0');
  });

  test('writes a failure with its code, its message and its payload', async () => {
    const { sourcer } = start();
    await sourcer.dispatch(book);
    const error = await failsWith(sourcer.dispatch(book, { precondition: { tag: 'no-stream' } }), 'conflict');
    assert.deepEqual(JSON.parse(JSON.stringify(error)), {
      name: 'CommandFailure',
      message: error.message,
      code: 'conflict',
      payload: {
        tag: 'conflict',
        val: { stream: 'ledger-1', precondition: { tag: 'no-stream' }, actual: '0' },
      },
    });
  });

  test('writes a failure with its cause and without its stack', () => {
    const cause = new TypeError('a bug');
    const fault = new FaultError({ code: 'odd', message: 'odd', details: [] }, { cause });
    assert.deepEqual(JSON.parse(JSON.stringify(fault)), {
      name: 'FaultError',
      message: 'odd',
      code: 'odd',
      payload: { code: 'odd', message: 'odd', details: [] },
      cause: { name: 'TypeError', message: 'a bug' },
    });
    assert.equal(JSON.parse(JSON.stringify(new DefinitionError('place', 'is wrong'))).payload.place, 'place');
  });

  test('writes a duplicate of a store with the record of its first decision', async () => {
    const { store, sourcer } = start();
    const { commandId } = await sourcer.dispatch(book);
    const { decision } = (await store.findDecision(commandId))!;
    const error: CommandFailure = await store.append('ledger-1', [], { tag: 'any' }, decision).then(
      () => assert.fail('appended'),
      (reason) => reason,
    );
    const { payload } = JSON.parse(JSON.stringify(error));
    assert.deepEqual([payload.tag, payload.val.decision.commandId], ['duplicate', commandId]);
    assert.match(payload.val.hash, /^[A-Za-z0-9+/]{43}=$/);
  });

  test('writes every value', () => {
    const cycle: unknown[] = [];
    cycle.push(cycle);
    const cases: readonly (readonly [unknown, unknown])[] = [
      [5n, '5'],
      [-(2n ** 80n), '-1208925819614629174706176'],
      [undefined, null],
      [
        [undefined, () => 1, Symbol('s')],
        [null, null, null],
      ],
      [{ a: undefined, b: () => 1, c: null }, { c: null }],
      [new Map([[1n, new Set([2n])]]), [['1', ['2']]]],
      [Number.NaN, null],
      [new Date(Number.NaN), null],
      [new Uint8Array(0), ''],
    ];
    for (const [value, json] of cases) assert.deepEqual(JSON.parse(JSON.stringify(toJson(value))), json);
    assert.match(JSON.stringify(toJson(cycle)), /…/);
  });
});
