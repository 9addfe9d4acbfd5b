/** Standard output and error arrive as lines or as bytes. */
import assert from 'node:assert/strict';
import { PassThrough } from 'node:stream';
import { describe, test } from 'node:test';
import { LANGUAGE_RUNTIME, virtualWasi } from 'decidable/component/wasi';
import * as fc from 'fast-check';

interface Output {
  write(bytes: Uint8Array): void;
  flush(): void;
  blockingFlush(): void;
  blockingWriteAndFlush(bytes: Uint8Array): void;
}
interface Imports {
  'wasi:cli/stdout@0.2.12': { getStdout(): Output };
  'wasi:cli/stderr@0.2.12': { getStderr(): Output };
  'wasi:cli/exit@0.2.12': { exit(status: { tag: string }): void; exitWithCode(status: number): void };
}

const bytes = (text: string) => new TextEncoder().encode(text);

function guest() {
  const [out, err]: [string[], string[]] = [[], []];
  const wasi = virtualWasi({
    grant: LANGUAGE_RUNTIME,
    stdout: (line) => out.push(line),
    stderr: (line) => err.push(line),
  });
  const imports = wasi.imports as unknown as Imports;
  const stdout = imports['wasi:cli/stdout@0.2.12'].getStdout();
  const stderr = imports['wasi:cli/stderr@0.2.12'].getStderr();
  return { out, err, wasi, imports, stdout, stderr };
}

describe('a line of output', () => {
  test('is whole if it is written in pieces', () => {
    fc.assert(
      fc.property(fc.array(fc.string({ unit: 'grapheme' })), fc.array(fc.nat({ max: 12 })), (texts, sizes) => {
        const lines = texts.map((text) => text.replaceAll(/[\r\n]/g, ' '));
        const { out, stdout } = guest();
        let rest = bytes(lines.map((line) => `${line}\n`).join(''));
        for (const size of sizes) {
          stdout.write(rest.subarray(0, size));
          rest = rest.subarray(size);
        }
        stdout.write(rest);
        assert.deepEqual(out, lines);
      }),
    );
  });

  test('is cut between two characters if it is too long', () => {
    const { out, stdout, wasi } = guest();
    const long = `a${'ß'.repeat(100_000)}`;
    for (let at = 0; at < long.length; at += 7_777) stdout.write(bytes(long.slice(at, at + 7_777)));
    assert.ok(out.length > 0, 'a line without an end is not kept forever');
    wasi.flush();
    assert.equal(out.join(''), long);
  });

  for (const [what, character, size] of [
    ['one byte', 'x', 1],
    ['two bytes', 'ß', 2],
    ['three bytes', '☃', 3],
    ['four bytes', '🏦', 4],
  ] as const) {
    test(`is cut as late as it can be, between its characters of ${what}`, () => {
      for (let before = 0; before < size; before++) {
        const { out, stdout, wasi } = guest();
        const line = 'a'.repeat(before) + character.repeat(66_000 / size);
        stdout.write(bytes(line));
        wasi.flush();
        const first = before + Math.floor((64 * 1024 - before) / size) * size;
        assert.deepEqual(
          out.map((piece) => bytes(piece).length),
          [first, before + 66_000 - first],
        );
        assert.equal(out.join(''), line);
      }
    });
  }

  test('is cut at the maximum length if no character continues there', () => {
    const { out, stdout } = guest();
    const line = new Uint8Array(64 * 1024 + 1).fill(0x61);
    line[64 * 1024 - 2] = 0xf0;
    stdout.write(line);
    assert.equal(out[0], `${'a'.repeat(64 * 1024 - 2)}\uFFFDa`);
  });

  test('is one line with every kind of line end if it has the maximum length', () => {
    const { out, stdout } = guest();
    const line = 'x'.repeat(64 * 1024);
    for (const end of ['\n', '\r\n', '\r\r\n']) stdout.write(bytes(line + end));
    assert.deepEqual(out, [line, line, line, '\r']);
  });

  test('ends with a line feed, or with a carriage return and a line feed, but not with a carriage return alone', () => {
    const { out, stdout } = guest();
    stdout.write(bytes('one\r\ntwo\r'));
    stdout.write(bytes('\nthr\ree\r\r\n\r\n\n'));
    assert.deepEqual(out, ['one', 'two', 'thr\ree\r', '', '']);
  });

  test('keeps a byte order mark, and has U+FFFD for bytes that are not UTF-8', () => {
    const { out, stdout } = guest();
    stdout.write(bytes('\uFEFFmark\n'));
    stdout.write(Uint8Array.of(0x61, 0xff, 0x62, 0x0a, 0xc3, 0x0a));
    assert.deepEqual(out, ['\uFEFFmark', 'a\uFFFDb', '\uFFFD']);
  });

  test('does not end if the guest flushes, because a runtime library flushes after each piece', () => {
    const { out, stdout } = guest();
    stdout.blockingWriteAndFlush(bytes('first '));
    stdout.flush();
    stdout.write(bytes('second'));
    stdout.blockingFlush();
    assert.deepEqual(out, []);
    stdout.write(bytes('\n'));
    assert.deepEqual(out, ['first second']);
  });

  test('is passed on once by `flush` if it was not ended', () => {
    const { out, err, wasi, stdout, stderr } = guest();
    stdout.write(bytes('unfinished'));
    stderr.write(bytes('Ł').subarray(0, 1));
    wasi.flush();
    wasi.flush();
    assert.deepEqual([out, err], [['unfinished'], ['\uFFFD']]);
    stdout.write(bytes('next\n'));
    wasi.flush();
    assert.deepEqual(out, ['unfinished', 'next']);
  });

  test('is passed on when the guest ends its program if it was not ended', () => {
    for (const end of ['exit', 'exitWithCode'] as const) {
      const { out, err, imports, stdout, stderr } = guest();
      stdout.write(bytes('last'));
      stderr.write(bytes('words'));
      assert.throws(() => imports['wasi:cli/exit@0.2.12'][end]((end === 'exit' ? { tag: 'ok' } : 2) as never));
      assert.deepEqual([out, err], [['last'], ['words']]);
    }
  });

  test('is printed, and an exception of the printing function is ignored', () => {
    const lines: string[] = [];
    const wasi = virtualWasi({
      grant: ['wasi:cli/stdout'],
      stdout: (line) => {
        lines.push(line);
        throw new Error('the terminal is gone');
      },
    });
    const stdout = (wasi.imports as unknown as Imports)['wasi:cli/stdout@0.2.12'].getStdout();
    stdout.write(bytes('one\ntwo\nthree'));
    wasi.flush();
    assert.deepEqual(lines, ['one', 'two', 'three']);
  });

  test('contains only output of one stream of one instance', () => {
    const [one, two] = [guest(), guest()];
    one.stdout.write(bytes('one '));
    two.stdout.write(bytes('two '));
    one.stderr.write(bytes('error '));
    // Another handle of the same stream continues its line.
    one.imports['wasi:cli/stdout@0.2.12'].getStdout().write(bytes('more\n'));
    two.stdout.write(bytes('more\n'));
    one.stderr.write(bytes('more\n'));
    assert.deepEqual([one.out, two.out, one.err, two.err], [['one more'], ['two more'], ['error more'], []]);
  });
});

describe('output as bytes', () => {
  function guestWith(output: { write(bytes: Uint8Array): unknown }) {
    const wasi = virtualWasi({ grant: LANGUAGE_RUNTIME, stdout: output, stderr: output });
    const imports = wasi.imports as unknown as Imports;
    const stdout = imports['wasi:cli/stdout@0.2.12'].getStdout();
    const stderr = imports['wasi:cli/stderr@0.2.12'].getStderr();
    return { wasi, stdout, stderr };
  }

  test('arrives when the guest writes it', () => {
    const pieces: Uint8Array[] = [];
    const { wasi, stdout, stderr } = guestWith({ write: (piece) => pieces.push(piece) });
    stdout.write(Uint8Array.of(0xff, 0x0d, 0x0a, 0));
    stderr.blockingWriteAndFlush(Uint8Array.of(0xc3));
    wasi.flush();
    assert.deepEqual(pieces, [Uint8Array.of(0xff, 0x0d, 0x0a, 0), Uint8Array.of(0xc3)]);
  });

  test('goes to a stream of Node', async () => {
    const stream = new PassThrough();
    guestWith(stream).stdout.write(Uint8Array.of(0xff, 1));
    stream.end();
    assert.deepEqual(Buffer.concat(await stream.toArray()), Buffer.of(0xff, 1));
  });

  test('calls `write` as a method, and ignores its exceptions', () => {
    class Output {
      readonly pieces: Uint8Array[] = [];
      write(piece: Uint8Array): void {
        this.pieces.push(piece);
        throw new Error('the pipe is closed');
      }
    }
    const output = new Output();
    const { stdout } = guestWith(output);
    stdout.write(bytes('one'));
    stdout.write(bytes('two'));
    assert.deepEqual(output.pieces, [bytes('one'), bytes('two')]);
  });
});
