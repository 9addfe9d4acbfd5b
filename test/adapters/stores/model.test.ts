/** Any sequence of operations has the same effect in every store and in a one-page model. */
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { isDeepStrictEqual } from 'node:util';
import { type EventStore, isAppendFailure, type Precondition, readEvents } from 'decidable';
import { type CommitSource, verifyChain } from 'decidable/storage';
import { openStore } from 'decidable/stores';
import fc from 'fast-check';
import { ENGINES, Engines, skipWithout } from '../../servers/engines.ts';
import { decision, envelope } from './commands.ts';

const engines = new Engines();
after(() => engines[Symbol.asyncDispose]());

/** The number of cases of each store. A store on a server is created in a tenth of a second. */
const RUNS = { memory: 60, SQLite: 60, PostgreSQL: 15, NATS: 25 };

interface Append {
  readonly stream: string;
  readonly types: readonly string[];
  readonly precondition: Precondition;
  readonly commandId: string;
  readonly rejected: boolean;
}

/** Operations in a nested array are appended together, before any of them is acknowledged. */
type Step = readonly Append[];

const append: fc.Arbitrary<Append> = fc.record({
  stream: fc.constantFrom('a-1', 'a-2', 'b-1', 'b'),
  types: fc.array(fc.constantFrom('X', 'Y', 'Z'), { maxLength: 3 }),
  precondition: fc.oneof(
    { weight: 3, arbitrary: fc.constant({ tag: 'any' } as const) },
    fc.constant({ tag: 'no-stream' } as const),
    fc.constant({ tag: 'stream-exists' } as const),
    { weight: 2, arbitrary: fc.bigInt({ min: 0n, max: 4n }).map((val) => ({ tag: 'at-revision' as const, val })) },
  ),
  // There are only a few names, so that they repeat.
  commandId: fc.integer({ min: 0, max: 40 }).map((n) => `00000000-0000-4000-8000-${String(n).padStart(12, '0')}`),
  rejected: fc.boolean(),
});

interface ModelEvent {
  readonly stream: string;
  readonly type: string;
}

/** The contents of a store: events in the order of positions, and the command ids that were recorded. */
class Model {
  readonly events: ModelEvent[];
  readonly commands: Set<string>;

  constructor(events: readonly ModelEvent[] = [], commands: Iterable<string> = []) {
    this.events = [...events];
    this.commands = new Set(commands);
  }

  /** Returns the outcomes of a step by operation, if its operations take effect in this order. */
  appendAll(step: Step, order: readonly number[]): string[] {
    const outcomes: string[] = [];
    for (const index of order) outcomes[index] = this.append(step[index]!);
    return outcomes;
  }

  append({ stream, types, precondition, commandId, rejected }: Append): string {
    const revision = BigInt(this.events.filter((event) => event.stream === stream).length) - 1n;
    if (rejected && types.length > 0) return 'invalid-argument';
    if (this.commands.has(commandId)) return 'duplicate';
    const { tag } = precondition;
    if (tag === 'no-stream' && revision >= 0n) return 'conflict';
    if (tag === 'stream-exists' && revision < 0n) return 'conflict';
    if (tag === 'at-revision' && precondition.val !== revision) return 'conflict';
    this.commands.add(commandId);
    this.events.push(...types.map((type) => ({ stream, type })));
    return `${revision + BigInt(types.length)}`;
  }
}

async function outcomes(store: EventStore, step: Step): Promise<string[]> {
  return Promise.all(
    step.map(async ({ stream, types, precondition, commandId, rejected }) => {
      const outcome = rejected
        ? ({ tag: 'rejected', val: { code: 'no', message: '', details: [] } } as const)
        : ({ tag: 'accepted' } as const);
      try {
        const events = types.map((type) => envelope(type));
        const { revision } = await store.append(stream, events, precondition, decision({ commandId, outcome }));
        return `${revision ?? -1n}`;
      } catch (error) {
        if (isAppendFailure(error)) return error.code;
        throw error;
      }
    }),
  );
}

for (const name of ENGINES) {
  test(`the ${name} store behaves like the model`, { skip: skipWithout(name) }, async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.array(append, { minLength: 1, maxLength: 6 }), { maxLength: 12 }), async (steps) => {
        await using store = await openStore(await engines.newAddress(name));
        let model = new Model();
        for (const step of steps) model = await follow(store, model, step, ORDERED.has(name));
        await compare(store, model);
      }),
      { numRuns: RUNS[name] },
    );
  });
}

/** The stores that append in the order of the calls. On a server, calls in progress may overtake each other. */
const ORDERED: ReadonlySet<string> = new Set(['memory', 'SQLite']);

/** Performs a step. Returns the model after it, for an order of the operations that explains the outcomes. */
async function follow(store: EventStore, before: Model, step: Step, isOrdered: boolean): Promise<Model> {
  const actual = await outcomes(store, step);
  const indexes = step.map((_, index) => index);
  const inOrder = new Model(before.events, before.commands);
  const expected = inOrder.appendAll(step, indexes);
  if (isOrdered || step.length === 1) {
    assert.deepEqual(actual, expected);
    return inOrder;
  }
  const events: ModelEvent[] = [];
  for await (const { context, event } of readEvents(store)) events.push({ stream: context.stream, type: event.type });
  for (const order of permutations(indexes)) {
    const model = new Model(before.events, before.commands);
    if (isDeepStrictEqual(model.appendAll(step, order), actual) && isDeepStrictEqual(model.events, events))
      return model;
  }
  assert.fail(`no order of the operations explains ${actual}`);
}

function* permutations(items: readonly number[]): Generator<number[]> {
  if (items.length === 0) yield [];
  for (const item of items) {
    for (const rest of permutations(items.filter((other) => other !== item))) yield [item, ...rest];
  }
}

async function compare(store: EventStore & CommitSource, { events, commands }: Model): Promise<void> {
  const read: { stream: string; type: string }[] = [];
  for await (const { context, event } of readEvents(store, { pageSize: 5 })) {
    assert.equal(context.revision, BigInt(read.filter(({ stream }) => stream === context.stream).length));
    read.push({ stream: context.stream, type: event.type });
  }
  assert.deepEqual(read, events);
  const filtered: { stream: string; type: string }[] = [];
  for await (const { context, event } of readEvents(store, {
    categories: ['a'],
    eventTypes: ['X', 'Z'],
    pageSize: 2,
  })) {
    filtered.push({ stream: context.stream, type: event.type });
  }
  assert.deepEqual(
    filtered,
    events.filter(({ stream, type }) => stream.startsWith('a-') && type !== 'Y'),
  );
  const streams = new Set((await store.readStreams()).map(({ stream }) => stream)).size;
  assert.deepEqual(await verifyChain(store), { intact: true, streams, commits: commands.size });
}
