/** *Explainer.md*, "Instance Definitions" and "Type Checking": the component level. */
import type { ValidationCase } from '../case.ts';

/** A child with one import, which receives `argument`. */
const given = (wanted: string, before: string, argument: string) => `(component
  (component $c ${wanted})
  ${before}
  (instance (instantiate $c (with "x" ${argument}))))`;

const type = (wanted: string, found: string) =>
  given(`(type $t ${wanted}) (import "x" (type (eq $t)))`, `(type $t ${found})`, '(type $t)');

export const cases: readonly ValidationCase[] = [
  { name: 'an argument fits', text: given('(import "x" (func))', '(import "f" (func $f))', '(func $f)') },
  {
    name: 'every import is given',
    text: '(component (component $c (import "x" (func))) (instance (instantiate $c)))',
    invalid: 'missing import named `x`',
    path: ['x'],
  },
  {
    name: 'an argument may be given without an import',
    text: '(component (component $c) (import "f" (func $f)) (instance (instantiate $c (with "Any Name" (func $f)))))',
  },
  {
    name: 'an argument is given once',
    text: `(component (component $c) (import "f" (func $f))
      (instance (instantiate $c (with "x" (func $f)) (with "x" (func $f)))))`,
    invalid: 'conflicts with previous argument `x`',
  },
  {
    name: 'an argument has the sort of the import',
    text: given('(import "x" (func))', '(import "i" (instance $i))', '(instance $i)'),
    invalid: 'expected func, found instance',
    path: ['x'],
  },
  {
    name: 'parameters have the names that are expected',
    text: given('(import "x" (func (param "a" u8)))', '(import "f" (func $f (param "b" u8)))', '(func $f)'),
    invalid: 'expected parameter named `a`, found `b`',
  },
  {
    name: 'parameters have the types that are expected',
    text: given('(import "x" (func (param "a" u8)))', '(import "f" (func $f (param "a" u16)))', '(func $f)'),
    invalid: 'expected primitive `u8` found primitive `u16`',
    path: ['x', 'a'],
  },
  {
    name: 'no parameter is missing',
    text: given('(import "x" (func (param "a" u8)))', '(import "f" (func $f))', '(func $f)'),
    invalid: 'expected 1 parameters, found 0',
  },
  {
    name: 'an expected result is not missing',
    text: given('(import "x" (func (result u8)))', '(import "f" (func $f))', '(func $f)'),
    invalid: 'expected a result',
  },
  {
    name: 'an async function is not a sync function',
    text: given('(import "x" (func))', '(import "f" (func $f async))', '(func $f)'),
    invalid: 'expected a sync function, found async',
  },
  {
    name: 'an instance may export more, in another order',
    text: given(
      '(import "x" (instance (export "a" (func)) (export "b" (func))))',
      '(import "i" (instance $i (export "b" (func)) (export "c" (func)) (export "a" (func))))',
      '(instance $i)',
    ),
  },
  {
    name: 'an instance does not export less',
    text: given('(import "x" (instance (export "a" (func))))', '(import "i" (instance $i))', '(instance $i)'),
    invalid: 'missing expected export `a`',
  },
  {
    name: 'a component may import less and export more',
    text: given(
      '(import "x" (component (import "a" (func)) (import "b" (func)) (export "e" (func))))',
      '(component $d (import "a" (func $a)) (export "e" (func $a)) (export "e2" (func $a)))',
      '(component $d)',
    ),
  },
  {
    name: 'a component does not import more',
    text: given('(import "x" (component))', '(component $d (import "a" (func)))', '(component $d)'),
    invalid: 'missing expected import `a`',
  },
  {
    name: 'a component is not given less than it imports',
    text: given(
      '(import "x" (component (import "a" (instance (export "f" (func))))))',
      '(component $d (import "a" (instance (export "f" (func)) (export "g" (func)))))',
      '(component $d)',
    ),
    invalid: 'missing expected export `g`',
    path: ['x', 'a', 'g'],
  },
  { name: 'equal types are equal by structure', text: type('(tuple u8 (list string))', '(tuple u8 (list string))') },
  {
    name: 'field names count',
    text: type('(record (field "a" u8))', '(record (field "b" u8))'),
    invalid: 'field name `a`',
  },
  { name: 'field order counts', text: type('(flags "a" "b")', '(flags "b" "a")'), invalid: 'mismatch in flags' },
  {
    name: 'the number of cases counts',
    text: type('(variant (case "a"))', '(variant (case "a") (case "b"))'),
    invalid: 'expected 1 cases',
  },
  {
    name: 'a payload counts',
    text: type('(variant (case "a"))', '(variant (case "a" u8))'),
    invalid: 'to have no type',
  },
  { name: 'a list length counts', text: type('(list u8 3)', '(list u8 4)'), invalid: 'a list of 3 elements, found 4' },
  {
    name: 'a fixed-length list is not a list',
    text: type('(list u8)', '(list u8 4)'),
    invalid: 'a list of any elements',
  },
  {
    name: 'specialized types differ from the types that they despecialize to',
    text: type('(enum "a")', '(variant (case "a"))'),
    invalid: 'expected enum',
  },
  {
    name: 'a map is not a list of pairs',
    text: type('(map u8 u8)', '(list (tuple u8 u8))'),
    invalid: 'expected map, found list',
  },
  {
    name: 'the sides of a result count',
    text: type('(result u8)', '(result (error u8))'),
    invalid: 'expected ok type',
  },
  {
    name: 'a stream is not a future',
    text: type('(stream u8)', '(future u8)'),
    invalid: 'expected stream, found future',
  },
  {
    name: 'a type argument is a type of the right kind',
    text: given('(import "x" (type (sub resource)))', '(type $t u8)', '(type $t)'),
    invalid: 'expected resource, found defined type',
  },
  {
    name: 'function types are compared as types',
    text: given(
      '(type $t (func (param "a" u8))) (import "x" (type (eq $t)))',
      '(type $t (func (param "a" s8)))',
      '(type $t)',
    ),
    invalid: 'type mismatch in function parameter `a`',
  },
  {
    name: 'instance types given as types are equal, not subtypes',
    text: given(
      '(type $t (instance (export "a" (func)))) (import "x" (type (eq $t)))',
      '(type $t (instance (export "a" (func)) (export "b" (func))))',
      '(type $t)',
    ),
    invalid: 'missing expected export `b`',
  },
  {
    name: 'an ascription can hide exports',
    text: '(component (import "i" (instance $i (export "f" (func)))) (export "e" (instance $i) (instance)))',
  },
  {
    name: 'an ascription cannot add exports',
    text: '(component (import "i" (instance $i)) (export "e" (instance $i) (instance (export "f" (func)))))',
    invalid: 'ascribed type of export is not compatible',
    path: ['e', 'f'],
  },
  {
    name: 'the exports of an instance have distinct names',
    text: '(component (import "f" (func $f)) (instance (export "a" (func $f)) (export "A" (func $f))))',
    invalid: 'conflicts with previous name `a`',
  },
];
