/** Any sequence of operations has the same effect in both stores and in a one-page model. */

import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { type EventStore, isAppendFailure, type Precondition, readEvents } from 'decidable';
import { createMemoryStore } from 'decidable/memory';
import { createSqliteStore } from 'decidable/sqlite';
import { type CommitSource, verifyChain } from 'decidable/storage';
import fc from 'fast-check';
import { decision, envelope } from './commands.ts';

const folder = mkdtempSync(join(tmpdir(), 'decidable-model-'));
after(() => rmSync(folder, { recursive: true }));
let files = 0;

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

/** The contents of a store: events in the order of positions, and the command ids that were recorded. */
class Model {
  readonly events: { stream: string; type: string }[] = [];
  readonly commands = new Set<string>();

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

for (const [name, open] of [
  ['memory', () => createMemoryStore()],
  ['SQLite', () => createSqliteStore({ file: join(folder, `${files++}.db`), durability: 'normal' })],
] as const) {
  test(`the ${name} store behaves like the model`, async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.array(append, { minLength: 1, maxLength: 6 }), { maxLength: 12 }), async (steps) => {
        await using store: EventStore & CommitSource & AsyncDisposable = open();
        const model = new Model();
        for (const step of steps) {
          const expected = step.map((one) => model.append(one));
          assert.deepEqual(await outcomes(store, step), expected);
        }
        await compare(store, model);
      }),
      { numRuns: 60 },
    );
  });
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
