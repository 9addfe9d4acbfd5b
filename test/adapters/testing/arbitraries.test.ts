import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { isFault, isRejection, type StandardSchema } from 'decidable';
import { testDecider } from 'decidable/testing';
import { arbitraries, arbitraryOf, drawnBy } from 'decidable/testing/arbitraries';
import fc from 'fast-check';
import { z } from 'zod';
import { occupancy, room } from './hotel.ts';

describe('arbitraries of a module', () => {
  const { command, event, state } = arbitraries(fc, room);

  test('generate commands and events that the module reads and writes', () => {
    const { types } = room;
    fc.assert(
      fc.property(command, event, (someCommand, someEvent) => {
        assert.deepEqual(types.command.fromEnvelope(types.command.toEnvelope(someCommand)), someCommand);
        assert.deepEqual(types.event.fromEnvelope(types.event.toEnvelope(someEvent)), someEvent);
      }),
    );
  });

  test('generate histories that are decided with events or a rejection, and never with a fault', () => {
    fc.assert(
      fc.property(fc.array(event, { maxLength: 5 }), command, (history, next) => {
        const folded = history.reduce(room.decider.evolve, room.decider.initialState());
        try {
          room.decider.decide(folded, next);
        } catch (error) {
          assert.ok(isRejection(error) && !isFault(error));
        }
      }),
    );
  });

  test('generate states that can be stored and read again', () => {
    const { types } = room;
    fc.assert(fc.property(state, (any) => assert.deepEqual(types.state.fromBytes(types.state.toBytes(any)), any)));
  });

  test('can be used to check that a decider is deterministic', () => {
    const { given } = testDecider(room);
    fc.assert(
      fc.property(command, (any) => void given().when(any)),
      { numRuns: 20 },
    );
  });

  test('exist for read models too', () => {
    const drawn = fc.sample(arbitraries(fc, occupancy).event, 50).map(({ type }) => type);
    assert.deepEqual([...new Set(drawn)].sort(), ['RoomBooked', 'RoomLeft']);
  });
});

describe('an arbitrary of a schema', () => {
  interface Tree {
    readonly name: string;
    readonly branches: readonly Tree[];
  }
  const Tree: z.ZodType<Tree> = z.lazy(() => z.object({ name: z.string(), branches: z.array(Tree) }));
  const Chain = z.object({
    n: z.int(),
    get next() {
      return Chain.optional();
    },
  });
  const schemas: Record<string, StandardSchema> = {
    'numbers within bounds': z.number().min(-1).lt(3),
    'whole numbers between excluded bounds': z.int().gt(3).lt(6),
    multiples: z.number().multipleOf(5).min(11).max(29),
    '32-bit integers': z.int32(),
    'big integers': z.bigint().min(2n ** 60n),
    texts: z.string().min(2).max(4),
    patterns: z.string().regex(/^[a-c]{2}\d$/),
    'identifiers, addresses and times': z.object({ id: z.uuid(), mail: z.email(), at: z.iso.datetime() }),
    dates: z.date().min(new Date(0)).max(new Date(1e12)),
    choices: z.union([z.enum(['a', 'b']), z.literal([1, true]), z.null()]),
    'tagged choices': z.discriminatedUnion('kind', [
      z.object({ kind: z.literal('circle'), radius: z.number().positive() }),
      z.object({ kind: z.literal('square'), side: z.number().positive() }),
    ]),
    lists: z
      .array(z.tuple([z.boolean(), z.string()]))
      .min(1)
      .max(3),
    'sets, maps and records': z.object({
      set: z.set(z.int()).max(3),
      map: z.map(z.string(), z.bigint()),
      record: z.record(z.string(), z.boolean()),
    }),
    'optional, nullable and default fields': z.object({
      maybe: z.string().optional(),
      nothing: z.int().nullable(),
      usual: z.int().default(3),
    }),
    refinements: z
      .int()
      .min(0)
      .max(9)
      .refine((digit) => digit % 2 === 0),
    intersections: z.intersection(z.object({ a: z.int() }), z.object({ b: z.string() })),
    trees: Tree,
    chains: Chain,
  };
  for (const [words, schema] of Object.entries(schemas)) {
    test(`draws ${words} that the schema accepts`, () => {
      const drawn = fc.sample(arbitraryOf(fc, schema), 60);
      for (const value of drawn) assert.deepEqual(schema['~standard'].validate(value), { value });
      assert.ok(new Set(drawn.map((value) => JSON.stringify(value, bigints))).size > 1, 'always the same value');
    });
  }

  const foreign: StandardSchema<unknown, string> = {
    '~standard': {
      version: 1,
      vendor: 'other',
      validate: (value) => (value === 'rare' ? { value } : { issues: [{ message: 'is not rare' }] }),
    },
  };
  const custom = z.custom<string>((value) => value === 'rare');
  const rare = fc.constant('rare');

  test('names the path in a schema from which no value can be drawn', () => {
    assert.throws(() => arbitraryOf(fc, z.object({ file: custom })), { payload: { place: 'the schema.file' } });
    assert.throws(() => arbitraryOf(fc, foreign), { payload: { place: 'the schema' } });
  });

  test('draws a schema from the arbitrary of the caller, at any depth', () => {
    const own = [drawnBy(custom, rare), drawnBy(foreign, rare)];
    const deep = z.object({ list: z.array(custom.optional()).min(1), key: z.record(z.string(), custom) });
    for (const value of fc.sample(arbitraryOf(fc, deep, { own }), 20)) assert.ok(deep.safeParse(value).success);
    assert.deepEqual(fc.sample(arbitraryOf(fc, foreign, { own }), 3), ['rare', 'rare', 'rare']);
  });

  test('draws the messages of a module from the arbitraries of the caller', () => {
    const pick = z.object({ word: custom });
    const module = { ...room, name: 'words', events: { Picked: { schema: pick }, Lost: { schema: foreign } } };
    const { event } = arbitraries(fc, module, { own: [drawnBy(custom, rare), drawnBy(foreign, rare)] });
    const drawn = fc.sample(event, 40).map((message) => JSON.stringify(message));
    assert.deepEqual(
      new Set(drawn),
      new Set(['{"type":"Picked","data":{"word":"rare"}}', '{"type":"Lost","data":"rare"}']),
    );
  });

  test('refuses an unknown option', () => {
    assert.throws(() => arbitraryOf(fc, custom, { owns: [] } as object), { payload: { place: 'arbitraryOf.owns' } });
    assert.throws(() => arbitraries(fc, room, { owns: [] } as object), { payload: { place: 'arbitraries.owns' } });
  });
});

function bigints(_key: string, value: unknown): unknown {
  return typeof value === 'bigint' ? `${value}n` : value;
}
