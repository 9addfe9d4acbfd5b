import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import {
  AppendFailure,
  type CommandResult,
  createEventSourcer,
  FaultError,
  isCommandFailure,
  StoreFailure,
} from 'decidable';
import { Trap } from 'decidable/component';
import { createMemoryStore, type MemoryStore } from 'decidable/memory';
import fc from 'fast-check';
import {
  type FailurePoint,
  readTill,
  type Till,
  type TillCommand,
  tillEnvelope,
  tillModule,
  tillRules,
} from './till.ts';
import { unrulyStore } from './unruly-store.ts';

const tills = fc.constantFrom('a', 'b');
const amounts = fc.integer({ min: 0, max: 5 });
const commands: fc.Arbitrary<TillCommand> = fc.oneof(
  fc.record({ type: fc.constant('Open' as const), till: tills }),
  fc.record({
    type: fc.constantFrom('PayIn' as const, 'PayOut' as const, 'SetTo' as const, 'Split' as const),
    till: tills,
    amount: amounts,
  }),
  fc.record({ type: fc.constantFrom('Note' as const, 'Sign' as const), till: tills, text: fc.constantFrom('', 'x') }),
);

/**
 * Numbers that determine the failures. Each choice uses the next number, so that a failing case can be shrunk and
 * repeated.
 */
function chance(seeds: readonly number[]): (oneIn: number) => boolean {
  let at = 0;
  return (oneIn) => seeds.length > 0 && seeds[at++ % seeds.length]! % oneIn === 0;
}
const seeds = fc.array(fc.nat({ max: 10_000 }), { minLength: 5, maxLength: 60 });

/** Lets other promises run for some turns. */
async function idle(times: number): Promise<void> {
  for (let time = 0; time < times; time++) await null;
}

function assertNothingHeld(...modules: readonly Till[]): void {
  for (const till of modules) {
    assert.deepEqual(till.misuses, []);
    assert.deepEqual([...till.live.values()], []);
  }
}

/** Checks that each stream has the events that the rules return for its commands, one after another. */
async function assertSequential(store: MemoryStore): Promise<void> {
  for (const { stream } of await store.readStreams()) {
    let state = tillRules.initial;
    let revision: bigint | undefined;
    for (const { decision: recorded, events } of await store.readCommits(stream)) {
      const { decision } = recorded;
      const command = {
        ...JSON.parse(new TextDecoder().decode(decision.command.payload)),
        type: decision.command.type,
      };
      const expected = tillRules.decide(state, command);
      if (typeof expected === 'string') {
        assert.deepEqual(events, []);
        assert.equal(decision.outcome.tag === 'rejected' && decision.outcome.val.code, expected);
        assert.deepEqual(decision.outcome.tag === 'rejected' && decision.outcome.val.details, [
          ['amount', String(state.amount)],
        ]);
        assert.equal(decision.seenRevision, revision);
        continue;
      }
      assert.equal(decision.outcome.tag, 'accepted');
      const stored = events.map(({ type, payload }) => ({ ...JSON.parse(new TextDecoder().decode(payload)), type }));
      assert.deepEqual(stored, expected);
      for (const event of expected) state = tillRules.evolve(state, event);
      revision = (revision ?? -1n) + BigInt(expected.length);
      if (revision < 0n) revision = undefined;
    }
  }
}

describe('any interleaving of commands', () => {
  test('is a sequence of decisions, each on the state after the previous one', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.tuple(commands, fc.nat({ max: 1 }), fc.nat({ max: 3 })), { minLength: 1, maxLength: 25 }),
        seeds,
        fc.constantFrom(0, 1, 100),
        fc.constantFrom(undefined, 1, 3),
        async (sent, numbers, cachedStates, every) => {
          const happens = chance(numbers);
          let injected = 0;
          const memory = createMemoryStore();
          const store = unrulyStore(memory, async (call, stream) => {
            if (happens(2)) await idle(3);
            // Nothing was written. The store throws the conflict that another writer would cause.
            if (call === 'append' && injected < 20 && happens(5)) {
              injected++;
              const conflict = { stream, precondition: { tag: 'any' }, actual: 1_000_000n } as const;
              throw new AppendFailure({ tag: 'conflict', val: conflict }, 'injected');
            }
          });
          const snapshot = every === undefined ? ({ tag: 'never' } as const) : ({ tag: 'every', val: every } as const);
          const modules = [tillModule({ snapshot }), tillModule({ snapshot })];
          const sourcers = modules.map((module) =>
            createEventSourcer({ store, modules: [module], cachedStates, maxAttempts: Number.POSITIVE_INFINITY }),
          );
          const results = await Promise.allSettled(
            sent.map(async ([command, by, wait]) => {
              await idle(wait);
              return sourcers[by]!.handleCommand(tillEnvelope(command));
            }),
          );
          let accepted = 0;
          for (const result of results) {
            if (result.status === 'fulfilled') accepted += result.value.events.length;
            // The remaining conflicts are those for which a retry cannot help: `no-stream` and `stream-exists`.
            else assert.ok(isCommandFailure(result.reason, 'conflict'), String(result.reason));
          }
          await assertSequential(memory);
          const stored = await memory.readAll({
            direction: 'forward',
            limit: 10_000,
            categories: [],
            eventTypes: [],
            events: [],
          });
          assert.equal(stored.length, accepted);
          for (const [index, sourcer] of sourcers.entries()) {
            for (const { stream } of await memory.readStreams()) await assertStateIsFold(sourcer, memory, stream);
            await sourcer.close();
            assertNothingHeld(modules[index]!);
          }
        },
      ),
      { numRuns: 150 },
    );
  });
});

async function assertStateIsFold(
  sourcer: ReturnType<typeof createEventSourcer>,
  store: MemoryStore,
  stream: string,
): Promise<void> {
  const events = await store.readStream(stream, { direction: 'forward', limit: 10_000 });
  let expected = tillRules.initial;
  for (const { event } of events)
    expected = tillRules.evolve(expected, { ...JSON.parse(new TextDecoder().decode(event.payload)), type: event.type });
  const folded = await sourcer.readState(stream);
  assert.deepEqual(readTill(folded.state), expected);
  assert.equal(folded.revision, events.at(-1)?.context.revision);
}

describe('a duplicate at any point', () => {
  test('changes nothing and returns the first outcome', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(commands, { minLength: 1, maxLength: 6 }),
        fc.array(fc.tuple(fc.nat({ max: 5 }), fc.nat({ max: 1 }), fc.nat({ max: 4 })), { minLength: 1, maxLength: 25 }),
        seeds,
        async (pool, deliveries, numbers) => {
          const happens = chance(numbers);
          const memory = createMemoryStore();
          const store = unrulyStore(memory, async () => {
            if (happens(2)) await idle(2);
          });
          const modules = [tillModule(), tillModule()];
          const sourcers = modules.map((module) => createEventSourcer({ store, modules: [module], maxAttempts: 100 }));
          const byCommand = new Map<number, CommandResult[]>();
          await Promise.all(
            deliveries.map(async ([which, by, wait]) => {
              const index = which % pool.length;
              await idle(wait);
              try {
                const result = await sourcers[by]!.handleCommand(tillEnvelope(pool[index]!), {
                  commandId: `c${index}`,
                });
                byCommand.set(index, [...(byCommand.get(index) ?? []), result]);
              } catch (error) {
                assert.ok(isCommandFailure(error, 'conflict'), String(error));
              }
            }),
          );
          for (const results of byCommand.values()) {
            const [first, ...others] = results.map(withIds);
            for (const other of others) assert.deepEqual(other, first);
            assert.equal(results.filter((result) => !result.duplicate).length, 1);
          }
          const recorded = await Promise.all(
            (await memory.readStreams()).map(({ stream }) => memory.readCommits(stream)),
          );
          assert.equal(recorded.flat().length, byCommand.size);
          await assertSequential(memory);
          await Promise.all(sourcers.map((sourcer) => sourcer.close()));
          assertNothingHeld(...modules);
        },
      ),
      { numRuns: 150 },
    );
  });
});

/** Returns a result without the fields that differ in a duplicate, and with the ids, which are getters. */
function withIds({ duplicate: _, attempts: __, events, ...result }: CommandResult): object {
  return {
    ...result,
    events: events.map(({ context, ...event }) => ({ ...event, id: context.id, at: { ...context } })),
  };
}

describe('handles', () => {
  test('are released exactly once on every path, whichever call fails', async () => {
    const points: readonly FailurePoint[] = [
      'command.fromEnvelope',
      'event.fromEnvelope',
      'event.toEnvelope',
      'state.fromBytes',
      'state.toBytes',
      'initialState',
      'evolve',
      'decide',
      'streamId',
      'drop',
    ];
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.tuple(commands, fc.constantFrom('send', 'duplicate', 'abort', 'read', 'readAt', 'state')), {
          minLength: 1,
          maxLength: 20,
        }),
        fc.subarray([...points], { minLength: 1 }),
        fc.subarray(['append', 'readStream', 'loadSnapshot', 'saveSnapshot', 'findDecision'] as const),
        seeds,
        fc.constantFrom(0, 1, 100),
        async (steps, failing, failingCalls, numbers, cachedStates) => {
          const happens = chance(numbers);
          const memory = createMemoryStore();
          const store = unrulyStore(memory, async (call, stream) => {
            if (happens(3)) await idle(2);
            if (!(failingCalls as readonly string[]).includes(call) || !happens(4)) return;
            if (call !== 'append')
              throw new StoreFailure({ tag: 'failure', val: { code: 'io', message: 'injected' } }, 'injected');
            const precondition = { tag: 'any' } as const;
            throw new AppendFailure({ tag: 'conflict', val: { stream, precondition, actual: 1_000_000n } }, 'injected');
          });
          const module = tillModule({
            snapshot: { tag: 'every', val: 2 },
            before: (point) => {
              if (!failing.includes(point) || !happens(6)) return;
              if (happens(3)) throw new RangeError('Maximum call stack size exceeded');
              if (happens(2)) throw new Trap('unreachable');
              throw new FaultError({ code: 'injected', message: point, details: [] });
            },
          });
          const sourcer = createEventSourcer({ store, modules: [module], cachedStates });
          await Promise.allSettled(
            steps.map(async ([command, step], index) => {
              const envelope = tillEnvelope(command);
              const stream = `till-${command.till}`;
              if (step === 'read') return sourcer.readState(stream);
              if (step === 'readAt') return sourcer.readState(stream, { revision: 0n });
              if (step === 'state') return module.types.state.drop?.((await sourcer.state(module, stream)).state);
              if (step === 'duplicate') return sourcer.handleCommand(envelope, { commandId: JSON.stringify(command) });
              if (step === 'send') return sourcer.handleCommand(envelope);
              const abort = new AbortController();
              const sent = sourcer.handleCommand(envelope, { signal: abort.signal });
              await idle(index % 5);
              abort.abort();
              return sent;
            }),
          );
          await sourcer.close();
          assertNothingHeld(module);
          await assertSequential(memory);
        },
      ),
      { numRuns: 400 },
    );
  });
});
