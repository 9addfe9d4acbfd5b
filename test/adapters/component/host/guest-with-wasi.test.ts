/** A guest with a virtual WASI, whose time and random numbers are derived from the command's id. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { isLinkError, isTrap } from 'decidable/component';
import { loadModule } from 'decidable/component/host';
import { virtualWasi } from 'decidable/component/wasi';
import { createMemoryStore } from '../../../../src/adapters/stores/memory/index.ts';
import { runDecision, runDeterministically, testDecider } from '../../../../src/adapters/testing/index.ts';
import { type CommandResult, createEventSourcer, type Envelope, type EventStore } from '../../../../src/core/index.ts';
import { unrulyStore } from '../../../core/loop/unruly-store.ts';
import { type Answers, answersOf, askingGuest, bytesOf, printingGuest } from './asking-guest.ts';

const guest = await askingGuest();
const wasi = () => virtualWasi({ grant: ['wasi:clocks/wall-clock', 'wasi:random/random'] });
const count = { type: 'count', schemaVersion: 1, payload: new Uint8Array(32).fill(7) };

/** UUIDv7: 2023-11-14 22:13:20.123 and a day later (RFC 9562 §5.7). */
const [AT, LATER] = ['018bcfe5-687b-7000-8000-000000000001', '018bd50b-c47b-7000-8000-000000000002'];
const [NANOSECONDS_AT, NANOSECONDS_LATER] = [1_700_000_000_123_000_000n, 1_700_086_400_123_000_000n];

const told = ({ events }: CommandResult): Answers => answersOf(events[0]!.event.payload);

/** A store in which another writer appends first for a given number of times. */
function contested(store: EventStore, times: number): EventStore {
  let left = times;
  return unrulyStore(store, async (call, stream) => {
    if (call !== 'append' || left-- <= 0) return;
    const rival = await sourcing(store);
    await rival.sourcer.handleCommand(count, { commandId: `rival ${stream} ${left}` });
  });
}

async function sourcing(store: EventStore = createMemoryStore(), isolation: 'pooled' | 'fresh' = 'pooled') {
  const module = await loadModule(guest, { isolation, wasi });
  return { module, sourcer: createEventSourcer({ store, modules: [module] }) };
}

for (const isolation of ['pooled', 'fresh'] as const) {
  describe(`a guest that asks its WASI, ${isolation}`, () => {
    const start = (store?: EventStore) => sourcing(store, isolation);

    test('reads the time in the command’s id, and random numbers that are derived from the id', async () => {
      const { sourcer } = await start();
      const first = told(await sourcer.handleCommand(count, { commandId: AT }));
      const second = told(await sourcer.handleCommand(count, { commandId: LATER }));
      assert.equal(first.time, NANOSECONDS_AT);
      assert.equal(second.time, NANOSECONDS_LATER);
      assert.notEqual(first.random, second.random);
      await sourcer.close();
    });

    test('reads the same values in each process that decides the command', async () => {
      const [one, other] = [await start(), await start()];
      await one.sourcer.handleCommand(count, { commandId: LATER });
      const first = told(await one.sourcer.handleCommand(count, { commandId: AT }));
      assert.deepEqual(told(await other.sourcer.handleCommand(count, { commandId: AT.toUpperCase() })), first);
    });

    test('reads constants at its start, while it folds, and if the host passes no command id', async () => {
      const { sourcer, module } = await start();
      const first = told(await sourcer.handleCommand(count, { commandId: AT }));
      const folded = answersOf((await sourcer.readState('count-count')).state);
      await sourcer.handleCommand(count, { commandId: LATER });
      assert.equal(folded.time, 0n);
      assert.notEqual(folded.random, first.random);
      assert.equal(folded.random, folded.atStart, 'both are the first of the numbers that belong to no command');
      assert.deepEqual(answersOf((await sourcer.readState('count-count')).state), folded);
      const { types, decider } = module;
      const [event] = decider.decide(decider.initialState(), types.command.fromEnvelope(count));
      assert.deepEqual(answersOf(types.event.toEnvelope(event!).payload), folded);
    });

    test('reads the same values when it decides again after a conflict', async () => {
      const { sourcer } = await start(contested(createMemoryStore(), 2));
      const result = await sourcer.handleCommand(count, { commandId: AT });
      const undisturbed = told(await (await start()).sourcer.handleCommand(count, { commandId: AT }));
      assert.equal(result.attempts, 3);
      assert.deepEqual(told(result), undisturbed);
    });

    test('reads values of its own command’s id if other commands run concurrently', async () => {
      const { sourcer } = await start();
      const ids = Array.from(
        { length: 20 },
        (_, index) => `018bcfe5-68${(index + 16).toString(16)}-7000-8000-000000000000`,
      );
      const results = await Promise.all(ids.map((commandId) => sourcer.handleCommand(count, { commandId })));
      for (const result of results) {
        const { time, random } = told(result);
        assert.equal(time, BigInt(`0x${result.commandId.replaceAll('-', '').slice(0, 12)}`) * 1_000_000n);
        const alone = await start();
        assert.equal(told(await alone.sourcer.handleCommand(count, { commandId: result.commandId })).random, random);
      }
    });

    test('returns the first outcome for a duplicate command, which equals a new decision', async () => {
      const { sourcer } = await start();
      const first = await sourcer.handleCommand(count, { commandId: AT });
      const again = await sourcer.handleCommand(count, { commandId: AT });
      assert.equal(again.duplicate, true);
      assert.deepEqual(told(again), told(first));
    });

    test('reads the time of a generated id', async (context) => {
      context.mock.timers.enable({ apis: ['Date'], now: Number(NANOSECONDS_AT / 1_000_000n) });
      const { sourcer } = await start();
      const result = await sourcer.handleCommand(count);
      assert.equal(told(result).time, NANOSECONDS_AT);
      assert.match(result.commandId, /^.{14}7/);
    });

    test('reads 0 as the time for an id that is not a UUIDv7, and random numbers that are derived from the id', async () => {
      const { sourcer } = await start();
      const [one, two] = [
        told(await sourcer.handleCommand(count, { commandId: 'order-1' })),
        told(await sourcer.handleCommand(count, { commandId: '8b1a9953-c461-4296-a827-abf8c47804d7' })),
      ];
      assert.deepEqual([one.time, two.time], [0n, 0n]);
      assert.notEqual(one.random, two.random);
    });

    test('has printed complete lines when a call ends, even with a trap', async () => {
      const lines: string[] = [];
      const { types, decider } = await loadModule(await printingGuest(), {
        isolation,
        wasi: () => virtualWasi({ grant: ['wasi:cli/stdout'], stdout: (line) => lines.push(line) }),
      });
      decider.decide(decider.initialState(), types.command.fromEnvelope(count));
      assert.deepEqual(lines, ['count']);
      const bad = types.command.fromEnvelope({ ...count, payload: new Uint8Array(13) });
      assert.throws(() => decider.decide(decider.initialState(), bad), isTrap);
      assert.deepEqual(lines, ['count', 'count']);
    });

    test('has printed its output if it traps at its start', async () => {
      const lines: string[] = [];
      const printing = () => virtualWasi({ grant: ['wasi:cli/stdout'], stdout: (line) => lines.push(line) });
      await assert.rejects(loadModule(await printingGuest('start'), { isolation, wasi: printing }), isTrap);
      assert.deepEqual(lines, ['count']);
    });

    test('traps if it calls an interface that was not granted', async () => {
      const { types, decider } = await loadModule(guest, {
        isolation,
        wasi: () => virtualWasi({ grant: ['wasi:random/random'] }),
      });
      const command = types.command.fromEnvelope(count);
      assert.throws(
        () => decider.decide(decider.initialState(), command),
        /wasi:clocks\/wall-clock#now.*grant it with/,
      );
    });

    test('uses an interface of the host instead of the virtual one, in any version 0.2', async () => {
      for (const name of ['random@0.2.3', 'random@0.2.0', 'random@0.2.99', 'random']) {
        const { types, decider } = await loadModule(guest, {
          isolation,
          wasi,
          imports: { [`wasi:random/${name}`]: { getRandomU64: () => 7n } },
        });
        const [event] = decider.decide(decider.initialState(), types.command.fromEnvelope(count));
        assert.equal(answersOf(types.event.toEnvelope(event!).payload).random, 7n, name);
      }
    });

    test('uses an interface of the host in every form that the loader accepts', async () => {
      const own: Record<PropertyKey, unknown> = { 'wasi:random/random': { getRandomU64: () => 7n } };
      class Imports {
        get ['wasi:random/random']() {
          return own['wasi:random/random'];
        }
      }
      for (const imports of [new Proxy({}, { get: (_, name) => own[name] }), new Imports(), Object.freeze(own)]) {
        const { types, decider } = await loadModule(guest, { isolation, wasi, imports });
        const [event] = decider.decide(decider.initialState(), types.command.fromEnvelope(count));
        assert.equal(answersOf(types.event.toEnvelope(event!).payload).random, 7n);
      }
    });

    test('is not linked without a virtual WASI', async () => {
      await assert.rejects(loadModule(guest, { isolation }), isLinkError);
    });
  });
}

test('a process manager reads the time of the event, and random numbers that are derived from the id of the event', async () => {
  const { types, eventHandler } = await loadModule(await askingGuest('process-manager'), {
    world: 'process-manager',
    wasi,
  });
  const event = types.event.fromEnvelope(count);
  const state = eventHandler.evolve(eventHandler.initialState(), event);
  assert.equal(answersOf(types.state.toBytes(state)).time, 0n);
  const context = { stream: 's', revision: 0n, position: 0n, correlationId: 'c', causationId: 'c' };
  const toldFor = (id: string, recordedAt: bigint): Answers => {
    eventHandler.handle(state, event, { ...context, id, recordedAt });
    return answersOf(types.state.toBytes(state)); // The state of this guest contains the last answers.
  };
  const [one, two] = [toldFor('e1', 5n), toldFor('e2', 7n)];
  assert.deepEqual([one.time, two.time], [5_000_000n, 7_000_000n]);
  assert.notEqual(one.random, two.random);
  assert.deepEqual(toldFor('e1', 5n), one);
});

test('fresh instances return the same decision from its stored record', async () => {
  const store = createMemoryStore();
  const sourcer = createEventSourcer({ store, modules: [await loadModule(guest, { wasi })] });
  await sourcer.handleCommand(count, { commandId: AT });
  await sourcer.handleCommand(count);
  await sourcer.close();

  const module = await loadModule(guest, { isolation: 'fresh', wasi });
  const recorded = await store.readStream('count-count', { direction: 'forward' });
  const history = recorded.map(({ event }) => event);
  for (const [index, { context }] of recorded.entries()) {
    const { decision } = (await store.findDecision(context.causationId))!;
    const seen = history.slice(0, index);
    const again = runDeterministically(module, seen, decision.command, decision.commandId);
    assert.ok(again.tag === 'accepted');
    assert.deepEqual(again.events, [history[index]]);
    // Without the id, the decision is different.
    assert.notDeepEqual(runDecision(module, seen, decision.command), again);
  }
  assert.equal(recorded.length, 2);
});

test('a test of a component can pass the id of a command', async () => {
  const type = 'count';
  const types = {
    command: { fromEnvelope: () => ({ type }), toEnvelope: () => count },
    event: {
      fromEnvelope: ({ payload }: Envelope) => ({ type, data: answersOf(payload) }),
      toEnvelope: ({ data }: { data: Answers }) => ({ ...count, payload: bytesOf(data) }),
    },
    state: { fromBytes: answersOf, toBytes: bytesOf },
  };
  const { events } = await (await sourcing()).sourcer.handleCommand(count, { commandId: AT });
  const decided = types.event.fromEnvelope(events[0]!.event);
  const { given } = testDecider(await loadModule(guest, { wasi }), { types }, { commandId: AT });
  given().when({ type }).then(decided);
  given(decided).when({ type }).then(decided);
});

test('a guest without WASI is refused with a hint to virtualWasi', async () => {
  for (const isolation of ['pooled', 'fresh'] as const) {
    await assert.rejects(loadModule(guest, { isolation }), (error) => {
      assert.ok(isLinkError(error) && isLinkError(error.cause));
      assert.match(error.message, /\nThe guest needs WASI; pass the option wasi: \(\) => virtualWasi\(/);
      assert.deepEqual(error.problems, error.cause.problems);
      return true;
    });
  }
});
