/** *Binary.md*, "Type Definitions": value types, labels, function types and resource types. */
import type { ValidationCase } from '../case.ts';

export const cases: readonly ValidationCase[] = [
  {
    name: 'every kind of value type can be defined',
    text: `(component
      (type $R (resource (rep i32)))
      (type $rec (record (field "a" u8) (field "b" string)))
      (type $var (variant (case "x" $rec) (case "y")))
      (type (list $var)) (type (list u8 4)) (type (tuple u8 s64)) (type (flags "f" "g")) (type (enum "e"))
      (type (option $rec)) (type (result)) (type (result $rec)) (type (result (error $var)))
      (type (own $R)) (type (borrow $R)) (type (map string $rec))
      (type (stream u8)) (type (stream)) (type (future $rec)) (type (future)))`,
  },
  { name: 'a record has a field', text: '(component (type (record)))', invalid: 'at least one field' },
  { name: 'a variant has a case', text: '(component (type (variant)))', invalid: 'at least one case' },
  { name: 'a tuple has an element', text: '(component (type (tuple)))', invalid: 'at least one type' },
  { name: 'flags have a flag', text: '(component (type (flags)))', invalid: 'at least one entry' },
  { name: 'an enum has a case', text: '(component (type (enum)))', invalid: 'at least one variant' },
  {
    name: '32 flags are allowed',
    text: `(component (type (flags ${Array.from({ length: 32 }, (_, n) => `"f${n}"`).join(' ')})))`,
  },
  {
    name: '33 flags are too many',
    text: `(component (type (flags ${Array.from({ length: 33 }, (_, n) => `"f${n}"`).join(' ')})))`,
    invalid: 'more than 32 flags',
  },
  { name: 'a fixed-length list is not empty', text: '(component (type (list u8 0)))', invalid: 'cannot be empty' },
  {
    name: 'a label is in kebab case',
    text: '(component (type (record (field "notKebab" u8))))',
    invalid: '`notKebab` is not in kebab case',
    path: ['notKebab'],
  },
  { name: 'a label is not empty', text: '(component (type (enum "")))', invalid: 'cannot be empty' },
  {
    name: 'labels that differ in case only conflict',
    text: '(component (type (record (field "a-B" u8) (field "A-b" u8))))',
    invalid: 'conflicts with previous field name `a-B`',
    path: ['A-b'],
  },
  {
    name: 'parameters have distinct names',
    text: '(component (type (func (param "p" u8) (param "P" u8))))',
    invalid: 'conflicts with previous parameter name `p`',
  },
  {
    name: 'a value type refers to value types only',
    text: '(component (type $f (func)) (type (list $f)))',
    invalid: 'type index 0 is not a defined type',
  },
  { name: 'a type index is in bounds', text: '(component (type (list 7)))', invalid: 'type index out of bounds' },
  {
    name: 'a type cannot refer to a later one',
    text: '(component (type (list 1)) (type u8))',
    invalid: 'type index out of bounds',
  },
  {
    name: 'a handle refers to a resource type',
    text: '(component (type $t u8) (type (own $t)))',
    invalid: 'type index 0 is not a resource type',
  },
  {
    name: 'a map has a key that can be compared',
    text: '(component (type (map f64 u8)))',
    invalid: '`f64` cannot be a map key',
  },
  { name: 'a map key can be a type index', text: '(component (type $k string) (type (map $k u8)))' },
  { name: 'a stream of char is not defined yet', text: '(component (type (stream char)))', invalid: '`stream<char>`' },
  {
    name: 'a stream cannot carry a borrow',
    text: '(component (type $R (resource (rep i32))) (type (stream (tuple (borrow $R)))))',
    invalid: 'a `stream` cannot contain a `borrow`',
  },
  {
    name: 'a future cannot carry a borrow',
    text: '(component (type $R (resource (rep i32))) (type (future (option (borrow $R)))))',
    invalid: 'a `future` cannot contain a `borrow`',
  },
  {
    name: 'a function does not return a borrow',
    text: `(component (type $R (resource (rep i32))) (type $rec (record (field "b" (borrow $R))))
      (type (func (result (list $rec)))))`,
    invalid: 'function result cannot contain a `borrow`',
    path: ['result'],
  },
  {
    name: 'a function can take a borrow',
    text: '(component (type $R (resource (rep i32))) (type (func (param "b" (borrow $R)))))',
  },
  {
    name: 'a resource type has a destructor of the right type',
    text: `(component (core module $m (func (export "d") (param i64))) (core instance $i (instantiate $m))
      (type (resource (rep i32) (dtor (core func $i "d")))))`,
    invalid: 'wrong signature for a destructor',
  },
  {
    name: 'a resource represented by i64 needs memory64',
    text: '(component (type (resource (rep i64))))',
    unsupported: 'memory64',
  },
  {
    name: 'a resource is not represented by a float',
    text: '(component (type (resource (rep f32))))',
    invalid: 'only be represented by `i32`',
  },
  {
    name: 'a component type defines no resource',
    text: '(component (type (component (type (resource (rep i32))))))',
    invalid: 'within a concrete component',
  },
  {
    name: 'types can be nested deeply, up to the limit',
    text: nested(99),
  },
  {
    name: 'types nested beyond the limit are refused',
    text: nested(100),
    invalid: 'type nesting is too deep',
  },
];

function nested(levels: number): string {
  const types = Array.from({ length: levels }, (_, n) => `(type $t${n + 1} (option $t${n}))`);
  return `(component (type $t0 u8) ${types.join(' ')})`;
}
