/**
 * Guests in JavaScript, built by componentize-js and run on the virtual WASI: the bank, whose decider is the module of
 * examples/bank, and a guest that reads everything that a decision must not depend on.
 */

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { type CommandHandler, isFault, msgpack } from 'decidable';
import { type Component, compile, instantiate } from 'decidable/component';
import { type ComponentCommandHandler, loadModule } from 'decidable/component/host';
import { LANGUAGE_RUNTIME, NotGranted, virtualWasi } from 'decidable/component/wasi';
import { envelope } from '../adapters/component/host/bank-arbitraries.ts';
import { bankSuite } from '../adapters/component/host/bank-suite.ts';
import { COMMANDS, runBank, summaryOf, temporaryFolder } from '../examples/bank/cli/run-bank.ts';

const guests = new URL('../../examples/guests/', import.meta.url);
const toolchain = fileURLToPath(new URL('node_modules/@bytecodealliance/componentize-js/', guests));
const skip = !existsSync(toolchain) && 'componentize-js is not installed: npm ci in examples/guests';

const SUBJECT = { kind: 'state', type: 'test', schemaVersion: 1 } as const;

const folder = mkdtempSync(join(tmpdir(), 'decidable-javascript-'));
after(() => rmSync(folder, { recursive: true }));

/** The component that the build creates for a guest. */
function built(name: string, guest: URL): Buffer {
  const output = join(folder, name);
  const script = fileURLToPath(new URL('javascript/build.ts', guests));
  const build = spawnSync(process.execPath, [script, output, fileURLToPath(guest)], { encoding: 'utf8' });
  assert.equal(build.status, 0, build.stderr);
  return readFileSync(output);
}

const wasi = () => virtualWasi({ grant: LANGUAGE_RUNTIME });

describe('guests in JavaScript', { skip }, () => {
  let bank: Buffer;

  before(() => {
    bank = built('bank.wasm', new URL('javascript/bank.ts', guests));
  });

  for (const isolation of ['pooled', 'fresh'] as const) {
    let module: Promise<ComponentCommandHandler> | undefined;
    let handles = 0;
    bankSuite({
      name: `as a component written in JavaScript, ${isolation}`,
      module: async () => {
        module ??= loadModule(bank, {
          isolation,
          wasi,
        });
        const loaded = await module;
        handles = loaded.statistics.handles;
        return loaded as CommandHandler<unknown, unknown, unknown>;
      },
      handles: () => handles,
      runs: isolation === 'pooled' ? 20 : 1,
      // Creating an instance of SpiderMonkey takes 10 ms, so a history of 120 commands would take half a minute.
      isSlow: isolation === 'fresh',
    });
  }

  test('keep other states while they fold one', async () => {
    const { types, decider, statistics } = await loadModule(bank, { wasi });
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

  test('fold 250,000 events without more memory or handles than after the warm-up', async () => {
    // The engine's heap grows to about 70 MiB before it collects garbage.
    const limits = { maxMemoryBytes: 80 << 20, maxHandles: 10 };
    const { types, decider, statistics } = await loadModule(bank, { ...limits, wasi });
    const deposited = types.event.fromEnvelope(envelope('Deposited', { accountId: 'a', amount: 1 }));
    let state = decider.initialState();
    for (let count = 0; count < 250_000; count++) state = decider.evolve(state, deposited);
    const bytes = types.state.toBytes(state);
    assert.deepEqual(msgpack.decode(bytes, SUBJECT), { balance: 250_000, owner: '', status: 'none' });
    types.state.drop?.(state);
    types.event.drop?.(deposited);
    assert.deepEqual([statistics.handles, statistics.instances], [0, 1]);
  });

  test('release the handle of a state whose fold failed', async () => {
    const fallible = built('fallible.wasm', new URL('fallible.ts', import.meta.url));
    const { types, decider, statistics } = await loadModule(fallible, { maxHandles: 10, wasi });
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

  test('run the main job: the summary is the one of the module in the process', async (t) => {
    // `--guest javascript` looks for the component at this path.
    mkdirSync(new URL('javascript/build/', guests), { recursive: true });
    writeFileSync(new URL('javascript/build/bank.wasm', guests), bank);
    const path = temporaryFolder(t);
    const lines = readFileSync(COMMANDS, 'utf8').split('\n').slice(0, 2_000).join('\n');
    const summary = async (db: string, ...args: string[]) => {
      const { code, stdout, stderr } = await runBank(['--file', '-', '--store', path(db), ...args], lines);
      assert.equal(code, 0, stderr);
      return summaryOf(stdout);
    };
    assert.equal(await summary('guest.db', '--guest', 'javascript'), await summary('process.db'));
  });

  test('start only if their engine is granted the clock', async () => {
    await assert.rejects(
      loadModule(bank, { wasi: () => virtualWasi({ grant: [] }) }),
      (error) => error instanceof NotGranted && error.function === 'wasi:clocks/monotonic-clock#now',
    );
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
