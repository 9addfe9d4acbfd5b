/** The options of a virtual WASI are checked when it is created. No option is ignored, and none fails later. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { runInNewContext } from 'node:vm';
import { GRANTABLE, type VirtualWasiOptions, virtualWasi } from 'decidable/component/wasi';

const OUTPUT = 'a function that takes a line, as console.log does, or an object whose method write takes bytes';

const make = (options: unknown) => virtualWasi(options as object);

describe('an invalid option', () => {
  const refusals: readonly (readonly [unknown, string])[] = [
    [null, 'options: expected an object, got null'],
    ['wasi:cli/stdout', 'options: expected an object, got "wasi:cli/stdout"'],
    [{ grant: 'wasi:cli/stdout' }, 'grant: expected a list of interfaces, got "wasi:cli/stdout"'],
    [{ grant: true }, 'grant: expected a list of interfaces, got true'],
    [{ grant: [5] }, 'grant[0]: expected a text, got 5'],
    [{ writableFiles: 'no' }, 'writableFiles: expected true or false, got "no"'],
    [{ arguments: 'a b' }, 'arguments: expected a list of texts, got "a b"'],
    [{ arguments: ['a', 5] }, 'arguments[1]: expected a text, got 5'],
    [{ environment: { A: 5 } }, 'environment["A"]: expected a text, got 5'],
    [{ environment: { A: undefined } }, 'environment["A"]: expected a text, got undefined'],
    [{ environment: [['A', 'b']] }, 'environment: expected an object of texts by their names, got an array'],
    [{ directory: 5 }, 'directory: expected a text, got 5'],
    [{ stdin: 5 }, 'stdin: expected a text, a Uint8Array or an iterable of them, got 5'],
    [{ stdin: {} }, 'stdin: expected a text, a Uint8Array or an iterable of them, got an object'],
    [{ stdin: new Uint16Array(1) }, 'stdin: expected a text, a Uint8Array or an iterable of them, got an object'],
    [
      { stdin: process.stdin },
      'stdin: expected a synchronous iterable, got an asynchronous one; ' +
        'read it first, as in stdin: await Array.fromAsync(process.stdin)',
    ],
    [{ stdout: true }, `stdout: expected ${OUTPUT}, got true`],
    [{ stdout: {} }, `stdout: expected ${OUTPUT}, got an object`],
    [{ stderr: null }, `stderr: expected ${OUTPUT}, got null`],
  ];
  for (const [options, message] of refusals) {
    test(`is refused: ${message}`, () => assert.throws(() => make(options), { name: 'TypeError', message }));
  }

  test('is refused if it grants an interface that cannot be granted', () => {
    const message = `grant[0]: "wasi:cli/stdout@0.2.0" cannot be granted; there are ${GRANTABLE.join(', ')}`;
    assert.throws(() => make({ grant: ['wasi:cli/stdout@0.2.0'] }), { name: 'TypeError', message });
  });

  test('is refused if its name is unknown', () => {
    for (const name of ['env', 'args', 'dirs', 'Stdout']) {
      assert.throws(() => make({ [name]: {} }), {
        name: 'TypeError',
        message: new RegExp(`^unknown option "${name}"`),
      });
    }
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
