/**
 * The templates of `decidable new decider`, as a user of the package meets them: the program of the installed package
 * writes a template into an empty folder, the commands that it prints are run there as they are, and the component that
 * they build decides the bank's story like the module in the process, byte for byte.
 */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { delimiter, dirname, join } from 'node:path';
import { describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { environment, type GuestLanguage, PACKAGES_MISSING, skipGuest } from '../guests/built-guest.ts';
import { installedProject } from './installed.ts';
import { packedFiles } from './packed-files.ts';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));

interface Template {
  /** The path of the component in the folder. */
  readonly component: string;
  readonly skip: string | false;
  /** True if each build makes the bytes of the checked-in component. */
  readonly isCheckedIn?: boolean;
  /** Variables of the build. */
  readonly variables?: Readonly<Record<string, string>>;
  /** A tool of the repository, which the build would otherwise install into the folder. */
  readonly tool?: string;
}

const LANGUAGES: Readonly<Record<'typescript' | GuestLanguage, Template>> = {
  typescript: { component: 'account.wasm', skip: false },
  c: { component: 'bank.wasm', skip: skipGuest('c'), isCheckedIn: true },
  rust: {
    component: 'bank.wasm',
    skip: skipGuest('rust'),
    isCheckedIn: true,
    // The standard library is built once for all folders.
    variables: { CARGO_TARGET_DIR: join(ROOT, 'examples/guests/rust/target') },
  },
  assemblyscript: { component: 'bank.wasm', skip: skipGuest('assemblyscript'), isCheckedIn: true },
  go: { component: 'build/bank.wasm', skip: skipGuest('go') },
  python: { component: 'build/bank.wasm', skip: skipGuest('python'), tool: 'build/venv' },
};

/** Decides the life of an account with the component and with the module in TypeScript, and prints both results. */
const PROGRAM = `
import { readFileSync } from 'node:fs';
import { createEventSourcer } from 'decidable';
import { loadModule } from 'decidable/component/host';
import { createMemoryStore } from 'decidable/memory';
import { account, CloseAccount, Deposit, OpenAccount, Withdraw } from '../typescript/account.ts';

const STORY = [
  Deposit({ accountId: '1', amount: 5 }),
  OpenAccount({ accountId: '1', owner: 'Łucja 山田 🎈' }),
  OpenAccount({ accountId: '1', owner: 'Ada' }),
  Deposit({ accountId: '1', amount: 100_000_000, transferId: 't-1' }),
  Deposit({ accountId: '1', amount: 1 }),
  Withdraw({ accountId: '1', amount: 1_000_001 }),
  CloseAccount({ accountId: '1' }),
  ...Array.from({ length: 100 }, () => Withdraw({ accountId: '1', amount: 1_000_000 })),
  Withdraw({ accountId: '1', amount: 6 }),
  CloseAccount({ accountId: '1' }),
  Deposit({ accountId: '1', amount: 1 }),
].map((command) => account.types.command.toEnvelope(command));

async function live(module) {
  await using sourcer = createEventSourcer({ store: createMemoryStore(), modules: [module] });
  const steps = [];
  for (const [index, command] of STORY.entries()) {
    const { stream, revision, outcome, events } = await sourcer.handleCommand(command, { commandId: String(index) });
    steps.push([stream, String(revision), outcome, ...events.map(({ id, event }) => [id, event])]);
  }
  const { state } = await sourcer.readState('account-1');
  return JSON.stringify([steps, [...state]]);
}
console.log(await live(await loadModule(readFileSync(process.argv[2]))));
console.log(await live(account));
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
// The npm packages of the guests that the root of the repository does not have.
symlinkSync(join(ROOT, 'examples/guests/node_modules/assemblyscript'), join(modules, 'assemblyscript'));
for (const name of ['binaryen', 'long'])
  if (!existsSync(join(modules, name)))
    symlinkSync(join(ROOT, 'examples/guests/node_modules', name), join(modules, name));

for (const [language, { component, skip, isCheckedIn, variables, tool }] of Object.entries(LANGUAGES)) {
  describe(`the template in ${language}`, { skip }, () => {
    const folder = join(project.folder, language);
    const run = (command: string, cwd = folder) => {
      const { NODE_TEST_CONTEXT: _context, NODE_OPTIONS: _options, ...inherited } = environment();
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
      if (tool !== undefined) {
        mkdirSync(dirname(join(folder, tool)), { recursive: true });
        symlinkSync(join(ROOT, 'examples/guests', language, tool), join(folder, tool));
      }
      assert.equal(next[0], 'npm install');
      for (const command of next.slice(1)) {
        const { status, stdout, stderr } = run(command);
        if (status === PACKAGES_MISSING) return t.skip(`a package cannot be installed: ${stderr}`);
        assert.equal(status, 0, `${command}: ${stdout}${stderr}`);
        if (command.includes('inspect')) assert.match(stdout, /^Deterministic +yes$/m);
      }
      if (!isCheckedIn) return;
      const checkedIn = readFileSync(join(ROOT, 'examples/guests', language, component));
      assert.ok(readFileSync(join(folder, component)).equals(checkedIn));
    });

    test('makes a component that decides the story of the bank like the module in the process', (t) => {
      if (!existsSync(join(folder, component))) return t.skip('the component was not built');
      writeFileSync(join(folder, 'decide.js'), PROGRAM);
      const { stdout, stderr } = run(`node decide.js ${component}`);
      assert.equal(stderr, '');
      const [guest, inProcess] = stdout.split('\n');
      assert.match(guest!, /"insufficient-funds"/);
      assert.equal(guest, inProcess);
    });
  });
}
