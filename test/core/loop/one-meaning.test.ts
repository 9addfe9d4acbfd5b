/**
 * A value has one meaning. For random types in three schema libraries, the values of a decision, of a record, of a
 * cached state, of a snapshot and of a replay are equal, even if callers and handlers change their own objects.
 */

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { inspect } from 'node:util';
import {
  type Authorizer,
  type Codec,
  createEventSourcer,
  defineCommand,
  defineDecider,
  type Message,
  msgpack,
} from 'decidable';
import { json } from 'decidable/codecs/json';
import { createMemoryStore } from 'decidable/memory';
import fc from 'fast-check';
import { anyKind, type Kind, LIBRARIES, type Library, schemaOf, valuesOf, vandalize } from '../define/kinds.ts';

const STREAM = 'shelf-1';

interface Shelf {
  count: number;
  last: unknown;
  all: unknown[];
}

/** The objects that a test can change afterwards, and the values that the handlers received. */
interface Seen {
  readonly held: unknown[];
  readonly decidedOn: { readonly state: string; readonly data: string }[];
}

interface Setup {
  readonly kind: Kind;
  readonly library: Library;
  readonly encoding: 'msgpack' | 'json';
  readonly every: number | undefined;
  readonly inSteps: boolean;
  readonly initial: unknown;
}

const CODECS: Readonly<Record<Setup['encoding'], Codec>> = { msgpack, json };

/** A shelf. Each command puts a thing on it, next to the thing that was there before. */
function shelfOf({ kind, library, encoding, every, inSteps, initial }: Setup, { held, decidedOn }: Seen) {
  const fields = (...names: (readonly [string, Kind])[]): Kind => ({
    is: 'record',
    fields: names.map(([name, field]) => [name, field, false]),
  });
  const thing = schemaOf(fields(['thing', kind]), library);
  const state = schemaOf(
    fields(['count', { is: 'integer' }], ['last', kind], ['all', { is: 'list', of: kind }]),
    library,
  );
  const put = (data: unknown): Message => {
    const event = { type: 'WasPut', data };
    held.push(event);
    return event;
  };
  const listOf = (...events: Message[]): Message[] => {
    held.push(events);
    return events;
  };
  const initialState = { count: 0, last: initial, all: [] };
  held.push(initialState);
  return defineDecider({
    name: 'shelf',
    version: '1',
    codec: CODECS[encoding],
    state,
    commands: { Put: defineCommand('Put', thing as never, { snapshot: every === undefined ? 'never' : { every } }) },
    events: { WasPut: thing },
    category: 'shelf',
    streamId: (command) => {
      held.push(command);
      return '1';
    },
    initialState: initialState as never,
    evolve: {
      WasPut: ((draft: Shelf, data: { thing: unknown }) => {
        held.push(data);
        draft.count++;
        draft.last = data.thing;
        draft.all.push(data.thing);
        if (draft.all.length > 3) draft.all.shift();
      }) as never,
    },
    decide: {
      Put: ((shelf: Shelf, data: { thing: unknown }) => {
        decidedOn.push({ state: shown(shelf), data: shown(data) });
        held.push(shelf, data);
        if (!inSteps) return listOf(put({ thing: data.thing }), put({ thing: shelf.last }));
        return (function* () {
          const after: Shelf = yield listOf(put({ thing: data.thing })) as never;
          held.push(after);
          return listOf(put({ thing: shelf.last }));
        })();
      }) as never,
    },
  });
}

/** Everything that a handler can observe in a value, including the order of its fields and -0. */
function shown(value: unknown): string {
  return inspect(value, { depth: 20, maxArrayLength: 100, breakLength: Number.POSITIVE_INFINITY });
}

/** The value in the form in which handlers receive it. */
function canonical(value: unknown, codec: Codec): unknown {
  const subject = { kind: 'event', type: 'WasPut', schemaVersion: 1 } as const;
  return codec.decode(codec.encode(value, subject), subject);
}

const setups: fc.Arbitrary<readonly [setup: Setup, things: readonly unknown[]]> = anyKind.chain((kind) =>
  fc.tuple(
    fc.record({
      kind: fc.constant(kind),
      library: fc.constantFrom(...LIBRARIES),
      encoding: fc.constantFrom('msgpack' as const, 'json' as const),
      every: fc.constantFrom(undefined, 1, 2, 3),
      inSteps: fc.boolean(),
      initial: valuesOf(kind),
    }),
    fc.array(valuesOf(kind), { minLength: 1, maxLength: 4 }),
  ),
);

describe('a value', () => {
  test('keeps its meaning if callers and handlers change their objects', async () => {
    await fc.assert(
      fc.asyncProperty(setups, async ([setup, given]) => {
        const codec = CODECS[setup.encoding];
        // The expected things, decoded from their bytes before any object was changed.
        const things = given.map((thing) => canonical(thing, codec));
        const witness: Seen = { held: [], decidedOn: [] };
        const module = shelfOf({ ...setup, initial: structuredClone(setup.initial) }, witness);
        vandalize(witness.held);
        const store = createMemoryStore();
        const authorize: Authorizer = (request) => {
          witness.held.push(request);
          vandalize(request);
          return true;
        };
        const sourcer = createEventSourcer({ store, modules: [module], authorize });
        const states: string[] = [];
        for (const thing of given) {
          const command = { type: 'Put', data: { thing: structuredClone(thing) } };
          const options = { actor: 'the caller', correlationId: 'c' };
          const deciding = sourcer.dispatch(command as never, options);
          vandalize(command);
          vandalize(options);
          const result = await deciding;
          vandalize(result.decided);
          vandalize(result);
          vandalize(witness.held);
          const { state } = await sourcer.state(module, STREAM);
          states.push(shown(state));
          vandalize(state);
        }

        // The store has the values that were sent.
        const commits = await store.readCommits(STREAM);
        assert.equal(commits.length, given.length);
        let before = canonical(setup.initial, codec);
        for (const [index, { decision, events }] of commits.entries()) {
          assert.equal(decision.decision.actor, 'the caller');
          const subject = { kind: 'event', type: 'WasPut', schemaVersion: 1 } as const;
          const stored = [decision.decision.command, ...events].map(({ payload }) => codec.decode(payload, subject));
          const thing = things[index];
          assert.deepEqual(stored, [{ thing }, { thing }, { thing: before }]);
          before = before === undefined ? thing : stored[2] === undefined ? thing : before;
          // The record of the decision has the same command.
          const read = module.types.command.fromEnvelope(decision.decision.command);
          assert.equal(shown((read as Message).data), witness.decidedOn[index]!.data);
        }

        // A replay folds the states that were cached, at each revision, and decisions received them.
        const replayer = createEventSourcer({ store, modules: [module], cachedStates: 0 });
        for (const [index, state] of states.entries()) {
          const revision = BigInt(index * 2 + 1);
          assert.equal(shown((await replayer.state(module, STREAM, { revision })).state), state);
          if (index + 1 < states.length) assert.equal(witness.decidedOn[index + 1]!.state, state);
        }
        assert.equal(shown((await replayer.state(module, STREAM)).state), states.at(-1));
      }),
      { numRuns: 150 },
    );
  });
});
