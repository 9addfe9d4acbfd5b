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
    name: 'each definition makes a resource type',
    text: `(component (type $x (resource (rep i32))) (type $y (resource (rep i32))) ${same}
      (instance (instantiate $same (with "a" (type $x)) (with "b" (type $y)))))`,
    invalid: different,
  },
  {
    name: 'each instance makes its resource types anew',
    text: `(component
      (component $c (type $r (resource (rep i32))) (export "r" (type $r)))
      (instance $i (instantiate $c)) (instance $j (instantiate $c)) ${same}
      (instance (instantiate $same (with "a" (type $i "r")) (with "b" (type $j "r")))))`,
    invalid: different,
  },
  {
    name: 'a resource type exported twice is one',
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
    name: 'each use of an instance type makes its resource types anew',
    text: `(component
      (type $t (instance (export "r" (type (sub resource)))))
      (import "i" (instance $i (type $t))) (import "j" (instance $j (type $t))) ${same}
      (instance (instantiate $same (with "a" (type $i "r")) (with "b" (type $j "r")))))`,
    invalid: different,
  },
  {
    name: 'an argument stands for the import in all that follows',
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
    name: 'an own is no borrow',
    text: `(component
      (import "r" (type $r (sub resource))) (import "f" (func $f (param "x" (borrow $r))))
      (component $c (import "r" (type $r (sub resource))) (import "f" (func (param "x" (own $r)))))
      (instance (instantiate $c (with "r" (type $r)) (with "f" (func $f)))))`,
    invalid: 'expected own, found borrow',
    path: ['f', 'x'],
  },
  {
    name: 'only the component that defines a resource makes its handles',
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
    name: 'component types with resources differ where the resources do',
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
];
