/** `wasi:filesystem` in memory: reading, writing, rights and error codes. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { isTrap } from 'decidable/component';
import type { VirtualWasiOptions } from 'decidable/component/wasi';
import type { DirectoryEntryStream } from '../../../../src/adapters/component/wasi/filesystem.ts';
import { ALL, bytes, directoriesOf, fails, follow, openRoot, text } from './open-root.ts';

const READ_WRITE = { read: true, write: true } as const;

const isClosed = (error: unknown) => (error as { payload: { tag: string } }).payload.tag === 'closed';

function namesIn(entries: DirectoryEntryStream): string[] {
  const names: string[] = [];
  for (let each = entries.readDirectoryEntry(); each !== undefined; each = entries.readDirectoryEntry()) {
    names.push(each.name);
  }
  return names;
}

describe('reading', () => {
  test('returns the bytes at an offset, or the next ones of a stream', () => {
    const { root } = openRoot({ files: { '/etc/rates.json': '{"eur":1}', 'etc/empty': '' } });
    const file = root.openAt(follow, 'etc/rates.json', {}, { read: true });
    assert.deepEqual(file.read(3n, 2n), [bytes('eur'), false]);
    assert.deepEqual(file.read(100n, 7n), [bytes('1}'), true]);
    const stream = file.readViaStream(1n);
    assert.equal(text(stream.read(4n)), '"eur');
    assert.equal(stream.read(0n).length, 0);
    assert.equal(text(stream.blockingRead(100n)), '":1}');
    assert.throws(() => stream.read(1n), isClosed);
  });

  test('returns at most a mebibyte', () => {
    const { root } = openRoot({ files: { large: new Uint8Array(3 << 20) } });
    const file = root.openAt(follow, 'large', {}, { read: true });
    for (const asked of [(1n << 20n) + 1n, 1n << 32n, 2n ** 64n - 1n]) {
      const [read, isEnd] = file.read(asked, 0n);
      assert.deepEqual([read.length, isEnd], [1 << 20, false]);
      assert.equal(file.readViaStream(0n).read(asked).length, 1 << 20);
      assert.equal(file.readViaStream(0n).skip(asked), 1n << 20n);
    }
  });

  test('shows the type and the size of files and directories', () => {
    const { root } = openRoot({ files: { 'a/b': '123' } });
    const { type, size, linkCount } = root.statAt(follow, 'a/b');
    assert.deepEqual([type, size, linkCount], ['regular-file', 3n, 1n]);
    assert.deepEqual([root.stat().type, root.stat().size], ['directory', 0n]);
    assert.deepEqual([root.getType(), root.openAt(follow, 'a/b', {}, {}).getType()], ['directory', 'regular-file']);
  });

  test('distinguishes descriptors of one file from those of other files', () => {
    const { root } = openRoot({ files: { 'a/b': '1', 'a/c/d': '2' } });
    const [b, again] = [root.openAt(follow, 'a/b', {}, {}), root.openAt(follow, './a/../a/b', {}, {})];
    assert.equal(b.isSameObject(again), true);
    assert.equal(b.isSameObject(root.openAt(follow, 'a/c/d', {}, {})), false);
    assert.deepEqual(b.metadataHash(), root.metadataHashAt(follow, 'a/b'));
    assert.notDeepEqual(b.metadataHash(), root.metadataHash());
  });

  test('needs a descriptor that was opened for it', () => {
    const { root } = openRoot({ files: { a: '1' }, writableFiles: true });
    const writing = root.openAt(follow, 'a', {}, { write: true });
    assert.throws(() => writing.read(1n, 0n), fails('bad-descriptor'));
    assert.throws(() => writing.readViaStream(0n), fails('bad-descriptor'));
  });
});

describe('a listing', () => {
  test('has each entry once, with its type', () => {
    const { root } = openRoot({ files: { 'a/b': '1', 'a/c/d': '2' } });
    const entries = root.openAt(follow, 'a', { directory: true }, { read: true }).readDirectory();
    assert.deepEqual(entries.readDirectoryEntry(), { type: 'regular-file', name: 'b' });
    assert.deepEqual(entries.readDirectoryEntry(), { type: 'directory', name: 'c' });
    assert.equal(entries.readDirectoryEntry(), undefined);
    assert.equal(entries.readDirectoryEntry(), undefined);
  });

  test('does not change if files are added or removed while it is read', () => {
    const { root } = openRoot({ writableFiles: true, files: { a: '', b: '', c: '' } });
    const entries = root.readDirectory();
    const names: string[] = [];
    for (let each = entries.readDirectoryEntry(); each !== undefined; each = entries.readDirectoryEntry()) {
      names.push(each.name);
      root.openAt(follow, `copy-of-${each.name}`, { create: true }, {})[Symbol.dispose]();
      root.unlinkFileAt(each.name);
    }
    assert.deepEqual(names, ['a', 'b', 'c']);
    assert.deepEqual(namesIn(root.readDirectory()), ['copy-of-a', 'copy-of-b', 'copy-of-c']);
  });
});

describe('writing', () => {
  test('changes a file at an offset, at its end and in its size', () => {
    const { root, wasi } = openRoot({ writableFiles: true });
    root.createDirectoryAt('out');
    const file = root.openAt(follow, 'out/log', { create: true, exclusive: true }, READ_WRITE);
    assert.equal(file.write(bytes('hello world'), 0n), 11n);
    file.appendViaStream().blockingWriteAndFlush(bytes('!'));
    file.writeViaStream(6n).write(bytes('W'));
    assert.equal(text(wasi.readFile('/out/log')), 'hello World!');
    file.setSize(5n);
    file.setSize(7n);
    assert.deepEqual(wasi.readFile('out/log'), bytes('hello\0\0'));
    root.openAt(follow, 'out/log', { truncate: true }, { write: true });
    assert.deepEqual(wasi.readFile('out/log'), bytes(''));
  });

  test('continues at the position of a stream, or at the end of the file for an appending one', () => {
    const { root } = openRoot({ files: { log: 'one ' }, writableFiles: true });
    const file = root.openAt(follow, 'log', {}, READ_WRITE);
    const appending = file.appendViaStream();
    const writing = file.writeViaStream(4n);
    for (const word of ['two ', 'three ']) writing.write(bytes(word));
    for (const word of ['four ', 'five']) appending.write(bytes(word));
    assert.deepEqual(file.read(100n, 0n), [bytes('one two three four five'), true]);
    assert.deepEqual(file.read(100n, 100n), [bytes(''), true]);
  });

  test('zero bytes changes nothing, even beyond the end of the file', () => {
    const { root } = openRoot({ files: { f: 'abc' }, writableFiles: true });
    const file = root.openAt(follow, 'f', {}, READ_WRITE);
    for (const offset of [0n, 3n, 100n, 1n << 40n]) {
      assert.equal(file.write(bytes(''), offset), 0n);
      file.writeViaStream(offset).write(bytes(''));
    }
    file.appendViaStream().writeZeroes(0n);
    assert.deepEqual(file.read(100n, 0n), [bytes('abc'), true]);
  });

  test('changes the guest’s own copy of the host’s files', () => {
    const given = Buffer.from('before');
    const options: VirtualWasiOptions = { files: { a: given }, writableFiles: true };
    const [one, other] = [openRoot(options), openRoot(options)];
    const read = one.wasi.readFile('a');
    one.root.openAt(follow, 'a', {}, { write: true }).write(bytes('after!'), 0n);
    assert.deepEqual([text(one.wasi.readFile('a')), text(other.wasi.readFile('a'))], ['after!', 'before']);
    assert.deepEqual([text(read), String(given)], ['before', 'before']);
  });

  test('needs a descriptor that was opened for it', () => {
    const { root } = openRoot({ files: { a: '1' }, writableFiles: true });
    const reading = root.openAt(follow, 'a', {}, { read: true });
    assert.throws(() => reading.write(bytes('2'), 0n), fails('bad-descriptor'));
    assert.throws(() => reading.writeViaStream(0n), fails('bad-descriptor'));
    assert.throws(() => reading.appendViaStream(), fails('bad-descriptor'));
    assert.throws(() => reading.setSize(0n), fails('invalid'));
  });

  test('more than check-write permits traps', () => {
    const { root } = openRoot({ writableFiles: true });
    const file = root.openAt(follow, 'f', { create: true }, { write: true });
    const stream = file.writeViaStream(0n);
    const permitted = Number(stream.checkWrite());
    stream.write(new Uint8Array(permitted));
    assert.throws(() => stream.write(new Uint8Array(permitted + 1)), isTrap);
    assert.throws(() => stream.blockingWriteAndFlush(new Uint8Array(permitted + 1)), isTrap);
    assert.equal(file.stat().size, BigInt(permitted));
  });
});

describe('a change of directories', () => {
  test('replaces a file by a file, and an empty directory by a directory', () => {
    const { root, wasi } = openRoot({ files: { 'a/b': '1', c: '2', d: '3', empty: {} }, writableFiles: true });
    root.renameAt('c', root, 'd');
    root.renameAt('a', root, 'empty');
    assert.deepEqual(wasi.readTree(), { d: bytes('2'), empty: { b: bytes('1') } });
  });

  test('to the same place changes nothing', () => {
    const { root, wasi } = openRoot({ files: { 'a/b': '1', c: '2' }, writableFiles: true });
    root.renameAt('a', root, './a');
    root.renameAt('c', root, 'a/../c');
    assert.deepEqual(wasi.readTree(), { a: { b: bytes('1') }, c: bytes('2') });
  });

  test('is refused in a directory that was removed while it is open', () => {
    const { root } = openRoot({ files: { f: '' }, writableFiles: true });
    root.createDirectoryAt('d');
    const removed = root.openAt(follow, 'd', { directory: true }, { read: true });
    root.removeDirectoryAt('d');
    assert.throws(() => removed.createDirectoryAt('e'), fails('no-entry'));
    assert.throws(() => removed.openAt(follow, 'e', { create: true }, {}), fails('no-entry'));
    assert.throws(() => removed.symlinkAt('x', 'e'), fails('no-entry'));
    assert.throws(() => root.linkAt({}, 'f', removed, 'e'), fails('no-entry'));
    assert.throws(() => root.renameAt('f', removed, 'e'), fails('no-entry'));
    assert.equal(root.statAt(follow, 'f').linkCount, 1n);
    assert.deepEqual(namesIn(removed.readDirectory()), []);
  });
});

describe('the right to change files', () => {
  test('is inherited by a directory that the guest opens without requesting it', () => {
    const { root, wasi } = openRoot({ files: { 'd/e/f': '1' }, writableFiles: true });
    const inner = root.openAt({}, 'd', { directory: true }, { read: true }).openAt({}, 'e', {}, {});
    assert.deepEqual(inner.getFlags(), { mutateDirectory: true });
    inner.unlinkFileAt('f');
    inner.openAt({}, 'g', { create: true }, { write: true }).write(bytes('2'), 0n);
    assert.deepEqual(wasi.readTree('/d'), { e: { g: bytes('2') } });
  });

  test('is missing by default, and every change fails with `read-only`', () => {
    const { root, wasi } = openRoot({ files: { 'd/a': '1', e: {} } });
    const before = wasi.readTree();
    const inner = root.openAt(follow, 'd', { directory: true }, { read: true });
    const file = root.openAt(follow, 'd/a', {}, { read: true });
    const now = { tag: 'now' } as const;
    assert.deepEqual([root.getFlags().mutateDirectory, inner.getFlags().mutateDirectory], [false, false]);
    for (const change of [
      () => inner.openAt(follow, 'b', { create: true }, { write: true }),
      () => inner.openAt(follow, 'b', { create: true }, {}),
      () => inner.openAt(follow, 'a', {}, { write: true }),
      () => inner.openAt(follow, 'a', { truncate: true }, {}),
      () => inner.openAt(follow, '.', {}, { mutateDirectory: true }),
      () => inner.createDirectoryAt('c'),
      () => root.removeDirectoryAt('e'),
      () => inner.unlinkFileAt('a'),
      () => inner.renameAt('a', inner, 'b'),
      () => inner.linkAt({}, 'a', inner, 'b'),
      () => inner.symlinkAt('a', 'b'),
      () => inner.setTimesAt({}, 'a', now, now),
      () => inner.setTimes(now, now),
      () => file.setTimes(now, now),
    ]) {
      assert.throws(change, fails('read-only'));
    }
    assert.deepEqual(wasi.readTree(), before);
  });

  test('is needed in both directories when a file is moved or gets a second name', () => {
    const { wasi } = openRoot({
      preopens: { '/': { files: { mine: '1' }, writable: true }, '/given': { files: { theirs: '2' } } },
    });
    const { '/': root, '/given': given } = directoriesOf(wasi);
    for (const [from, name, to] of [
      [root!, 'mine', given!],
      [given!, 'theirs', root!],
    ] as const) {
      assert.throws(() => from.renameAt(name, to, 'new'), fails('read-only'));
      assert.throws(() => from.linkAt({}, name, to, 'new'), fails('read-only'));
    }
    assert.deepEqual([wasi.readTree('/'), wasi.readTree('/given')], [{ mine: bytes('1') }, { theirs: bytes('2') }]);
  });

  test('does not hide another mistake', () => {
    const { root } = openRoot({ files: { f: '1', 'd/f': '' } });
    assert.throws(() => root.createDirectoryAt('d'), fails('exist'));
    assert.throws(() => root.unlinkFileAt('x'), fails('no-entry'));
    assert.throws(() => root.removeDirectoryAt('d'), fails('not-empty'));
    assert.throws(() => root.renameAt('x', root, 'y'), fails('no-entry'));
  });
});

describe('a path', () => {
  test('cannot lead out of the directory at which it starts', () => {
    const { root } = openRoot({ files: { 'a/b': '1' } });
    const inner = root.openAt(follow, 'a', {}, { read: true });
    for (const path of ['/a/b', '../a', 'a/../../a', '..']) {
      assert.throws(() => root.statAt(follow, path), fails('not-permitted'), path);
    }
    assert.throws(() => inner.statAt(follow, '../a/b'), fails('not-permitted'));
  });

  test('that is empty is `no-entry`', () => {
    const { root } = openRoot({ files: { f: '' }, writableFiles: true });
    for (const call of [
      () => root.openAt(follow, '', {}, {}),
      () => root.openAt(follow, '', { directory: true }, {}),
      () => root.statAt(follow, ''),
      () => root.createDirectoryAt(''),
      () => root.removeDirectoryAt(''),
      () => root.unlinkFileAt(''),
      () => root.renameAt('', root, 'x'),
      () => root.renameAt('f', root, ''),
      () => root.linkAt({}, '', root, 'x'),
      () => root.symlinkAt('f', ''),
      () => root.symlinkAt('', 'x'),
      () => root.readlinkAt(''),
      () => root.metadataHashAt(follow, ''),
    ]) {
      assert.throws(call, fails('no-entry'));
    }
  });

  test('with a slash at its end names only a directory', () => {
    const { root, wasi } = openRoot({ files: { f: '1', d: {} }, writableFiles: true });
    for (const path of ['f/', 'f//', 'f/.', 'f/../f']) {
      assert.throws(() => root.openAt(follow, path, {}, { read: true }), fails('not-directory'), path);
      assert.throws(() => root.statAt(follow, path), fails('not-directory'), path);
    }
    assert.throws(() => root.openAt(follow, 'f/', { create: true }, {}), fails('not-directory'));
    assert.throws(() => root.openAt(follow, 'new/', { create: true }, {}), fails('is-directory'));
    assert.throws(() => root.unlinkFileAt('f/'), fails('not-directory'));
    assert.throws(() => root.removeDirectoryAt('f/'), fails('not-directory'));
    assert.throws(() => root.renameAt('f/', root, 'g'), fails('not-directory'));
    assert.throws(() => root.renameAt('f', root, 'g/'), fails('not-directory'));
    assert.throws(() => root.linkAt({}, 'f', root, 'g/'), fails('no-entry'));
    assert.throws(() => root.symlinkAt('f', 'g/'), fails('no-entry'));
    assert.throws(() => root.symlinkAt('f', 'f/'), fails('not-directory'));
    root.createDirectoryAt('e/');
    root.renameAt('e/', root, 'g/');
    root.removeDirectoryAt('g/');
    assert.equal(root.openAt(follow, 'd//', {}, {}).getType(), 'directory');
    assert.deepEqual(wasi.readTree(), { f: bytes('1'), d: {} });
  });

  test('may contain a backslash, a colon and every character but NUL', () => {
    const { root, wasi } = openRoot({ writableFiles: true });
    for (const name of ['a\\b', 'c:', '…', '\u{1F3E6}', '__proto__', 'constructor']) root.createDirectoryAt(name);
    assert.deepEqual(Object.keys(wasi.readTree()!), ['a\\b', 'c:', '…', '\u{1F3E6}', '__proto__', 'constructor']);
    assert.throws(() => root.createDirectoryAt('a\0b'), fails('invalid'));
    assert.throws(() => root.symlinkAt('a\0b', 'l'), fails('invalid'));
  });
});

test('each mistake has the error code of the standard', () => {
  const { root } = openRoot({ files: { 'a/b': '1', f: '2' }, writableFiles: true });
  assert.throws(() => root.openAt(follow, 'x', {}, {}), fails('no-entry'));
  assert.throws(() => root.openAt(follow, 'x/y', {}, {}), fails('no-entry'));
  assert.throws(() => root.openAt(follow, 'f/x', {}, {}), fails('not-directory'));
  assert.throws(() => root.openAt(follow, 'f', { directory: true }, {}), fails('not-directory'));
  assert.throws(() => root.openAt(follow, 'f', { create: true, exclusive: true }, {}), fails('exist'));
  root.openAt(follow, 'f', { exclusive: true }, {}); // `exclusive` has no effect without `create`.
  assert.throws(() => root.openAt(follow, 'a', {}, { write: true }), fails('is-directory'));
  assert.throws(() => root.openAt(follow, 'a', { truncate: true }, {}), fails('is-directory'));
  assert.throws(() => root.openAt(follow, 'a', { create: true }, {}), fails('is-directory'));
  for (const flag of ['create', 'exclusive', 'truncate']) {
    assert.throws(() => root.openAt(follow, 'x', { directory: true, [flag]: true }, {}), fails('invalid'), flag);
  }
  assert.throws(() => root.unlinkFileAt('a'), fails('is-directory'));
  assert.throws(() => root.removeDirectoryAt('a'), fails('not-empty'));
  assert.throws(() => root.removeDirectoryAt('f'), fails('not-directory'));
  assert.throws(() => root.createDirectoryAt('a'), fails('exist'));
  assert.throws(() => root.createDirectoryAt('f/x'), fails('not-directory'));
  assert.throws(() => root.removeDirectoryAt('.'), fails('invalid'));
  assert.throws(() => root.removeDirectoryAt('a/..'), fails('not-empty'));
  assert.throws(() => root.unlinkFileAt('.'), fails('is-directory'));
  assert.throws(() => root.createDirectoryAt('.'), fails('exist'));
  assert.throws(() => root.renameAt('.', root, 'x'), fails('busy'));
  assert.throws(() => root.renameAt('a', root, 'a/inner'), fails('invalid'));
  assert.throws(() => root.renameAt('a/b', root, 'a'), fails('not-empty'));
  assert.throws(() => root.renameAt('x', root, 'y'), fails('no-entry'));
  root.createDirectoryAt('d');
  assert.throws(() => root.renameAt('d', root, 'a'), fails('not-empty'));
  assert.throws(() => root.renameAt('f', root, 'd'), fails('is-directory'));
  assert.throws(() => root.renameAt('d', root, 'f'), fails('not-directory'));
  const file = root.openAt(follow, 'f', {}, ALL);
  assert.throws(() => file.readDirectory(), fails('not-directory'));
  assert.throws(() => file.statAt(follow, 'x'), fails('not-directory'));
  assert.throws(() => file.createDirectoryAt('x'), fails('not-directory'));
  assert.throws(() => root.readViaStream(0n), fails('is-directory'));
  assert.throws(() => root.setSize(0n), fails('is-directory'));
});

test('the identities of files are the same in each instance', () => {
  const identities = () => {
    const { root } = openRoot({ files: { 'a/b': '1', c: '2' }, writableFiles: true });
    root.createDirectoryAt('d');
    root.openAt(follow, 'd/e', { create: true }, {});
    return ['.', 'a', 'a/b', 'c', 'd', 'd/e'].map((path) => root.metadataHashAt(follow, path).lower);
  };
  const first = identities();
  assert.deepEqual(identities(), first);
  assert.equal(new Set(first).size, first.length);
});
