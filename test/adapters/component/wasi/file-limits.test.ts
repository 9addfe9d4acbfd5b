/** Files cannot use up the memory of the host. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { virtualWasi } from 'decidable/component/wasi';
import type { Descriptor } from '../../../../src/adapters/component/wasi/filesystem.ts';
import {
  MAX_FILE_BYTES,
  MAX_LISTED_ENTRIES,
  MAX_NAME_LENGTH,
  MAX_PATH_LENGTH,
  MAX_SYMBOLIC_LINKS,
  MAX_TREE_BYTES,
  MAX_TREE_ENTRIES,
} from '../../../../src/adapters/component/wasi/limits.ts';
import { bytes, fails, follow, openRoot } from './open-root.ts';

const FILE = BigInt(MAX_FILE_BYTES);

/** Creates a file, or opens it. */
const make = (root: Descriptor, name: string) =>
  root.openAt(follow, name, { create: true }, { read: true, write: true });

/** Files that fill the whole tree, and are left open. */
function fill(root: Descriptor): Descriptor[] {
  assert.equal(MAX_TREE_BYTES, 4 * MAX_FILE_BYTES);
  return ['full-0', 'full-1', 'full-2', 'full-3'].map((name) => {
    const file = make(root, name);
    file.setSize(FILE);
    return file;
  });
}

/** Creates directories until that fails. Returns their number. */
function fillWithDirectories(root: Descriptor): number {
  let count = 0;
  assert.throws(() => {
    for (; count < 1_000_000; count++) root.createDirectoryAt(`d${count}`);
  }, fails('insufficient-space'));
  return count;
}

describe('the size of a file', () => {
  test('has a limit', () => {
    const { root } = openRoot({ writableFiles: true });
    const file = make(root, 'f');
    assert.throws(() => file.write(bytes('x'), 1n << 40n), fails('insufficient-space'));
    assert.throws(() => file.setSize(1n << 62n), fails('invalid'));
    assert.equal(file.stat().size, 0n);
    file.setSize(FILE);
    assert.throws(() => file.setSize(FILE + 1n), fails('insufficient-space'));
    assert.throws(() => file.write(bytes('x'), FILE), fails('insufficient-space'));
    assert.equal(file.stat().size, FILE);
  });

  test('grows in large steps while there is room, and in small ones if there is little', () => {
    const { root } = openRoot({ writableFiles: true });
    const MEBIBYTE = 1n << 20n;
    const [growing, last, ...others] = ['a', 'b', 'c', 'd'].map((name) => make(root, name));
    growing!.setSize(48n * MEBIBYTE);
    growing!.write(bytes('x'), 48n * MEBIBYTE - 1n);
    growing!.write(bytes('x'), 48n * MEBIBYTE);
    for (const file of [last!, ...others]) file.setSize(64n * MEBIBYTE);
    growing!.setSize(48n * MEBIBYTE);
    last!.setSize(40n * MEBIBYTE);
    make(root, 'e').setSize(39n * MEBIBYTE);
    // One mebibyte is free, which is enough for one byte and too little for sixteen mebibytes.
    growing!.write(bytes('x'), 48n * MEBIBYTE);
    make(root, 'f').setSize(MEBIBYTE - 1n);
    assert.throws(() => growing!.write(bytes('x'), 48n * MEBIBYTE + 1n), fails('insufficient-space'));
  });
});

describe('a full disk', () => {
  const { filesystemErrorCode } = virtualWasi({ grant: ['wasi:filesystem/preopens'] }).imports[
    'wasi:filesystem/types@0.2.12'
  ] as { filesystemErrorCode(error: unknown): unknown };

  /** The `error` of a stream's `last-operation-failed`. */
  function streamError(call: () => unknown): unknown {
    try {
      call();
    } catch (error) {
      const { payload } = error as { payload?: { tag?: unknown; val?: unknown } };
      assert.equal(payload?.tag, 'last-operation-failed');
      return payload.val;
    }
    throw new assert.AssertionError({ message: 'expected the stream to fail' });
  }

  test('is `insufficient-space`, also through a stream', () => {
    const { root } = openRoot({ writableFiles: true });
    fill(root);
    const more = make(root, 'more');
    assert.throws(() => more.write(bytes('x'), 0n), fails('insufficient-space'));
    for (const error of [
      streamError(() => more.writeViaStream(0n).write(bytes('x'))),
      streamError(() => more.appendViaStream().blockingWriteAndFlush(bytes('x'))),
      streamError(() => more.appendViaStream().writeZeroes(1n)),
    ]) {
      assert.equal(filesystemErrorCode(error), 'insufficient-space');
      assert.equal((error as { toDebugString(): string }).toDebugString(), 'file system: insufficient-space');
    }
  });

  test('closes the stream whose write fails', () => {
    const { root } = openRoot({ writableFiles: true });
    const [full] = fill(root);
    const stream = make(root, 'more').appendViaStream();
    streamError(() => stream.write(bytes('x')));
    full!.setSize(0n);
    const closed = (error: unknown) => (error as { payload: { tag: string } }).payload.tag === 'closed';
    for (const call of [
      () => stream.checkWrite(),
      () => stream.write(bytes('x')),
      () => stream.flush(),
      () => stream.blockingFlush(),
      () => stream.splice(full!.readViaStream(0n), 1n),
    ]) {
      assert.throws(call, closed);
    }
  });

  test('has room again when a file is truncated', () => {
    const { root } = openRoot({ writableFiles: true });
    const [full] = fill(root);
    full!.setSize(0n);
    assert.equal(make(root, 'more').write(bytes('x'), 0n), 1n);
  });

  test('counts the files of the host, of every directory that the guest finds open', () => {
    const { root } = openRoot({
      preopens: { '/': { files: { a: 'x' }, writable: true }, '/other': { files: { b: 'y' } } },
    });
    const [last, ...others] = ['a', 'b', 'c', 'd'].map((name) => make(root, name));
    for (const file of others) file.setSize(FILE);
    assert.throws(() => last!.setSize(FILE), fails('insufficient-space'));
    last!.setSize(FILE - 1n);
  });

  test('has room again only when the removed file is no longer open', () => {
    const { root } = openRoot({ writableFiles: true });
    const write = (name: string) => {
      const file = make(root, name);
      file.setSize(FILE);
      return file;
    };
    const stream = write('a').readViaStream(0n);
    make(root, 'a')[Symbol.dispose]();
    for (const name of ['b', 'c', 'd']) write(name)[Symbol.dispose]();
    root.unlinkFileAt('a');
    assert.throws(() => write('e'), fails('insufficient-space'), 'a is still read');
    assert.equal(stream.read(3n).length, 3);
  });

  test('has room again when a file replaces another', () => {
    const { root } = openRoot({ writableFiles: true });
    for (const file of fill(root)) file[Symbol.dispose]();
    make(root, 'small')[Symbol.dispose]();
    root.renameAt('small', root, 'full-0');
    make(root, 'next').setSize(FILE);
  });

  test('has room again once, even if a descriptor or a stream is dropped twice', () => {
    for (const open of ['readViaStream', 'writeViaStream', 'appendViaStream'] as const) {
      const { root } = openRoot({ writableFiles: true });
      const file = fill(root)[0]!;
      const [one, other] = [file[open](0n), file[open](0n)];
      root.unlinkFileAt('full-0');
      const more = make(root, 'more');
      for (const dropped of [one, one, file, file]) dropped[Symbol.dispose]();
      assert.throws(() => more.setSize(1n), fails('insufficient-space'), open);
      other[Symbol.dispose]();
      more.setSize(FILE);
      assert.throws(() => make(root, 'last').setSize(1n), fails('insufficient-space'), open);
    }
  });

  test('has room again when the last of several hard links is removed', () => {
    const { root } = openRoot({ writableFiles: true });
    for (const file of fill(root)) file[Symbol.dispose]();
    root.linkAt({}, 'full-0', root, 'again');
    root.unlinkFileAt('full-0');
    assert.throws(() => make(root, 'more').setSize(1n), fails('insufficient-space'));
    root.unlinkFileAt('again');
    make(root, 'more').setSize(FILE);
  });
});

describe('the number of entries', () => {
  test('has a limit, and those of the host count', () => {
    const { root } = openRoot({ writableFiles: true, files: { 'given/f': '' } });
    assert.equal(fillWithDirectories(root), MAX_TREE_ENTRIES - 3, 'all but the root and the two of the host');
    assert.throws(() => make(root, 'f'), fails('insufficient-space'));
    assert.throws(() => root.symlinkAt('d0', 'l'), fails('insufficient-space'));
    assert.throws(() => root.linkAt({}, 'given/f', root, 'l'), fails('insufficient-space'));
    root.removeDirectoryAt('d0');
    root.symlinkAt('d1', 'l');
    root.unlinkFileAt('l');
    root.linkAt({}, 'given/f', root, 'l');
    root.unlinkFileAt('given/f');
    root.renameAt('l', root, 'given/f');
    root.createDirectoryAt('d0');
    root.renameAt('d0', root, 'd1');
    root.createDirectoryAt('d0');
    assert.throws(() => root.createDirectoryAt('f'), fails('insufficient-space'));
  });

  test('is not a limit for the host', () => {
    const files = Object.fromEntries(Array.from({ length: MAX_TREE_ENTRIES + 10 }, (_, index) => [`f${index}`, '']));
    const { root } = openRoot({ writableFiles: true, files });
    assert.equal(root.statAt(follow, `f${MAX_TREE_ENTRIES + 9}`).type, 'regular-file');
    root.unlinkFileAt('f0');
    assert.throws(() => make(root, 'f0'), fails('insufficient-space'));
  });
});

test('the entries of all open listings have a limit', () => {
  const { root } = openRoot({ writableFiles: true });
  const entries = fillWithDirectories(root);
  const open = Array.from({ length: Math.floor(MAX_LISTED_ENTRIES / entries) }, () => root.readDirectory());
  assert.throws(() => root.readDirectory(), fails('insufficient-memory'));
  open[0]![Symbol.dispose]();
  open[0]![Symbol.dispose]();
  const listing = root.readDirectory();
  assert.throws(() => root.readDirectory(), fails('insufficient-memory'));
  while (listing.readDirectoryEntry() !== undefined);
  root.readDirectory();
  assert.equal(open[0]!.readDirectoryEntry(), undefined);
});

test('names and paths have a maximum length', () => {
  const { root } = openRoot({ writableFiles: true });
  const longest = (letter: string) => letter.repeat(MAX_NAME_LENGTH);
  root.createDirectoryAt(longest('d'));
  make(root, longest('f'));
  root.statAt(follow, './'.repeat(MAX_PATH_LENGTH / 2));
  root.renameAt(longest('f'), root, longest('g'));
  root.symlinkAt('x'.repeat(MAX_PATH_LENGTH), 'l');
  for (const refused of [
    () => root.createDirectoryAt(`${longest('d')}d`),
    () => make(root, `${longest('f')}f`),
    () => root.renameAt(longest('g'), root, `${longest('f')}f`),
    () => root.statAt(follow, `${'./'.repeat(MAX_PATH_LENGTH / 2)}.`),
    () => root.statAt(follow, '/'.repeat(1_000_000)),
    () => root.symlinkAt('x'.repeat(MAX_PATH_LENGTH + 1), 'm'),
    () => root.statAt(follow, 'l'),
  ]) {
    assert.throws(refused, fails('name-too-long'));
  }
});

test('a path leads through a limited number of symbolic links', () => {
  const { root } = openRoot({ writableFiles: true, files: { f: '1' } });
  root.symlinkAt('f', 'l1');
  for (let index = 2; index <= MAX_SYMBOLIC_LINKS + 1; index++) root.symlinkAt(`l${index - 1}`, `l${index}`);
  assert.equal(root.statAt(follow, `l${MAX_SYMBOLIC_LINKS}`).type, 'regular-file');
  assert.throws(() => root.statAt(follow, `l${MAX_SYMBOLIC_LINKS + 1}`), fails('loop'));
  root.symlinkAt('.', 'here');
  assert.equal(root.statAt(follow, `${'here/'.repeat(MAX_SYMBOLIC_LINKS)}f`).size, 1n);
  assert.throws(() => root.statAt(follow, `${'here/'.repeat(MAX_SYMBOLIC_LINKS + 1)}f`), fails('loop'));
});

test('directories may have as many levels as there may be entries, and are read back', () => {
  const { root, wasi } = openRoot({ writableFiles: true });
  const DEPTH = 30_000;
  let deepest = root;
  for (let level = 0; level < DEPTH; level++) {
    deepest.createDirectoryAt('d');
    deepest = deepest.openAt(follow, 'd', { directory: true }, { read: true });
  }
  assert.throws(() => root.renameAt('d', deepest, 'e'), fails('invalid'));
  deepest.createDirectoryAt('e');
  const files = wasi.readTree()!;
  deepest.renameAt('e', root, 'e');
  assert.equal(root.statAt(follow, 'e').type, 'directory');
  let again: object = openRoot({ files }).wasi.readTree()!;
  for (let level = 0; level < DEPTH; level++) again = (again as { d: object }).d;
  assert.deepEqual(again, { e: {} });
});
