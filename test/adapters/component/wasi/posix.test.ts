/**
 * The file system in memory, compared with the one of the machine: random operations have the same results, fail with
 * the same codes and leave the same files. Linux is the reference, because its codes are those that the specification
 * names.
 */
import assert from 'node:assert/strict';
import {
  closeSync,
  constants,
  existsSync,
  linkSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  renameSync,
  rmdirSync,
  rmSync,
  statSync,
  symlinkSync,
  unlinkSync,
  writeSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import { isComponentError } from 'decidable/component';
import { type ReadTree, SymbolicLink } from 'decidable/component/wasi';
import * as fc from 'fast-check';
import type { Descriptor } from '../../../../src/adapters/component/wasi/filesystem.ts';
import { ALL, openRoot } from './open-root.ts';

/** An operation on both file systems. Each returns a comparable result. */
interface Operation {
  readonly text: string;
  virtual(root: Descriptor): unknown;
  real(folder: string): unknown;
}

const CODES: Readonly<Record<string, string>> = {
  EBUSY: 'busy',
  EEXIST: 'exist',
  EINVAL: 'invalid',
  EISDIR: 'is-directory',
  ELOOP: 'loop',
  ENAMETOOLONG: 'name-too-long',
  ENOENT: 'no-entry',
  ENOTDIR: 'not-directory',
  ENOTEMPTY: 'not-empty',
  EPERM: 'not-permitted',
};

const pathOf = (...special: string[]) =>
  fc
    .tuple(
      fc.array(
        fc.oneof(
          { weight: 8, arbitrary: fc.constantFrom('a', 'b', 'c', 'd') },
          fc.constantFrom('.', '..', '', ...special),
        ),
        { minLength: 1, maxLength: 3 },
      ),
      fc.constantFrom('', '', '', '/'),
    )
    .map(([steps, end]) => steps.join('/').replace(/^\/+/, '') + end)
    .filter((each) => each !== '/');

const path = pathOf('x'.repeat(256));
/** If both paths of a call are wrong in different ways, either code is right. */
const onePath = pathOf();

/** `join` would remove the dots from the path, but they are part of the test. */
const at = (folder: string, path: string) => (path === '' ? '' : `${folder}/${path}`);

const operation: fc.Arbitrary<Operation> = fc.oneof(
  path.map((path) => ({
    text: `mkdir ${path}`,
    virtual: (root: Descriptor) => root.createDirectoryAt(path),
    real: (folder: string) => mkdirSync(at(folder, path)),
  })),
  path.map((path) => ({
    text: `rmdir ${path}`,
    virtual: (root: Descriptor) => root.removeDirectoryAt(path),
    real: (folder: string) => rmdirSync(at(folder, path)),
  })),
  path.map((path) => ({
    text: `unlink ${path}`,
    virtual: (root: Descriptor) => root.unlinkFileAt(path),
    real: (folder: string) => unlinkSync(at(folder, path)),
  })),
  fc.tuple(onePath, onePath).map(([from, to]) => ({
    text: `rename ${from} ${to}`,
    virtual: (root: Descriptor) => root.renameAt(from, root, to),
    real: (folder: string) => renameSync(at(folder, from), at(folder, to)),
  })),
  fc.tuple(onePath, onePath).map(([from, to]) => ({
    text: `link ${from} ${to}`,
    virtual: (root: Descriptor) => root.linkAt({}, from, root, to),
    real: (folder: string) => linkSync(at(folder, from), at(folder, to)),
  })),
  // Hosts return different codes for creating a symbolic link at `file/`.
  fc
    .tuple(
      onePath,
      onePath.filter((each) => !each.endsWith('/')),
    )
    .map(([target, place]) => ({
      text: `symlink ${target} ${place}`,
      virtual: (root: Descriptor) => root.symlinkAt(target, place),
      real: (folder: string) => symlinkSync(target, at(folder, place)),
    })),
  path.map((path) => ({
    text: `readlink ${path}`,
    virtual: (root: Descriptor) => root.readlinkAt(path),
    real: (folder: string) => readlinkSync(at(folder, path)),
  })),
  fc.tuple(path, fc.boolean()).map(([path, symlinkFollow]) => ({
    text: `${symlinkFollow ? 'stat' : 'lstat'} ${path}`,
    virtual: (root: Descriptor) => {
      const { type, size, linkCount } = root.statAt({ symlinkFollow }, path);
      return type === 'directory' ? type : [type, size, linkCount];
    },
    real: (folder: string) => {
      const stat = (symlinkFollow ? statSync : lstatSync)(at(folder, path), { bigint: true });
      if (stat.isDirectory()) return 'directory';
      return [stat.isFile() ? 'regular-file' : 'symbolic-link', stat.size, stat.nlink];
    },
  })),
  fc
    .record({
      path,
      create: fc.boolean(),
      exclusive: fc.boolean(),
      truncate: fc.boolean(),
      symlinkFollow: fc.boolean(),
      write: fc.boolean(),
    })
    // On Linux, creating `file/` is always `is-directory`.
    .map(({ path, create, ...flags }) => ({ path: create ? path.replace(/\/+$/, '') : path, create, ...flags }))
    .map(({ path, create, exclusive, truncate, symlinkFollow, write }) => ({
      text: `open ${JSON.stringify({ path, create, exclusive, truncate, symlinkFollow, write })}`,
      virtual: (root: Descriptor) => {
        // POSIX does not specify truncating without writing.
        const opened = root.openAt(
          { symlinkFollow },
          path,
          { create, exclusive, truncate: truncate && write },
          { read: true, write },
        );
        if (write) opened.write(Uint8Array.of(1, 2, 3), 2n);
        opened[Symbol.dispose]();
      },
      real: (folder: string) => {
        const { O_CREAT, O_EXCL, O_TRUNC, O_NOFOLLOW, O_RDWR, O_RDONLY } = constants;
        const flags =
          (create ? O_CREAT : 0) |
          (create && exclusive ? O_EXCL : 0) |
          (truncate && write ? O_TRUNC : 0) |
          (symlinkFollow ? 0 : O_NOFOLLOW) |
          (write ? O_RDWR : O_RDONLY);
        const file = openSync(at(folder, path), flags);
        if (write) writeSync(file, Uint8Array.of(1, 2, 3), 0, 3, 2);
        closeSync(file);
      },
    })),
  fc.tuple(path, fc.boolean()).map(([path, symlinkFollow]) => ({
    text: `opendir ${path} ${symlinkFollow}`,
    virtual: (root: Descriptor) => {
      const entries = root.openAt({ symlinkFollow }, path, { directory: true }, { read: true }).readDirectory();
      const names: string[] = [];
      for (let each = entries.readDirectoryEntry(); each !== undefined; each = entries.readDirectoryEntry()) {
        names.push(each.name);
      }
      return names.toSorted();
    },
    real: (folder: string) => {
      closeSync(openSync(at(folder, path), constants.O_DIRECTORY | (symlinkFollow ? 0 : constants.O_NOFOLLOW)));
      return readdirSync(at(folder, path)).toSorted();
    },
  })),
);

/** The result of a call, or the code with which it failed. */
function outcome(call: () => unknown): unknown {
  try {
    return { result: call() };
  } catch (error) {
    if (isComponentError(error)) return { code: error.payload };
    const { code } = error as { code?: string };
    return { code: CODES[code ?? ''] ?? error };
  }
}

/** The files below a folder, in the form of `readTree`. */
function realTree(folder: string): ReadTree {
  return Object.fromEntries(
    readdirSync(folder, { withFileTypes: true }).map((entry) => {
      const path = join(folder, entry.name);
      if (entry.isDirectory()) return [entry.name, realTree(path)];
      if (entry.isSymbolicLink()) return [entry.name, new SymbolicLink(readlinkSync(path))];
      return [entry.name, new Uint8Array(readFileSync(path))];
    }),
  );
}

describe('files in memory, compared with those of Linux', {
  skip: process.platform !== 'linux' && 'Linux only',
}, () => {
  const folder = mkdtempSync(join(tmpdir(), 'decidable-posix-'));
  after(() => rmSync(folder, { recursive: true }));

  test('have the same results, the same error codes and the same content', () => {
    fc.assert(
      fc.property(fc.array(operation, { minLength: 5, maxLength: 40 }), (operations) => {
        // The real root is two levels down, so that a path which leaves it stays in the test's own folder.
        const real = join(folder, 'outer', 'root');
        if (existsSync(real)) rmSync(join(folder, 'outer'), { recursive: true });
        mkdirSync(real, { recursive: true });
        const { root, wasi } = openRoot({ writableFiles: true });
        for (const { text, virtual, real: onDisk } of operations) {
          const expected = outcome(() => virtual(root));
          // Only the virtual file system refuses a path that leads out of the directory.
          if ((expected as { code?: unknown }).code === 'not-permitted') continue;
          assert.deepEqual(
            expected,
            outcome(() => onDisk(real)),
            text,
          );
        }
        assert.deepEqual(wasi.readTree(), realTree(real));
        assert.deepEqual(root.getFlags(), { ...ALL, write: false });
      }),
      { numRuns: 300 },
    );
  });
});
