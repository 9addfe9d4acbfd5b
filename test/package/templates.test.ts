/**
 * The templates of `decidable new decider`, as a user of the package meets them: the program of the installed package
 * writes a template into an empty folder, the commands that it prints are run there as they are, and the component that
 * they build decides commands.
 *
 * The tests of examples/guests build the same files of the other languages.
 */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { delimiter, dirname, join } from 'node:path';
import { describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { PACKAGES_MISSING, skipGuest } from '../guests/built-guest.ts';
import { installedProject } from './installed.ts';
import { packedFiles } from './packed-files.ts';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));

const LANGUAGES = {
  typescript: { component: 'account.wasm', skip: false, variables: {} },
  c: { component: 'bank.wasm', skip: skipGuest('c'), variables: {} },
  rust: {
    component: 'bank.wasm',
    skip: skipGuest('rust'),
    // The standard library is built once for all folders.
    variables: { CARGO_TARGET_DIR: join(ROOT, 'examples/guests/rust/target') },
  },
} as const;

/** Decides three commands with a component. */
const PROGRAM = `
import { readFileSync } from 'node:fs';
import { createEventSourcer, msgpack } from 'decidable';
import { loadModule } from 'decidable/component/host';
import { createMemoryStore } from 'decidable/memory';

const account = await loadModule(readFileSync(process.argv[2]));
await using sourcer = createEventSourcer({ store: createMemoryStore(), modules: [account] });
const send = async (type, data) => {
  const payload = msgpack.encode(data, { kind: 'command', type, schemaVersion: 1 });
  const { outcome, events } = await sourcer.handleCommand({ type, schemaVersion: 1, payload });
  console.log(outcome.tag === 'rejected' ? outcome.val.code : events.map(({ event }) => event.type).join());
};
await send('OpenAccount', { accountId: '1', owner: 'Ada' });
await send('Deposit', { accountId: '1', amount: 5 });
await send('Withdraw', { accountId: '1', amount: 6 });
`;

const project = installedProject({ files: packedFiles() });
const modules = join(project.folder, 'node_modules');

/** Links the programs of packages, as npm does when it installs them. */
function linkPrograms(names: readonly string[]): void {
  mkdirSync(join(modules, '.bin'));
  for (const name of names) {
    const { bin } = JSON.parse(readFileSync(join(modules, name, 'package.json'), 'utf8')) as { bin: object | string };
    const path = join(modules, name, typeof bin === 'string' ? bin : Reflect.get(bin, name));
    if (name === 'decidable') chmodSync(path, 0o755);
    symlinkSync(path, join(modules, '.bin', name));
  }
}
linkPrograms(['decidable', 'node']);

for (const [language, { component, skip, variables }] of Object.entries(LANGUAGES)) {
  describe(`the template in ${language}`, { skip }, () => {
    const folder = join(project.folder, language);
    const run = (command: string, cwd = folder) => {
      const { NODE_TEST_CONTEXT: _context, NODE_OPTIONS: _options, ...inherited } = process.env;
      const PATH = [dirname(process.execPath), inherited['PATH']].join(delimiter);
      return spawnSync(command, { shell: true, cwd, encoding: 'utf8', env: { ...inherited, ...variables, PATH } });
    };

    test('builds a component with the commands that `decidable new` prints', (t) => {
      const created = run(`npx decidable new decider ${language} --language ${language} --json`, project.folder);
      assert.equal(created.status, 0, created.stderr);
      const { next } = JSON.parse(created.stdout) as { next: readonly string[] };
      const manifest = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as { dependencies: object };
      for (const name of Object.keys(manifest.dependencies)) assert.ok(existsSync(join(modules, name)), name);
      symlinkSync(modules, join(folder, 'node_modules'));
      assert.equal(next[0], 'npm install');
      for (const command of next.slice(1)) {
        const { status, stdout, stderr } = run(command);
        if (status === PACKAGES_MISSING) return t.skip(`a package cannot be installed: ${stderr}`);
        assert.equal(status, 0, `${command}: ${stdout}${stderr}`);
        if (command.includes('inspect')) assert.match(stdout, /^Deterministic +yes$/m);
      }
      if (language === 'typescript') return;
      const checkedIn = readFileSync(join(ROOT, 'examples/guests', language, component));
      assert.ok(readFileSync(join(folder, component)).equals(checkedIn));
    });

    test('makes a component that decides commands with the installed package', (t) => {
      if (!existsSync(join(folder, component))) return t.skip('the component was not built');
      writeFileSync(join(folder, 'decide.js'), PROGRAM);
      const { stdout, stderr } = run(`node decide.js ${component}`);
      assert.deepEqual([stdout, stderr], ['AccountOpened\nDeposited\ninsufficient-funds\n', '']);
    });
  });
}
