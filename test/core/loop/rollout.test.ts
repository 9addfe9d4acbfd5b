/** Rollouts: two versions of a decider, of which the stream selects one. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, test } from 'node:test';
import { createEventSourcer, defineCommand, defineDecider, defineSystem, rollout } from 'decidable';
import { loadModule } from 'decidable/component/host';
import { createMemoryStore } from 'decidable/memory';
import { createSqliteStore } from 'decidable/sqlite';
import { verifyStore } from 'decidable/verification';
import fc from 'fast-check';
import { z } from 'zod';
import { account } from '../../../examples/bank/account.ts';
import { pointOf } from '../../../src/core/loop/rollout.ts';

/** A counter whose versions differ in the size of a step. It takes a snapshot after every second event. */
function counterOf(version: string, step: number) {
  return defineDecider({
    name: 'counter',
    version,
    state: z.object({ total: z.int() }),
    commands: { Add: defineCommand('Add', z.object({ id: z.string() }), { snapshot: { every: 2 } }) },
    events: { Added: z.object({ by: z.int() }) },
    category: 'counter',
    streamId: ({ data }) => data.id,
    initialState: { total: 0 },
    evolve: {
      Added: (state, { by }) => {
        state.total += by;
      },
    },
    decide: { Add: () => [{ type: 'Added', data: { by: step } }] },
  });
}

const first = counterOf('1', 1);
const second = counterOf('2', 10);
const ids = Array.from({ length: 200 }, (_, index) => String(index));

describe('a rollout', () => {
  test('sends the streams whose points are below the share to the candidate, and records its version', async () => {
    const store = createMemoryStore();
    const counter = rollout(first, second, { share: 0.25 });
    await using sourcer = createEventSourcer({ store, modules: [counter] });
    const byCandidate: string[] = [];
    for (const id of ids) {
      const { decided, stream, commandId } = await sourcer.dispatch(counter.commands.Add({ id }));
      const record = await store.findDecision(commandId);
      const version = record?.decision.module.version;
      assert.equal(decided[0]?.data.by, version === '2' ? 10 : 1);
      assert.equal(version === '2', pointOf(stream) < 0.25);
      if (version === '2') byCandidate.push(id);
    }
    assert.ok(byCandidate.length > 30 && byCandidate.length < 70, `${byCandidate.length} of 200 streams`);
  });

  test('moves up, back and all the way', async () => {
    const counter = rollout(first, second, { share: 0 });
    await using sourcer = createEventSourcer({ store: createMemoryStore(), modules: [counter] });
    const total = async (): Promise<number> => {
      let sum = 0;
      for (const id of ids.slice(0, 20)) {
        const { decided } = await sourcer.dispatch(counter.commands.Add({ id }));
        sum += decided[0]!.data.by;
      }
      return sum;
    };
    assert.equal(await total(), 20);
    counter.rollout.move(1);
    assert.equal(await total(), 200);
    counter.rollout.move(0);
    assert.equal(await total(), 20);
    const { state } = await sourcer.state(counter, 'counter-0');
    assert.equal(state.total, 12);
  });

  test('only adds streams to the candidate when its share grows', () => {
    fc.assert(
      fc.property(fc.string({ minLength: 1 }), fc.double({ min: 0, max: 1, noNaN: true }), (stream, share) => {
        const { rollout: control } = rollout(first, second, { share });
        const before = control.takes(stream);
        control.move(share + (1 - share) / 2);
        assert.ok(!before || control.takes(stream));
        control.move(1);
        assert.ok(control.takes(stream));
        control.move(0);
        assert.ok(!control.takes(stream));
      }),
    );
  });

  test('loses no command and decides none twice while it moves with commands in flight', async () => {
    const share = fc.double({ min: 0, max: 1, noNaN: true });
    const steps = fc.array(fc.oneof(fc.constantFrom('a', 'b', 'c', 'd'), share), { minLength: 1, maxLength: 60 });
    await fc.assert(
      fc.asyncProperty(steps, async (list) => {
        const store = createMemoryStore();
        const counter = rollout(first, second, { share: 0.5 });
        const sourcer = createEventSourcer({ store, modules: [counter] });
        const sent: Promise<{
          readonly stream: string;
          readonly decided: readonly { readonly data: { by: number } }[];
        }>[] = [];
        for (const [index, step] of list.entries()) {
          if (typeof step === 'number') counter.rollout.move(step);
          else {
            const command = counter.commands.Add({ id: step });
            const [one, again] = [1, 2].map(() => sourcer.dispatch(command, { commandId: String(index) }));
            sent.push(one!);
            again!.catch(() => {});
          }
          if (index % 3 === 0) await Promise.resolve();
        }
        const results = await Promise.all(sent);
        const totals = new Map<string, number>();
        for (const { stream, decided } of results) {
          totals.set(stream, (totals.get(stream) ?? 0) + decided[0]!.data.by);
        }
        for (const [stream, total] of totals) {
          assert.equal((await sourcer.state(counter, stream)).state.total, total);
        }
        await sourcer.close();
        const { difference, decisions, unverified } = await verifyStore(store, { deciders: [counter] });
        assert.deepEqual([difference, decisions, unverified], [undefined, results.length, []]);
      }),
      { numRuns: 60 },
    );
  });

  test('never reads a snapshot of the other version', async () => {
    const store = createSqliteStore({ file: ':memory:' });
    /** Folds wrongly, so that a foreign snapshot would show. */
    const wrong = { ...first, decider: { ...first.decider, evolve: () => ({ total: -1_000 }) } };
    for (const module of [wrong, rollout(wrong, second, { share: 1 })]) {
      const sourcer = createEventSourcer({ store, modules: [module], cachedStates: 0 });
      for (let count = 0; count < 5; count++) await sourcer.dispatch(first.commands.Add({ id: '7' }));
      await sourcer.close();
    }
    await using sourcer = createEventSourcer({ store, modules: [second], closeStore: true });
    assert.equal((await sourcer.state(second, 'counter-7')).state.total, 55);
    const key = { moduleName: 'counter', stream: 'counter-7' };
    assert.ok((await store.loadSnapshot({ ...key, moduleVersion: '1' })) !== undefined);
    assert.ok((await store.loadSnapshot({ ...key, moduleVersion: '2' })) !== undefined);
  });

  test('moves a decider in TypeScript to its component, and its sender gets the same values', async () => {
    const bytes = readFileSync(new URL('../../../examples/guests/rust/bank.wasm', import.meta.url));
    const component = await loadModule(bytes);
    const store = createMemoryStore();
    const rolling = rollout(account, component, { share: 0 });
    const bank = defineSystem({ name: 'bank', deciders: [rolling] });
    const running = await bank.start({ store });
    const { OpenAccount, Deposit, Withdraw } = account.commands;
    await running.dispatch(OpenAccount({ accountId: '1', owner: 'Ada' }));
    await running.dispatch(Deposit({ accountId: '1', amount: 10 }));
    rolling.rollout.move(1);
    const { decided, commandId } = await running.dispatch(Deposit({ accountId: '1', amount: 20 }));
    assert.deepEqual(
      decided.map(({ type }) => type),
      ['Deposited'],
    );
    const { outcome } = await running.dispatch(Withdraw({ accountId: '1', amount: 31 }));
    assert.equal(outcome.tag, 'rejected');
    const envelope = account.types.command.toEnvelope(Withdraw({ accountId: '1', amount: 30 }) as never);
    assert.equal((await running.handleCommand(envelope)).outcome.tag, 'accepted');
    assert.deepEqual(
      (await store.findDecision(commandId))?.decision.module.digest,
      component.routing.describe().digest,
    );
    await running.stop();
    assert.equal(component.statistics.handles, 0);
  });

  test('is refused if the versions do not fit', () => {
    const { routing } = first;
    const described = (change: object) => ({
      ...second,
      routing: { ...routing, describe: () => ({ ...second.routing.describe(), ...change }) },
    });
    const refused: [object, string][] = [
      [{ version: '1' }, 'rollout.candidate.version'],
      [{ name: 'other' }, 'rollout.candidate.name'],
      [{ category: 'other' }, 'rollout.candidate.category'],
      [{ contentType: 'application/json' }, 'rollout.candidate.contentType'],
      [{ commands: [] }, 'rollout.candidate.commands'],
      [{ events: [] }, 'rollout.candidate.events.Added'],
      [
        { events: [...second.routing.describe().events, { type: 'Removed', schemaVersion: 1 }] },
        'rollout.current.events.Removed',
      ],
      [{ events: [{ type: 'Added', schemaVersion: 2 }] }, 'rollout.current.events.Added'],
    ];
    for (const [change, place] of refused) {
      const modules = [rollout(first, described(change), { share: 0.5 })];
      assert.throws(() => createEventSourcer({ store: createMemoryStore(), modules }), {
        code: 'invalid-definition',
        payload: { place },
      });
    }
    for (const share of [-0.1, 1.1, Number.NaN, '1' as never]) {
      assert.throws(() => rollout(first, second, { share }), {
        code: 'invalid-definition',
        payload: { place: 'rollout.share' },
      });
      const { rollout: control } = rollout(first, second, { share: 0.5 });
      assert.throws(() => control.move(share), { code: 'invalid-definition' });
      assert.equal(control.share, 0.5);
    }
  });

  test('refuses a rollout as one of its versions', () => {
    const inner = rollout(first, second, { share: 0.5 });
    const third = counterOf('3', 100);
    assert.throws(() => rollout(inner, third, { share: 0.5 }), { payload: { place: 'rollout.current' } });
    assert.throws(() => rollout(third, inner, { share: 0.5 }), { payload: { place: 'rollout.candidate' } });
  });

  test('refuses an unknown option', () => {
    assert.throws(() => rollout(first, second, { share: 0, shares: 1 } as never), { code: 'invalid-definition' });
  });

  test('refuses a command that the versions route to different streams', async () => {
    const other = { ...second, routing: { ...second.routing, streamId: () => 'elsewhere' } };
    const store = createMemoryStore();
    await using sourcer = createEventSourcer({ store, modules: [rollout(first, other, { share: 1 })] });
    await assert.rejects(sourcer.dispatch(first.commands.Add({ id: '7' })), (error: { payload?: unknown }) => {
      assert.deepEqual((error.payload as { tag: string; val: { code: string } }).val.code, 'rollout-stream');
      return true;
    });
    assert.deepEqual(await store.readStreams(), []);
  });
});
