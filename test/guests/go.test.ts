/** The guest in Go, with its own implementation of WASI preview 1. It imports nothing. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { copyFileSync, mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { before, describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { type CommandHandler, msgpack } from 'decidable';
import { type ComponentCommandHandler, inspectComponent, loadModule } from 'decidable/component/host';
import { envelope } from '../adapters/component/host/bank-arbitraries.ts';
import { bankSuite } from '../adapters/component/host/bank-suite.ts';
import { COMMANDS, historyOf, runBank, summaryOf, temporaryFolder } from '../examples/bank/cli/run-bank.ts';
import { builtGuestPath, environment, skipGuest } from './built-guest.ts';

const SUBJECT = { kind: 'state', type: 'test', schemaVersion: 1 } as const;
const go = fileURLToPath(new URL('../../examples/guests/go/', import.meta.url));
const skip = skipGuest('go');

describe('the guest in Go', { skip }, () => {
  let bank: Buffer;

  before(() => {
    bank = readFileSync(builtGuestPath('go'));
  });

  for (const isolation of ['pooled', 'fresh'] as const) {
    let module: Promise<ComponentCommandHandler> | undefined;
    let handles = 0;
    bankSuite({
      name: `as a component written in Go, ${isolation}`,
      module: async () => {
        module ??= loadModule(bank, { isolation });
        const loaded = await module;
        handles = loaded.statistics.handles;
        return loaded as CommandHandler<unknown, unknown, unknown>;
      },
      handles: () => handles,
      runs: isolation === 'pooled' ? 100 : 1,
      isSlow: isolation === 'fresh',
    });
  }

  test('passes its own tests', () => {
    const { status, stdout, stderr } = spawnSync('go', ['test', './...'], {
      cwd: go,
      encoding: 'utf8',
      env: environment(),
    });
    assert.equal(status, 0, stdout + stderr);
    assert.match(stdout, /^ok\s+bank\/account/m);
  });

  test('imports nothing, is deterministic and names no path of this machine', async () => {
    const { world, isDeterministic, imports } = await inspectComponent(bank);
    assert.deepEqual([world, isDeterministic], ['command-handler', true]);
    assert.deepEqual(
      imports.map(({ name, provider }) => [name, provider]),
      [['decidable:eventsourcing/messages@0.1.0', 'nothing']],
    );
    assert.equal(bank.includes(go), false);
  });

  test('runs the main job with the summary and the events of the module in the process', async (t) => {
    // `--guest go` looks for the component at this path.
    mkdirSync(join(go, 'build'), { recursive: true });
    copyFileSync(builtGuestPath('go'), join(go, 'build/bank.wasm'));
    const path = temporaryFolder(t);
    const lines = readFileSync(COMMANDS, 'utf8').split('\n').slice(0, 2_000).join('\n');
    const summary = async (db: string, ...args: string[]) => {
      const { code, stdout, stderr } = await runBank(['--file', '-', '--store', path(db), ...args], lines);
      assert.equal(code, 0, stderr);
      return summaryOf(stdout);
    };
    assert.equal(await summary('guest.db', '--guest', 'go'), await summary('process.db'));
    assert.deepEqual(await historyOf(path('guest.db')), await historyOf(path('process.db')));
  });

  test('decides 100,000 commands within 20 MiB and with ten handles', async () => {
    const { types, decider, statistics } = await loadModule(bank, { maxMemoryBytes: 20 << 20, maxHandles: 10 });
    const deposit = envelope('Deposit', { accountId: 'a', amount: 1 });
    const opened = types.event.fromEnvelope(envelope('AccountOpened', { accountId: 'a', owner: 'Ada' }));
    let state = decider.evolve(decider.initialState(), opened);
    types.event.drop?.(opened);
    for (let count = 0; count < 100_000; count++) {
      const command = types.command.fromEnvelope(deposit);
      for (const event of decider.decide(state, command)) {
        state = decider.evolve(state, event);
        types.event.drop?.(event);
      }
      types.command.drop?.(command);
    }
    const bytes = types.state.toBytes(state);
    assert.deepEqual(msgpack.decode(bytes, SUBJECT), { balance: 100_000, owner: 'Ada', status: 'open' });
    types.state.drop?.(state);
    assert.deepEqual([statistics.handles, statistics.instances], [0, 1]);
  });
});
