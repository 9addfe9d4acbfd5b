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

  const refusals: readonly (readonly [what: string, files: unknown, argument: string])[] = [
    ['a list', ['a'], 'files'],
    ['a path', '/tmp', 'files'],
    ['a map', new Map([['a', 'b']]), 'files'],
    ['a promise', Promise.resolve({}), 'files'],
    ['a file that is a number', { a: 5 }, 'files["a"]'],
    ['a file that is null', { a: { b: null } }, 'files["a"]["b"]'],
    ['a file that is a buffer', { a: new ArrayBuffer(1) }, 'files["a"]'],
    ['a file that is a list', { a: ['b'] }, 'files["a"]'],
    ['a file without a name', { '/': 'x' }, 'files["/"]'],
    ['a file with an empty path', { '': 'x' }, 'files[""]'],
    ['a file with the path of a directory', { 'a/': 'x' }, 'files["a/"]'],
    ['a file in a file', { a: '1', 'a/b': '2' }, 'files["a/b"]'],
    ['a file with the name of a directory', { 'a/b': '1', a: '2' }, 'files["a"]'],
    ['a file that is passed twice', { 'a/b': '1', a: { b: '2' } }, 'files["a"]["b"]'],
    ['a path that leaves the root', { '../a': '1' }, 'files["../a"]'],
    ['a path with ".."', { 'a/../b': '1' }, 'files["a/../b"]'],
    ['a path with NUL', { 'a\0': '1' }, 'files["a\\u0000"]'],
    ['a name of 256 characters', { ['a'.repeat(256)]: '1' }, `files["${'a'.repeat(40)}…"]`],
    ['an absolute symbolic link', { a: new SymbolicLink('/etc') }, 'files["a"]'],
  ];
  for (const [what, files, argument] of refusals) {
    test(`are refused if they contain or are ${what}`, () => {
      assert.throws(() => virtualWasi({ files: files as FileTree }), { code: 'invalid-argument', argument });
    });
  }

  test('are refused if directories contain one another', () => {
    const files: Record<string, object> = {};
    files['again'] = files;
    assert.throws(() => virtualWasi({ files: files as FileTree }), { code: 'invalid-argument', argument: 'files' });
  });

  test('have symbolic links only to paths from the directory that holds them', () => {
    for (const target of ['', '/etc', 'a\0b', 'x'.repeat(4097), 5 as never]) {
      assert.throws(() => symbolicLink(target), { code: 'invalid-argument', argument: 'target' });
    }
  });
});

describe('the directories that a guest finds open', () => {
  test('are only `/` by default', () => {
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

  test('are one file system, so that a file and a directory can be moved between them', () => {
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

  const refusals: readonly (readonly [preopens: unknown, argument: string])[] = [
    [['/a'], 'preopens'],
    [{ '/a': 'files' }, 'preopens["/a"]'],
    [{ '/a': { writeable: true } }, 'preopens["/a"].writeable'],
    [{ '/a': { writable: 1 } }, 'preopens["/a"].writable'],
    [{ '/a': { files: { f: 1 } } }, 'preopens["/a"].files["f"]'],
    ...['', '/a/', 'a//b', './a', '..', '/..', 'a/../b', '/./a', 'a\0'].map(
      (name) => [{ [name]: {} }, `preopens[${JSON.stringify(name)}]`] as const,
    ),
  ];
  for (const [preopens, argument] of refusals) {
    test(`are refused if they are ${JSON.stringify(preopens)}`, () => {
      assert.throws(() => withPreopens(preopens as never), { code: 'invalid-argument', argument });
    });
  }

  test('cannot be combined with the options for one directory', () => {
    for (const [option, value] of Object.entries({ files: {}, writableFiles: false })) {
      const error = { code: 'invalid-argument', argument: option };
      assert.throws(() => virtualWasi({ preopens: {}, [option]: value }), error);
    }
  });
});

describe('reading back', () => {
  test('finds a file by its path in the guest', () => {
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

  test('returns a tree that can be passed again', () => {
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
