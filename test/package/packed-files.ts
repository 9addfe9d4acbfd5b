/** The files that `npm pack` puts into the tarball. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));

interface Packed {
  readonly files: readonly { readonly path: string }[];
}

/** Returns the paths of the files in the tarball, except those of the build. */
export function packedFiles(): readonly string[] {
  // The scripts would build first.
  const args = ['pack', '--dry-run', '--json', '--ignore-scripts'];
  const { status, stdout, stderr } = spawnSync('npm', args, { cwd: ROOT, encoding: 'utf8', maxBuffer: 1 << 26 });
  assert.equal(status, 0, stderr);
  // npm 12 prints an object by the package's name, and older versions print a list.
  const packed: Packed = Object.values<Packed>(JSON.parse(stdout))[0] ?? assert.fail('npm packed nothing');
  return packed.files.map(({ path }) => path).filter((path) => !path.startsWith('dist/'));
}
