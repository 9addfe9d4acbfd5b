/**
 * *CanonicalABI.md*, "Canonical Definitions": the built-ins of the asynchronous ABI, in the document's order. A
 * component may have them. The first call of one is refused with an error that names it, and ends the instance.
 */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { compile, isTrap, isUnsupportedError } from 'decidable/component';
import { assemble } from '../assemble.ts';
import { run } from './guests.ts';
import type { Exported } from './handles.ts';

/** The definitions that the built-ins of a section need. */
const BEFORE = {
  nothing: '',
  memory: `(core module $L (memory (export "memory") 1)
      (func (export "realloc") (param i32 i32 i32 i32) (result i32) (i32.const 8)))
    (core instance $m (instantiate $L))
    (alias core export $m "memory" (core memory $memory)) (alias core export $m "realloc" (core func $realloc))`,
  table: `(core type $start (func (param i32)))
    (core module $T (table (export "table") 1 funcref)) (core instance $t (instantiate $T))
    (alias core export $t "table" (core table $table))`,
  stream: `(type $stream (stream u8)) (type $future (future u8))`,
};

/** A section, and the built-ins in it: the text, and the core type in letters: `i` for i32, `I` for i64. */
const SECTIONS: readonly (readonly [string, keyof typeof BEFORE, Readonly<Record<string, string>>])[] = [
  ['canon context.get', 'nothing', { 'context.get i32 0': '>i', 'context.get i32 1': '>i' }],
  ['canon context.set', 'nothing', { 'context.set i32 0': 'i>', 'context.set i32 1': 'i>' }],
  ['canon backpressure.{inc,dec}', 'nothing', { 'backpressure.inc': '>', 'backpressure.dec': '>' }],
  [
    'canon task.return',
    'memory',
    { 'task.return (result u8)': 'i>', 'task.return (result string) (memory $memory)': 'ii>' },
  ],
  ['canon task.cancel', 'nothing', { 'task.cancel': '>' }],
  ['canon waitable-set.new', 'nothing', { 'waitable-set.new': '>i' }],
  ['canon waitable-set.wait', 'memory', { 'waitable-set.wait (memory $memory)': 'ii>i' }],
  ['canon waitable-set.poll', 'memory', { 'waitable-set.poll (memory $memory)': 'ii>i' }],
  ['canon waitable-set.drop', 'nothing', { 'waitable-set.drop': 'i>' }],
  ['canon waitable.join', 'nothing', { 'waitable.join': 'ii>' }],
  ['canon subtask.cancel', 'nothing', { 'subtask.cancel': 'i>i' }],
  ['canon subtask.drop', 'nothing', { 'subtask.drop': 'i>' }],
  ['canon {stream,future}.new', 'stream', { 'stream.new $stream': '>I', 'future.new $future': '>I' }],
  [
    'canon stream.{read,write}',
    'stream',
    { 'stream.read $stream (memory $memory)': 'iii>i', 'stream.write $stream (memory $memory)': 'iii>i' },
  ],
  [
    'canon future.{read,write}',
    'stream',
    { 'future.read $future (memory $memory)': 'ii>i', 'future.write $future (memory $memory)': 'ii>i' },
  ],
  [
    'canon {stream,future}.cancel-{read,write}',
    'stream',
    {
      'stream.cancel-read $stream': 'i>i',
      'stream.cancel-write $stream': 'i>i',
      'future.cancel-read $future': 'i>i',
      'future.cancel-write $future': 'i>i',
    },
  ],
  [
    'canon {stream,future}.drop-{readable,writable}',
    'stream',
    {
      'stream.drop-readable $stream': 'i>',
      'stream.drop-writable $stream': 'i>',
      'future.drop-readable $future': 'i>',
      'future.drop-writable $future': 'i>',
    },
  ],
  ['canon thread.index', 'nothing', { 'thread.index': '>i' }],
  ['canon thread.new-indirect', 'table', { 'thread.new-indirect $start (core table $table)': 'ii>i' }],
  ['canon thread.resume-later', 'nothing', { 'thread.resume-later': 'i>' }],
  ['canon thread.suspend', 'nothing', { 'thread.suspend': '>i' }],
  ['canon thread.yield', 'nothing', { 'thread.yield': '>i' }],
  ['canon thread.suspend-then-resume', 'nothing', { 'thread.suspend-then-resume': 'i>i' }],
  ['canon thread.yield-then-resume', 'nothing', { 'thread.yield-then-resume': 'i>i' }],
  ['canon thread.suspend-then-promote', 'nothing', { 'thread.suspend-then-promote': 'i>i' }],
  ['canon thread.yield-then-promote', 'nothing', { 'thread.yield-then-promote': 'i>i' }],
  ['canon error-context.new', 'memory', { 'error-context.new (memory $memory)': 'ii>i' }],
  [
    'canon error-context.debug-message',
    'memory',
    { 'error-context.debug-message (memory $memory) (realloc $realloc)': 'ii>' },
  ],
  ['canon error-context.drop', 'nothing', { 'error-context.drop': 'i>' }],
];

const VALUE = { i: 'u32', I: 'u64' } as Readonly<Record<string, string>>;

for (const [section, before, builtins] of SECTIONS) {
  describe(section, () => {
    for (const [text, signature] of Object.entries(builtins)) {
      const [name = ''] = text.split(' ');
      const [params = '', result = ''] = signature.split('>');
      const given = [...params].map((letter, index) => `(param "p${index}" ${VALUE[letter]})`).join(' ');

      test(`${text} is refused by name when it is called`, async () => {
        const { exports } = await run(`(component
          ${text.includes('memory') && before !== 'memory' ? BEFORE.memory : ''} ${BEFORE[before]}
          (core func $builtin (canon ${text}))
          (core module $Idle (func (export "idle"))) (core instance $idle (instantiate $Idle))
          (func (export "call") ${given} ${result === '' ? '' : `(result ${VALUE[result]})`}
            (canon lift (core func $builtin)))
          (func (export "idle") (canon lift (core func $idle "idle"))))`);
        const { call, idle } = exports as Record<string, Exported>;
        idle!();
        assert.throws(
          () => call!(...[...params].map(() => 1)),
          (error) => isUnsupportedError(error) && error.message.includes(name),
        );
        assert.throws(() => idle!(), isTrap);
      });
    }
  });
}

// The assembler supports an older form of these. They are written by hand, each as the only entry of its section.
for (const [name, ...bytes] of [
  ['thread.spawn-ref', 0x40, 0, 0],
  ['thread.spawn-indirect', 0x41, 0, 0, 0],
  ['thread.available-parallelism', 0x42, 0],
] as const) {
  describe(`canon ${name}`, () => {
    test(`is refused when it is compiled`, async () => {
      const component = await assemble(`(component ${BEFORE.table})`);
      const binary = Uint8Array.of(...component, 8, 1 + bytes.length, 1, ...bytes);
      await assert.rejects(
        compile(binary),
        (error) =>
          isUnsupportedError(error) && error.feature === 'shared-everything-threads' && error.message.includes(name),
      );
    });
  });
}
