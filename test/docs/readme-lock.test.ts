/** `npm ci`, the first of the README's commands, refuses a lock file that lacks a package, even one of another platform. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';

interface LockedPackage {
  readonly version?: string;
  readonly optionalDependencies?: Readonly<Record<string, string>>;
}

const lock: { readonly packages: Readonly<Record<string, LockedPackage>> } = JSON.parse(
  readFileSync(new URL('../../package-lock.json', import.meta.url), 'utf8'),
);

/** The package that `name` means to the package at `path`, as Node looks it up: in its own folder, then outwards. */
function resolve(path: string, name: string): LockedPackage | undefined {
  const found = lock.packages[`${path === '' ? '' : `${path}/`}node_modules/${name}`];
  if (found !== undefined || path === '') return found;
  return resolve(path.slice(0, Math.max(0, path.lastIndexOf('node_modules/') - 1)), name);
}

test('the lock file has every optional dependency, for all platforms', () => {
  const missing: string[] = [];
  for (const [path, { optionalDependencies = {} }] of Object.entries(lock.packages)) {
    for (const [name, wanted] of Object.entries(optionalDependencies)) {
      const version = resolve(path, name)?.version;
      if (version === undefined || (/^\d/.test(wanted) && version !== wanted)) missing.push(`${name}@${wanted}`);
    }
  }
  assert.deepEqual(missing, []);
});
