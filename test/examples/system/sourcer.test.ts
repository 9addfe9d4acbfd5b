/**
 * The event sourcer of examples/system, which is a component, behaves like `createEventSourcer`. Any sequence of
 * commands, other writers' events and reads leads to the same results, the same errors and the same store.
 */

import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { test } from 'node:test';
import {
  type CommandOptions,
  commandUuid,
  createEventSourcer,
  defineCommand,
  defineDecider,
  defineEvent,
  type EventSourcer,
  type EventStore,
  FaultError,
  isCommandFailure,
  type Precondition,
  type RecordedEvent,
  reject,
  type Snapshot,
} from 'decidable';
import { componentSourcer } from 'decidable/component/host';
import { createMemoryStore, type MemoryStore } from 'decidable/memory';
import { verifyChain } from 'decidable/storage';
import fc from 'fast-check';
import { z } from 'zod';
import { engine } from '../../../src/adapters/component/engine/web-assembly.ts';

const skip = engine.Suspending === undefined ? 'this engine has no JavaScript promise integration' : false;

const bytes = await readFile(new URL('../../../examples/system/components/event-sourcer.wasm', import.meta.url));

// A module with every guard, a snapshot policy, streams that others write to, and each way to fail --------------------

const id = z.string();
const Create = defineCommand('Create', z.strictObject({ id }), { precondition: 'no-stream' });
const Add = defineCommand('Add', z.strictObject({ id, amount: z.int() }), { snapshot: { every: 3 } });
const Note = defineCommand('Note', z.strictObject({ id, amount: z.int() }), { precondition: 'any' });
const Close = defineCommand('Close', z.strictObject({ id }), { precondition: 'stream-exists', snapshot: { every: 2 } });
const Created = defineEvent('Created', z.object({}));
const Added = defineEvent('Added', z.object({ amount: z.int() }));
const Noted = defineEvent('Noted', z.object({ amount: z.int() }));
const Closed = defineEvent('Closed', z.object({}));

const UNLUCKY = 13;

const counter = defineDecider({
  name: 'counter',
  version: '1.2.3',
  state: z.object({ sum: z.int(), closed: z.boolean() }),
  commands: { Create, Add, Note, Close },
  events: { Created, Added, Noted, Closed },
  foreignEvents: 'skip',
  category: 'a',
  streamId: ({ data }) => data.id,
  initialState: { sum: 0, closed: false },
  evolve: {
    Created: () => {},
    Added: (state, { amount }) => {
      if (amount === UNLUCKY) throw new FaultError({ code: 'unlucky', message: 'thirteen', details: [['n', '13']] });
      state.sum += amount;
    },
    Noted: (state, { amount }) => {
      state.sum += amount;
    },
    Closed: (state) => {
      state.closed = true;
    },
  },
  decide: {
    Create: () => [Created({})],
    Add: (state, { amount }) => {
      if (state.closed) return reject('closed', 'it is closed', { sum: state.sum });
      return Array.from({ length: amount === UNLUCKY ? 1 : amount }, () => Added({ amount: amount === 13 ? 13 : 1 }));
    },
    Note: (state, { amount }) => (amount > state.sum ? reject('too-much', 'that is too much') : [Noted({ amount })]),
    Close: (state) => (state.closed ? [] : [Closed({})]),
  },
});

/** The compiled component, which need not be compiled for each run of the property. */
const { component } =
  engine.Suspending === undefined
    ? { component: bytes }
    : await componentSourcer(bytes, { store: createMemoryStore(), modules: [counter] });

const STREAMS = ['a-1', 'a', ''] as const;

// Steps
// ----------------------------------------------------------------------------------------------------------------

interface Send {
  readonly kind: 'send';
  readonly type: string;
  readonly payload: Uint8Array;
  readonly schemaVersion: number;
  readonly options: CommandOptions;
  /** The number of times that another writer appends between the loading and the append. */
  readonly interferences: number;
}

interface Read {
  readonly kind: 'read';
  readonly stream: string;
  readonly module: string | undefined;
  readonly revision: bigint | undefined;
}

/** A command that was sent before, with its id. */
interface Again {
  readonly kind: 'again';
  readonly index: number;
}

type Step = Send | Read | { readonly kind: 'foreign'; readonly stream: string; readonly type: string };

const stream = fc.oneof({ weight: 9, arbitrary: fc.constantFrom('a-1', 'a') }, fc.constantFrom(...STREAMS));
/** The stream's name is `a-1` or `a`, or is too long. */
const counterId = fc.oneof({ weight: 9, arbitrary: fc.constantFrom('1', '') }, fc.constant('x'.repeat(255)));
const revision = fc.bigInt({ min: 0n, max: 8n });
const amount = fc.oneof(fc.integer({ min: 0, max: 4 }), fc.constant(UNLUCKY));
const precondition: fc.Arbitrary<Precondition | undefined> = fc.oneof(
  { weight: 6, arbitrary: fc.constant(undefined) },
  fc.constantFrom<Precondition>({ tag: 'any' }, { tag: 'no-stream' }, { tag: 'stream-exists' }),
  revision.map((val) => ({ tag: 'at-revision' as const, val })),
);
const text = fc.option(fc.constantFrom('', 'journey', 'ü'), { nil: undefined });

const envelope = fc
  .oneof(
    fc.record({ type: fc.constantFrom('Add', 'Note'), data: fc.record({ id: counterId, amount }) }),
    fc.record({ type: fc.constantFrom('Create', 'Close'), data: fc.record({ id: counterId }) }),
  )
  .map((message) => counter.types.command.toEnvelope(message as never));

const send: fc.Arbitrary<Send> = fc
  .tuple(
    fc.oneof(
      { weight: 20, arbitrary: envelope },
      fc.constantFrom(
        { type: 'Add', schemaVersion: 1, payload: Uint8Array.of(0xc1) },
        { type: 'Add', schemaVersion: 2, payload: Uint8Array.of(0x80) },
        { type: 'Subtract', schemaVersion: 1, payload: Uint8Array.of(0x80) },
        { type: '', schemaVersion: 1, payload: Uint8Array.of(0x80) },
        { type: 'Add', schemaVersion: 0, payload: Uint8Array.of(0x80) },
      ),
    ),
    fc.record({
      // There are few ids, so that they repeat in every form.
      commandId: fc.oneof(
        fc.integer({ min: 0, max: 60 }).map((n) => `command ${n}`),
        fc.constantFrom('01890A5D-AC96-774B-BCCE-B302099A8057', '01890a5d-ac96-774b-bcce-b302099a8057', ''),
      ),
      correlationId: text,
      causationId: text,
      actor: text,
      precondition,
      deadline: fc.constant(undefined),
    }),
    fc.oneof({ weight: 5, arbitrary: fc.constant(0) }, fc.integer({ min: 1, max: 5 })),
  )
  .map(([{ type, schemaVersion, payload }, options, interferences]) => ({
    kind: 'send',
    type,
    schemaVersion,
    payload,
    options,
    interferences,
  }));

const step: fc.Arbitrary<Step | Again> = fc.oneof(
  { weight: 8, arbitrary: send },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('again' as const), index: fc.nat() }) },
  fc.record({
    kind: fc.constant('read' as const),
    stream,
    module: fc.option(fc.constantFrom('counter', 'other'), { nil: undefined }),
    revision: fc.option(revision, { nil: undefined }),
  }),
  fc.record({
    kind: fc.constant('foreign' as const),
    stream: fc.constantFrom('a-1', 'a'),
    type: fc.constantFrom('Alien', 'Noted'),
  }),
);

// Two event sourcers, each with its own store
// ---------------------------------------------------------------------

class World {
  time = 1_700_000_000_000;
  interferences = 0;
  #foreign = 0;
  readonly memory: MemoryStore = createMemoryStore({ now: () => this.time });
  /** The store, with another writer that appends first. */
  readonly store: EventStore = {
    readStream: (...args) => this.memory.readStream(...args),
    readAll: (...args) => this.memory.readAll(...args),
    awaitEvents: (...args) => this.memory.awaitEvents(...args),
    findDecision: (...args) => this.memory.findDecision(...args),
    loadSnapshot: (...args) => this.memory.loadSnapshot(...args),
    saveSnapshot: (...args) => this.memory.saveSnapshot(...args),
    dropSnapshot: (...args) => this.memory.dropSnapshot(...args),
    append: async (name, events, precondition, decision) => {
      // One of the two detects a known command only at the append. The other one detects it earlier.
      const isNew = (await this.memory.findDecision(decision.commandId)) === undefined;
      if (isNew && this.interferences > 0) {
        this.interferences--;
        await this.foreign(name, 'Alien');
      }
      return this.memory.append(name, events, precondition, decision);
    },
  };

  async foreign(name: string, type: string): Promise<void> {
    const commandId = commandUuid(`foreign ${this.#foreign++}`);
    const payload = counter.types.event.toEnvelope(Noted({ amount: 1 })).payload;
    await this.memory.append(
      name,
      [{ type, schemaVersion: 1, payload }],
      { tag: 'any' },
      {
        commandId,
        command: { type: 'Foreign', schemaVersion: 1, payload },
        contentType: 'application/vnd.msgpack',
        module: { name: 'foreign', version: '1', digest: undefined },
        seenRevision: undefined,
        outcome: { tag: 'accepted' },
        causationId: undefined,
        correlationId: commandId,
        actor: undefined,
        keyId: undefined,
      },
    );
  }
}

const plain = ({ context, event, contentType }: RecordedEvent): unknown => {
  const { id, stream, revision, position, recordedAt, correlationId, causationId } = context;
  return { id, stream, revision, position, recordedAt, correlationId, causationId, event, contentType };
};

/** Returns the outcome of a step as plain data. */
async function outcomeOf(step: Step, sourcer: EventSourcer, world: World): Promise<unknown> {
  world.time++;
  try {
    switch (step.kind) {
      case 'foreign':
        return await world.foreign(step.stream, step.type);
      case 'read':
        return { ...(await sourcer.readState(step.stream, { module: step.module, revision: step.revision })) };
      case 'send': {
        const { type, schemaVersion, payload, options } = step;
        world.interferences = step.interferences;
        const result = await sourcer.handleCommand({ type, schemaVersion, payload }, options);
        return { ...result, events: result.events.map(plain) };
      }
    }
  } catch (error) {
    if (error instanceof Error && 'payload' in error) return { error: withoutWords(error.payload) };
    throw error;
  } finally {
    world.interferences = 0;
  }
}

/**
 * Returns a failure without its text. Both implementations must refuse the same commands with the same codes. Arguments
 * have other names in WIT.
 */
function withoutWords(payload: unknown): unknown {
  const { tag, val } = payload as { tag: string; val?: { argument?: string; message?: string } };
  if (val?.argument === undefined) return { tag, val: { ...val, message: undefined } };
  const name = val.argument.split('.').at(-1) ?? '';
  return { tag, argument: name.replace(/-(\w)/g, (_, letter) => letter.toUpperCase()) };
}

async function contentsOf({ memory }: World): Promise<unknown> {
  const streams = await memory.readStreams();
  const commits = await Promise.all(streams.map(({ stream }) => memory.readCommits(stream)));
  const snapshots = await Promise.all(
    streams.map(({ stream }) => memory.loadSnapshot({ moduleName: 'counter', moduleVersion: '1.2.3', stream })),
  );
  return { streams, commits, snapshots: snapshots.map(withoutParameter) };
}

/** Removes the identity of the code, which only the event sourcer in TypeScript records for a module in the process. */
function withoutParameter(snapshot: Snapshot | undefined): Snapshot | undefined {
  return snapshot && { ...snapshot, contentType: snapshot.contentType.replace(/;.*/, '') };
}

test('the event sourcer in a component behaves like the one in TypeScript', { skip }, async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 40 }), async (steps) => {
      const [ours, theirs] = [new World(), new World()];
      // The component does not keep states between commands.
      await using typescript = createEventSourcer({ store: ours.store, modules: [counter], cachedStates: 0 });
      await using wasm = await componentSourcer(component, { store: theirs.store, modules: [counter] });
      const sent: Send[] = [];
      for (const next of steps) {
        if (next.kind === 'again' && sent.length === 0) continue;
        const step = next.kind === 'again' ? sent[next.index % sent.length]! : next;
        if (next.kind === 'send') sent.push(next);
        const expected = await outcomeOf(step, typescript, ours);
        assert.deepEqual(await outcomeOf(step, wasm, theirs), expected);
        // Others may have written before a command was refused, and both stores must still be the same.
        assert.deepEqual(await contentsOf(theirs), await contentsOf(ours));
      }
      const { intact } = await verifyChain(theirs.memory);
      assert.ok(intact);
    }),
    { numRuns: 150 },
  );
});

test('a command handler that traps ends the instance, and the next command gets another one', { skip }, async () => {
  const { store, memory } = new World();
  let isBroken = true;
  const decide: typeof counter.decider.decide = (state, command) => {
    if (isBroken) throw new TypeError('a bug');
    return counter.decider.decide(state, command);
  };
  const module = { ...counter, decider: { ...counter.decider, decide } } as typeof counter;
  const command = counter.types.command.toEnvelope(Create({ id: '1' }));
  await using sourcer = await componentSourcer(component, { store, modules: [module] });
  await assert.rejects(
    sourcer.handleCommand(command, { commandId: 'c1' }),
    (error) => isCommandFailure(error, 'trap') && error.payload.val.code === 'unexpected-exception',
  );
  assert.equal(await memory.findDecision(commandUuid('c1')), undefined);
  isBroken = false;
  assert.equal((await sourcer.handleCommand(command, { commandId: 'c1' })).revision, 0n);
  assert.equal(sourcer.instances, 2);
});

test('a deadline is refused by name, because the component has no clock', { skip }, async () => {
  const { store, memory } = new World();
  await using sourcer = await componentSourcer(component, { store, modules: [counter] });
  const command = counter.types.command.toEnvelope(Create({ id: '1' }));
  await assert.rejects(
    sourcer.handleCommand(command, { deadline: 2n ** 63n }),
    (error) => isCommandFailure(error, 'invalid-argument') && error.payload.val.argument === 'options.deadline',
  );
  assert.deepEqual(await memory.readStreams(), []);
});

test('a command without an id gets one from the host, because the component has no randomness', { skip }, async () => {
  const { store, memory } = new World();
  await using sourcer = await componentSourcer(component, { store, modules: [counter] });
  const command = counter.types.command.toEnvelope(Create({ id: '1' }));
  const { commandId } = await sourcer.handleCommand(command);
  assert.equal((await memory.findDecision(commandId))?.decision.commandId, commandId);
});
