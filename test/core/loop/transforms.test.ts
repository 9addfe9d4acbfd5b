/** Schemas that change values are applied once, when a value enters, or are refused. */

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { type } from 'arktype';
import {
  type Codec,
  createEventSourcer,
  DefinitionError,
  defineCommand,
  defineDecider,
  defineEvent,
  defineEventHandler,
  defineProjector,
  dispatchCommand,
  isCommandFailure,
  isFault,
  type Message,
  msgpack,
  type StandardSchema,
  withCategory,
} from 'decidable';
import { json } from 'decidable/codecs/json';
import { createMemoryStore } from 'decidable/memory';
import * as v from 'valibot';
import { z } from 'zod';

/**
 * A schema of `{ note }`, the note of the sender, and the note of the decision. Without the latter, the schema is
 * refused.
 */
interface Case {
  readonly schema: StandardSchema;
  readonly given?: unknown;
  readonly note?: unknown;
}

let draws = 0;
/** Returns a different number for each call. */
const drawn = (): number => ++draws;

const zodCase = (note: z.ZodType, given: unknown, expected?: unknown): Case => ({
  schema: z.object({ note }),
  given,
  note: expected,
});
const valibotCase = (note: unknown, given: unknown, expected?: unknown): Case => ({
  schema: v.object({ note: note as v.GenericSchema }) as unknown as StandardSchema,
  given,
  note: expected,
});
const arktypeCase = (schema: unknown, given: unknown, expected?: unknown): Case => ({
  schema: schema as StandardSchema,
  given,
  note: expected,
});

const APPLIED: Readonly<Record<string, Case>> = {
  'zod: trimming': zodCase(z.string().trim(), ' x ', 'x'),
  'zod: a transform that leaves its own result as it is': zodCase(
    z.string().transform((text) => text.toLowerCase()),
    'X',
    'x',
  ),
  'zod: a default': zodCase(z.string().default('none'), undefined, 'none'),
  'zod: a default that a function makes': zodCase(
    z.array(z.int()).default(() => [1]),
    undefined,
    [1],
  ),
  'zod: a default inside an optional field': zodCase(z.bigint().default(5n).optional(), undefined, 5n),
  'zod: a prefault': zodCase(z.string().trim().prefault(' x '), undefined, 'x'),
  'zod: coercion to a number': zodCase(z.coerce.number(), '5', 5),
  'zod: coercion to a bigint': zodCase(z.coerce.bigint(), '5', 5n),
  'zod: coercion to a date': zodCase(z.coerce.date(), '2026-01-31T12:00:00Z', new Date(Date.UTC(2026, 0, 31, 12))),
  'zod: preprocessing': zodCase(
    z.preprocess((value) => (typeof value === 'string' ? BigInt(value) : value), z.bigint()),
    '0',
    0n,
  ),
  'zod: catching': zodCase(z.int().catch(7), 'seven', 7),
  'zod: a readonly list': zodCase(z.array(z.int()).readonly(), [1], [1]),
  'zod: a field that it strips': zodCase(z.object({ a: z.int() }), { a: 1, b: 2 }, { a: 1 }),
  'valibot: trimming': valibotCase(v.pipe(v.string(), v.trim()), ' x ', 'x'),
  'valibot: a default': valibotCase(v.optional(v.bigint(), 5n), undefined, 5n),
  'valibot: a fallback': valibotCase(v.fallback(v.string(), 'none'), 7, 'none'),
  'valibot: a conversion that is accepted back': valibotCase(
    v.pipe(
      v.union([v.string(), v.bigint()]),
      v.transform((value) => BigInt(value)),
    ),
    '12',
    12n,
  ),
  'arktype: trimming': arktypeCase(type({ note: 'string.trim' }), ' x ', 'x'),
  'arktype: a default': arktypeCase(type({ note: "string = 'none'" }), undefined, 'none'),
  'arktype: a bigint': arktypeCase(type({ note: 'bigint' }), 0n, 0n),
};

const REFUSED: Readonly<Record<string, Case>> = {
  'zod: a number that grows': zodCase(
    z.number().transform((cents) => cents * 100),
    1,
  ),
  'zod: a string in brackets': zodCase(
    z.string().transform((text) => `[${text}]`),
    'x',
  ),
  'zod: a string that becomes a number': zodCase(
    z.string().transform((text) => text.length),
    'x',
  ),
  'zod: a pipe from text to number': zodCase(z.string().transform(Number).pipe(z.number()), '5'),
  'zod: a codec from text to date': zodCase(
    z.codec(z.iso.datetime(), z.date(), {
      decode: (text) => new Date(text),
      encode: (date) => date.toISOString(),
    }),
    '2026-01-31T12:00:00Z',
  ),
  'zod: a default that differs each time': zodCase(z.number().default(drawn), undefined),
  'zod: a default that its own schema refuses': zodCase(z.string().min(5).default('x'), undefined),
  'zod: catching with another value each time': zodCase(z.number().catch(drawn), 'x'),
  'zod: a transform that draws': zodCase(
    z.number().transform((value) => value + drawn()),
    1,
  ),
  'zod: a map whose keys grow': zodCase(
    z.record(
      z.string().transform((key) => `${key}!`),
      z.int(),
    ),
    { a: 1 },
  ),
  'valibot: a number that grows': valibotCase(
    v.pipe(
      v.number(),
      v.transform((cents) => cents * 100),
    ),
    1,
  ),
  'valibot: a string that becomes a number': valibotCase(v.pipe(v.string(), v.transform(Number)), '5'),
  'valibot: a default that differs each time': valibotCase(v.optional(v.number(), drawn), undefined),
  'valibot: a fallback that hides what a bigint is in the bytes': valibotCase(v.fallback(v.bigint(), 0n), 5n),
  'arktype: a number that grows': arktypeCase(type({ note: type('number').pipe((cents) => cents * 100) }), 1),
  'arktype: a string that becomes a number': arktypeCase(type({ note: 'string.numeric.parse' }), '5'),
};

const anything = z.object({ note: z.unknown().optional() });

/** An absent field is absent, and not undefined. */
const withNote = (note: unknown): object => (note === undefined ? {} : { note });

interface Seen {
  readonly notes: unknown[];
}

/** The message or state that has the schema of the case. The others accept any value. */
type Place = 'command' | 'event';

function board(place: Place, { schema, given }: Case, codec: Codec, { notes }: Seen) {
  const command = place === 'command' ? schema : anything;
  return defineDecider({
    name: 'board',
    version: '1',
    codec,
    state: z.object({ count: z.int() }),
    commands: { Pin: defineCommand('Pin', command as never) },
    events: { Pinned: place === 'event' ? schema : anything },
    category: 'board',
    streamId: () => '1',
    initialState: { count: 0 },
    evolve: {
      Pinned: ((draft: { count: number }, data: { note: unknown }) => {
        notes.push(data.note);
        draft.count++;
      }) as never,
    },
    decide: {
      Pin: ((_state: unknown, data: { note: unknown }) => {
        if (place === 'command') notes.push(data.note);
        return [{ type: 'Pinned', data: withNote(place === 'command' ? data.note : given) }];
      }) as never,
    },
  });
}

const CODECS: readonly (readonly [string, Codec])[] = [
  ['msgpack', msgpack],
  ['json', json],
];

for (const place of ['command', 'event'] as const) {
  describe(`a schema of ${place === 'event' ? 'an' : 'a'} ${place} that changes values`, () => {
    for (const [words, example] of Object.entries(APPLIED)) {
      for (const [encoding, codec] of CODECS) {
        test(`is applied once, in ${encoding}: ${words}`, async () => {
          const seen: Seen = { notes: [] };
          const module = board(place, example, codec, seen);
          const store = createMemoryStore();
          const sourcer = createEventSourcer({ store, modules: [module] });
          const pin: Message = { type: 'Pin', data: place === 'command' ? withNote(example.given) : {} };
          const { commandId } = await sourcer.dispatch(pin as never);
          // The decision and the fold receive the output.
          assert.deepEqual(seen.notes, place === 'command' ? [example.note, seen.notes[1]] : [example.note]);

          // The record and the stored event are read as the same value each time.
          const recorded = (await store.findDecision(commandId))!;
          const envelopes =
            place === 'command' ? [recorded.decision.command] : (await store.readCommits('board-1'))[0]!.events;
          const messages = place === 'command' ? module.types.command : module.types.event;
          for (const envelope of envelopes) {
            const read = messages.fromEnvelope(envelope) as Message;
            assert.deepEqual((read.data as { note: unknown }).note, example.note);
            assert.deepEqual(messages.toEnvelope(read as never), envelope);
          }

          // A replay folds the same events.
          const folded = seen.notes.at(-1);
          await createEventSourcer({ store, modules: [module] }).state(module, 'board-1');
          assert.deepEqual(seen.notes.at(-1), folded);

          // A command that was received as bytes is recorded as the output of the schema, and is the same command.
          const envelope = {
            type: 'Pin',
            schemaVersion: 1,
            payload: codec.encode(pin.data, { kind: 'command', type: 'Pin', schemaVersion: 1 }),
          };
          const first = await sourcer.handleCommand(envelope, { commandId: 'c' });
          const again = await sourcer.handleCommand(envelope, { commandId: 'c' });
          const typed = await sourcer.dispatch(pin as never, { commandId: 'c' });
          assert.deepEqual([first.duplicate, again.duplicate, typed.duplicate], [false, true, true]);
          const received = (await store.findDecision(first.commandId))!;
          assert.deepEqual(received.decision.command, recorded.decision.command);
        });
      }
    }

    for (const [words, example] of Object.entries(REFUSED)) {
      test(`is refused: ${words}`, async () => {
        const store = createMemoryStore();
        try {
          const sourcer = createEventSourcer({ store, modules: [board(place, example, msgpack, { notes: [] })] });
          await sourcer.dispatch({ type: 'Pin', data: place === 'command' ? withNote(example.given) : {} } as never);
          assert.fail('nothing was thrown');
        } catch (error) {
          if (!(error instanceof DefinitionError)) {
            assert.ok(isCommandFailure(error, 'fault'), String(error));
            assert.equal(error.payload.val.code, 'unstable-schema');
            const details = new Map(error.payload.val.details);
            assert.match(details.get('path') ?? '', /data\.note/);
            assert.notEqual(details.get('first'), details.get('second'));
          }
        }
        assert.deepEqual(await store.readStreams(), []);
      });
    }
  });
}

describe('a schema of a state that changes values', () => {
  const pinned = z.object({ note: z.unknown() });
  const wall = (schema: StandardSchema, initialState: unknown, evolve: (draft: never, data: never) => unknown) =>
    defineDecider({
      name: 'wall',
      version: '1',
      state: schema as StandardSchema<unknown, { note?: unknown }>,
      commands: { Pin: pinned },
      events: { Pinned: pinned },
      category: 'wall',
      streamId: () => '1',
      initialState: initialState as never,
      evolve: { Pinned: evolve as never },
      decide: { Pin: ((_state: unknown, data: unknown) => [{ type: 'Pinned', data }]) as never },
    });

  for (const [words, { schema, given, note }] of Object.entries(APPLIED)) {
    test(`is applied to the initial state and to the state that evolve returns: ${words}`, () => {
      const { decider, types } = wall(schema, withNote(given), () => withNote(given));
      assert.deepEqual(decider.initialState(), { note });
      const state = decider.evolve(decider.initialState(), { type: 'Pinned', data: { note: null } });
      assert.deepEqual(state, { note });
      assert.deepEqual(types.state.fromBytes(types.state.toBytes(state)), { note });
    });
  }

  for (const [words, { schema, given }] of Object.entries(REFUSED)) {
    if (words.includes('fallback')) continue; // In memory, the schema determines which integers are bigints.
    test(`is refused with the initial state: ${words}`, () => {
      assert.throws(() => wall(schema, withNote(given), () => {}), DefinitionError);
    });
  }

  test('is refused with the state that evolve returns, before anything is stored', async () => {
    const growing = z.object({ note: z.number().transform((n) => (n === 0 ? 0 : n + 1)) });
    const store = createMemoryStore();
    const module = wall(growing, { note: 0 }, () => ({ note: 1 }));
    const sourcer = createEventSourcer({ store, modules: [module] });
    await assert.rejects(sourcer.dispatch({ type: 'Pin', data: { note: null } }), (error) => {
      assert.ok(isCommandFailure(error, 'fault'));
      assert.equal(error.payload.val.code, 'unstable-schema');
      return true;
    });
    assert.deepEqual(await store.readStreams(), []);
  });

  test('is refused with the bytes of a state if they do not determine the state', () => {
    const schema = v.object({ note: v.fallback(v.bigint(), 0n) }) as unknown as StandardSchema;
    const { decider, types } = wall(schema, { note: 5n }, () => {});
    assert.throws(() => types.state.toBytes(decider.initialState()), { code: 'unstable-schema' });
  });
});

describe('a default that depends on the clock', () => {
  test('is refused with the first message of another time', async (context) => {
    context.mock.timers.enable({ apis: ['Date'], now: 0 });
    const schema = z.object({ note: z.date().default(() => new Date()) });
    const module = board('command', { schema }, msgpack, { notes: [] });
    const sourcer = createEventSourcer({ store: createMemoryStore(), modules: [module] });
    context.mock.timers.setTime(1);
    await assert.rejects(sourcer.dispatch({ type: 'Pin', data: {} } as never), (error) => {
      assert.ok(isCommandFailure(error, 'fault'));
      assert.equal(error.payload.val.code, 'unstable-schema');
      return true;
    });
  });
});

describe('a schema with a field that an old event lacks', () => {
  test('adds the default each time the event is read', () => {
    const before = board('event', { schema: z.object({}) }, msgpack, { notes: [] });
    const envelope = before.types.event.toEnvelope({ type: 'Pinned', data: {} } as never);
    const schema = z.object({ note: z.string().default('none') });
    const { types } = board('event', { schema }, msgpack, { notes: [] });
    for (const _ of [1, 2])
      assert.deepEqual(types.event.fromEnvelope(envelope), { type: 'Pinned', data: { note: 'none' } });
  });
});

describe('reactions and documents', () => {
  const Pinned = withCategory(defineEvent('Pinned', z.object({ note: z.string().trim() })), 'note');

  test('are created from the outputs of the schemas, and no handler shares them', () => {
    const held: { list: unknown[] }[] = [];
    const Remind = z.object({ list: z.array(z.string().trim()) });
    const reminders = defineEventHandler({
      name: 'reminders',
      version: '1',
      state: z.object({ list: z.array(z.string()) }),
      events: { Pinned },
      commands: { Remind },
      key: () => 'k',
      initialState: { list: [] },
      evolve: {
        Pinned: (draft, data) => {
          draft.list.push(data.note);
        },
      },
      handle: {
        Pinned: (_state, data) => {
          const command = { list: [` ${data.note} `] };
          held.push(command);
          return [dispatchCommand({ type: 'Remind', data: command })];
        },
      },
    });
    const { eventHandler, types } = reminders;
    const event = types.event.fromEnvelope(types.event.toEnvelope({ type: 'Pinned', data: { note: ' x ' } }));
    const state = eventHandler.evolve(eventHandler.initialState(), event);
    const [reaction] = eventHandler.handle(state, event, {} as never);
    for (const command of held) command.list.push('vandal');
    assert.ok(reaction?.tag === 'dispatch');
    assert.deepEqual(types.command.fromEnvelope(reaction.val), { type: 'Remind', data: { list: ['x'] } });
    assert.deepEqual(state, { list: ['x'] });
  });

  test('are refused if they do not match their schemas', () => {
    const board = defineProjector({
      name: 'board',
      version: '1',
      state: z.object({ count: z.int() }),
      events: { Pinned },
      key: () => 'k',
      initialState: { count: 0 },
      project: { Pinned: (() => ({ count: 'one' })) as never },
    });
    const { projector } = board;
    const event = { type: 'Pinned', data: { note: 'x' } } as const;
    assert.throws(
      () => projector.project(projector.initialState(), event, {} as never),
      (error) => {
        assert.ok(isFault(error));
        assert.equal(error.code, 'invalid-state');
        return true;
      },
    );
  });
});
