/** The development mode: modules of a running program that throw if they are not pure. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { type CommandFailure, createEventSourcer, defineDecider, inline, isCommandFailure } from 'decidable';
import { loadModule } from 'decidable/component/host';
import { createMemoryStore } from 'decidable/memory';
import { createSqliteStore } from 'decidable/sqlite';
import { deterministic, NondeterminismError } from 'decidable/testing';
import { z } from 'zod';
import { account } from '../../../examples/bank/account.ts';
import { bank } from '../../../examples/bank/system.ts';
import { house, lottery, prizes } from './lottery.ts';

const file = fileURLToPath(new URL('lottery.ts', import.meta.url));
const lines = readFileSync(file, 'utf8').split('\n');

/** Returns the place of the line of the lottery with this comment, without the column. */
function lineOf(comment: string): string {
  return `${file}:${lines.findIndex((line) => line.endsWith(`// ${comment}`)) + 1}`;
}

/** Returns the error that a command fails with. */
async function failureOf(sending: Promise<unknown>): Promise<CommandFailure & { readonly cause: NondeterminismError }> {
  try {
    await sending;
  } catch (error) {
    assert.ok(isCommandFailure(error, 'trap'), String(error));
    assert.ok(error.cause instanceof NondeterminismError, String(error.cause));
    return error as CommandFailure & { readonly cause: NondeterminismError };
  }
  return assert.fail('the command did not fail');
}

describe('a decider in the development mode', () => {
  const calls: readonly [act: string, call: string, kind: string, comment: string][] = [
    ['variable', 'draws', 'module state', 'draws'],
    ['map', 'winners', 'module state', 'winners'],
    ['field', 'board', 'module state', 'board'],
    ['array', 'tickets', 'module state', 'tickets'],
    ['static', 'Machine.drawn', 'module state', 'static'],
    ['namespace', 'winnings.total', 'module state', 'namespace'],
    ['promise', 'Promise', 'timers', 'promise'],
    ['clock', 'Date.now()', 'clock', 'clock'],
    ['caught', 'Math.random()', 'randomness', 'caught'],
    ['fold variable', 'draws', 'module state', 'draws'],
    ['fold clock', 'Date.now()', 'clock', 'clock'],
  ];
  for (const [act, call, kind, comment] of calls) {
    test(`names the call and its line: ${act}`, async () => {
      const store = createMemoryStore();
      await using sourcer = createEventSourcer({ store, modules: [deterministic(lottery)] });
      const { cause, payload } = await failureOf(sourcer.dispatch(lottery.commands.Draw({ act, name: 'Ada' })));
      assert.equal((payload as { val: { code: string } }).val.code, 'nondeterministic');
      assert.deepEqual([cause.call?.call, cause.call?.kind], [call, kind]);
      assert.equal(cause.call?.where.replace(/:\d+$/, ''), lineOf(comment));
      assert.deepEqual(await store.readStreams(), []);
    });
  }

  const shared: readonly [act: string, name: string, restore: () => void][] = [
    ['global', 'globalThis.drawn', () => Reflect.deleteProperty(globalThis, 'drawn')],
    ['prototype', 'Array.prototype.drawn', () => Reflect.deleteProperty(Array.prototype, 'drawn')],
    ['pattern', 'pattern', () => {}],
  ];
  for (const [act, name, restore] of shared) {
    test(`names what it changed outside of its file or by a method: ${act}`, async () => {
      await using sourcer = createEventSourcer({ store: createMemoryStore(), modules: [deterministic(lottery)] });
      try {
        const { cause } = await failureOf(sourcer.dispatch(lottery.commands.Draw({ act, name: 'Ada' })));
        assert.deepEqual([cause.call?.call, cause.call?.kind], [name, 'module state']);
        assert.ok(cause.call?.where.startsWith(file));
      } finally {
        restore();
      }
    });
  }

  test('may keep a schema in a variable when it is first needed', async () => {
    await using sourcer = createEventSourcer({ store: createMemoryStore(), modules: [deterministic(lottery)] });
    const { decided } = await sourcer.dispatch(lottery.commands.Draw({ act: 'memo', name: 'Ada' }));
    assert.equal(decided[0]?.type, 'Drawn');
  });

  test('decides, rejects and stores the same as without it', async () => {
    const stores = [createMemoryStore(), createMemoryStore()];
    const { OpenAccount, Deposit, Withdraw } = account.commands;
    for (const [index, module] of [account, deterministic(account)].entries()) {
      await using sourcer = createEventSourcer({ store: stores[index]!, modules: [module] });
      await sourcer.dispatch(OpenAccount({ accountId: '1', owner: 'Ada' }), { commandId: '1' });
      await sourcer.dispatch(Deposit({ accountId: '1', amount: 5 }), { commandId: '2' });
      const { outcome } = await sourcer.dispatch(Withdraw({ accountId: '1', amount: 50 }), { commandId: '3' });
      assert.equal(outcome.tag, 'rejected');
      const { state } = await sourcer.state(module, 'account-1');
      assert.equal(state.status, 'open');
    }
    const [plain, checked] = await Promise.all(stores.map((store) => store.readCommits('account-1')));
    const contents = (commits: typeof plain) =>
      commits?.map(({ events, decision: { decision } }) => ({ events, decision }));
    assert.deepEqual(contents(checked), contents(plain));
  });

  test('finds a result that depends on a value that was kept when the module was loaded', async () => {
    const kept = process.env;
    const leaky = defineDecider({
      name: 'leaky',
      version: '1',
      state: z.object({}),
      commands: { Look: z.object({}) },
      events: { Looked: z.object({ path: z.string() }) },
      category: 'leaky',
      streamId: () => '1',
      initialState: {},
      evolve: { Looked: () => {} },
      decide: { Look: () => [{ type: 'Looked', data: { path: String(kept['PATH']) } }] },
    });
    await using sourcer = createEventSourcer({ store: createMemoryStore(), modules: [deterministic(leaky)] });
    const { cause } = await failureOf(sourcer.dispatch(leaky.commands.Look({})));
    assert.equal(cause.code, 'nondeterministic');
  });

  test('leaves the clock and the variables of the rest of the program alone', async () => {
    await using sourcer = createEventSourcer({ store: createMemoryStore(), modules: [deterministic(lottery)] });
    const { now } = Date;
    const { decided } = await sourcer.dispatch(lottery.commands.Draw({ act: 'pure', name: 'Ada' }));
    assert.equal(decided[0]?.type, 'Drawn');
    assert.equal(Date.now, now);
    assert.ok(Date.now() > 0);
  });
});

describe('a system in the development mode', () => {
  test('runs like the original, and finds its read models by the original definitions', async () => {
    await using running = await deterministic(house).start({ store: createMemoryStore() });
    await running.dispatch(lottery.commands.Draw({ act: 'pure', name: 'Ada' }));
    await running.settled();
    assert.deepEqual(await running.readModel(prizes).get('Ada'), { count: 1 });
  });

  for (const [act, part] of [
    ['handle array', 'announcer'],
    ['project map', 'prizes'],
  ] as const) {
    test(`stops the processor of a part that is not pure: ${part}`, async () => {
      const running = await deterministic(house).start({ store: createMemoryStore(), failurePolicy: { retries: 0 } });
      await running.dispatch(lottery.commands.Draw({ act, name: 'Ada' }));
      await assert.rejects(running.settled());
      const stopped = (await running.status()).find((each) => each.name === part);
      await running.stop();
      assert.equal(stopped?.stopped?.code, 'nondeterministic');
    });
  }

  test('keeps an inline read model inline', async () => {
    const system = deterministic({ ...house, readModels: [inline(prizes)] } as never) as typeof house;
    await using running = await system.start({ store: createSqliteStore({ file: ':memory:' }) });
    await running.dispatch(lottery.commands.Draw({ act: 'pure', name: 'Ada' }));
    assert.deepEqual(await running.readModel(prizes).get('Ada'), { count: 1 });
  });

  test('leaves components, tables and reactors as they are', async () => {
    const component = await loadModule(readFileSync(new URL('../../../examples/guests/c/bank.wasm', import.meta.url)));
    assert.equal(deterministic(component), component);
    const checked = deterministic(bank);
    assert.deepEqual([checked.name, checked.reactors], [bank.name, bank.reactors]);
    assert.equal(checked.deciders.length, bank.deciders.length);
  });
});
