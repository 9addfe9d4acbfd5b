import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { decode } from '../../../../src/adapters/component/binary/decode.ts';
import { isMalformedError } from '../../../../src/adapters/component/errors.ts';
import { bytes, componentOf, componentOfSections, leb, moduleSection, section } from './bytes.ts';

/** A name, the sections after the preamble, the byte offset of the fault, and a part of the error text. */
type Malformed = readonly [name: string, sections: string, offset: number, message: string];

const sections: readonly Malformed[] = [
  ['a section id is at most 12', '0d 00', 0x8, 'malformed section id'],
  ['a section has a size', '07', 0x9, 'end-of-file while reading a section'],
  ['a section does not reach beyond the component', '07 03 00', 0xa, 'end-of-file while reading a section'],
  ['a section is read to its end', '07 02 00 00', 0xb, 'section size mismatch'],
  ['a section is not read beyond its end', '07 01 01 73', 0xb, 'end-of-file'],
  ['a size has at most five bytes', '07 80 80 80 80 80 00', 0xd, 'integer representation too long'],
  ['a size has at most 32 bits', '07 80 80 80 80 10', 0xd, 'integer too large'],
  [
    'a vector does not count more elements than exist',
    '07 04 bf 84 3d 73',
    0xd,
    'end-of-file while reading definitions',
  ],
  ['a custom section has a name', '00 00', 0xa, 'the name of a custom section'],
  ['a name is not longer than the rest', '00 03 05 "ab"', 0xb, 'end-of-file while reading the name'],
  ['a name is UTF-8', '00 03 02 ff fe', 0xb, 'malformed UTF-8'],
  ['a name has no surrogates', '00 04 03 ed a0 80', 0xb, 'malformed UTF-8'],
];

const coreDefinitions: readonly Malformed[] = [
  ['a core module begins with its magic number', '01 08 00 "asn" 01 00 00 00', 0xd, 'bad magic number'],
  ['a core module has the version of a module', '01 08 00 "asm" 0d 00 01 00', 0xe, 'version header for a module'],
  ['core sections are in order', '01 0e 00 "asm" 01 00 00 00 07 01 00 02 01 00', 0x15, 'section out of order'],
  ['core sections are known', '01 0a 00 "asm" 01 00 00 00 0e 00', 0x12, 'malformed section id'],
  ['core sections are read to their end', '01 0c 00 "asm" 01 00 00 00 01 02 00 00', 0x15, 'section size mismatch'],
  [
    'a core import is of a known kind',
    '01 10 00 "asm" 01 00 00 00 02 06 01 00 00 05 00 00',
    0x17,
    '(0x5) for external kind',
  ],
  [
    'a global has a constant expression',
    '01 0f 00 "asm" 01 00 00 00 06 05 01 7f 00 6a 1a',
    0x18,
    'constant expression required: opcode 0x1a',
  ],
  ['a core instance is instantiated or tupled', '02 02 01 02', 0xb, '(0x2) for core instance'],
  ['a core argument is an instance', '02 07 01 00 00 01 01 "i" 00', 0x10, '(0x0) for instantiation arg kind'],
  ['a core type is a function, structure, array or module', '03 02 01 61', 0xb, '(0x61) for type definition'],
  ['a non-final subtype is announced by a zero', '03 04 01 00 60 00', 0xc, '(0x60) for type definition'],
  ['a core value type is known', '03 05 01 60 01 7a 00', 0xd, '(0x7a) for core value type'],
  ['a module type has known declarators', '03 04 01 50 01 04', 0xd, '(0x4) for type definition'],
  ['a core alias is of a type', '03 08 01 50 01 02 00 01 01 00', 0xe, '(0x0) for outer alias kind'],
  ['a core alias is outer', '03 08 01 50 01 02 10 00 01 00', 0xf, '(0x0) for outer alias target'],
];

const definitions: readonly Malformed[] = [
  ['an instance is instantiated or tupled', '05 02 01 02', 0xb, '(0x2) for instance'],
  ['an alias has one of three targets', '06 05 01 03 03 00 00', 0xc, '(0x3) for alias'],
  ['an alias is of a known sort', '06 05 01 06 00 00 00', 0xb, '(0x6) for component external kind'],
  ['an outer alias is not of an instance', '06 05 01 05 02 00 00', 0xb, '(0x5) for component outer alias kind'],
  ['an outer alias is not of a core function', '06 06 01 00 00 02 00 00', 0xc, '(0x0) for component outer alias kind'],
  ['a core export is of a core sort', '06 05 01 01 01 00 00', 0xb, '(0x1) for external kind'],
  ['a type is known', '07 02 01 62', 0xb, '(0x62) for component defined type'],
  ['a value type is known', '07 03 01 70 62', 0xc, '(0x62) for component value type'],
  ['a value type index is not negative', '07 04 01 70 80 40', 0xc, '(0x40) for component value type'],
  ['a case ends with a zero', '07 07 01 71 01 01 "c" 00 01', 0x10, '(0x1) for zero byte required'],
  ['a function has one result or none', '07 05 01 40 00 01 01', 0xe, '(0x1) for number of results'],
  ['results are announced', '07 05 01 40 00 02 00', 0xd, '(0x2) for component function results'],
  ['an optional type is present or absent', '07 04 01 6a 02 00', 0xc, '(0x2) for optional component value type'],
  ['a declarator is known', '07 05 01 41 01 05 00', 0xd, '(0x5) for component or instance type declaration'],
  [
    'an instance type imports nothing',
    '07 09 01 42 01 03 00 01 "a" 03 01',
    0xd,
    '(0x3) for component or instance type',
  ],
  ['a canonical function is known', '08 02 01 07', 0xb, '(0x7) for canonical function'],
  ['a lifted definition is a function', '08 06 01 00 01 00 00 00', 0xc, '(0x1) for canonical function lift'],
  ['a canonical option is known', '08 06 01 01 00 00 01 08', 0xf, '(0x8) for canonical option'],
  ['a flag is zero or one', '08 03 01 0c 02', 0xc, 'invalid boolean value (0x2) for cancellable'],
  ['a name has a known form', '0a 06 01 03 01 "a" 01 00', 0xb, '(0x3) for component name'],
  ['a name attribute is known', '0a 0a 01 02 01 "a" 01 03 01 "x" 01 00', 0xf, '(0x3) for name option'],
  ['a type bound is known', '0a 06 01 00 01 "t" 03 02', 0xf, '(0x2) for type bound'],
  ['an import is of a known sort', '0a 06 01 00 01 "x" 06 00', 0xe, '(0x6) for component external kind'],
  [
    'a component imports no core sort except modules',
    '0a 06 01 00 01 "m" 00 00',
    0xf,
    '(0x0) for component external kind',
  ],
  ['an export is of a known sort', '0b 07 01 00 01 "e" 06 00 00', 0xe, '(0x6) for component external kind'],
  [
    'an ascribed type is present or absent',
    '0b 07 01 00 01 "e" 01 00 02',
    0x10,
    '(0x2) for optional component export type',
  ],
  ['a nested component has its version', '04 08 00 "asm" 0c 00 01 00', 0xe, 'unknown binary version 0xc'],
  ['a nested component is not a core module', '04 08 00 "asm" 01 00 00 00', 0xe, 'found a core module'],
];

describe('a malformed component', () => {
  for (const [name, text, offset, message] of [...sections, ...coreDefinitions, ...definitions]) {
    test(`is refused with the offset of the broken rule: ${name}`, () => malformed(componentOf(text), offset, message));
  }
});

describe('the preamble', () => {
  const whole = bytes('00 "asm" 0d 00 01 00');
  for (let length = 0; length < 8; length++) {
    test(`must have more than ${length} bytes`, () => malformed(whole.subarray(0, length), length, 'end-of-file'));
  }
  for (let at = 0; at < 4; at++) {
    test(`must have the correct byte ${at}`, () => malformed(whole.with(at, 0xfe), at, 'bad magic number'));
  }
  test('must have the version 0x0d', () => malformed(whole.with(4, 0x0e), 4, 'unknown binary version 0xe'));
  test('must have the layer of a component', () => malformed(whole.with(6, 2), 6, 'found layer 2'));
  test('must differ from the preamble of a core module', () =>
    malformed(bytes('00 "asm" 01 00 00 00'), 4, 'found a core module'));
});

describe('the decoder', () => {
  test('limits the nesting of components', () => {
    let inner = bytes('00 "asm" 0d 00 01 00');
    for (let level = 0; level < 101; level++) {
      const size = inner.length;
      inner = new Uint8Array([0, 0x61, 0x73, 0x6d, 0x0d, 0, 1, 0, 4, 0x80 | (size & 0x7f), size >> 7, ...inner]);
    }
    malformed(inner, 11 * 100 + 8, 'nesting too deep');
  });

  test('limits the nesting of types', () => {
    const open = Array.from({ length: 200 }, () => '41 01 01').join(' ');
    malformed(componentOf(`07 dc 04 01 ${open} 41 00 00`), 0xc + 300, 'nesting too deep');
  });
});

describe('the number of elements of a component', () => {
  const zeros = (count: number) => new Array<number>(count).fill(0);
  const many = (count: number, ...before: number[]) => [...before, ...leb(count), ...zeros(count)];
  for (const [what, id, content, message] of [
    ['core instances', 2, many(10_001), 'exceeds 10000'],
    ['instances', 5, many(10_001), 'exceeds 10000'],
    ['types', 7, many(1_000_001), 'exceeds 1000000'],
    ['declarators', 7, many(100_001, 1, 0x42), 'declarators exceeds 100000'],
    ['inline exports', 5, many(100_001, 1, 1), 'inline exports exceeds 100000'],
    ['arguments', 5, many(100_001, 1, 0, 0), 'arguments exceeds 100000'],
    ['fields', 7, many(10_001, 1, 0x72), 'record fields exceeds 10000'],
    ['cases', 7, many(10_001, 1, 0x71), 'variant cases exceeds 10000'],
    ['elements', 7, many(10_001, 1, 0x6f), 'tuple elements exceeds 10000'],
    ['labels', 7, many(10_001, 1, 0x6d), 'labels exceeds 10000'],
    ['parameters', 7, many(1_001, 1, 0x40), 'function parameters exceeds 1000'],
    ['canonical options', 8, many(101, 1, 1, 0, 0), 'canonical options exceeds 100'],
    ['name attributes', 10, many(11, 1, 2, 1, 0x61), 'name attributes exceeds 10'],
    ['bytes of a name', 10, many(100_001, 1, 0), 'longer than 100000 bytes'],
  ] as const) {
    test(`is limited for ${what}`, () => {
      assert.throws(
        () => decode(componentOfSections(section(id, content))),
        (error) => isMalformedError(error) && error.message.includes(message),
      );
    });
  }
});

describe('the number of elements of a core module', () => {
  for (const [what, type, message] of [
    ['parameters', [0x60, ...leb(1_001), ...new Array<number>(1_001).fill(0x7f), 0], 'exceeds 1000'],
    ['results', [0x60, 0, ...leb(1_001), ...new Array<number>(1_001).fill(0x7f)], 'exceeds 1000'],
    ['fields of a struct', [0x5f, ...leb(10_001), ...new Array<number>(20_002).fill(0x7f)], 'exceeds 10000'],
    ['supertypes', [0x50, 2, 0, 0, 0x60, 0, 0], 'exceeds 1'],
  ] as const) {
    test(`is limited for ${what}`, () => {
      assert.throws(
        () => decode(componentOfSections(moduleSection(section(1, [1, ...type])))),
        (error) => isMalformedError(error) && error.message.includes(message),
      );
    });
  }
});

function malformed(input: Uint8Array, offset: number, message: string): void {
  assert.throws(
    () => decode(input),
    (error) => {
      assert.ok(isMalformedError(error), String(error));
      assert.ok(error.message.includes(message), error.message);
      assert.equal(error.offset, offset, error.message);
      return true;
    },
  );
}
