import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { decode } from '../../../../src/adapters/component/binary/decode.ts';
import type { Component } from '../../../../src/adapters/component/binary/definitions.ts';
import { isInvalidError, isUnsupportedError } from '../../../../src/adapters/component/errors.ts';
import { validate } from '../../../../src/adapters/component/validation/validate.ts';
import { assemble } from '../assemble.ts';
import { componentOf } from './bytes.ts';

/** Name, component text, and the definitions that it decodes to, without offsets and module bytes. */
type Decoded = readonly [name: string, text: string, definitions: readonly object[]];

const module = { types: [], imports: [], defined: [], exports: [] };

function compound(kind: string, inside: unknown[], labels: string[] = [], length?: number): object {
  // JSON omits an undefined length, and writes `null` for other undefined values.
  return JSON.parse(JSON.stringify({ kind, inside, labels, length }));
}

const texts: { readonly [section: string]: readonly Decoded[] } = {
  'Component Definitions': [
    ['an empty component', '(component)', []],
    [
      'definitions in order',
      '(component (type u8) (core module) (type string))',
      [
        { kind: 'type', type: { kind: 'primitive', type: 'u8' } },
        { kind: 'core module', module },
        { kind: 'type', type: { kind: 'primitive', type: 'string' } },
      ],
    ],
    [
      'nested components',
      '(component (component (component)))',
      [
        {
          kind: 'component',
          component: {
            kind: 'component',
            definitions: [{ kind: 'component', component: { kind: 'component', definitions: [] } }],
          },
        },
      ],
    ],
  ],
  'Instance Definitions': [
    [
      'core instances that are instantiated with instances',
      '(component (core module) (core instance (instantiate 0)) (core instance (instantiate 0 (with "☃" (instance 0)))))',
      [
        { kind: 'core module', module },
        { kind: 'core instance', form: 'instantiate', module: 0, arguments: [] },
        { kind: 'core instance', form: 'instantiate', module: 0, arguments: [{ name: '☃', instance: 0 }] },
      ],
    ],
    [
      'core instances of existing definitions',
      '(component (core instance (export "" (func 0)) (export "t" (table 1)) (export "e" (tag 300))))',
      [
        {
          kind: 'core instance',
          form: 'inline exports',
          exports: [
            { name: '', sort: 'func', index: 0 },
            { name: 't', sort: 'table', index: 1 },
            { name: 'e', sort: 'tag', index: 300 },
          ],
        },
      ],
    ],
    [
      'instances that are instantiated with definitions of any sort',
      '(component (instance (instantiate 0 (with "f" (func 1)) (with "m" (core module 2)) (with "t" (type 3)))))',
      [
        {
          kind: 'instance',
          form: 'instantiate',
          component: 0,
          arguments: [
            { name: 'f', sort: 'func', index: 1 },
            { name: 'm', sort: 'core module', index: 2 },
            { name: 't', sort: 'type', index: 3 },
          ],
        },
      ],
    ],
    [
      'instances of existing definitions',
      '(component (instance (export "i" (implements "a:b/c") (instance 0))))',
      [
        {
          kind: 'instance',
          form: 'inline exports',
          exports: [{ name: 'i', implements: 'a:b/c', sort: 'instance', index: 0 }],
        },
      ],
    ],
  ],
  'Alias Definitions': [
    [
      'aliases with all three targets',
      '(component $c (alias export 0 "f" (func)) (alias core export 1 "m" (core memory)) (component (alias outer 1 2 (type))))',
      [
        { kind: 'alias', target: 'export', sort: 'func', instance: 0, name: 'f' },
        { kind: 'alias', target: 'core export', sort: 'core memory', instance: 1, name: 'm' },
        {
          kind: 'component',
          component: {
            kind: 'component',
            definitions: [{ kind: 'alias', target: 'outer', sort: 'type', count: 1, index: 2 }],
          },
        },
      ],
    ],
  ],
  'Type Definitions': [
    [
      'core function types',
      '(component (core type (func (param i32 (ref null func)) (result f64 v128))))',
      [
        {
          kind: 'core type',
          type: {
            kind: 'rec',
            types: [
              {
                final: true,
                supertypes: [],
                composite: {
                  kind: 'func',
                  params: ['i32', { nullable: true, heap: 'func' }],
                  results: ['f64', 'v128'],
                },
              },
            ],
          },
        },
      ],
    ],
    [
      'module types',
      '(component (core type (module (type (func)) (import "a" "b" (func (type 0))) (export "m" (memory i64 1 2)))))',
      [
        {
          kind: 'core type',
          type: {
            kind: 'module type',
            declarators: [
              {
                kind: 'core type',
                type: {
                  kind: 'rec',
                  types: [{ final: true, supertypes: [], composite: { kind: 'func', params: [], results: [] } }],
                },
              },
              { kind: 'import', module: 'a', name: 'b', type: { kind: 'func', type: 0 } },
              {
                kind: 'export',
                name: 'm',
                type: { kind: 'memory', limits: { min: 1n, max: 2n, shared: false, is64: true } },
              },
            ],
          },
        },
      ],
    ],
    [
      'value types',
      `(component
        (type (record (field "a" u8))) (type (variant (case "x" 0) (case "y"))) (type (list s8)) (type (list s16 7))
        (type (tuple s32 s64)) (type (flags "f")) (type (enum "e")) (type (option char)) (type (result (error f32)))
        (type (own 1)) (type (borrow 2)) (type (map bool f64)) (type (stream u16)) (type (future)))`,
      [
        compound('record', ['u8'], ['a']),
        compound('variant', [0, undefined], ['x', 'y']),
        compound('list', ['s8']),
        compound('list', ['s16'], [], 7),
        compound('tuple', ['s32', 's64']),
        compound('flags', [], ['f']),
        compound('enum', [], ['e']),
        compound('option', ['char']),
        compound('result', [undefined, 'f32']),
        { kind: 'own', resource: 1 },
        { kind: 'borrow', resource: 2 },
        compound('map', ['bool', 'f64']),
        compound('stream', ['u16']),
        compound('future', [undefined]),
      ].map((type) => ({ kind: 'type', type })),
    ],
    [
      'function and resource types',
      '(component (type (func (param "a" string) (result 70))) (type (func async)) (type (resource (rep i32) (dtor (core func 3)))))',
      [
        { kind: 'func', async: false, params: [{ name: 'a', type: 'string' }], result: 70 },
        { kind: 'func', async: true, params: [] },
        { kind: 'resource', rep: 'i32', dtor: 3 },
      ].map((type) => ({ kind: 'type', type })),
    ],
    [
      'component and instance types',
      '(component (type (component (type u8) (import "t" (type (sub resource))) (export "v" (func (type 9))) (alias outer 1 0 (type)))))',
      [
        {
          kind: 'type',
          type: {
            kind: 'component type',
            declarators: [
              { kind: 'type', type: { kind: 'primitive', type: 'u8' } },
              { kind: 'import', name: 't', type: { sort: 'type', bound: 'sub' } },
              { kind: 'export declarator', name: 'v', type: { sort: 'func', type: 9 } },
              { kind: 'alias', target: 'outer', sort: 'type', count: 1, index: 0 },
            ],
          },
        },
      ],
    ],
  ],
  'Canonical Definitions': [
    [
      'lift and lower with options',
      `(component
        (func (type 3) (canon lift (core func 1) string-encoding=utf16 (memory 2) (realloc 4) (post-return 5)))
        (core func (canon lower (func 6) string-encoding=latin1+utf16 async)))`,
      [
        {
          kind: 'canon',
          name: 'lift',
          func: 1,
          type: 3,
          options: [
            { kind: 'string-encoding', encoding: 'utf16' },
            { kind: 'memory', index: 2 },
            { kind: 'realloc', index: 4 },
            { kind: 'post-return', index: 5 },
          ],
        },
        {
          kind: 'canon',
          name: 'lower',
          func: 6,
          options: [{ kind: 'string-encoding', encoding: 'latin1+utf16' }, { kind: 'async' }],
        },
      ],
    ],
    [
      'built-ins with their operands',
      `(component
        (core func (canon resource.new 1)) (core func (canon task.return (result u8) (memory 2)))
        (core func (canon context.set i32 1)) (core func (canon subtask.cancel async))
        (core func (canon stream.read 3 async)) (core func (canon future.cancel-write 4))
        (core func (canon waitable-set.wait (memory 5))) (core func (canon thread.yield))
        (core func (canon thread.new-indirect 6 (core table 7))) (core func (canon error-context.drop)))`,
      [
        { name: 'resource.new', type: 1 },
        { name: 'task.return', result: 'u8', options: [{ kind: 'memory', index: 2 }] },
        { name: 'context.set', valtype: 'i32', slot: 1 },
        { name: 'subtask.cancel', async: true },
        { name: 'stream.read', type: 3, options: [{ kind: 'async' }] },
        { name: 'future.cancel-write', type: 4, async: false },
        { name: 'waitable-set.wait', cancellable: false, memory: 5 },
        { name: 'thread.yield', cancellable: false },
        { name: 'thread.new-indirect', type: 6, table: 7 },
        { name: 'error-context.drop' },
      ].map((canon) => ({ kind: 'canon', ...canon })),
    ],
  ],
  'Import and Export Definitions': [
    [
      'imports of every sort',
      `(component (import "m" (core module (type 0))) (import "f" (func (type 1))) (import "t" (type (eq 2)))
        (import "c" (component (type 3))) (import "i" (implements "a:b/c") (external-id "☃") (instance (type 4))))`,
      [
        { name: 'm', type: { sort: 'core module', type: 0 } },
        { name: 'f', type: { sort: 'func', type: 1 } },
        { name: 't', type: { sort: 'type', bound: 'eq', type: 2 } },
        { name: 'c', type: { sort: 'component', type: 3 } },
        { name: 'i', implements: 'a:b/c', externalId: '☃', type: { sort: 'instance', type: 4 } },
      ].map((one) => ({ kind: 'import', ...one })),
    ],
    [
      'exports with and without a type',
      '(component (export "f" (func 0)) (export "m" (core module 1)) (export "t" (type 2) (type (sub resource))))',
      [
        { kind: 'export', name: 'f', sort: 'func', index: 0 },
        { kind: 'export', name: 'm', sort: 'core module', index: 1 },
        { kind: 'export', name: 't', sort: 'type', index: 2, type: { sort: 'type', bound: 'sub' } },
      ],
    ],
  ],
};

for (const [section, cases] of Object.entries(texts)) {
  describe(section, () => {
    for (const [name, text, definitions] of cases) {
      test(`are decoded: ${name}`, async () => {
        assert.deepEqual(plain(decode(await assemble(text))).definitions, definitions);
      });
    }
  });
}

describe('a binary that the text format cannot express', () => {
  test('may have a byte order mark in a name', () => {
    const [definition] = decode(componentOf('0a 08 01 00 03 ef bb bf 01 00')).definitions;
    assert.equal(definition?.kind === 'import' && definition.name, '\ufeff');
  });

  test('may pad an index to five bytes', () => {
    const [definition] = decode(componentOf('07 07 01 69 85 80 80 80 00')).definitions;
    assert.deepEqual(definition, { kind: 'type', offset: 0xb, type: { kind: 'own', resource: 5 } });
  });

  test('may have indices up to 2^32 - 1', () => {
    const [definition] = decode(componentOf('07 07 01 69 ff ff ff ff 0f')).definitions;
    assert.deepEqual(definition, { kind: 'type', offset: 0xb, type: { kind: 'own', resource: 0xffff_ffff } });
  });

  test('may have a cancellable built-in', () => {
    const [definition] = decode(componentOf('08 04 01 20 01 05')).definitions;
    const operands = { name: 'waitable-set.wait', type: undefined, cancellable: true, memory: 5 };
    assert.deepEqual(definition, { kind: 'canon', offset: 0xb, ...operands });
  });

  test('may have any bytes after the name of a custom section', () => {
    assert.deepEqual(decode(componentOf('00 06 04 "name" ff')).definitions, []);
  });

  test('shares the bytes of its core modules with the result', () => {
    const input = componentOf('01 08 00 "asm" 01 00 00 00');
    const [definition] = decode(input).definitions;
    assert.ok(definition?.kind === 'core module');
    assert.equal(definition.bytes.buffer, input.buffer);
    assert.deepEqual([definition.bytes.byteOffset, definition.bytes.length], [0xa, 8]);
  });

  test('is copied if it is in shared memory, because engines compile modules from unshared memory only', () => {
    const input = componentOf('01 08 00 "asm" 01 00 00 00');
    const shared = new Uint8Array(new SharedArrayBuffer(input.length));
    shared.set(input);
    const [definition] = decode(shared).definitions;
    assert.ok(definition?.kind === 'core module' && definition.bytes.buffer instanceof ArrayBuffer);
  });

  test('is invalid, and not malformed, if it has an attribute twice', () => {
    const component = decode(componentOf('07 03 01 42 00 0a 15 01 02 01 "i" 02 00 05 "a:b/x" 00 05 "a:b/y" 05 00'));
    assert.throws(
      () => validate(component),
      (error) => isInvalidError(error) && error.offset === 0x10,
    );
  });

  test('may complete the version in a name with a version suffix', () => {
    const text = (suffix: string) => `07 03 01 42 00 0a 13 01 02 07 "a:b/c@1" 01 01 04 ${suffix} 05 00`;
    const [, definition] = decode(componentOf(text('".2.3"'))).definitions;
    assert.equal(definition?.kind === 'import' && definition.versionSuffix, '.2.3');
    validate(decode(componentOf(text('".2.3"'))));
    assert.throws(() => validate(decode(componentOf(text('".2.x"')))), isInvalidError);
  });

  test('is invalid if it exports a core function', () => {
    const component = decode(componentOf('0b 08 01 00 01 "f" 00 00 00 00'));
    assert.throws(() => validate(component), isInvalidError);
  });
});

describe('a feature that the loader does not have', () => {
  const features = {
    'value imports': ['0a 07 01 00 01 "v" 02 01 7d', 'values'],
    'value definitions': ['0c 04 01 7d 01 2a', 'values'],
    'start functions': ['09 03 00 00 00', 'values'],
    'preemptive threads': ['08 03 01 42 00', 'shared-everything-threads'],
  };
  for (const [name, [text = '', feature]] of Object.entries(features)) {
    test(`is decoded and refused by name: ${name}`, () => {
      const component = decode(componentOf(text));
      assert.throws(
        () => validate(component),
        (error) => isUnsupportedError(error) && error.feature === feature,
      );
    });
  }
});

/** Returns the component without offsets and bytes, because the text does not determine them. */
function plain(component: Component): { definitions: object[] } {
  return JSON.parse(
    JSON.stringify(component, (key, value) => {
      if (key === 'offset' || key === 'bytes') return undefined;
      return typeof value === 'bigint' ? `${value}n` : value;
    }),
    (_, value) => (typeof value === 'string' && /^\d+n$/.test(value) ? BigInt(value.slice(0, -1)) : value),
  );
}
