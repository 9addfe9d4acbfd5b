/** *Explainer.md*, "Type Checking": resource types are abstract and generative. */
import type { ValidationCase } from '../case.ts';

const same = `(component $same
  (import "a" (type $a (sub resource)))
  (import "b" (type (eq $a))))`;

const different = 'resource types are not the same';

export const cases: readonly ValidationCase[] = [
  {
    name: 'two imported resource types are different',
    text: `(component (import "x" (type $x (sub resource))) (import "y" (type $y (sub resource))) ${same}
      (instance (instantiate $same (with "a" (type $x)) (with "b" (type $y)))))`,
    invalid: different,
    path: ['b'],
  },
  {
    name: 'a resource type imported by equality is the same',
    text: `(component (import "x" (type $x (sub resource))) (import "y" (type $y (eq $x))) ${same}
      (instance (instantiate $same (with "a" (type $x)) (with "b" (type $y)))))`,
  },
  {
    name: 'each definition creates a resource type',
    text: `(component (type $x (resource (rep i32))) (type $y (resource (rep i32))) ${same}
      (instance (instantiate $same (with "a" (type $x)) (with "b" (type $y)))))`,
    invalid: different,
  },
  {
    name: 'each instance creates its own resource types',
    text: `(component
      (component $c (type $r (resource (rep i32))) (export "r" (type $r)))
      (instance $i (instantiate $c)) (instance $j (instantiate $c)) ${same}
      (instance (instantiate $same (with "a" (type $i "r")) (with "b" (type $j "r")))))`,
    invalid: different,
  },
  {
    name: 'a resource type that is exported twice is one type',
    text: `(component
      (component $c (type $r (resource (rep i32))) (export "r" (type $r)) (export "s" (type $r)))
      (instance $i (instantiate $c)) ${same}
      (instance (instantiate $same (with "a" (type $i "r")) (with "b" (type $i "s")))))`,
  },
  {
    name: 'an ascription hides that two exports are one resource type',
    text: `(component
      (component $c (type $r (resource (rep i32))) (export "r" (type $r)) (export "s" (type $r) (type (sub resource))))
      (instance $i (instantiate $c)) ${same}
      (instance (instantiate $same (with "a" (type $i "r")) (with "b" (type $i "s")))))`,
    invalid: different,
  },
  {
    name: 'each use of an instance type creates its own resource types',
    text: `(component
      (type $t (instance (export "r" (type (sub resource)))))
      (import "i" (instance $i (type $t))) (import "j" (instance $j (type $t))) ${same}
      (instance (instantiate $same (with "a" (type $i "r")) (with "b" (type $j "r")))))`,
    invalid: different,
  },
  {
    name: 'an argument replaces the import in all later imports and exports',
    text: `(component
      (type $r (resource (rep i32)))
      (component $c
        (import "t" (type $t (sub resource)))
        (import "i" (instance $i (export "u" (type $u (eq $t))) (export "f" (func (param "x" (own $u))))))
        (export "g" (func $i "f") (func (param "x" (own $t)))))
      (core func $drop (canon resource.drop $r))
      (func $f (param "x" (own $r)) (canon lift (core func $drop)))
      (instance $i (export "u" (type $r)) (export "f" (func $f)))
      (instance $c1 (instantiate $c (with "t" (type $r)) (with "i" (instance $i))))
      (component $d (import "t" (type $t (sub resource))) (import "g" (func (param "x" (own $t)))))
      (instance (instantiate $d (with "t" (type $r)) (with "g" (func $c1 "g")))))`,
  },
  {
    name: 'an own handle is not a borrow handle',
    text: `(component
      (import "r" (type $r (sub resource))) (import "f" (func $f (param "x" (borrow $r))))
      (component $c (import "r" (type $r (sub resource))) (import "f" (func (param "x" (own $r)))))
      (instance (instantiate $c (with "r" (type $r)) (with "f" (func $f)))))`,
    invalid: 'expected own, found borrow',
    path: ['f', 'x'],
  },
  {
    name: 'only the component that defines a resource creates its handles',
    text: '(component (import "r" (type $r (sub resource))) (core func (canon resource.new $r)))',
    invalid: 'not a local resource',
  },
  {
    name: 'only the component that defines a resource sees its representation',
    text: '(component (import "r" (type $r (sub resource))) (core func (canon resource.rep $r)))',
    invalid: 'not a local resource',
  },
  {
    name: 'every component can drop a handle',
    text: '(component (import "r" (type $r (sub resource))) (core func (canon resource.drop $r)))',
  },
  {
    name: 'a resource that comes back from a child is still local',
    text: `(component (type $r (resource (rep i32)))
      (component $c (import "x" (type $x (sub resource))) (export "y" (type $x)))
      (instance $i (instantiate $c (with "x" (type $r))))
      (alias export $i "y" (type $y)) (core func (canon resource.rep $y)))`,
  },
  {
    name: 'component types with resources are compared up to their names for them',
    text: `(component
      (component $c (import "x" (type $x (sub resource))) (type $y' (resource (rep i32))) (export $y "y" (type $y'))
        (import "f" (func $f (result (own $x)))) (export "g" (func $f)))
      (component $d (import "c" (component
        (import "x" (type $x (sub resource))) (import "f" (func (result (own $x))))
        (export "g" (func (result (own $x)))) (export "y" (type (sub resource))))))
      (instance (instantiate $d (with "c" (component $c)))))`,
  },
  {
    name: 'component types with different resources differ',
    text: `(component
      (component $c (import "x" (type $x (sub resource))) (import "z" (type $z (sub resource)))
        (import "f" (func $f (result (own $z)))) (export "g" (func $f)))
      (component $d (import "c" (component
        (import "x" (type $x (sub resource))) (import "z" (type $z (sub resource)))
        (import "f" (func (result (own $z))))
        (export "g" (func (result (own $x)))))))
      (instance (instantiate $d (with "c" (component $c)))))`,
    invalid: different,
    path: ['c', 'g', 'result'],
  },
  ...[
    '(list (own $t))',
    '(list (own $t) 2)',
    '(option (own $t))',
    '(tuple u8 (own $t))',
    '(result (own $t) (error string))',
    '(result (error (own $t)))',
    '(map u8 (own $t))',
    '(stream (own $t))',
    '(future (tuple (own $t)))',
  ].map((type) => ({
    name: `an argument replaces the import inside a ${type}`,
    text: `(component
      (component $c (import "t" (type $t (sub resource))) (import "f" (func $f (param "p" ${type}))) (export "g" (func $f)))
      (component $d (import "t" (type $t (sub resource))) (import "g" (func (param "p" ${type}))))
      (import "i" (instance $i (export "t" (type $t (sub resource))) (export "f" (func (param "p" ${type})))))
      (instance $c (instantiate $c (with "t" (type $i "t")) (with "f" (func $i "f"))))
      (instance (instantiate $d (with "t" (type $i "t")) (with "g" (func $c "g")))))`,
  })),
  {
    name: 'an argument replaces the import inside variants and records',
    text: `(component
      (type $I (instance
        (export "t" (type $t (sub resource)))
        (type $v' (variant (case "a" (own $t)) (case "b"))) (export "v" (type $v (eq $v')))
        (type $r' (record (field "v" $v) (field "n" u8))) (export "r" (type $r (eq $r')))
        (export "f" (func (param "p" $r) (result $v)))))
      (import "i" (instance $i (type $I))) (import "j" (instance $j (type $I)))
      (component $c (import "i" (instance (export "t" (type $t (sub resource)))
        (type $v' (variant (case "a" (own $t)) (case "b"))) (export "v" (type $v (eq $v')))
        (type $r' (record (field "v" $v) (field "n" u8))) (export "r" (type $r (eq $r')))
        (export "f" (func (param "p" $r) (result $v))))))
      (instance (instantiate $c (with "i" (instance $i)))) (instance (instantiate $c (with "i" (instance $j)))))`,
  },
  {
    name: 'a variant of one resource type is not one of another',
    text: `(component
      (import "t" (type $t (sub resource))) (import "u" (type $u (sub resource)))
      (type $v' (variant (case "a" (own $u)))) (import "v" (type $v (eq $v'))) (import "f" (func $f (param "p" $v)))
      (component $c (import "t" (type $t (sub resource)))
        (type $v' (variant (case "a" (own $t)))) (import "v" (type $v (eq $v'))) (import "f" (func (param "p" $v))))
      (instance (instantiate $c (with "t" (type $t)) (with "v" (type $v)) (with "f" (func $f)))))`,
    invalid: different,
    path: ['v', 'a'],
  },
  {
    name: 'component types given as types are equal up to their own resource types',
    text: `(component
      (component $c (type $t (component (import "r" (type $r (sub resource))) (export "f" (func (result (own $r))))))
        (import "t" (type (eq $t))))
      (type $t (component (import "r" (type $q (sub resource))) (export "f" (func (result (own $q))))))
      (instance (instantiate $c (with "t" (type $t)))))`,
  },
  {
    name: 'component types given as types are not subtypes',
    text: `(component
      (component $c (type $t (component (import "f" (func)))) (import "t" (type (eq $t))))
      (type $t (component))
      (instance (instantiate $c (with "t" (type $t)))))`,
    invalid: 'missing expected import `f`',
  },
];
