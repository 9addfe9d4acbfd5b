/** The directories that a guest finds open, and the files that the host provides and reads back. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import {
  type FileTree,
  SymbolicLink,
  symbolicLink,
  type VirtualWasiOptions,
  virtualWasi,
} from 'decidable/component/wasi';
import * as fc from 'fast-check';
import { bytes, directoriesOf, fails, follow, openRoot, text } from './open-root.ts';

const withPreopens = (preopens: VirtualWasiOptions['preopens']) =>
  virtualWasi({ grant: ['wasi:filesystem/preopens'], preopens });

describe('the files of the host', () => {
  test('are named by paths, by directories or by both', () => {
    const expected = { etc: { 'a.json': bytes('1'), 'b.json': bytes('2') } };
    for (const files of [
      { 'etc/a.json': '1', 'etc/b.json': '2' },
      { '/etc//a.json': '1', './etc/b.json': '2' },
      { etc: { 'a.json': '1', 'b.json': bytes('2') } },
      { 'etc/a.json': '1', etc: { 'b.json': '2' } },
      { etc: { 'a.json': '1' }, 'etc/b.json': '2' },
    ] satisfies FileTree[]) {
      assert.deepEqual(virtualWasi({ files }).readTree(), expected);
    }
  });

  test('may be empty directories and symbolic links', () => {
    const files = { out: {}, 'deep/er/': {}, link: symbolicLink('out') };
    const { root, wasi } = openRoot({ files });
    assert.deepEqual(wasi.readTree(), { out: {}, deep: { er: {} }, link: symbolicLink('out') });
    assert.equal(root.statAt(follow, 'link').type, 'directory');
  });

  const refusals: readonly (readonly [unknown, RegExp])[] = [
    [['a'], /^TypeError: files: expected an object of files by their paths, got an array$/],
    ['/tmp', /^TypeError: files: expected/],
    [new Map([['a', 'b']]), /^TypeError: files: expected/],
    [Promise.resolve({}), /^TypeError: files: expected/],
    [{ a: 5 }, /^TypeError: files\["a"\]: expected a text, a Uint8Array, a symbolicLink\(\) or an object/],
    [{ a: { b: null } }, /^TypeError: files\["a"\]\["b"\]: expected/],
    [{ a: new ArrayBuffer(1) }, /^TypeError: files\["a"\]: expected/],
    [{ a: ['b'] }, /^TypeError: files\["a"\]: expected/],
    [{ '/': 'x' }, /^TypeError: files\["\/"\]: names no file/],
    [{ '': 'x' }, /^TypeError: files\[""\]: names no file/],
    [{ 'a/': 'x' }, /^TypeError: files\["a\/"\]: a path that ends with "\/" names a directory/],
    [{ a: '1', 'a/b': '2' }, /^TypeError: files\["a\/b"\]: "a" is a file/],
    [{ 'a/b': '1', a: '2' }, /^TypeError: files\["a"\]: is a directory, or was given twice/],
    [{ 'a/b': '1', a: { b: '2' } }, /^TypeError: files\["a"\]\["b"\]: is a directory, or was given twice/],
    [{ '../a': '1' }, /^TypeError: files\["..\/a"\]: "\.\." is not allowed/],
    [{ 'a/../b': '1' }, /^TypeError: files\["a\/..\/b"\]: "\.\." is not allowed/],
    [{ 'a\0': '1' }, /^TypeError: files\[.*\]: a path cannot contain NUL/],
    [{ ['a'.repeat(256)]: '1' }, /^TypeError: files\[.*\]: a name has at most 255 characters/],
    [{ a: new SymbolicLink('/etc') }, /^TypeError: files\["a"\]: expected a path from the directory/],
  ];
  for (const [files, message] of refusals) {
    test(`are refused if they are wrong: ${message.source}`, () => {
      assert.throws(() => virtualWasi({ files: files as FileTree }), message);
    });
  }

  test('are refused if directories contain one another', () => {
    const files: Record<string, object> = {};
    files['again'] = files;
    assert.throws(() => virtualWasi({ files: files as FileTree }), /^TypeError: files: the directories are too deep/);
  });

  test('have symbolic links only to paths from the directory that holds them', () => {
    for (const target of ['', '/etc', 'a\0b', 'x'.repeat(4097), 5 as never]) {
      assert.throws(() => symbolicLink(target), /^TypeError: symbolicLink: /);
    }
  });
});

describe('the directories that a guest finds open', () => {
  test('are one, `/`, by default', () => {
    assert.deepEqual(Object.keys(directoriesOf(virtualWasi({ grant: ['wasi:filesystem/preopens'] }))), ['/']);
  });

  test('are the ones that the host names, in their order', () => {
    assert.deepEqual(Object.keys(directoriesOf(withPreopens({ '/b': {}, '.': {}, '/a/c': {} }))), ['/b', '.', '/a/c']);
    assert.deepEqual(directoriesOf(withPreopens({})), {});
  });

  test('have their own files and their own right to be changed', () => {
    const wasi = withPreopens({ '/in': { files: { f: '1' } }, '/out': { writable: true } });
    const { '/in': given, '/out': out } = directoriesOf(wasi);
    assert.throws(() => given!.unlinkFileAt('f'), fails('read-only'));
    out!.openAt(follow, 'g', { create: true }, { write: true }).write(bytes('2'), 0n);
    assert.deepEqual([wasi.readTree('/in'), wasi.readTree('/out')], [{ f: bytes('1') }, { g: bytes('2') }]);
  });

  test('are one file system: a file and a directory can be moved between them', () => {
    const wasi = withPreopens({ '/a': { files: { f: '1', 'd/g': '2' }, writable: true }, '/b': { writable: true } });
    const { '/a': a, '/b': b } = directoriesOf(wasi);
    a!.renameAt('f', b!, 'f');
    a!.renameAt('d', b!, 'd');
    b!.linkAt({}, 'f', a!, 'again');
    assert.deepEqual(wasi.readTree('/a'), { again: bytes('1') });
    assert.deepEqual(wasi.readTree('/b'), { f: bytes('1'), d: { g: bytes('2') } });
    assert.equal(b!.statAt(follow, 'f').linkCount, 2n);
  });

  test('are not reached from one another by a path', () => {
    const { '/a': a } = directoriesOf(withPreopens({ '/a': {}, '/a/b': { files: { f: '1' } } }));
    assert.throws(() => a!.statAt(follow, 'b'), fails('no-entry'));
    assert.throws(() => a!.statAt(follow, '../a/b'), fails('not-permitted'));
  });

  const refusals: readonly (readonly [unknown, RegExp])[] = [
    [['/a'], /^TypeError: preopens: expected an object of directories by their names, got an array$/],
    [{ '/a': 'files' }, /^TypeError: preopens\["\/a"\]: expected an object, got "files"$/],
    [{ '/a': { writeable: true } }, /^TypeError: unknown option .*writeable/],
    [{ '/a': { writable: 1 } }, /^TypeError: preopens\["\/a"\].writable: expected true or false, got 1$/],
    [{ '/a': { files: { f: 1 } } }, /^TypeError: preopens\["\/a"\].files\["f"\]: expected/],
    ...['', '/a/', 'a//b', './a', '..', '/..', 'a/../b', '/./a', 'a\0'].map(
      (name) => [{ [name]: {} }, /^TypeError: preopens\[.*\]: expected a name such as/] as const,
    ),
  ];
  for (const [preopens, message] of refusals) {
    test(`are refused if they are wrong: ${JSON.stringify(preopens)}`, () => {
      assert.throws(() => withPreopens(preopens as never), message);
    });
  }

  test('cannot be given together with the options for one directory', () => {
    assert.throws(() => virtualWasi({ preopens: {}, files: {} }), /^TypeError: files: cannot be given with preopens/);
    assert.throws(
      () => virtualWasi({ preopens: {}, writableFiles: false }),
      /^TypeError: writableFiles: cannot be given/,
    );
  });
});

describe('reading back', () => {
  test('finds a file by the path that the guest knows', () => {
    const wasi = withPreopens({
      '/': { files: { f: 'root', 'data/f': 'hidden' } },
      '/data': { files: { f: 'data', 'd/g': 'deep' } },
      '.': { files: { f: 'here' } },
      tmp: { files: { f: 'tmp' } },
    });
    const found = (path: string) => {
      const file = wasi.readFile(path);
      return file && text(file);
    };
    for (const [path, content] of [
      ['/f', 'root'],
      ['/data/f', 'data'],
      ['/data//d/../f', 'data'],
      ['/data/d/g', 'deep'],
      ['f', 'here'],
      ['./f', 'here'],
      ['tmp/f', 'tmp'],
      ['/database', undefined],
      ['/data', undefined],
      ['/data/../f', undefined],
      ['../f', undefined],
      ['f/g', undefined],
      ['', undefined],
    ] as const) {
      assert.equal(found(path), content, path);
    }
  });

  test('reads a path without a slash as a path below `/` if that is the only directory', () => {
    const wasi = virtualWasi({ files: { 'a/b': '1' } });
    assert.equal(text(wasi.readFile('a/b')), '1');
    assert.deepEqual(wasi.readTree('a'), { b: bytes('1') });
    for (const path of ['a', 'x', 'a/b/c', '../a/b', '']) assert.equal(wasi.readFile(path), undefined, path);
    for (const path of ['a/b', 'x', '..', '']) assert.equal(wasi.readTree(path), undefined, path);
  });

  test('returns copies', () => {
    const { root, wasi } = openRoot({ files: { f: 'abc' } });
    const tree = wasi.readTree() as { f: Uint8Array };
    tree.f.fill(0);
    wasi.readFile('f')!.fill(0);
    assert.equal(text(root.openAt(follow, 'f', {}, { read: true }).read(9n, 0n)[0]), 'abc');
  });

  test('returns a tree that can be given again', () => {
    const name = fc.constantFrom('a', 'b', '__proto__', 'constructor', 'ß');
    const { tree } = fc.letrec<{ tree: FileTree }>((tie) => ({
      tree: fc.dictionary(
        name,
        fc.oneof(
          { depthSize: 'small' },
          fc.uint8Array({ maxLength: 5 }),
          fc.constantFrom('a', '../b', 'missing/').map(symbolicLink),
          tie('tree'),
        ),
        { noNullPrototype: true },
      ) as fc.Arbitrary<FileTree>,
    }));
    fc.assert(
      fc.property(tree, (files) => {
        const read = virtualWasi({ files }).readTree()!;
        assert.deepEqual(read, files);
        assert.deepEqual(virtualWasi({ files: read }).readTree(), read);
      }),
    );
  });
});
