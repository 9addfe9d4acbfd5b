/** Symbolic links, hard links and the times of files. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { symbolicLink, type WasiInterface } from 'decidable/component/wasi';
import type { Descriptor } from '../../../../src/adapters/component/wasi/filesystem.ts';
import { bytes, fails, follow, openRoot, text } from './open-root.ts';

const noFollow = { symlinkFollow: false } as const;

describe('a symbolic link', () => {
  test('leads to the file that its target names, from the directory of the link', () => {
    const { root } = openRoot({ files: { 'a/f': '1', 'a/b': {} }, writableFiles: true });
    root.symlinkAt('../f', 'a/b/l');
    root.symlinkAt('a/b', 'd');
    assert.equal(root.readlinkAt('a/b/l'), '../f');
    assert.equal(text(root.openAt(follow, 'd/l', {}, { read: true }).read(9n, 0n)[0]), '1');
    assert.equal(root.statAt(follow, 'd/../f').size, 1n, '`..` goes back from the directory that the link leads to');
  });

  test('is a file of its own type if the guest does not follow it', () => {
    const { root } = openRoot({ files: { f: '123' }, writableFiles: true });
    root.symlinkAt('f', 'link-ß');
    const { type, size, linkCount } = root.statAt(noFollow, 'link-ß');
    assert.deepEqual([type, size, linkCount], ['symbolic-link', 1n, 1n]);
    assert.deepEqual(root.readDirectory().readDirectoryEntry(), { type: 'regular-file', name: 'f' });
    assert.throws(() => root.openAt(noFollow, 'link-ß', {}, { read: true }), fails('loop'));
    assert.throws(() => root.openAt(noFollow, 'link-ß', { directory: true }, {}), fails('not-directory'));
    assert.notDeepEqual(root.metadataHashAt(noFollow, 'link-ß'), root.metadataHashAt(follow, 'link-ß'));
    assert.throws(() => root.readlinkAt('f'), fails('invalid'));
    assert.throws(() => root.readlinkAt('x'), fails('no-entry'));
  });

  test('is removed, moved and replaced itself, and its target is not', () => {
    const { root, wasi } = openRoot({ files: { d: {}, f: '1', g: '2' }, writableFiles: true });
    for (const name of ['one', 'two', 'three']) root.symlinkAt('d', name);
    root.unlinkFileAt('one');
    root.renameAt('two', root, 'moved');
    root.renameAt('g', root, 'three');
    assert.throws(() => root.removeDirectoryAt('moved'), fails('not-directory'));
    assert.throws(() => root.removeDirectoryAt('moved/'), fails('not-directory'));
    assert.deepEqual(wasi.readTree(), { d: {}, f: bytes('1'), moved: symbolicLink('d'), three: bytes('2') });
  });

  test('whose target is missing leads nowhere until the target is created through it', () => {
    const { root, wasi } = openRoot({ writableFiles: true });
    root.symlinkAt('target', 'l');
    assert.throws(() => root.statAt(follow, 'l'), fails('no-entry'));
    assert.throws(() => root.createDirectoryAt('l'), fails('exist'));
    assert.throws(() => root.openAt(follow, 'l', { create: true, exclusive: true }, {}), fails('exist'));
    root.openAt(follow, 'l', { create: true }, { write: true }).write(bytes('1'), 0n);
    assert.deepEqual(wasi.readTree(), { l: symbolicLink('target'), target: bytes('1') });
  });

  test('to itself is a loop', () => {
    const { root } = openRoot({ files: { a: symbolicLink('b'), b: symbolicLink('a') } });
    assert.throws(() => root.statAt(follow, 'a'), fails('loop'));
    assert.throws(() => root.openAt(follow, 'a/x', {}, {}), fails('loop'));
    assert.equal(root.statAt(noFollow, 'a').type, 'symbolic-link');
  });

  test('cannot lead out of the directory from which the path starts', () => {
    const { root, wasi } = openRoot({ files: { secret: '1', 'd/up': symbolicLink('../secret') }, writableFiles: true });
    const inner = root.openAt(follow, 'd', { directory: true }, { read: true });
    assert.equal(root.statAt(follow, 'd/up').size, 1n);
    assert.throws(() => inner.statAt(follow, 'up'), fails('not-permitted'));
    assert.throws(() => inner.openAt(follow, 'up', { create: true }, {}), fails('not-permitted'));
    assert.throws(() => root.symlinkAt('/secret', 'l'), fails('not-permitted'));
    // If the link is moved up, it leads out of the directory too.
    root.renameAt('d/up', root, 'up');
    assert.throws(() => root.statAt(follow, 'up'), fails('not-permitted'));
    assert.equal(wasi.readFile('up'), undefined);
  });

  test('is followed by the host that reads a file', () => {
    const { wasi } = openRoot({
      files: { 'rates-2026': '1', rates: symbolicLink('rates-2026'), loop: symbolicLink('loop') },
    });
    assert.equal(text(wasi.readFile('/rates')), '1');
    assert.equal(wasi.readFile('/loop'), undefined);
  });
});

describe('a hard link', () => {
  test('is another name of one file', () => {
    const { root, wasi } = openRoot({ files: { a: '1', d: {} }, writableFiles: true });
    root.linkAt(noFollow, 'a', root.openAt(follow, 'd', {}, {}), 'b');
    assert.equal(root.statAt(follow, 'a').linkCount, 2n);
    assert.deepEqual(root.metadataHashAt(follow, 'a'), root.metadataHashAt(follow, 'd/b'));
    root.openAt(follow, 'd/b', {}, { write: true }).write(bytes('2'), 0n);
    assert.equal(text(wasi.readFile('a')), '2');
    root.renameAt('a', root, 'd/b');
    assert.equal(root.statAt(follow, 'a').linkCount, 2n, 'two names of one file stay as they are');
    root.unlinkFileAt('a');
    assert.equal(root.statAt(follow, 'd/b').linkCount, 1n);
    assert.equal(text(wasi.readFile('d/b')), '2');
  });

  test('can refer to a symbolic link, but not to a directory', () => {
    const { root } = openRoot({ files: { d: {}, f: '', l: symbolicLink('missing') }, writableFiles: true });
    root.linkAt(noFollow, 'l', root, 'm');
    assert.equal(root.readlinkAt('m'), 'missing');
    assert.equal(root.statAt(noFollow, 'l').linkCount, 2n);
    assert.throws(() => root.linkAt(noFollow, 'd', root, 'e'), fails('not-permitted'));
    assert.throws(() => root.linkAt(noFollow, '.', root, 'e'), fails('not-permitted'));
    assert.throws(() => root.linkAt(noFollow, 'x', root, 'e'), fails('no-entry'));
    assert.throws(() => root.linkAt(noFollow, 'f', root, 'd'), fails('exist'));
    assert.throws(() => root.linkAt(noFollow, 'f', root, 'f'), fails('exist'));
    assert.throws(() => root.linkAt(follow, 'f', root, 'g'), fails('invalid'));
  });
});

describe('the times of a file', () => {
  const GRANT: readonly WasiInterface[] = ['wasi:filesystem/preopens', 'wasi:clocks/wall-clock'];
  const keep = { tag: 'no-change' } as const;
  const now = { tag: 'now' } as const;
  const at = (seconds: bigint, nanoseconds = 0) => ({ tag: 'timestamp', val: { seconds, nanoseconds } }) as const;

  /** Seconds: access, modification, status change. */
  function timesOf(descriptor: Descriptor): bigint[] {
    const stat = descriptor.stat();
    return [stat.dataAccessTimestamp, stat.dataModificationTimestamp, stat.statusChangeTimestamp].map(
      ({ seconds }) => seconds,
    );
  }

  function atSecond(grant: readonly WasiInterface[]) {
    const { root, wasi } = openRoot({ grant, files: { f: '1' }, writableFiles: true });
    const setSecond = (second: number) => wasi.setDecision({ time: BigInt(second) * 1000n, seed: '' });
    return { root, setSecond };
  }

  test('follow the virtual clock', () => {
    const { root, setSecond } = atSecond(GRANT);
    const file = root.openAt(follow, 'f', {}, { read: true, write: true });
    assert.deepEqual(timesOf(file), [0n, 0n, 0n]);
    setSecond(5);
    file.write(bytes('2'), 0n);
    assert.deepEqual(timesOf(file), [0n, 5n, 5n]);
    setSecond(6);
    file.setSize(0n);
    assert.deepEqual(timesOf(file), [0n, 6n, 6n]);
    setSecond(7);
    file.read(1n, 0n);
    file.write(bytes(''), 3n);
    assert.deepEqual(timesOf(file), [0n, 6n, 6n], 'reading, and writing nothing, leave them');
    root.renameAt('f', root, 'g');
    assert.deepEqual(timesOf(file), [0n, 6n, 7n]);
    assert.deepEqual(timesOf(root), [0n, 7n, 7n]);
    const created = root.openAt(follow, 'h', { create: true }, {});
    assert.deepEqual(timesOf(created), [7n, 7n, 7n]);
  });

  test('can be set', () => {
    const { root, setSecond } = atSecond(GRANT);
    const file = root.openAt(follow, 'f', {}, { read: true });
    setSecond(9);
    file.setTimes(at(3n), keep);
    assert.deepEqual(timesOf(file), [3n, 0n, 9n]);
    root.setTimesAt(follow, 'f', keep, now);
    assert.deepEqual(timesOf(file), [3n, 9n, 9n]);
    root.setTimesAt(follow, 'f', at(1n), at(2n ** 64n - 1n, 999_999_999));
    assert.deepEqual(timesOf(file), [1n, 2n ** 64n - 1n, 9n]);
    assert.throws(() => file.setTimes(at(5n), at(5n, 1_000_000_000)), fails('invalid'));
    assert.deepEqual(timesOf(file), [1n, 2n ** 64n - 1n, 9n]);
    root.symlinkAt('f', 'l');
    root.setTimesAt(noFollow, 'l', at(4n), at(4n));
    assert.equal(root.statAt(noFollow, 'l').dataAccessTimestamp.seconds, 4n);
    assert.deepEqual(timesOf(file), [1n, 2n ** 64n - 1n, 9n]);
  });

  test('do not show the time to a guest that was not granted the clock', () => {
    const { root, setSecond } = atSecond(['wasi:filesystem/preopens']);
    setSecond(5);
    const file = root.openAt(follow, 'f', {}, { read: true, write: true });
    file.write(bytes('2'), 0n);
    file.setTimes(now, now);
    assert.deepEqual(timesOf(file), [0n, 0n, 0n]);
    assert.deepEqual(timesOf(root.openAt(follow, 'g', { create: true }, {})), [0n, 0n, 0n]);
  });
});
