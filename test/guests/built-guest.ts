/** Finds the tools of the guests, and builds guests that are not checked in, once for each state of their sources. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, globSync, mkdirSync, readFileSync, renameSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const GUESTS = join(ROOT, 'examples/guests');
const CACHE = join(ROOT, '.cache/guests');

/** The Go that `.ci/install-toolchains` installs if the machine has none. */
const CACHED_GO = join(ROOT, '.cache/go/go/bin');

/** The exit code of a build script if a package cannot be installed. */
export const PACKAGES_MISSING = 75;

/** Debian's packages, and `npm ci` in examples/guests. */
const areFound = (...paths: readonly string[]): boolean =>
  ['/usr/bin/wasm-ld', ...paths].every((path) => existsSync(path)) && hasNpmPackages();
const hasNpmPackages = (): boolean => existsSync(join(GUESTS, 'node_modules/assemblyscript'));

const isFound = {
  c: () => areFound('/usr/bin/clang', '/usr/include/wasm32-wasi'),
  rust: () => areFound('/usr/bin/rustc', '/usr/bin/cargo', '/usr/lib/rustlib/src/rust/library'),
  assemblyscript: hasNpmPackages,
  go: () => existsSync(CACHED_GO) || spawnSync('go', ['version']).status === 0,
  python: () => existsSync(join(GUESTS, 'python/build/venv/requirements.txt')),
} as const;

/** The languages of the guests that have a build script. */
export type GuestLanguage = keyof typeof isFound;

/** The languages of the guests that are not checked in. */
export type BuiltLanguage = 'go' | 'python';

/** Returns why the tests of a guest are skipped, or false. In CI, a missing tool is a failure. */
export function skipGuest(language: GuestLanguage): string | false {
  if (process.env['CI'] === 'true' || isFound[language]()) return false;
  return `the tools for ${language} are not installed: run .ci/install-toolchains`;
}

/** Returns the variables of the process, with the installed Go in PATH. */
export function environment(): NodeJS.ProcessEnv {
  const path = process.env['PATH'];
  return { ...process.env, PATH: existsSync(CACHED_GO) ? `${CACHED_GO}:${path}` : path };
}

/**
 * Returns the file of the component that `build.sh` of a language makes. It is kept in `.cache` until a file in the
 * guest's folder, or the contract, changes.
 */
export function builtGuestPath(language: BuiltLanguage): string {
  const folder = `examples/guests/${language}`;
  const hash = createHash('sha256');
  const sources = globSync([`${folder}/**/*`, 'wit/*.wit', 'examples/guests/componentize.ts'], { cwd: ROOT })
    .filter((path) => /\.(go|mod|sum|py|txt|sh|wat|wit|ts)$/.test(path) && !/\/(build|__pycache__)\//.test(path))
    .sort();
  for (const path of sources) hash.update(`${path}\0`).update(readFileSync(join(ROOT, path)));
  const output = join(CACHE, `${language}-${hash.digest('hex').slice(0, 16)}.wasm`);
  if (!existsSync(output)) {
    mkdirSync(CACHE, { recursive: true });
    // Another test may build the same guest at the same time.
    const unfinished = `${output}.${process.pid}`;
    const build = spawnSync(join(ROOT, folder, 'build.sh'), [unfinished], { encoding: 'utf8', env: environment() });
    assert.notEqual(build.status, PACKAGES_MISSING, `a package cannot be installed: ${build.stderr}`);
    assert.equal(build.status, 0, build.stderr);
    renameSync(unfinished, output);
  }
  return output;
}
