/** What a virtual WASI is made of is checked when it is made: nothing that a caller wrote is ignored, or fails later. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { runInNewContext } from 'node:vm';
import { GRANTABLE, type VirtualWasiOptions, virtualWasi } from '../../../../src/adapters/component/wasi/index.ts';

const make = (options: unknown) => virtualWasi(options as object);

describe('an option that cannot be meant is refused, with its name and what was given:', () => {
  const refusals: readonly (readonly [unknown, string])[] = [
    [null, 'options: expected an object, got null'],
    ['wasi:cli/stdout', 'options: expected an object, got "wasi:cli/stdout"'],
    [{ grant: 'wasi:cli/stdout' }, 'grant: expected a list of interfaces, got "wasi:cli/stdout"'],
    [{ grant: true }, 'grant: expected a list of interfaces, got true'],
    [{ grant: [5] }, 'grant[0]: expected a text, got 5'],
    [{ files: ['a'] }, 'files: expected an object of files by their paths, got an array'],
    [{ files: '/tmp' }, 'files: expected an object of files by their paths, got "/tmp"'],
    [{ files: new Map([['a', 'b']]) }, 'files: expected an object of files by their paths, got an object'],
    [{ files: Promise.resolve({}) }, 'files: expected an object of files by their paths, got an object'],
    [{ files: { a: 5 } }, 'files["a"]: expected a text or a Uint8Array, got 5'],
    [{ files: { a: new ArrayBuffer(1) } }, 'files["a"]: expected a text or a Uint8Array, got an object'],
    [{ writableFiles: 'no' }, 'writableFiles: expected true or false, got "no"'],
    [{ arguments: 'a b' }, 'arguments: expected a list of texts, got "a b"'],
    [{ arguments: ['a', 5] }, 'arguments[1]: expected a text, got 5'],
    [{ environment: { A: 5 } }, 'environment["A"]: expected a text, got 5'],
    [{ environment: { A: undefined } }, 'environment["A"]: expected a text, got undefined'],
    [{ environment: [['A', 'b']] }, 'environment: expected an object of texts by their names, got an array'],
    [{ directory: 5 }, 'directory: expected a text, got 5'],
    [{ stdin: 5 }, 'stdin: expected a text or a Uint8Array, got 5'],
    [{ stdin: process.stdin }, 'stdin: expected a text or a Uint8Array, got an object'],
    [{ stdout: true }, 'stdout: expected a function that takes a line, as console.log does, got true'],
    [{ stdout: process.stdout }, 'stdout: expected a function that takes a line, as console.log does, got an object'],
    [{ stderr: null }, 'stderr: expected a function that takes a line, as console.log does, got null'],
  ];
  for (const [options, message] of refusals) {
    test(message, () => assert.throws(() => make(options), { name: 'TypeError', message }));
  }

  test('a grant of what there is not, with what there is', () => {
    const message = `grant[0]: "wasi:cli/stdout@0.2.0" cannot be granted; there are ${GRANTABLE.join(', ')}`;
    assert.throws(() => make({ grant: ['wasi:cli/stdout@0.2.0'] }), { name: 'TypeError', message });
  });

  test('a name that there is not, as other hosts have them, with those that there are', () => {
    for (const name of ['env', 'args', 'preopens', 'Stdout']) {
      assert.throws(() => make({ [name]: {} }), {
        name: 'TypeError',
        message:
          `options: there is no "${name}"; there are grant, files, writableFiles, arguments, environment, directory, ` +
          'stdin, stdout, stderr',
      });
    }
  });
});

test('what is undefined is as if it were not there, and what other realms give is taken', () => {
  const nothing: { readonly [Option in keyof VirtualWasiOptions]-?: undefined } = {
    grant: undefined,
    files: undefined,
    writableFiles: undefined,
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
