/** Standard input: a string, bytes, or an iterable of them. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { type Input, virtualWasi } from 'decidable/component/wasi';
import * as fc from 'fast-check';

interface InputStream {
  read(length: bigint): Uint8Array;
  skip(length: bigint): bigint;
  blockingSkip(length: bigint): bigint;
}

function guestWith(stdin?: Input) {
  const { imports } = virtualWasi({ grant: ['wasi:cli/stdin', 'wasi:cli/exit'], stdin });
  const { getStdin } = imports['wasi:cli/stdin@0.2.12'] as { getStdin(): InputStream };
  const { exitWithCode } = imports['wasi:cli/exit@0.2.12'] as { exitWithCode(status: number): never };
  return { getStdin, exitWithCode };
}

const bytes = (text: string) => new TextEncoder().encode(text);
const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
const isClosed = (error: unknown) => (error as { payload?: { tag?: string } }).payload?.tag === 'closed';

describe('standard input', () => {
  test('is read to its end', () => {
    const stdin = guestWith('Łucja').getStdin();
    assert.equal(text(stdin.read(2n)), 'Ł');
    assert.equal(stdin.skip(1n), 1n);
    assert.equal(stdin.read(0n).length, 0);
    assert.equal(text(stdin.read(2n ** 64n - 1n)), 'cja');
    assert.throws(() => stdin.read(1n), isClosed);
    assert.throws(() => stdin.read(0n), isClosed);
  });

  test('is one stream, even if the guest requests it several times', () => {
    const { getStdin } = guestWith(Uint8Array.of(1, 0xff, 2, 3));
    assert.deepEqual(getStdin().read(2n), Uint8Array.of(1, 0xff));
    assert.equal(getStdin().blockingSkip(1n), 1n);
    assert.deepEqual(getStdin().read(2n), Uint8Array.of(3));
    assert.throws(() => getStdin().skip(1n), isClosed);
  });

  test('is empty by default', () => {
    assert.throws(() => guestWith().getStdin().read(1n), isClosed);
  });

  test('is all pieces of an iterable in order', () => {
    const piece = fc.oneof(fc.string({ unit: 'grapheme' }), fc.uint8Array());
    fc.assert(
      fc.property(fc.array(piece), fc.array(fc.bigInt(1n, 9n)), (pieces, sizes) => {
        const stdin = guestWith(pieces).getStdin();
        const read: number[] = [];
        for (const size of [...sizes, ...Array(1_000).fill(1_000n)]) {
          try {
            const chunk = stdin.read(size);
            assert.ok(chunk.length > 0 && chunk.length <= size);
            read.push(...chunk);
          } catch (error) {
            assert.ok(isClosed(error), String(error));
            break;
          }
        }
        const all = pieces.map((each) => (typeof each === 'string' ? bytes(each) : each));
        const wanted = sizes.reduce((sum, size) => sum + Number(size), 1_000_000);
        assert.deepEqual(read, all.flatMap((each) => [...each]).slice(0, wanted));
      }),
    );
  });

  test('requests a piece of an iterable only when the guest reads more', () => {
    const asked: number[] = [];
    function* pieces() {
      for (let index = 0; ; index++) {
        asked.push(index);
        yield `${index}`;
      }
    }
    const stdin = guestWith(pieces()).getStdin();
    assert.deepEqual(asked, []);
    stdin.read(0n);
    assert.deepEqual(asked, []);
    stdin.read(10n);
    assert.deepEqual(asked, [0]);
    stdin.read(10n);
    assert.deepEqual(asked, [0, 1]);
  });

  test('closes the iterable when the guest ends its program', () => {
    let isClosedByGuest = false;
    function* pieces() {
      try {
        yield 'one';
        yield 'two';
      } finally {
        isClosedByGuest = true;
      }
    }
    const { getStdin, exitWithCode } = guestWith(pieces());
    getStdin().read(10n);
    assert.throws(() => exitWithCode(0));
    assert.equal(isClosedByGuest, true);
    assert.throws(() => getStdin().read(1n), isClosed);
  });

  test('passes on the exception of an iterable, and refuses a piece of another type', () => {
    const failure = new Error('the file is gone');
    function* failing(): Generator<string> {
      yield 'one';
      throw failure;
    }
    const stdin = guestWith(failing()).getStdin();
    stdin.read(10n);
    assert.throws(
      () => stdin.read(10n),
      (error) => error === failure,
    );
    assert.throws(
      () =>
        guestWith([5 as never])
          .getStdin()
          .read(1n),
      { code: 'invalid-argument', argument: 'stdin' },
    );
  });
});
