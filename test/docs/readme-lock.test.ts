/**
 * `npm ci`, the first command in the README, refuses a lock file without a package, even if the package is for another
 * platform.
 */
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

/**
 * Returns the package to which `name` resolves in the package at `path`. Node searches its own folder first, and then
 * the enclosing ones.
 */
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
