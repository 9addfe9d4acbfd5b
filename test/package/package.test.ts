import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { after, describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';

const root = new URL('../../', import.meta.url);
const manifest = JSON.parse(readFileSync(new URL('package.json', root), 'utf8'));
const subpaths: readonly (readonly [string, { 'decidable-source': string; default: string }])[] = Object.entries(
  manifest.exports as Record<string, { 'decidable-source': string; default: string }>,
).filter(([subpath]) => subpath !== './package.json');

/** Returns the modules that importing `specifier` loads: files of src/ by their path, and packages by name. */
function loadedBy(specifier: string): readonly string[] {
  const program = `
    import { registerHooks } from 'node:module';
    const loaded = new Set();
    registerHooks({ load(url, context, next) { loaded.add(url); return next(url, context); } });
    await import(${JSON.stringify(specifier)});
    console.log(JSON.stringify([...loaded]));`;
  const node = ['--conditions=decidable-source', '--disable-warning=ExperimentalWarning', '--input-type=module'];
  const { stdout, stderr } = spawnSync(process.execPath, [...node, '-e', program], {
    cwd: fileURLToPath(root),
    encoding: 'utf8',
  });
  assert.notEqual(stdout, '', stderr);
  const urls: readonly string[] = JSON.parse(stdout);
  const names = urls.map((url) => {
    const packaged = /node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(url)?.[1];
    if (packaged !== undefined) return packaged;
    return url.startsWith(root.href) ? url.slice(root.href.length) : url;
  });
  return [...new Set(names)].toSorted();
}

const CORE_PACKAGES = ['@noble/hashes', 'immer', 'msgpackr', 'zod'];

test('the root does not load a driver, an adapter or a module of Node', () => {
  for (const name of loadedBy('decidable')) {
    assert.ok(name.startsWith('src/core/') || CORE_PACKAGES.includes(name), `decidable loads ${name}`);
  }
});

test('the loader loads one file of the core, no package and no module of Node', () => {
  for (const name of loadedBy('decidable/component')) {
    const isOwn = name.startsWith('src/adapters/component/') || name === 'src/core/unknown-names.ts';
    assert.ok(isOwn, `decidable/component loads ${name}`);
  }
});

test('only ./sqlite loads better-sqlite3, only stores and ./tables load kysely, and nothing loads pg before it is used', () => {
  const expected: Readonly<Record<string, readonly string[]>> = {
    './postgres': ['kysely'],
    './sqlite': ['better-sqlite3', 'kysely'],
    './tables': ['kysely'],
  };
  for (const [subpath] of subpaths) {
    const drivers = loadedBy(subpath.replace('.', 'decidable')).filter((name) =>
      /better-sqlite3|kysely|^pg$/.test(name),
    );
    assert.deepEqual(drivers, expected[subpath] ?? [], subpath);
  }
});

for (const [subpath, { 'decidable-source': source, default: built }] of subpaths) {
  test(`${subpath} is built from the file that its source condition names`, () => {
    assert.ok(existsSync(new URL(source, root)), source);
    assert.equal(built, source.replace('./src/', './dist/').replace(/\.ts$/, '.js'));
  });
}

/** The packages whose types a declaration file and its imports need. */
function typesNeededBy(file: string, seen: Set<string> = new Set()): ReadonlySet<string> {
  const packages = new Set<string>();
  if (seen.has(file)) return packages;
  seen.add(file);
  const code = readFileSync(file, 'utf8').replaceAll(/\/\*.*?\*\//gs, '');
  for (const [, specifier = ''] of code.matchAll(/(?:from|import\()\s*['"]([^'"]+)['"]/g)) {
    if (!specifier.startsWith('.')) packages.add(specifier);
    else for (const found of typesNeededBy(declarationOf(file, specifier), seen)) packages.add(found);
  }
  return packages;
}

function declarationOf(from: string, specifier: string): string {
  return join(dirname(from), specifier.replace(/\.[jt]s$/, '.d.ts'));
}

/** Returns a folder with the published types and the packages that they need. */
function emitTypes(): string {
  const folder = mkdtempSync(join(tmpdir(), 'decidable-types-'));
  after(() => rmSync(folder, { recursive: true, force: true }));
  const options = ['--emitDeclarationOnly', '--declarationMap', 'false', '--outDir', folder];
  assert.equal(compile(['-p', 'tsconfig.build.json', ...options]), '');
  symlinkSync(fileURLToPath(new URL('node_modules', root)), join(folder, 'node_modules'));
  return folder;
}

/** Returns the output of the compiler. */
function compile(args: readonly string[]): string {
  const { stdout } = spawnSync('tsc', [...args, '--pretty', 'false'], { cwd: fileURLToPath(root), encoding: 'utf8' });
  return stdout;
}

describe('the published types', () => {
  const folder = emitTypes();

  test('need only peers, and dependencies that include their types', () => {
    const withTypes = ['zod', 'immer', 'kysely', '@noble/hashes', ...Object.keys(manifest.peerDependencies)];
    for (const [subpath, { default: built }] of subpaths) {
      const index = declarationOf(join(folder, 'index'), built.replace('./dist/', './'));
      for (const name of typesNeededBy(index))
        assert.ok(withTypes.includes(name), `the types of ${subpath} need the package ${name}`);
    }
  });

  test('compile in a page’s project without the types of Node and the newest library', () => {
    const files = subpaths.map(([, { default: built }]) => built.replace('./dist/', './'));
    writeFileSync(join(folder, 'page.ts'), files.map((file) => `import '${file}';\n`).join(''));
    const compilerOptions = {
      module: 'esnext',
      moduleResolution: 'bundler',
      target: 'es2022',
      lib: ['es2022', 'dom'],
      types: [],
      strict: true,
      noEmit: true,
      skipLibCheck: false,
    };
    writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify({ compilerOptions, files: ['page.ts'] }));
    assert.equal(compile(['-p', folder]), '');
  });
});
