/**
 * *CanonicalABI.md*, "`canonopt` Validation", and the options that `canon lift` and `canon lower` require. Each test
 * omits one of them. The cases of the validator test the other rules.
 */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { compile, isInvalidError } from 'decidable/component';
import { assemble } from '../assemble.ts';

const LIBC = `(core module $M (memory (export "memory") 1) (memory (export "tiny") 0)
    (func (export "realloc") (param i32 i32 i32 i32) (result i32) unreachable)
    (func (export "callback") (param i32 i32 i32) (result i32) unreachable)
    (func (export "none")))
  (core instance $m (instantiate $M))`;
const MEMORY = '(memory (core memory $m "memory"))';
const REALLOC = '(realloc (core func $m "realloc"))';

const lift = (core: string, type: string, options: string) => `(component ${LIBC}
  (core module $F (func (export "f") ${core} unreachable)) (core instance $f (instantiate $F))
  (func ${type} (canon lift (core func $f "f") ${options})))`;
const lower = (type: string, options: string) => `(component ${LIBC}
  (import "f" (func $f ${type})) (core func (canon lower (func $f) ${options})))`;

async function isValid(text: string): Promise<void> {
  assert.ok(await compile(await assemble(text)));
}

async function isInvalid(text: string, message: RegExp): Promise<void> {
  const binary = await assemble(text);
  await assert.rejects(compile(binary), (error) => {
    assert.ok(isInvalidError(error), String(error));
    assert.match(error.message, message);
    return true;
  });
}

const seventeen = Array.from({ length: 17 }, (_, n) => `(param "p${n}" u8)`).join(' ');
const needsMemory = /`memory` is required/;
const needsRealloc = /`realloc` is required/;

describe('memory', () => {
  test('may be any memory with 32-bit addresses, even an empty one', () =>
    isValid(lower('(param "x" string)', '(memory (core memory $m "tiny"))')));

  test('must not be shared', () =>
    isInvalid(
      `(component (core module $S (memory (export "memory") 1 1 shared)) (core instance $m (instantiate $S))
        (import "f" (func $f (param "x" string))) (core func (canon lower (func $f) ${MEMORY})))`,
      /`memory`: mismatch in the shared flag for memories/,
    ));
});

describe('callback', () => {
  test('is allowed for lifting only', () =>
    isInvalid(lower('async', 'async (callback (core func $m "callback"))'), /callback/));
});

describe('async', () => {
  test('is allowed for functions of an async type only, lifted or lowered', async () => {
    await isInvalid(lift('', '', 'async'), /requires an async function type/);
    await isInvalid(lower('', 'async'), /requires an async function type/);
    await isValid(lift('', 'async', 'async'));
  });
});

describe('lower(T) for the parameters of a lowered function and the result of a lifted one', () => {
  for (const [type, flat] of [
    ['string', 2],
    ['(list u8)', 2],
    ['(map u8 u8)', 2],
    ['(option string)', 3],
    ['(tuple u8 (list u8))', 3],
    ['(result string)', 3],
    ['(list string 1)', 2],
  ] as const) {
    test(`requires a memory for ${type}, and no realloc`, async () => {
      await isInvalid(lower(`(param "x" ${type})`, ''), needsMemory);
      await isValid(lower(`(param "x" ${type})`, MEMORY));
      await isInvalid(lift('(result i32)', `(result ${type})`, ''), needsMemory);
      await isValid(lift('(result i32)', `(result ${type})`, MEMORY));
    });

    test(`requires a realloc too for ${type} in the other direction, lift(T)`, async () => {
      const core = `(param ${'i32 '.repeat(flat)})`;
      await isInvalid(lift(core, `(param "x" ${type})`, MEMORY), needsRealloc);
      await isValid(lift(core, `(param "x" ${type})`, `${MEMORY} ${REALLOC}`));
      await isInvalid(lower(`(result ${type})`, MEMORY), needsRealloc);
      await isValid(lower(`(result ${type})`, `${MEMORY} ${REALLOC}`));
    });
  }
});

describe('canon lift', () => {
  test('requires a realloc for parameters that are spilled, even if they are numbers', async () => {
    await isInvalid(lift('(param i32)', seventeen, MEMORY), needsRealloc);
    await isInvalid(lift('(param i32)', seventeen, ''), needsMemory);
    await isValid(lift('(param i32)', seventeen, `${MEMORY} ${REALLOC}`));
  });

  test('requires a memory for a result that is spilled, and no realloc', async () => {
    for (const type of ['(tuple u8 u8)', '(option u8)', '(list u8 2)']) {
      await isInvalid(lift('(result i32)', `(result ${type})`, ''), needsMemory);
      await isValid(lift('(result i32)', `(result ${type})`, MEMORY));
    }
    await isValid(lift('(result i32)', '(result (tuple u8))', ''));
  });
});

describe('canon lower', () => {
  test('requires a memory for parameters that are spilled, and no realloc', async () => {
    await isInvalid(lower(seventeen, ''), needsMemory);
    await isValid(lower(seventeen, MEMORY));
  });

  test('requires a memory for a result that is spilled, and no realloc', async () => {
    await isInvalid(lower('(result (tuple u8 u8))', ''), needsMemory);
    await isValid(lower('(result (tuple u8 u8))', MEMORY));
    await isValid(lower('(result (tuple u8))', ''));
  });

  test('requires a memory for five parameters or any result if the ABI is asynchronous', async () => {
    const params = (count: number) => Array.from({ length: count }, (_, n) => `(param "p${n}" u8)`).join(' ');
    await isValid(lower(`async ${params(4)}`, 'async'));
    await isInvalid(lower(`async ${params(5)}`, 'async'), needsMemory);
    await isInvalid(lower('async (result u8)', 'async'), needsMemory);
    await isValid(lower(`async ${params(5)} (result u8)`, `async ${MEMORY}`));
  });
});
