/** The guest in Python, built by componentize-py. It imports nothing. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { copyFileSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { before, describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import {
  type CommandHandler,
  commandUuid,
  createEventSourcer,
  type Envelope,
  isCommandFailure,
  msgpack,
} from 'decidable';
import { type ComponentCommandHandler, inspectComponent, loadModule } from 'decidable/component/host';
import { createMemoryStore } from 'decidable/memory';
import { envelope } from '../adapters/component/host/bank-arbitraries.ts';
import { bankSuite } from '../adapters/component/host/bank-suite.ts';
import { COMMANDS, historyOf, runBank, summaryOf, temporaryFolder } from '../examples/bank/cli/run-bank.ts';
import { builtGuestPath, skipGuest } from './built-guest.ts';

const SUBJECT = { kind: 'state', type: 'test', schemaVersion: 1 } as const;
const python = fileURLToPath(new URL('../../examples/guests/python/', import.meta.url));
const skip = skipGuest('python');

describe('the guest in Python', { skip }, () => {
  let bank: Buffer;
  before(() => {
    bank = readFileSync(builtGuestPath('python'));
  });

  for (const isolation of ['pooled', 'fresh'] as const) {
    let loaded: ComponentCommandHandler | undefined;
    let handles = 0;
    bankSuite({
      name: `as a component written in Python, ${isolation}`,
      module: async () => {
        loaded ??= await loadModule(bank, { isolation });
        handles = loaded.statistics.handles;
        return loaded as CommandHandler<unknown, unknown, unknown>;
      },
      handles: () => handles,
      runs: isolation === 'pooled' ? 40 : 1,
      // Each call copies the memory of CPython.
      isSlow: isolation === 'fresh',
    });
  }

  test('passes its own tests', () => {
    const { status, stderr } = spawnSync('python3', ['-B', '-m', 'unittest'], { cwd: python, encoding: 'utf8' });
    assert.equal(status, 0, stderr);
    assert.match(stderr, /Ran \d+ tests/);
  });

  test('imports nothing and is deterministic', async () => {
    const { world, isDeterministic, imports } = await inspectComponent(bank);
    assert.deepEqual([world, isDeterministic], ['command-handler', true]);
    assert.deepEqual(
      imports.map(({ name, provider }) => [name, provider]),
      [['decidable:eventsourcing/messages@0.1.0', 'nothing']],
    );
  });

  test('runs the main job with the summary and the events of the module in the process', async (t) => {
    // `--guest python` looks for the component at this path.
    copyFileSync(builtGuestPath('python'), join(python, 'build/bank.wasm'));
    const path = temporaryFolder(t);
    const lines = readFileSync(COMMANDS, 'utf8').split('\n').slice(0, 2_000).join('\n');
    const summary = async (db: string, ...args: string[]) => {
      const { code, stdout, stderr } = await runBank(['--file', '-', '--store', path(db), ...args], lines);
      assert.equal(code, 0, stderr);
      return summaryOf(stdout);
    };
    assert.equal(await summary('guest.db', '--guest', 'python'), await summary('process.db'));
    assert.deepEqual(await historyOf(path('guest.db')), await historyOf(path('process.db')));
  });

  test('decides 20,000 commands within 28 MiB', async () => {
    const { types, decider, statistics } = await loadModule(bank, { maxMemoryBytes: 28 << 20 });
    const deposit = envelope('Deposit', { accountId: 'a', amount: 1 });
    const opened = types.event.fromEnvelope(envelope('AccountOpened', { accountId: 'a', owner: 'Ada' }));
    let state = decider.evolve(decider.initialState(), opened);
    types.event.drop?.(opened);
    for (let count = 0; count < 20_000; count++) {
      const command = types.command.fromEnvelope(deposit);
      for (const event of decider.decide(state, command)) {
        state = decider.evolve(state, event);
        types.event.drop?.(event);
      }
      types.command.drop?.(command);
    }
    const bytes = types.state.toBytes(state);
    assert.deepEqual(msgpack.decode(bytes, SUBJECT), { balance: 20_000, owner: 'Ada', status: 'open' });
    types.state.drop?.(state);
    assert.deepEqual([statistics.handles, statistics.instances], [0, 1]);
  });

  test('is replaced if it has leaked as many handles as it may, and loses no command', async () => {
    const module = await loadModule(bank, { maxHandles: 400 });
    const store = createMemoryStore();
    await using sourcer = createEventSourcer({ store, modules: [module] });
    const accounts = Array.from({ length: 50 }, (_, number) => `a${number}`);
    let failures = 0;
    /** Sends a command again if its call failed. */
    const send = async (command: Envelope, commandId: string) => {
      try {
        return await sourcer.handleCommand(command, { commandId });
      } catch (error) {
        assert.ok(isCommandFailure(error, 'trap'));
        assert.equal(error.payload.val.code, 'handles-exhausted');
        assert.equal(await store.findDecision(commandUuid(commandId)), undefined);
        failures++;
        return await sourcer.handleCommand(command, { commandId });
      }
    };
    for (const accountId of accounts) await send(envelope('OpenAccount', { accountId, owner: 'Ada' }), accountId);
    for (let count = 1; count <= 600; count++) {
      const accountId = accounts[count % accounts.length]!;
      const { revision } = await send(envelope('Deposit', { accountId, amount: 1 }), `deposit-${count}`);
      assert.equal(revision, BigInt(Math.ceil(count / accounts.length)));
    }
    assert.ok(failures > 0 && failures < module.statistics.instances);
    assert.ok(module.statistics.instances > 2);
  });
});
