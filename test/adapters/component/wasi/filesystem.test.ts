/** `wasi:filesystem` in memory. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Descriptor } from '../../../../src/adapters/component/wasi/filesystem.ts';
import { type VirtualWasiOptions, virtualWasi } from '../../../../src/adapters/component/wasi/index.ts';

interface Imports {
  'wasi:filesystem/preopens@0.2.12': { getDirectories(): [Descriptor, string][] };
}

function opened(options: VirtualWasiOptions = {}) {
  const wasi = virtualWasi({ grant: ['wasi:filesystem/preopens'], ...options });
  const [[root, path]] = (wasi.imports as unknown as Imports)['wasi:filesystem/preopens@0.2.12'].getDirectories() as [
    [Descriptor, string],
  ];
  assert.equal(path, '/');
  return { wasi, root };
}

const follow = { symlinkFollow: true };
const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
const bytes = (text: string) => new TextEncoder().encode(text);
const fails = (code: string) => (error: unknown) => (error as { payload?: unknown }).payload === code;
const fileFailed = (error: unknown) => {
  const { payload } = error as { payload?: { tag?: string; val?: { toDebugString(): string } } };
  return payload?.tag === 'last-operation-failed' && payload.val?.toDebugString() === 'file system: insufficient-space';
};

describe('files in memory', () => {
  test('are read by offset and by stream', () => {
    const { root } = opened({ files: { '/etc/rates.json': '{"eur":1}', 'etc/empty': '' } });
    const file = root.openAt(follow, 'etc/rates.json', {}, { read: true });
    assert.deepEqual(file.read(3n, 2n), [bytes('eur'), false]);
    assert.deepEqual(file.read(100n, 7n), [bytes('1}'), true]);
    const stream = file.readViaStream(1n);
    assert.equal(text(stream.read(4n)), '"eur');
    assert.equal(stream.read(0n).length, 0, 'who asks for nothing is not at the end');
    assert.equal(text(stream.blockingRead(100n)), '":1}');
    assert.throws(
      () => stream.read(1n),
      (error) => (error as { payload: { tag: string } }).payload.tag === 'closed',
    );
    assert.deepEqual(file.stat(), { type: 'regular-file', linkCount: 1n, size: 9n });
    assert.deepEqual(root.stat(), { type: 'directory', linkCount: 1n, size: 0n });
    assert.deepEqual([file.getType(), root.getType()], ['regular-file', 'directory']);
  });

  test('are read by a mebibyte at a time, however much is asked for', () => {
    const { root } = opened({ files: { large: new Uint8Array(3 << 20) } });
    const file = root.openAt(follow, 'large', {}, { read: true });
    for (const asked of [(1n << 20n) + 1n, 1n << 32n, 2n ** 64n - 1n]) {
      const [read, isEnd] = file.read(asked, 0n);
      assert.deepEqual([read.length, isEnd], [1 << 20, false]);
      assert.equal(file.readViaStream(0n).read(asked).length, 1 << 20);
      assert.equal(file.readViaStream(0n).skip(asked), 1n << 20n);
    }
  });

  test('are listed and told apart', () => {
    const { root } = opened({ files: { 'a/b': '1', 'a/c/d': '2' } });
    const entries = root.openAt(follow, 'a', { directory: true }, { read: true }).readDirectory();
    assert.deepEqual(entries.readDirectoryEntry(), { type: 'regular-file', name: 'b' });
    assert.deepEqual(entries.readDirectoryEntry(), { type: 'directory', name: 'c' });
    assert.equal(entries.readDirectoryEntry(), undefined);
    const [b, again] = [root.openAt(follow, 'a/b', {}, {}), root.openAt(follow, './a/../a/b', {}, {})];
    assert.equal(b.isSameObject(again), true);
    assert.equal(b.isSameObject(root.openAt(follow, 'a/c/d', {}, {})), false);
    assert.deepEqual(b.metadataHash(), root.metadataHashAt(follow, 'a/b'));
    assert.notDeepEqual(b.metadataHash(), root.metadataHash());
  });

  test('are written, cut and removed where that is allowed', () => {
    const { root, wasi } = opened({ writableFiles: true });
    root.createDirectoryAt('out');
    const file = root.openAt(follow, 'out/log', { create: true, exclusive: true }, { read: true, write: true });
    assert.equal(file.write(bytes('hello world'), 0n), 11n);
    file.appendViaStream().blockingWriteAndFlush(bytes('!'));
    file.writeViaStream(6n).write(bytes('W'));
    assert.equal(text(wasi.readFile('/out/log')!), 'hello World!');
    file.setSize(5n);
    file.setSize(7n);
    assert.deepEqual(wasi.readFile('out/log'), bytes('hello\0\0'));
    root.renameAt('out/log', root, 'moved');
    assert.equal(wasi.readFile('out/log'), undefined);
    root.removeDirectoryAt('out');
    root.openAt(follow, 'moved', { truncate: true }, { write: true });
    assert.deepEqual(wasi.readFile('moved'), new Uint8Array(0));
    root.unlinkFileAt('moved');
    assert.throws(() => root.statAt(follow, 'moved'), fails('no-entry'));
  });

  test('are written on where a stream has come to, and at their end', () => {
    const { root } = opened({ files: { log: 'one ' }, writableFiles: true });
    const file = root.openAt(follow, 'log', {}, { read: true, write: true });
    const appending = file.appendViaStream();
    const writing = file.writeViaStream(4n);
    for (const word of ['two ', 'three ']) writing.write(bytes(word));
    for (const word of ['four ', 'five']) appending.write(bytes(word));
    assert.deepEqual(
      file.read(100n, 0n),
      [bytes('one two three four five'), true],
      'and nothing of what was made ready',
    );
    assert.deepEqual(file.read(100n, 100n), [bytes(''), true]);
  });

  test('are the guest’s own: nothing that the host gave is changed, nor what it has read', () => {
    const given = bytes('given');
    const { root, wasi } = opened({ files: { a: given }, writableFiles: true });
    const read = wasi.readFile('a');
    root.openAt(follow, 'a', {}, { write: true }).write(bytes('taken'), 0n);
    assert.deepEqual([text(given), text(read!), text(wasi.readFile('a')!)], ['given', 'given', 'taken']);
  });

  test('take the place of others: a file of a file, a directory of one that is empty', () => {
    const { root, wasi } = opened({ files: { 'a/b': '1', c: '2', d: '3' }, writableFiles: true });
    root.renameAt('c', root, 'd');
    assert.deepEqual(wasi.readFile('d'), bytes('2'));
    root.createDirectoryAt('empty');
    root.renameAt('a', root, 'empty');
    assert.deepEqual(wasi.readFile('empty/b'), bytes('1'));
    assert.throws(() => root.statAt(follow, 'a'), fails('no-entry'));
  });

  test('and directories stay as they are where they take their own place', () => {
    const { root, wasi } = opened({ files: { 'a/b': '1', c: '2' }, writableFiles: true });
    root.renameAt('a', root, './a');
    root.renameAt('c', root, 'a/../c');
    assert.deepEqual([wasi.readFile('a/b'), wasi.readFile('c')], [bytes('1'), bytes('2')]);
  });

  test('can be read by the host as they are left; where there is none, it gets nothing', () => {
    const { wasi } = opened({ files: { 'a/b': '1' } });
    assert.deepEqual(wasi.readFile('/a/b'), bytes('1'));
    for (const path of ['a', 'x', 'a/b/c', '../a/b', '']) assert.equal(wasi.readFile(path), undefined, path);
  });

  test('cannot be changed where nothing was said', () => {
    const { root } = opened({ files: { a: '1' } });
    assert.throws(() => root.openAt(follow, 'b', { create: true }, { write: true }), fails('read-only'));
    assert.throws(() => root.openAt(follow, 'a', {}, { write: true }), fails('read-only'));
    assert.throws(() => root.openAt(follow, 'b', { create: true }, {}), fails('read-only'));
    assert.throws(() => root.openAt(follow, 'a', { truncate: true }, {}), fails('read-only'));
    assert.throws(() => root.createDirectoryAt('d'), fails('read-only'));
    assert.throws(() => root.removeDirectoryAt('d'), fails('read-only'));
    assert.throws(() => root.unlinkFileAt('a'), fails('read-only'));
    assert.throws(() => root.renameAt('a', root, 'b'), fails('read-only'));
    assert.throws(() => root.openAt(follow, '.', {}, { mutateDirectory: true }), fails('read-only'));
    assert.deepEqual(root.getFlags(), { read: true, write: false, mutateDirectory: false });
  });

  test('are read and written only through a descriptor that was opened for it', () => {
    const { root } = opened({ files: { a: '1' }, writableFiles: true });
    const reading = root.openAt(follow, 'a', {}, { read: true });
    assert.throws(() => reading.write(bytes('2'), 0n), fails('bad-descriptor'));
    assert.throws(() => reading.setSize(0n), fails('bad-descriptor'));
    assert.throws(() => reading.writeViaStream(0n), fails('bad-descriptor'));
    assert.throws(() => reading.appendViaStream(), fails('bad-descriptor'));
    const writing = root.openAt(follow, 'a', {}, { write: true });
    assert.throws(() => writing.read(1n, 0n), fails('bad-descriptor'));
    assert.throws(() => writing.readViaStream(0n), fails('bad-descriptor'));
  });

  test('of a directory are changed only through a descriptor that was opened for it', () => {
    const { root } = opened({ files: { 'a/b': '1', c: '2' }, writableFiles: true });
    const reading = root.openAt(follow, 'a', { directory: true }, { read: true });
    assert.throws(() => reading.createDirectoryAt('d'), fails('read-only'));
    assert.throws(() => reading.renameAt('b', root, 'b'), fails('read-only'));
    assert.throws(() => root.renameAt('c', reading, 'c'), fails('read-only'));
    const changing = root.openAt(follow, 'a', { directory: true }, { read: true, mutateDirectory: true });
    changing.createDirectoryAt('d');
    assert.equal(reading.statAt(follow, 'd').type, 'directory');
  });

  test('are all there is: no path leads out of the directory', () => {
    const { root } = opened({ files: { 'a/b': '1' } });
    for (const path of ['/a/b', '../a', 'a/../../a', '..']) {
      assert.throws(() => root.statAt(follow, path), fails('not-permitted'), path);
    }
  });

  test('what is wrong has the code that the standard gives it', () => {
    const { root } = opened({ files: { 'a/b': '1', f: '2' }, writableFiles: true });
    assert.throws(() => root.openAt(follow, 'x', {}, {}), fails('no-entry'));
    assert.throws(() => root.openAt(follow, 'f/x', {}, {}), fails('not-directory'));
    assert.throws(() => root.openAt(follow, 'f', { directory: true }, {}), fails('not-directory'));
    assert.throws(() => root.openAt(follow, 'f', { create: true, exclusive: true }, {}), fails('exist'));
    root.openAt(follow, 'f', { exclusive: true }, {}); // It says nothing where nothing is created.
    assert.throws(() => root.openAt(follow, 'a', {}, { write: true }), fails('is-directory'));
    assert.throws(() => root.openAt(follow, 'a', { truncate: true }, {}), fails('is-directory'));
    for (const flag of ['create', 'exclusive', 'truncate']) {
      assert.throws(() => root.openAt(follow, 'x', { directory: true, [flag]: true }, {}), fails('invalid'), flag);
    }
    assert.throws(() => root.unlinkFileAt('a'), fails('is-directory'));
    assert.throws(() => root.removeDirectoryAt('a'), fails('not-empty'));
    assert.throws(() => root.removeDirectoryAt('f'), fails('not-directory'));
    assert.throws(() => root.createDirectoryAt('a'), fails('exist'));
    assert.throws(() => root.createDirectoryAt('f/x'), fails('not-directory'));
    for (const path of ['.', '', 'a/..']) {
      assert.throws(() => root.removeDirectoryAt(path), fails('not-permitted'), path);
    }
    assert.throws(() => root.renameAt('a', root, 'a/inner'), fails('invalid'));
    assert.throws(() => root.renameAt('x', root, 'y'), fails('no-entry'));
    root.createDirectoryAt('d');
    assert.throws(() => root.renameAt('d', root, 'a'), fails('not-empty'));
    assert.throws(() => root.renameAt('f', root, 'd'), fails('is-directory'));
    assert.throws(() => root.renameAt('d', root, 'f'), fails('not-directory'));
    assert.throws(() => root.symlinkAt(), fails('unsupported'));
    assert.throws(() => root.linkAt(), fails('unsupported'));
    assert.throws(() => root.readlinkAt('f'), fails('invalid'));
    assert.throws(() => root.readlinkAt('x'), fails('no-entry'));
    const file = root.openAt(follow, 'f', {}, { read: true, write: true, mutateDirectory: true });
    assert.throws(() => file.readDirectory(), fails('not-directory'));
    assert.throws(() => file.statAt(follow, 'x'), fails('not-directory'));
    assert.throws(() => file.createDirectoryAt('x'), fails('not-directory'));
    assert.throws(() => root.readViaStream(0n), fails('is-directory'));
  });

  test('have an identity that is the same in each instance', () => {
    const files = { 'a/b': '1', c: '2' };
    const [one, two] = [opened({ files, writableFiles: true }), opened({ files, writableFiles: true })];
    const identities = ({ root }: typeof one) => {
      root.createDirectoryAt('d');
      root.openAt(follow, 'd/e', { create: true }, {});
      return ['.', 'a', 'a/b', 'c', 'd', 'd/e'].map((path) => root.metadataHashAt(follow, path).lower);
    };
    const ofOne = identities(one);
    assert.deepEqual(identities(two), ofOne);
    assert.equal(new Set(ofOne).size, ofOne.length);
  });

  test('are bounded in size', () => {
    const { root } = opened({ writableFiles: true });
    const file = root.openAt(follow, 'f', { create: true }, { write: true });
    assert.throws(() => file.write(bytes('x'), 1n << 40n), fails('insufficient-space'));
    assert.throws(() => file.setSize(1n << 62n), fails('invalid'));
    assert.throws(() => file.writeViaStream(1n << 40n).write(bytes('x')), fileFailed);
    assert.equal(file.stat().size, 0n);
    file.setSize(64n << 20n);
    assert.throws(() => file.setSize((64n << 20n) + 1n), fails('insufficient-space'));
    assert.throws(() => file.appendViaStream().write(bytes('x')), fileFailed);
    assert.equal(file.stat().size, 64n << 20n);
  });

  test('are bounded in all: a guest cannot take the memory of its host by making many', () => {
    const { root } = opened({ writableFiles: true });
    const made = (name: string) => root.openAt(follow, name, { create: true }, { read: true, write: true });
    const full = Array.from({ length: 4 }, (_, index) => made(`full-${index}`));
    for (const file of full) file.setSize(64n << 20n);
    const more = made('more');
    assert.throws(() => more.write(bytes('x'), 0n), fails('insufficient-space'));
    full[0]!.setSize(0n);
    assert.equal(more.write(bytes('x'), 0n), 1n);
  });

  test('are bounded in all with those of the host', () => {
    const { root } = opened({ files: { given: 'x' }, writableFiles: true });
    const [last, ...others] = ['a', 'b', 'c', 'd'].map((name) =>
      root.openAt(follow, name, { create: true }, { write: true }),
    );
    for (const file of others) file.setSize(64n << 20n);
    assert.throws(() => last!.setSize(64n << 20n), fails('insufficient-space'));
    last!.setSize((64n << 20n) - 1n);
  });

  test('that grow take room ahead while there is some, and never more than a file may have', () => {
    const { root } = opened({ writableFiles: true });
    const made = (name: string) => root.openAt(follow, name, { create: true }, { write: true });
    const [growing, last, ...others] = ['a', 'b', 'c', 'd'].map(made);
    growing!.setSize(48n << 20n);
    growing!.write(bytes('x'), (48n << 20n) - 1n); // Where there was something.
    growing!.write(bytes('x'), 48n << 20n);
    for (const file of [last!, ...others]) file.setSize(64n << 20n);
    growing!.setSize(48n << 20n);
    last!.setSize(40n << 20n);
    made('e').setSize(39n << 20n);
    // There is a mebibyte left: room for a byte, and not for sixteen mebibytes.
    growing!.write(bytes('x'), 48n << 20n);
    made('f').setSize((1n << 20n) - 1n);
    assert.throws(() => growing!.write(bytes('x'), (48n << 20n) + 1n), fails('insufficient-space'));
  });

  test('take room until they are unlinked and nobody has them open', () => {
    const { root } = opened({ writableFiles: true });
    const write = (name: string) => {
      const file = root.openAt(follow, name, { create: true }, { read: true, write: true });
      file.setSize(64n << 20n);
      return file;
    };
    const [stream, ...others] = ['a', 'b', 'c', 'd'].map((name) => {
      const file = write(name);
      const stream = name === 'a' ? file.readViaStream(0n) : undefined;
      file[Symbol.dispose]();
      return stream ?? name;
    });
    assert.deepEqual(others, ['b', 'c', 'd']);
    root.unlinkFileAt('a');
    assert.throws(() => write('e'), fails('insufficient-space'), 'a is still read');
    assert.equal((stream as { read(length: bigint): Uint8Array }).read(3n).length, 3);
    (stream as Disposable)[Symbol.dispose]();
    write('e')[Symbol.dispose]();
    // The file that another one takes the place of is unlinked too.
    root.openAt(follow, 'small', { create: true }, {})[Symbol.dispose]();
    root.renameAt('small', root, 'b');
    write('f')[Symbol.dispose]();
    assert.throws(() => write('g'), fails('insufficient-space'));
  });

  test('take their room as long as a stream is open, and give it back once, however often one is dropped', () => {
    for (const open of ['readViaStream', 'writeViaStream', 'appendViaStream'] as const) {
      const { root } = opened({ writableFiles: true });
      const made = (name: string) => root.openAt(follow, name, { create: true }, { read: true, write: true });
      const filled = ['a', 'b', 'c', 'd'].map((name) => {
        const file = made(name);
        file.setSize(64n << 20n);
        return file;
      });
      const file = filled[0]!;
      const [one, other] = [file[open](0n), file[open](0n)];
      root.unlinkFileAt('a');
      const more = made('more');
      for (const dropped of [one, one, file, file]) dropped[Symbol.dispose]();
      assert.throws(() => more.setSize(1n), fails('insufficient-space'), open);
      other[Symbol.dispose]();
      more.setSize(64n << 20n);
    }
  });

  test('are bounded in number, with those of the host', () => {
    const { root } = opened({ writableFiles: true, files: { 'given/f': '' } });
    const made: number[] = [];
    assert.throws(() => {
      for (let index = 0; index < 1_000_000; index++) {
        if (index % 2 === 0) root.createDirectoryAt(`n${index}`);
        else root.openAt(follow, `n${index}`, { create: true }, {})[Symbol.dispose]();
        made.push(index);
      }
    }, fails('insufficient-space'));
    assert.equal(made.length, 65_536 - 3, 'all but the root, and what the host gave');
    root.removeDirectoryAt('n0');
    root.unlinkFileAt('n1');
    root.createDirectoryAt('d');
    root.createDirectoryAt('e');
    assert.throws(() => root.createDirectoryAt('f'), fails('insufficient-space'));
  });

  test('have names that are bounded, and so are paths: they are the memory of the host, too', () => {
    const { root } = opened({ writableFiles: true });
    const made = (name: string) => root.openAt(follow, name, { create: true }, {});
    root.createDirectoryAt('d'.repeat(255));
    made('f'.repeat(255));
    root.statAt(follow, './'.repeat(2048));
    root.renameAt('f'.repeat(255), root, 'g'.repeat(255));
    for (const refused of [
      () => root.createDirectoryAt('d'.repeat(256)),
      () => made('f'.repeat(256)),
      () => root.renameAt('g'.repeat(255), root, 'f'.repeat(256)),
      () => root.statAt(follow, './'.repeat(2048) + '.'),
      () => root.statAt(follow, '/'.repeat(1_000_000)),
    ]) {
      assert.throws(refused, fails('name-too-long'));
    }
  });

  test('may stand in directories as deep as there are nodes', () => {
    const { root } = opened({ writableFiles: true });
    const all = { read: true, mutateDirectory: true };
    let deepest = root;
    for (let level = 0; level < 30_000; level++) {
      deepest.createDirectoryAt('d');
      deepest = deepest.openAt(follow, 'd', { directory: true }, all);
    }
    assert.throws(() => root.renameAt('d', deepest, 'e'), fails('invalid'));
    deepest.createDirectoryAt('e');
    deepest.renameAt('e', root, 'e');
    assert.equal(root.statAt(follow, 'e').type, 'directory');
  });

  test('are listed as they are read: a listing that is begun takes no copy of all names', () => {
    const { root } = opened({ writableFiles: true, files: { a: '', b: '', c: '' } });
    const entries = root.readDirectory();
    assert.equal(entries.readDirectoryEntry()?.name, 'a');
    root.unlinkFileAt('a');
    root.unlinkFileAt('b');
    assert.equal(entries.readDirectoryEntry()?.name, 'c');
    assert.equal(entries.readDirectoryEntry(), undefined);
    root.createDirectoryAt('d');
    assert.equal(entries.readDirectoryEntry(), undefined);
  });

  test('are copies of what was given: a Buffer is not written to, and no two instances share one', () => {
    const given = Buffer.from('before');
    const options: VirtualWasiOptions = { files: { a: given }, writableFiles: true };
    const [one, other] = [opened(options), opened(options)];
    one.root.openAt(follow, 'a', {}, { write: true }).write(bytes('after!'), 0n);
    assert.deepEqual([text(one.wasi.readFile('a')!), text(other.wasi.readFile('a')!)], ['after!', 'before']);
    assert.equal(String(given), 'before');
  });

  test('that are given wrongly are refused at once', () => {
    assert.throws(() => virtualWasi({ files: { '/': 'x' } }), TypeError);
    assert.throws(() => virtualWasi({ files: { a: '1', 'a/b': '2' } }), /leads through a file/);
    assert.throws(() => virtualWasi({ files: { 'a/b': '1', a: '2' } }), /"a" is a directory/);
    assert.throws(() => virtualWasi({ files: { '../a': '1' } }), /^TypeError: "..\/a" leads out of the directory/);
  });
});
