/** *CanonicalABI.md*, "Canonical Definitions". */
import type { ValidationCase } from '../case.ts';

const libc = `(core module $libc (memory (export "mem") 1)
    (func (export "realloc") (param i32 i32 i32 i32) (result i32) unreachable)
    (func (export "callback") (param i32 i32 i32) (result i32) unreachable)
    (func (export "none")) (func (export "take") (param i32)))
  (core instance $libc (instantiate $libc))
  (alias core export $libc "mem" (core memory $mem)) (alias core export $libc "realloc" (core func $realloc))`;

/** Lifts a core function of type `core` to one of type `type`. */
const lift = (core: string, type: string, options = '') => `(component ${libc}
  (core module $m (func (export "f") ${core} unreachable)) (core instance $i (instantiate $m))
  (func ${type} (canon lift (core func $i "f") ${options})))`;

/** Lowers a function of type `type`, and uses the result as a core function of type `core`. */
const lower = (type: string, core: string, options = '') => `(component ${libc}
  (import "f" (func $f ${type})) (core func $g (canon lower (func $f) ${options}))
  (core module $m (import "" "f" (func ${core})))
  (core instance (instantiate $m (with "" (instance (export "f" (func $g)))))))`;

const builtin = (canon: string, before = '') => `(component ${libc} ${before} (core func (canon ${canon})))`;

const all = '(memory $mem) (realloc $realloc)';
const params = (count: number) => Array.from({ length: count }, (_, n) => `(param "p${n}" u32)`).join(' ');
const i32s = (count: number) => `(param${' i32'.repeat(count)})`;

export const cases: readonly ValidationCase[] = [
  {
    name: 'a function of scalars needs no options',
    text: lift(
      '(param i32 i64 f32 f64) (result i32)',
      '(param "a" bool) (param "b" s64) (param "c" f32) (param "d" f64) (result char)',
    ),
  },
  { name: 'a string parameter is allocated in memory', text: lift('(param i32 i32)', '(param "s" string)', all) },
  {
    name: 'a string parameter needs realloc',
    text: lift('(param i32 i32)', '(param "s" string)', '(memory $mem)'),
    invalid: '`realloc` is required',
  },
  {
    name: 'a string parameter needs a memory',
    text: lift('(param i32 i32)', '(param "s" string)'),
    invalid: '`memory` is required',
  },
  {
    name: 'a string result needs a memory and no realloc',
    text: lift('(result i32)', '(result string)', '(memory $mem)'),
  },
  {
    name: 'a fixed-length list of scalars needs no memory',
    text: lift('(param i32 i32 i32)', '(param "l" (list u8 3))'),
  },
  { name: 'a map is flattened as a list', text: lift('(param i32 i32)', '(param "m" (map string u8))', all) },
  {
    name: 'variants are flattened by joining their cases',
    text: `(component
    (type $v' (variant (case "a" f32) (case "b" u32) (case "c" s64) (case "d" (tuple u8 f64)))) (import "v" (type $v (eq $v')))
    (core module $m (func (export "f") (param i32 i64 f64))) (core instance $i (instantiate $m))
    (func (param "v" $v) (canon lift (core func $i "f"))))`,
  },
  { name: 'an f32 and a u32 join to an i32', text: lift('(param i32 i32)', '(param "r" (result f32 (error u32)))') },
  {
    name: 'a core function has the flattened type',
    text: lift('(param i64)', '(param "x" u32)'),
    invalid: 'lowered parameter types `[I32]` do not match parameter types `[I64]`',
  },
  {
    name: 'a core function has the flattened result',
    text: lift('', '(result u32)'),
    invalid: 'lowered result types `[I32]` do not match result types `[]`',
  },
  { name: '16 parameters are passed flat', text: lift(i32s(16), params(16)) },
  { name: '17 parameters are passed in memory', text: lift('(param i32)', params(17), all) },
  {
    name: '17 parameters need realloc',
    text: lift('(param i32)', params(17), '(memory $mem)'),
    invalid: '`realloc` is required',
  },
  { name: 'two results are passed in memory', text: lift('(result i32)', '(result (tuple u8 u8))', '(memory $mem)') },
  {
    name: 'a huge fixed-length list is passed in memory',
    text: lift('(param i32)', '(param "l" (list u8 100000000))', all),
  },
  {
    name: 'a lowered function gets its results through a pointer',
    text: lower('(param "a" u8) (result (tuple u8 u8))', i32s(2), '(memory $mem)'),
  },
  {
    name: 'a lowered string result needs realloc',
    text: lower('(result string)', i32s(1), '(memory $mem)'),
    invalid: '`realloc` is required',
  },
  { name: 'a lowered string parameter needs no realloc', text: lower('(param "s" string)', i32s(2), '(memory $mem)') },
  { name: '17 lowered parameters are in memory', text: lower(params(17), i32s(1), '(memory $mem)') },
  {
    name: 'an async function is lowered with the sync ABI',
    text: lower('async (param "a" u8) (result u8)', '(param i32) (result i32)'),
  },
  {
    name: 'an async function is lowered with the async ABI',
    text: lower('async (param "a" u8) (result u8)', '(param i32 i32) (result i32)', 'async (memory $mem)'),
  },
  {
    name: '5 async lowered parameters are in memory',
    text: lower(`async ${params(5)}`, '(param i32) (result i32)', 'async (memory $mem)'),
  },
  {
    name: 'the async ABI is for async functions',
    text: lower('', '(result i32)', 'async'),
    invalid: 'requires an async function type',
  },
  {
    name: 'an async function is lifted with a callback',
    text: lift(
      '(param i32) (result i32)',
      'async (param "a" u8) (result string)',
      'async (callback (core func $libc "callback")) (memory $mem)',
    ),
  },
  {
    name: 'an async function is lifted without a callback',
    text: lift('(param i32)', 'async (param "a" u8) (result u8)', 'async'),
  },
  {
    name: 'a callback needs the async ABI',
    text: lift('', '', '(callback (core func $libc "callback"))'),
    invalid: '`callback` requires `async`',
  },
  {
    name: 'a callback has its type',
    text: lift('(result i32)', 'async', 'async (callback (core func $libc "none"))'),
    invalid: '`callback` uses a core function with an incorrect signature',
  },
  {
    name: 'a post-return takes the results',
    text: lift('(result i32)', '(result string)', '(memory $mem) (post-return (core func $libc "take"))'),
  },
  {
    name: 'a post-return takes nothing else',
    text: lift('(result i32)', '(result string)', '(memory $mem) (post-return (core func $libc "none"))'),
    invalid: '`post-return` uses a core function with an incorrect signature',
  },
  {
    name: 'a post-return is for the sync ABI',
    text: lift('', 'async', 'async (post-return (core func $libc "none"))'),
    invalid: '`post-return` conflicts with option `async`',
  },
  {
    name: 'a post-return is for lifting',
    text: lower('', '', '(post-return (core func $libc "none"))'),
    invalid: '`post-return` cannot be specified for lowerings',
  },
  {
    name: 'an encoding is given once',
    text: lower('', '', 'string-encoding=utf8 string-encoding=utf8'),
    invalid: 'canonical encoding option `utf8` conflicts',
  },
  {
    name: 'a memory is given once',
    text: lower('', '', '(memory $mem) (memory $mem)'),
    invalid: '`memory` is specified more than once',
  },
  {
    name: 'realloc needs a memory',
    text: lower('', '', '(realloc $realloc)'),
    invalid: '`realloc` requires `memory`',
  },
  {
    name: 'realloc has its type',
    text: lower('', '', '(memory $mem) (realloc (core func $libc "none"))'),
    invalid: '`realloc` uses a core function with an incorrect signature',
  },
  {
    name: 'a 64-bit memory is not supported yet',
    text: `(component (core module $m (memory (export "m") i64 1)) (core instance $i (instantiate $m))
    (import "f" (func $f)) (core func (canon lower (func $f) (memory (core memory $i "m")))))`,
    unsupported: 'memory64',
  },
  {
    name: 'resource.new is of a resource type',
    text: builtin('resource.new $t', '(type $t u8)'),
    invalid: 'is not a resource type',
  },
  { name: 'task.return takes the flat result', text: builtin('task.return (result string) (memory $mem)') },
  {
    name: 'task.return of a string needs a memory',
    text: builtin('task.return (result string)'),
    invalid: '`memory` is required',
  },
  {
    name: 'task.return does not allocate',
    text: builtin('task.return (memory $mem) (realloc $realloc)'),
    invalid: '`realloc` cannot be specified for task.return',
  },
  { name: 'a context has two slots', text: builtin('context.get i32 1') },
  {
    name: 'a context has no third slot',
    text: builtin('context.set i32 2'),
    invalid: 'immediate must be zero or one, not 2',
  },
  { name: 'a context of 64 bits needs memory64', text: builtin('context.get i64 0'), unsupported: 'memory64' },
  {
    name: 'stream.new is of a stream',
    text: builtin('stream.new $t', '(type $t (future u8))'),
    invalid: 'requires a stream type',
  },
  {
    name: 'future.new is of a future',
    text: builtin('future.new $t', '(type $t u8)'),
    invalid: 'requires a future type',
  },
  {
    name: 'stream.read of strings allocates',
    text: builtin('stream.read $t async (memory $mem)', '(type $t (stream string))'),
    invalid: '`realloc` is required',
  },
  {
    name: 'stream.write of strings does not allocate',
    text: builtin('stream.write $t async (memory $mem)', '(type $t (stream string))'),
  },
  {
    name: 'stream.read needs a memory',
    text: builtin('stream.read $t async', '(type $t (stream u8))'),
    invalid: '`memory` is required',
  },
  { name: 'a stream without elements needs no memory', text: builtin('stream.read $t async', '(type $t (stream))') },
  {
    name: 'waiting writes to a memory',
    text: builtin('waitable-set.wait (memory 1)'),
    invalid: 'memory index out of bounds',
  },
  { name: 'an error context is read from memory', text: builtin('error-context.new (memory $mem)') },
  {
    name: 'a debug message is allocated',
    text: builtin('error-context.debug-message (memory $mem)'),
    invalid: '`realloc` is required',
  },
  {
    name: 'a thread starts with an i32',
    text: builtin('thread.new-indirect $t 0', '(core type $t (func (param i64)))'),
    invalid: 'wrong signature for a thread: expected (func (param i32))',
  },
  {
    name: 'task.return of 17 values passes them in memory',
    text: builtin(`task.return (result (tuple ${'u8 '.repeat(17)})) (memory $mem)`),
  },
  {
    name: 'task.return of 17 values needs a memory',
    text: builtin(`task.return (result (tuple ${'u8 '.repeat(17)}))`),
    invalid: '`memory` is required',
  },
  {
    name: 'a thread starts from a table of functions',
    text: builtin(
      'thread.new-indirect $t (core table $i "t")',
      '(core type $t (func (param i32))) (core module $t (table (export "t") 1 externref)) (core instance $i (instantiate $t))',
    ),
    invalid: 'expected table element type funcref, found externref',
  },
];
