/** *Explainer.md*, "Import and Export Definitions" and "Name Uniqueness". */
import type { ValidationCase } from '../case.ts';

const imports = (...names: string[]) => `(component ${names.map((name) => `(import "${name}" (func))`).join(' ')})`;
const resource = (rest: string) => `(component (import "r" (type $r (sub resource))) ${rest})`;

export const cases: readonly ValidationCase[] = [
  {
    name: 'labels are words and acronyms with hyphens between',
    text: imports('a', 'a-b', 'A1', 'is-XML', 'a1-2-3', 'x-0w'),
  },
  ...['1', '-a', 'a-', 'a--b', 'aB', 'Ab', 'a_b', '', 'a.b', 'ä'].map((name) => ({
    name: `"${name}" is not a label`,
    text: imports(name),
    invalid: 'is not a valid extern name',
    path: [name],
  })),
  {
    name: 'interface names have a namespace, a package, an interface and perhaps a version',
    text: imports('a:b/c', 'a-b:c1-d/E-f', 'a:b/c@1.2.3', 'a:b/c@0.1.0-rc.1+x.y', 'a:b/d@1', 'a:b/d@0.2'),
  },
  ...['A:b/c', 'a:B/c', 'a:b', 'a:b/', ':b/c', 'a:b/c/d', 'a:b:c/d', 'a:b/c@', 'a:b/c@01.0.0', 'a:b/c@1.2'].map(
    (name) => ({
      name: `"${name}" is not an interface name`,
      text: imports(name),
      invalid: 'is not a valid extern name',
    }),
  ),
  {
    name: 'a long name of digits is refused without backtracking',
    text: imports(`a${'-1'.repeat(5000)}-`),
    invalid: 'is not in kebab case',
  },
  {
    name: 'a long version is refused without backtracking',
    text: imports(`a:b/c@1.0.0-${'1.a-'.repeat(5000)}!`),
    invalid: 'is not a valid semver',
  },
  {
    name: 'versions make names distinct',
    text: imports('a:b/c', 'a:b/c@1.0.0', 'a:b/c@2.0.0'),
  },
  {
    name: 'imports that differ in case conflict',
    text: imports('a-b', 'A-b'),
    invalid: 'conflicts with previous name `a-b`',
  },
  {
    name: 'an import and an export may have one name',
    text: '(component (import "f" (func $f)) (export "f" (func $f)))',
  },
  {
    name: 'exports of an instance type are strongly unique',
    text: '(component (type (instance (export "x" (func)) (export "X" (func)))))',
    invalid: 'conflicts with previous name `x`',
  },
  {
    name: 'a constructor, methods and statics belong to a resource in the same scope',
    text: resource(`(import "[constructor]r" (func (result (own $r))))
      (import "[method]r.m" (func (param "self" (borrow $r)) (param "x" u8)))
      (import "[static]r.s" (func))`),
  },
  {
    name: 'a constructor can fail',
    text: resource('(import "[constructor]r" (func (result (result (own $r) (error string)))))'),
  },
  {
    name: 'a constructor returns its resource',
    text: resource('(import "[constructor]r" (func (result (borrow $r))))'),
    invalid: 'cannot contain a `borrow`',
  },
  {
    name: 'a constructor returns its own resource and no other',
    text: resource('(import "q" (type $q (sub resource))) (import "[constructor]r" (func (result (own $q))))'),
    invalid: 'does not match expected resource name `q`',
  },
  {
    name: 'a method takes self first',
    text: resource('(import "[method]r.m" (func (param "it" (borrow $r))))'),
    invalid: 'first argument called `self`',
  },
  {
    name: 'a method borrows self',
    text: resource('(import "[method]r.m" (func (param "self" (own $r))))'),
    invalid: 'first argument of `(borrow $T)`',
  },
  {
    name: 'a static function needs its resource',
    text: resource('(import "[static]s.f" (func))'),
    invalid: 'static resource name is not known',
  },
  {
    name: 'only functions have annotated names',
    text: resource('(import "[static]r.f" (instance))'),
    invalid: 'is not a func',
  },
  {
    name: 'a method is named like a field of its resource, not like the resource',
    text: resource('(import "[method]r.r" (func (param "self" (borrow $r))))'),
    invalid: 'conflicts with previous name `r`',
  },
  {
    name: 'a method and a static function conflict',
    text: resource('(import "[method]r.f" (func (param "self" (borrow $r)))) (import "[static]r.F" (func))'),
    invalid: 'conflicts with previous name `[method]r.f`',
  },
  {
    name: 'exported methods need the exported resource',
    text: resource('(import "f" (func $f (param "self" (borrow $r)))) (export "[method]r.f" (func $f))'),
    invalid: 'does not have a name in this context',
  },
  {
    name: 'exported methods use the exported resource',
    text: resource(`(import "f" (func $f (param "self" (borrow $r)))) (export $e "e" (type $r))
      (export "[method]e.f" (func $f) (func (param "self" (borrow $e))))`),
  },
  {
    name: 'an instance implements an interface',
    text: '(component (import "a" (implements "n:p/i@1.0.0") (external-id "anything \\u{2603}") (instance)))',
  },
  {
    name: 'only instances implement interfaces',
    text: '(component (import "a" (implements "n:p/i") (func)))',
    invalid: 'only instances can have an `implements`',
  },
  {
    name: 'an instance implements nothing except an interface',
    text: '(component (import "a" (implements "i") (instance)))',
    invalid: 'must be an interface name',
  },
  {
    name: 'an instance with an interface name implements no other',
    text: '(component (import "n:p/i" (implements "n:p/j") (instance)))',
    invalid: 'is not valid with `implements`',
  },
];
