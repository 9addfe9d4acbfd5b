/** Optional peers. If a peer is missing, its subpath throws an error that names it, and the other subpaths work. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, test } from 'node:test';
import { loadPeer } from '../../src/core/missing-peer.ts';
import { installedProject } from './installed.ts';

const manifest = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8'));
const peers: readonly string[] = Object.keys(manifest.peerDependencies);
const subpaths: readonly string[] = Object.keys(manifest.exports)
  .filter((path) => path !== './package.json')
  .map((path) => path.replace('.', 'decidable'));

/** The subpaths whose types depend on an optional peer. */
const OF_PEERS: readonly string[] = ['decidable/codecs/protobuf', 'decidable/testing/arbitraries'];

const complete = installedProject();
const bare = installedProject({ without: [...peers, '@types/node', 'undici-types'] });

describe('a project without the optional peers', () => {
  test('gets an error that names the missing package', () => {
    const program = `
      try {
        await import('decidable/codecs/protobuf');
      } catch ({ code, payload }) {
        console.log(JSON.stringify({ code, payload }));
      }`;
    const { stdout, stderr } = bare.run('node', ['--input-type=module', '-e', program]);
    assert.deepEqual(stdout === '' ? stderr : JSON.parse(stdout), {
      code: 'missing-peer',
      payload: { package: '@bufbuild/protobuf', subpath: 'decidable/codecs/protobuf' },
    });
  });

  for (const [address, payload] of [
    ['postgres://localhost/bank', { package: 'pg', subpath: 'decidable/postgres' }],
    ['nats://localhost/bank', { package: '@nats-io/transport-node', subpath: 'decidable/nats' }],
  ] as const) {
    test(`gets an error that names the package that a store needs when it is opened: ${payload.package}`, () => {
      const program = `
        const { openStore } = await import('decidable/stores');
        await openStore('${address}').catch(({ code, payload }) => console.log(JSON.stringify({ code, payload })));`;
      const { stdout, stderr } = bare.run('node', ['--input-type=module', '-e', program]);
      assert.deepEqual(stdout === '' ? stderr : JSON.parse(stdout), { code: 'missing-peer', payload });
    });
  }

  test('gets an error that names the package that a build needs', () => {
    const program = `
      const { buildComponent } = await import('decidable/build');
      await buildComponent('package.json').catch(({ code, payload }) => console.log(JSON.stringify({ code, payload })));`;
    const { stdout, stderr } = bare.run('node', ['--input-type=module', '-e', program]);
    assert.deepEqual(stdout === '' ? stderr : JSON.parse(stdout), {
      code: 'missing-peer',
      payload: { package: 'esbuild', subpath: 'decidable/build' },
    });
  });

  test('can import every other subpath', () => {
    const others = subpaths.filter((path) => path !== 'decidable/codecs/protobuf');
    const program = `for (const path of ${JSON.stringify(others)}) await import(path);`;
    const { status, stderr } = bare.run('node', ['--input-type=module', '-e', program]);
    assert.equal(status, 0, stderr);
  });

  test('compiles the types of every other subpath, without the types of Node', () => {
    const others = subpaths.filter((path) => !OF_PEERS.includes(path));
    bare.write({ 'user.ts': importsOf(others) });
    for (const [name, options] of Object.entries(MODES)) {
      bare.write({ 'tsconfig.json': configOf({ ...options, types: [], lib: ['es2022', 'dom', 'dom.iterable'] }) });
      assert.equal(bare.run('tsc', ['-p', '.', '--pretty', 'false']).stdout, '', name);
    }
  });
});

describe('a project with the optional peers', () => {
  test('compiles the types of every subpath', () => {
    complete.write({ 'user.ts': importsOf(subpaths) + USER });
    for (const [name, options] of Object.entries(MODES)) {
      complete.write({ 'tsconfig.json': configOf({ ...options, types: ['node'], lib: ['es2024', 'dom'] }) });
      assert.equal(complete.run('tsc', ['-p', '.', '--pretty', 'false']).stdout, '', name);
    }
  });
});

test('an import that fails for another reason keeps its error', async () => {
  const broken = new SyntaxError('unexpected token');
  const elsewhere = Object.assign(new Error("Cannot find package 'other'"), { code: 'ERR_MODULE_NOT_FOUND' });
  for (const error of [broken, elsewhere]) {
    await assert.rejects(
      loadPeer('@some/peer', 'decidable/some', () => Promise.reject(error)),
      error,
    );
  }
});

function importsOf(paths: readonly string[]): string {
  return paths.map((path, index) => `import * as part${index} from '${path}';\nvoid part${index};\n`).join('');
}

/** Code of a user: a decider, a test of it, its arbitraries, and the options that may be left out or undefined. */
const USER = `
  import { defineCommand, defineDecider, defineEvent, type StateOf } from 'decidable';
  import { createMemoryStore } from 'decidable/memory';
  import { testDecider } from 'decidable/testing';
  import { arbitraries } from 'decidable/testing/arbitraries';
  import { createEventSourcer } from 'decidable';
  import fc from 'fast-check';
  import { z } from 'zod';

  export const account = defineDecider({
    name: 'account',
    version: '1',
    state: z.object({ balance: z.bigint(), owner: z.string().optional() }),
    commands: { Deposit: defineCommand('Deposit', z.object({ amount: z.bigint() })) },
    events: { Deposited: defineEvent('Deposited', z.object({ amount: z.bigint(), note: z.string().optional() })) },
    category: 'account',
    streamId: () => '1',
    initialState: { balance: 0n },
    evolve: { Deposited: (state, { amount }) => void (state.balance += amount) },
    decide: { Deposit: (_state, { amount }) => [{ type: 'Deposited', data: { amount } }] },
  });
  export const state: StateOf<typeof account> = { balance: 1n };
  const { given } = testDecider(account, {});
  export const body: () => void | Promise<void> = () =>
    given().when(account.commands.Deposit({ amount: 1n })).then(account.events.Deposited({ amount: 1n }));
  fc.assert(fc.property(arbitraries(fc, account).command, (command) => void given().when(command)));
  export const sourcer = createEventSourcer({ store: createMemoryStore(), modules: [account] });
  export const position: Promise<bigint | undefined> = sourcer
    .dispatch({ type: 'Deposit', data: { amount: 1n } })
    .then(({ revision }) => revision);
`;

const MODES: Readonly<Record<string, object>> = Object.fromEntries(
  ['nodenext', 'bundler'].flatMap((moduleResolution) =>
    [true, false].map((exactOptionalPropertyTypes) => [
      `${moduleResolution}, exactOptionalPropertyTypes ${exactOptionalPropertyTypes}`,
      { module: moduleResolution === 'bundler' ? 'esnext' : 'nodenext', moduleResolution, exactOptionalPropertyTypes },
    ]),
  ),
);

function configOf(options: object): string {
  const compilerOptions = { target: 'es2022', strict: true, noEmit: true, skipLibCheck: false, ...options };
  return JSON.stringify({ compilerOptions, files: ['user.ts'] });
}
