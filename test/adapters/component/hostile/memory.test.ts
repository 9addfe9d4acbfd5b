/** Guests with wrong data in memory: pointers, lengths, encodings, discriminants, and the results of `realloc`. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { ALLOCATOR, named, run, throughCoreValues } from '../abi/guests.ts';
import { trapsForGood } from './traps.ts';

/** A guest whose `get` returns a value of `type`. `code` creates it from the memory's bytes. */
async function returning(
  type: string,
  code: string,
  { definitions = '', data = '', options = '' }: { definitions?: string; data?: string; options?: string } = {},
): Promise<Record<string, unknown>> {
  const { exports } = await run(`(component
    ${definitions}
    (core module $M (memory (export "memory") 1) ${data} (func (export "get") (result i32) ${code}))
    (core instance $m (instantiate $M))
    (func (export "get") (result ${type})
      (canon lift (core func $m "get") (memory (core memory $m "memory")) ${options})))`);
  return exports;
}

/** The two words at address 8 are a pointer and a length. */
function words(pointer: number, length: number): string {
  const bytes = new Uint8Array(Uint32Array.of(pointer, length).buffer);
  return `(data (i32.const 8) "${[...bytes].map((byte) => `\\${byte.toString(16).padStart(2, '0')}`).join('')}")`;
}

describe('a result area', () => {
  for (const [what, pointer, message] of [
    ['beyond the memory', 65536, /out of bounds/],
    ['across the end of the memory', 65532, /out of bounds/],
    ['at the very end of the address space', -4, /out of bounds/],
    ['that is not aligned', 6, /unaligned/],
  ] as const) {
    test(`${what} traps`, async () => {
      trapsForGood(await returning('string', `(i32.const ${pointer})`), 'get', message);
    });
  }
});

describe('a list or string', () => {
  for (const [what, type, pointer, length, message] of [
    ['beyond the memory', 'string', 65530, 7, /out-of-bounds/],
    ['with a pointer near 2^32', '(list u8)', 0xffff_ffff, 1, /out-of-bounds/],
    ['whose end overflows 32 bits', '(list u8)', 8, 0xffff_ffff, /out-of-bounds/],
    ['whose size overflows 32 bits', '(list u64)', 8, 0x2000_0001, /out-of-bounds/],
    ['with wide elements that are not aligned', '(list u32)', 2, 1, /unaligned/],
    ['that is empty but not aligned', '(list u32)', 2, 0, /unaligned/],
    ['that is empty but beyond the memory', '(list u8)', 65537, 0, /out-of-bounds/],
  ] as const) {
    test(`${what} traps`, async () => {
      trapsForGood(await returning(type, '(i32.const 8)', { data: words(pointer, length) }), 'get', message);
    });
  }

  test('may end at the end of the memory', async () => {
    const exports = await returning('(list u8)', '(i32.const 8)', { data: words(65530, 6) });
    assert.deepEqual((exports.get as () => unknown)(), new Uint8Array(6));
  });
});

describe('text', () => {
  for (const [what, bytes, options] of [
    ['with a lone continuation byte', '\\80', ''],
    ['that is cut off', '\\f0\\9f\\8f', ''],
    ['in an overlong form', '\\c0\\af', ''],
    ['with a surrogate in UTF-8', '\\ed\\a0\\80', ''],
    ['with a lone surrogate', '\\00\\d8', 'string-encoding=utf16'],
    ['with surrogates in the wrong order', '\\00\\dc\\00\\d8', 'string-encoding=utf16'],
  ] as const) {
    test(`${what} traps`, async () => {
      const length = bytes.length / 3 / (options === '' ? 1 : 2);
      const data = `${words(32, length)} (data (i32.const 32) "${bytes}")`;
      trapsForGood(await returning('string', '(i32.const 8)', { data, options }), 'get', /invalid utf/);
    });
  }

  test('with a UTF-16 tag and a lone surrogate traps', async () => {
    const data = `${words(32, 0x8000_0001)} (data (i32.const 32) "\\00\\d8")`;
    const options = 'string-encoding=latin1+utf16';
    trapsForGood(await returning('string', '(i32.const 8)', { data, options }), 'get', /invalid utf-16/);
  });
});

describe('an invalid discriminant', () => {
  for (const [name, type, definitions] of [
    ['variant', '$t', named('(variant (case "a" u8) (case "b"))', '').definitions],
    ['option', '(option u8)', ''],
    ['result', '(result u8 (error u8))', ''],
  ] as const) {
    test(`in memory traps: ${name}`, async () => {
      const exports = await returning(type, '(i32.const 8)', { data: words(2, 0), definitions: definitions ?? '' });
      trapsForGood(exports, 'get', /invalid variant discriminant/);
    });
  }

  for (const [name, type, definitions] of [
    ['enum', '$t', named('(enum "a" "b")', '').definitions],
    ['result without payloads', '(result)', ''],
  ] as const) {
    test(`as a core value traps: ${name}`, async () => {
      trapsForGood(await returning(type, '(i32.const -1)', { definitions: definitions ?? '' }), 'get', /discriminant/);
    });
  }

  test('traps if a char is a surrogate or greater than U+10FFFF', async () => {
    for (const code of [0xd800, 0xdfff, 0x110000, -1]) {
      trapsForGood(await returning('char', `(i32.const ${code})`), 'get', /invalid `char`/);
    }
  });
});

describe('core values with bits outside their type', () => {
  test('are masked, and every bool except 0 is true', async () => {
    for (const [type, code, value] of [
      ['bool', 2, true],
      ['bool', 0x100, true],
      ['u8', 0x1ff, 255],
      ['s8', 0x180, -128],
      ['u16', 0x1_ffff, 65535],
      ['s16', 0x1_8000, -32768],
      ['u32', -1, 0xffff_ffff],
    ] as const) {
      const exports = await returning(type, `(i32.const ${code})`);
      assert.equal((exports.get as () => unknown)(), value, type);
    }
  });

  test('are zero-extended if an i32 is joined to an i64', async () => {
    const { exports } = await run(`(component
      (type $t0 (variant (case "wide" u64) (case "narrow" s32))) (import "t" (type $t (eq $t0)))
      (core module $M (func (export "get") (param i32 i64) (result i64) (local.get 1)))
      (core instance $m (instantiate $M))
      (func (export "get") (param "value" $t) (result u64) (canon lift (core func $m "get"))))`);
    assert.equal((exports.get as (value: unknown) => unknown)({ tag: 'narrow', val: -1 }), 0xffff_ffffn);
  });
});

describe('realloc', () => {
  async function taking(type: string, realloc: string): Promise<Record<string, unknown>> {
    const { exports } = await run(`(component
      (core module $M (memory (export "memory") 1)
        (func (export "realloc") (param i32 i32 i32 i32) (result i32) ${realloc})
        (func (export "take") (param i32 i32)))
      (core instance $m (instantiate $M))
      (func (export "take") (param "value" ${type})
        (canon lift (core func $m "take")
          (memory (core memory $m "memory")) (realloc (core func $m "realloc")))))`);
    return exports;
  }

  for (const [what, type, realloc, value, message] of [
    ['beyond the memory', 'string', '(i32.const 65530)', 'too long', /beyond end of memory/],
    ['negative', '(list u8)', '(i32.const -1)', [], /beyond end of memory/],
    ['not aligned', '(list u32)', '(i32.const 2)', [1], /not aligned/],
  ] as const) {
    test(`traps if its result is a pointer that is ${what}`, async () => {
      trapsForGood(await taking(type, realloc), 'take', message, value);
    });
  }

  test('traps if it calls itself without end', async () => {
    const { exports } = await run(`(component
      (core module $M (memory (export "memory") 1)
        (func $realloc (export "realloc") (param i32 i32 i32 i32) (result i32)
          (i32.add (i32.const 1) (call $realloc (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 0))))
        (func (export "take") (param i32 i32)))
      (core instance $m (instantiate $M))
      (func (export "take") (param "value" string)
        (canon lift (core func $m "take")
          (memory (core memory $m "memory")) (realloc (core func $m "realloc")))))`);
    trapsForGood(exports, 'take', 'stack-overflow', 'x');
  });

  test('ends the instance if it traps', async () => {
    trapsForGood(await taking('string', 'unreachable'), 'take', /unreachable/, 'x');
  });
});

describe('memory that grows in the middle of a call', () => {
  test('is read again after realloc has grown it while arguments are lowered', async () => {
    const echo = await throughCoreValues({ type: '(tuple string (list u8) string)', flat: 'i32 i32 i32 i32 i32 i32' });
    const large = new Uint8Array(3_000_000).fill(42);
    assert.deepEqual(echo(['before', large, 'after']), ['before', large, 'after']);
  });

  test('is read again after realloc of zero bytes has grown it, before the next value is written', async () => {
    const { exports } = await run(`(component
      (type $t0 (tuple string u64 u64 u64 u64 u64 u64 u64 u64 u64 u64 u64 u64 u64 u64 u64 u64)) (import "t" (type $t (eq $t0)))
      (core module $M (memory (export "memory") 1)
        (func (export "realloc") (param i32 i32 i32 i32) (result i32) (drop (memory.grow (i32.const 1))) (i32.const 1024))
        (func (export "last") (param i32) (result i64) (i64.load offset=128 (local.get 0))))
      (core instance $m (instantiate $M))
      (func (export "last") (param "x" $t) (result u64)
        (canon lift (core func $m "last") (memory (core memory $m "memory")) (realloc (core func $m "realloc")))))`);
    const last = exports.last as (value: readonly unknown[]) => unknown;
    for (const text of ['', 'a']) assert.equal(last([text, ...new Array<bigint>(15).fill(1n), 42n]), 42n);
  });

  test('is read again after the function that returns a list has grown it', async () => {
    const { exports } = await run(`(component
      (core module $M ${ALLOCATOR}
        (func (export "get") (result i32)
          (drop (memory.grow (i32.const 10)))
          (i32.store (i32.const 8) (i32.const 600000))
          (i32.store (i32.const 12) (i32.const 3))
          (i32.store8 (i32.const 600001) (i32.const 9))
          (i32.const 8)))
      (core instance $m (instantiate $M))
      (func (export "get") (result (list u8)) (canon lift (core func $m "get") (memory (core memory $m "memory")))))`);
    const get = exports.get as () => unknown;
    assert.deepEqual(get(), Uint8Array.of(0, 9, 0));
    assert.deepEqual(get(), Uint8Array.of(0, 9, 0));
  });

  test('traps if it grows beyond the budget', async () => {
    const { exports } = await run(
      `(component
        (core module $M (memory (export "memory") 1)
          (func (export "get") (result i32) (drop (memory.grow (i32.const 10))) (i32.const 8)))
        (core instance $m (instantiate $M))
        (func (export "get") (result string) (canon lift (core func $m "get") (memory (core memory $m "memory")))))`,
      {},
      { maxMemoryBytes: 4 * 65536 },
    );
    trapsForGood(exports, 'get', 'memory-exhausted');
  });
});
