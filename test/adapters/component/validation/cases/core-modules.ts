/** *Explainer.md*, "Instance Definitions": core modules, their types and their instances. */
import type { ValidationCase } from '../case.ts';

/** A module that exports `exported` as "x", passed to a module that imports it as `imported`. */
const link = (imported: string, exported: string) => `(component
  (core module $a ${exported}) (core module $b (import "m" "x" ${imported}))
  (core instance $i (instantiate $a)) (core instance (instantiate $b (with "m" (instance $i)))))`;

/** Passes a module `given` as an argument for a module type. */
const module = (expected: string, given: string) => `(component
  (component $c (import "m" (core module ${expected})))
  (core module $m ${given})
  (instance (instantiate $c (with "m" (core module $m)))))`;

export const cases: readonly ValidationCase[] = [
  { name: 'a function fits', text: link('(func (param i32))', '(func (export "x") (param i32))') },
  {
    name: 'a function has the type that is imported',
    text: link('(func (param i32))', '(func (export "x") (param i64))'),
    invalid: 'expected: (func (param i32)), found: (func (param i64))',
    path: ['m', 'x'],
  },
  {
    name: 'an import is of the sort that is exported',
    text: link('(memory 1)', '(func (export "x"))'),
    invalid: 'expected memory, found func',
  },
  { name: 'a larger memory fits', text: link('(memory 1 4)', '(memory (export "x") 2 3)') },
  {
    name: 'a smaller memory does not fit',
    text: link('(memory 2)', '(memory (export "x") 1)'),
    invalid: 'memory limits',
  },
  {
    name: 'an unbounded memory does not fit',
    text: link('(memory 1 4)', '(memory (export "x") 1)'),
    invalid: 'memory limits',
  },
  {
    name: 'a shared memory does not fit',
    text: link('(memory 1 2)', '(memory (export "x") 1 2 shared)'),
    invalid: 'shared flag',
  },
  {
    name: 'a 64-bit memory does not fit',
    text: link('(memory 1)', '(memory (export "x") i64 1)'),
    invalid: 'index type',
  },
  { name: 'a table fits', text: link('(table 1 funcref)', '(table (export "x") 2 funcref)') },
  {
    name: 'a table of other elements does not fit',
    text: link('(table 1 funcref)', '(table (export "x") 1 externref)'),
    invalid: 'expected table element type funcref, found externref',
  },
  {
    name: 'a table with an initial value is read',
    text: link('(table 1 funcref)', '(table (export "x") 1 funcref (ref.null func))'),
  },
  {
    name: 'a global has the type that is imported',
    text: link('(global i32)', '(global (export "x") i64 (i64.const 0))'),
    invalid: 'expected global type i32, found i64',
  },
  {
    name: 'a mutable global does not fit',
    text: link('(global i32)', '(global (export "x") (mut i32) (i32.const 0))'),
    invalid: 'mutability',
  },
  {
    name: 'a constant reference may be more precise',
    text: link('(global funcref)', '(func $f) (elem declare func $f) (global (export "x") (ref func) (ref.func $f))'),
  },
  {
    name: 'a constant reference of a defined type is one to a function',
    text: link(
      '(global funcref)',
      '(type $t (func)) (func $f (type $t)) (elem declare func $f) (global (export "x") (ref $t) (ref.func $f))',
    ),
  },
  {
    name: 'an anyref is not an eqref',
    text: link('(global eqref)', '(global (export "x") anyref (ref.null any))'),
    invalid: 'expected global type eqref, found anyref',
  },
  {
    name: 'an i31ref is an eqref',
    text: link('(global eqref)', '(global (export "x") i31ref (ref.i31 (i32.const 1)))'),
  },
  {
    name: 'constant expressions of every kind are skipped',
    text: link(
      '(global f64)',
      `(global i32 (i32.add (i32.const -1) (i32.mul (i32.const 2147483647) (i32.const 3))))
       (global i64 (i64.sub (i64.const -9223372036854775808) (i64.const 1)))
       (global f32 (f32.const 1.5)) (global v128 (v128.const i64x2 1 2))
       (type $s (struct (field i32))) (type $a (array (mut i8)))
       (global (ref $s) (struct.new $s (i32.const 1))) (global (ref $s) (struct.new_default $s))
       (global (ref $a) (array.new_fixed $a 2 (i32.const 1) (i32.const 2)))
       (global externref (extern.convert_any (ref.null any)))
       (global (export "x") f64 (f64.const 2.5))`,
    ),
  },
  {
    name: 'equal recursion groups make equal types',
    text: link(
      '(func (type 2))',
      '(rec (type $a (func (param (ref null $b)))) (type $b (func (result (ref null $a))))) (func (export "x") (type $a) unreachable)',
    ).replace(
      '(core module $b ',
      '(core module $b (type (func)) (type (array i8)) (rec (type $a (func (param (ref null $b)))) (type $b (func (result (ref null $a))))) ',
    ),
  },
  {
    name: 'other recursion groups make other types',
    text: link('(func (type 1))', '(rec (type $a (func)) (type $b (func))) (func (export "x") (type $a))').replace(
      '(core module $b ',
      '(core module $b (type (func)) (rec (type (func)) (type (func (param i32)))) ',
    ),
    invalid: 'expected: (func)',
  },
  {
    name: 'a declared subtype fits',
    text: link(
      '(func (type 0))',
      '(type $t (sub (func))) (type $u (sub $t (func))) (func (export "x") (type $u))',
    ).replace('(core module $b ', '(core module $b (type (sub (func))) '),
  },
  { name: 'a tag fits', text: link('(tag (param i32))', '(tag (export "x") (param i32))') },
  {
    name: 'a tag of another type does not fit',
    text: link('(tag (param i32))', '(tag (export "x"))'),
    invalid: 'mismatch in tags',
  },
  {
    name: 'every module name is given',
    text: '(component (core module $m (import "a" "b" (func))) (core instance (instantiate $m)))',
    invalid: 'missing module instantiation argument named `a`',
  },
  {
    name: 'every import is exported',
    text: link('(func)', ''),
    invalid: 'does not export an item named `x`',
  },
  {
    name: 'a module name is given once',
    text: `(component (core module $m) (core instance $i (instantiate $m))
      (core instance (instantiate $m (with "a" (instance $i)) (with "a" (instance $i)))))`,
    invalid: 'duplicate module instantiation argument named `a`',
  },
  {
    name: 'a module imports each name once',
    text: '(component (core module (import "a" "b" (func)) (import "a" "b" (memory 1))))',
    invalid: 'duplicate import name `a:b`',
  },
  {
    name: 'names with colons are distinct',
    text: '(component (core module (import "a:" "b" (func)) (import "a" ":b" (func))))',
  },
  {
    name: 'a module exports each name once',
    text: '(component (core type (module (export "a" (func)) (export "a" (func)))))',
    invalid: 'export name `a` already defined',
  },
  {
    name: 'a module type defines no module type',
    text: '(component (core type $t (module)) (core type (module (alias outer 1 $t (type)))))',
    invalid: 'type index out of bounds',
  },
  {
    name: 'the limits of a module type are checked',
    text: '(component (core type (module (import "" "" (memory 65537)))))',
    invalid: 'memory size must be at most',
  },
  {
    name: 'a minimum is not above its maximum',
    text: '(component (core type (module (import "" "" (table 2 1 funcref)))))',
    invalid: 'minimum exceeds maximum',
  },
  {
    name: 'a module may import less and export more',
    text: module(
      '(import "a" "f" (func)) (import "a" "g" (func)) (export "e" (func))',
      '(import "a" "f" (func)) (func (export "e")) (func (export "e2"))',
    ),
  },
  {
    name: 'a module does not import more',
    text: module('', '(import "a" "f" (func))'),
    invalid: 'missing expected import `a::f`',
  },
  {
    name: 'a module does not export less',
    text: module('(export "e" (func))', ''),
    invalid: 'missing expected export `e`',
  },
  {
    name: 'a module is not given less than it imports',
    text: module('(import "a" "m" (memory 1))', '(import "a" "m" (memory 2))'),
    invalid: 'type mismatch in import `a::m`',
    path: ['m', 'a::m'],
  },
  {
    name: 'a core instance has existing exports',
    text: '(component (core instance (export "f" (func 0))))',
    invalid: 'function index out of bounds'.replace('function', 'func'),
  },
  {
    name: 'a function index of a module is in bounds',
    text: '(component (core module $m (func (export "f"))) (core instance (instantiate 1)))',
    invalid: 'unknown module 1',
  },
  {
    name: 'a structure extends one with fewer fields',
    text: `(component (core type $s (sub (struct (field i32)))) (core type (sub $s (struct (field i32) (field (mut i64))))))`,
  },
  {
    name: 'a structure does not change the fields that it extends',
    text: `(component (core type $s (sub (struct (field i32)))) (core type (sub $s (struct (field (mut i32))))))`,
    invalid: 'sub type must match super type',
  },
  {
    name: 'an array may have more precise constant elements',
    text: `(component (core type $a (sub (array anyref))) (core type (sub $a (array eqref))))`,
  },
  {
    name: 'an array has no other mutable elements',
    text: `(component (core type $a (sub (array (mut anyref)))) (core type (sub $a (array (mut eqref)))))`,
    invalid: 'sub type must match super type',
  },
  {
    name: 'a function may take more and return less',
    text: `(component (core type $f (sub (func (param eqref) (result anyref)))) (core type (sub $f (func (param anyref) (result eqref)))))`,
  },
  {
    name: 'a function does not become an array',
    text: `(component (core type $f (sub (func))) (core type (sub $f (array i32))))`,
    invalid: 'sub type must match super type',
  },
  {
    name: 'a final type is not extended',
    text: `(component (core type $f (func)) (core type (sub $f (func))))`,
    invalid: 'cannot have a final super type',
  },
  {
    name: 'a bottom type is a subtype of every type in its hierarchy',
    text: link('(global (ref null 0))', '(type $s (struct)) (global (export "x") nullref (ref.null none))').replace(
      '(core module $b ',
      '(core module $b (type (struct)) ',
    ),
  },
  {
    name: 'a bottom type is not a subtype of types in other hierarchies',
    text: link('(global funcref)', '(global (export "x") nullref (ref.null none))'),
    invalid: 'expected global type funcref',
  },
  {
    name: 'a nullable reference is not a subtype of one that is not nullable',
    text: link('(global (ref func))', '(global (export "x") funcref (ref.null func))'),
    invalid: 'expected global type (ref func), found funcref',
  },
  {
    name: 'module types are declared in instance types',
    text: `(component (type (instance (core type $m (module (export "f" (func)))) (export "m" (core module (type $m))))))`,
  },
  {
    name: 'a module type defines types that others extend, without a prefix',
    text: `(component (core type (module
      (type $s (sub (func (param i32)))) (type $t (sub final $s (func (param i32)))) (import "a" "f" (func (type $t))))))`,
  },
  {
    name: 'a 64-bit memory has its own bounds',
    text: '(component (core type (module (import "" "" (memory i64 1 281474976710656)))))',
  },
  {
    name: 'shared memories have a maximum',
    text: '(component (core type (module (import "" "" (memory 1 2 shared)))))',
  },
];
