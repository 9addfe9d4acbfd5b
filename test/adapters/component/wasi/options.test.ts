/** The options of a virtual WASI are checked when it is created. No option is ignored, and none fails later. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { runInNewContext } from 'node:vm';
import { type VirtualWasiOptions, virtualWasi } from 'decidable/component/wasi';

const make = (options: unknown) => virtualWasi(options as object);

const isRefused = (argument: string) => ({ code: 'invalid-argument', argument });

describe('an invalid option', () => {
  const refusals: readonly (readonly [options: unknown, argument: string])[] = [
    [null, 'options'],
    ['wasi:cli/stdout', 'options'],
    [{ grant: 'wasi:cli/stdout' }, 'grant'],
    [{ grant: true }, 'grant'],
    [{ grant: [5] }, 'grant[0]'],
    [{ grant: ['wasi:cli/stdout@0.2.0'] }, 'grant[0]'],
    [{ writableFiles: 'no' }, 'writableFiles'],
    [{ arguments: 'a b' }, 'arguments'],
    [{ arguments: ['a', 5] }, 'arguments[1]'],
    [{ environment: { A: 5 } }, 'environment["A"]'],
    [{ environment: { A: undefined } }, 'environment["A"]'],
    [{ environment: [['A', 'b']] }, 'environment'],
    [{ directory: 5 }, 'directory'],
    [{ stdin: 5 }, 'stdin'],
    [{ stdin: {} }, 'stdin'],
    [{ stdin: new Uint16Array(1) }, 'stdin'],
    [{ stdout: true }, 'stdout'],
    [{ stdout: {} }, 'stdout'],
    [{ stderr: null }, 'stderr'],
  ];
  for (const [options, argument] of refusals) {
    test(`is refused, and the error names ${argument}: ${JSON.stringify(options)}`, () => {
      assert.throws(() => make(options), isRefused(argument));
    });
  }

  test('is refused with a hint if it is an asynchronous stream', () => {
    // This test is about the hint.
    const message = /Array\.fromAsync/;
    assert.throws(() => make({ stdin: process.stdin }), { ...isRefused('stdin'), message });
  });

  test('is refused if its name is unknown', () => {
    for (const name of ['env', 'args', 'dirs', 'Stdout']) assert.throws(() => make({ [name]: {} }), isRefused(name));
  });
});

test('an option may be undefined, or an object of another realm', () => {
  const nothing: { readonly [Option in keyof VirtualWasiOptions]-?: undefined } = {
    grant: undefined,
    files: undefined,
    writableFiles: undefined,
    preopens: undefined,
    arguments: undefined,
    environment: undefined,
    directory: undefined,
    stdin: undefined,
    stdout: undefined,
    stderr: undefined,
  };
  assert.equal(virtualWasi(nothing).readFile('a'), undefined);
  make({ environment: process.env, files: Object.create(null), stdin: Buffer.from('a') });
  const wasi = make(runInNewContext('({ grant: [], files: { a: new Uint8Array([7]) }, stdout() {} })'));
  assert.deepEqual(wasi.readFile('a'), Uint8Array.of(7));
});
