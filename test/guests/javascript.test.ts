/**
 * Guests in JavaScript: the bank, which `decidable/build` builds from the module of examples/bank, and a guest of
 * componentize-js that reads everything that a decision must not depend on, on the virtual WASI.
 */

import assert from 'node:assert/strict';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { type CommandHandler, isFault, msgpack } from 'decidable';
import { type Component, compile, instantiate } from 'decidable/component';
import { type ComponentCommandHandler, loadModule } from 'decidable/component/host';
import { LANGUAGE_RUNTIME, virtualWasi } from 'decidable/component/wasi';
import { built } from '../adapters/component/build/built.ts';
import { envelope } from '../adapters/component/host/bank-arbitraries.ts';
import { bankSuite } from '../adapters/component/host/bank-suite.ts';
import { callEveryFunction } from '../adapters/component/host/every-function.ts';
import { COMMANDS, historyOf, runBank, summaryOf, temporaryFolder } from '../examples/bank/cli/run-bank.ts';

const guests = new URL('../../examples/guests/', import.meta.url);
const toolchain = fileURLToPath(new URL('node_modules/@bytecodealliance/componentize-js/', guests));
const skip = !existsSync(toolchain) && 'componentize-js is not installed: npm ci in examples/guests';

const SUBJECT = { kind: 'state', type: 'test', schemaVersion: 1 } as const;

const BANK = new URL('../../examples/bank/account.ts', import.meta.url);

const folder = mkdtempSync(join(tmpdir(), 'decidable-javascript-'));
after(() => rmSync(folder, { recursive: true }));

describe('guests in TypeScript', () => {
  for (const isolation of ['pooled', 'fresh'] as const) {
    let module: Promise<ComponentCommandHandler> | undefined;
    let handles = 0;
    bankSuite({
      name: `as a component built from TypeScript, ${isolation}`,
      module: async () => {
        module ??= loadModule((await built(BANK, 'account')).component, { isolation });
        const loaded = await module;
        handles = loaded.statistics.handles;
        return loaded as CommandHandler<unknown, unknown, unknown>;
      },
      handles: () => handles,
      runs: isolation === 'pooled' ? 30 : 1,
      // Each call copies the memory of the engine, so a history of 120 commands would take seconds.
      isSlow: isolation === 'fresh',
    });
  }

  test('keep other states while they fold one', async () => {
    const { component } = await built(BANK, 'account');
    const { types, decider, statistics } = await loadModule(component);
    const opened = types.event.fromEnvelope(envelope('AccountOpened', { accountId: 'a', owner: 'o' }));
    const deposited = types.event.fromEnvelope(envelope('Deposited', { accountId: 'a', amount: 5 }));
    const waiting = Array.from({ length: 50 }, () => decider.evolve(decider.initialState(), opened));
    let busy = decider.evolve(decider.initialState(), opened);
    for (let count = 0; count < 300; count++) busy = decider.evolve(busy, deposited);
    const bytes = types.state.toBytes(waiting[0]!);
    for (const state of waiting) {
      assert.deepEqual(types.state.toBytes(state), bytes);
      types.state.drop?.(state);
    }
    for (const event of [opened, deposited]) types.event.drop?.(event);
    types.state.drop?.(busy);
    assert.deepEqual([statistics.handles, statistics.instances], [0, 1]);
  });

  test('fold 100,000 events without more memory or handles than after the start', async () => {
    const { component } = await built(BANK, 'account');
    // The bounds of the handles include those of the guest's own table.
    const limits = { maxMemoryBytes: 12 << 20, maxHandles: 10 };
    const { types, decider, statistics } = await loadModule(component, limits);
    const deposited = types.event.fromEnvelope(envelope('Deposited', { accountId: 'a', amount: 1 }));
    let state = decider.initialState();
    for (let count = 0; count < 100_000; count++) state = decider.evolve(state, deposited);
    const bytes = types.state.toBytes(state);
    assert.deepEqual(msgpack.decode(bytes, SUBJECT), { balance: 100_000, owner: '', status: 'none' });
    types.state.drop?.(state);
    types.event.drop?.(deposited);
    assert.deepEqual([statistics.handles, statistics.instances], [0, 1]);
  });

  test('need no more memory or handles after 2,000 decisions, folds, rejections, faults and states', async () => {
    const { component } = await built(BANK, 'account');
    const module = await loadModule(component, { maxMemoryBytes: 12 << 20, maxHandles: 10 });
    callEveryFunction(module, 2_000);
    assert.deepEqual([module.statistics.handles, module.statistics.instances], [0, 1]);
  });

  test('release the handle of a state whose fold failed', async () => {
    const { component } = await built(new URL('fallible.ts', import.meta.url), 'counter');
    const { types, decider, statistics } = await loadModule(component, { maxHandles: 10 });
    const counted = types.event.fromEnvelope(envelope('Counted', {}));
    const broken = types.event.fromEnvelope(envelope('Broken', {}));
    let state = decider.initialState();
    for (let round = 0; round < 100; round++) {
      state = decider.evolve(state, counted);
      const lost = types.state.fromBytes(types.state.toBytes(state));
      assert.throws(() => decider.evolve(lost, broken), isFault);
    }
    const bytes = types.state.toBytes(state);
    assert.deepEqual(msgpack.decode(bytes, SUBJECT), { count: 100 });
    types.state.drop?.(state);
    for (const event of [counted, broken]) types.event.drop?.(event);
    assert.deepEqual([statistics.handles, statistics.instances], [0, 1]);
  });

  test('run the main job with the same summary and events as the module in the process', async (t) => {
    // `--guest javascript` looks for the component at this path.
    mkdirSync(new URL('javascript/build/', guests), { recursive: true });
    const { component } = await built(BANK, 'account');
    writeFileSync(new URL('javascript/build/bank.wasm', guests), component);
    const path = temporaryFolder(t);
    const lines = readFileSync(COMMANDS, 'utf8').split('\n').slice(0, 2_000).join('\n');
    const summary = async (db: string, ...args: string[]) => {
      const { code, stdout, stderr } = await runBank(['--file', '-', '--store', path(db), ...args], lines);
      assert.equal(code, 0, stderr);
      return summaryOf(stdout);
    };
    assert.equal(await summary('guest.db', '--guest', 'javascript'), await summary('process.db'));
    assert.deepEqual(await historyOf(path('guest.db')), await historyOf(path('process.db')));
  });
});

const PROBE_WIT = `package probe:probe;
world probe {
  export now: func() -> f64;
  export elapsed: func() -> f64;
  export random: func() -> f64;
  export print: func(line: string);
}`;

const PROBE = `
export const now = () => Date.now();
export const elapsed = () => performance.now();
export const random = () => Math.random();
export const print = (line) => { console.log(line); console.error(line.toUpperCase()); };
`;

interface Probe {
  now(): number;
  elapsed(): number;
  random(): number;
  print(line: string): void;
}

describe('the environment of a guest in JavaScript', { skip }, () => {
  let probe: Component;

  before(async () => {
    const { componentize } = (await import(pathToFileURL(join(toolchain, 'src/componentize.js')).href)) as {
      componentize(options: object): Promise<{ component: Uint8Array }>;
    };
    mkdirSync(join(folder, 'probe'));
    const [sourcePath, witPath] = [join(folder, 'probe/probe.js'), join(folder, 'probe/probe.wit')];
    writeFileSync(sourcePath, PROBE);
    writeFileSync(witPath, PROBE_WIT);
    probe = await compile((await componentize({ sourcePath, witPath, worldName: 'probe' })).component);
  });

  const run = async (options: Parameters<typeof virtualWasi>[0] = {}) => {
    const wasi = virtualWasi({ grant: LANGUAGE_RUNTIME, ...options });
    const { exports } = await instantiate(probe, wasi.imports);
    return { guest: exports as unknown as Probe, wasi };
  };

  test('has a constant clock, which shows the command’s time during a decision', async () => {
    const { guest, wasi } = await run();
    assert.equal(guest.now(), 0);
    wasi.setDecision({ time: 1_700_000_000_123n, seed: 'c1' });
    assert.deepEqual([guest.now(), guest.now()], [1_700_000_000_123, 1_700_000_000_123]);
    wasi.setDecision();
    assert.equal(guest.now(), 0);
  });

  test('has randomness that is derived from the command’s id', async () => {
    const numbers = async (seed: string) => {
      const { guest, wasi } = await run();
      wasi.setDecision({ time: 0n, seed });
      return [guest.random(), guest.random()];
    };
    const first = await numbers('c1');
    assert.deepEqual(await numbers('c1'), first);
    assert.notEqual(first[0], first[1]);
  });

  test('passes output on as lines', async () => {
    const [out, err]: [string[], string[]] = [[], []];
    const { guest } = await run({ stdout: (line) => out.push(line), stderr: (line) => err.push(line) });
    guest.print('one\ntwo');
    guest.print('Łucja');
    assert.deepEqual(out, ['one', 'two', 'Łucja']);
    assert.deepEqual(err, ['ONE', 'TWO', 'ŁUCJA']);
  });

  test('is linked to wasi:http, and calls no function of it', async () => {
    assert.ok(probe.imports.some((each) => each.name.startsWith('wasi:http/')));
    const { guest } = await run();
    assert.equal(guest.elapsed(), guest.elapsed());
  });
});
