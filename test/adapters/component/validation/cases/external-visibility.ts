/** *Explainer.md*, "External Visibility of Types". */
import type { ValidationCase } from '../case.ts';

const lifted = `(core module $m (func (export "f") (result i32) unreachable)) (core instance $i (instantiate $m))`;

export const cases: readonly ValidationCase[] = [
  {
    name: 'an exported function uses exported resource types',
    text: `(component ${lifted} (type $r (resource (rep i32))) (export $e "r" (type $r))
      (func $f (result (own $e)) (canon lift (core func $i "f"))) (export "f" (func $f)))`,
  },
  {
    name: 'an exported function uses no resource type without a name',
    text: `(component ${lifted} (type $r (resource (rep i32)))
      (func $f (result (own $r)) (canon lift (core func $i "f"))) (export "f" (func $f)))`,
    invalid: 'func not valid to be used as export',
    path: ['f'],
  },
  {
    name: 'the export of a type names the new index, and not the old one',
    text: `(component ${lifted} (type $r (resource (rep i32))) (export "r" (type $r))
      (func $f (result (own $r)) (canon lift (core func $i "f"))) (export "f" (func $f)))`,
    invalid: 'func not valid to be used as export',
  },
  {
    name: 'an ascribed type can have the name that the inferred one lacks',
    text: `(component ${lifted} (type $r (resource (rep i32))) (export $e "r" (type $r))
      (func $f (result (own $r)) (canon lift (core func $i "f")))
      (export "f" (func $f) (func (result (own $e)))))`,
  },
  ...['(record (field "x" u32))', '(variant (case "x"))', '(enum "x")', '(flags "x")'].map((type) => ({
    name: `a type ${type} needs a name in an import`,
    text: `(component (type $t ${type}) (import "f" (func (param "p" (list $t)))))`,
    invalid: 'func not valid to be used as import',
    path: ['f'],
  })),
  {
    name: 'other types need no name in an import',
    text: '(component (import "f" (func (param "p" (tuple (list u8) (option (result)))))))',
  },
  {
    name: 'an import does not refer to the name of an export',
    text: `(component (type $t (enum "x")) (export $e "t" (type $t)) (import "f" (func (param "p" $e))))`,
    invalid: 'func not valid to be used as import',
  },
  {
    name: 'an export can refer to the name of an import',
    text: `(component (type $t (enum "x")) (import "t" (type $e (eq $t)))
      (import "f" (func $f (param "p" $e))) (export "f" (func $f)))`,
  },
  {
    name: 'an exported type is made of types with names',
    text: '(component (type $t (enum "x")) (type $l (record (field "l" $t))) (export "l" (type $l)))',
    invalid: 'type not valid to be used as export',
    path: ['l'],
  },
  {
    name: 'an instance names its types by exporting them',
    text: `(component (import "i" (instance
      (type $t' (enum "x")) (export "t" (type $t (eq $t'))) (export "f" (func (result $t))))))`,
  },
  {
    name: 'the types of an imported instance have names outside of it',
    text: `(component (import "i" (instance $i (type $t' (enum "x")) (export "t" (type (eq $t')))))
      (alias export $i "t" (type $t)) (import "f" (func (result $t))))`,
  },
  {
    name: 'an instance type can be used if its types have names',
    text: `(component (type $t' (enum "x")) (import "t" (type $t (eq $t')))
      (type $I (instance (alias outer 1 $t (type $u)) (export "f" (func (result $u)))))
      (import "i" (instance (type $I))))`,
  },
  {
    name: 'an instance type cannot be used if its types have no names',
    text: `(component (type $t (enum "x"))
      (type $I (instance (alias outer 1 $t (type $u)) (export "f" (func (result $u)))))
      (import "i" (instance (type $I))))`,
    invalid: 'instance not valid to be used as import',
  },
  {
    name: 'the types of an instance that refer to types of the component keep their names',
    text: `(component (type $t' (enum "x")) (import "t" (type $t (eq $t')))
      (type $I (instance (alias outer 1 $t (type $u)) (type $r' (record (field "u" $u)))
        (export "r" (type $r (eq $r'))) (export "f" (func (result $r)))))
      (import "i" (instance (type $I))))`,
  },
  {
    name: 'component types are checked in their definition',
    text: '(component (type (component (type $t (enum "x")) (import "f" (func (param "p" $t))))))',
    invalid: 'func not valid to be used as import',
  },
  {
    name: 'a child is given types with names of the parent',
    text: `(component (type $t' (enum "x")) (import "t" (type $t (eq $t')))
      (component $c (type $u' (enum "x")) (import "u" (type $u (eq $u')))
        (type $l' (record (field "u" $u))) (export "l" (type $l'))
        (import "f" (func $f (param "p" $u))) (export "g" (func $f)))
      (import "f" (func $f (param "p" $t)))
      (instance $i (instantiate $c (with "u" (type $t)) (with "f" (func $f))))
      (export "l" (type $i "l")) (export "g" (func $i "g")))`,
  },
  {
    name: 'the types that a child exports have no name in the parent',
    text: `(component ${lifted}
      (component $c (type $t (enum "x")) (export "t" (type $t)))
      (instance $c1 (instantiate $c)) (alias export $c1 "t" (type $t))
      (func $f (result $t) (canon lift (core func $i "f"))) (export "f" (func $f)))`,
    invalid: 'func not valid to be used as export',
  },
  {
    name: 'the types of an exported instance have names',
    text: `(component ${lifted}
      (component $c (type $t (enum "x")) (export "t" (type $t)))
      (instance $c1 (instantiate $c)) (export $e "c" (instance $c1)) (alias export $e "t" (type $t))
      (func $f (result $t) (canon lift (core func $i "f"))) (export "f" (func $f)))`,
  },
  {
    name: 'the types of another instance of the same component have no names',
    text: `(component ${lifted}
      (component $c (type $t (enum "x")) (export "t" (type $t)))
      (instance $c1 (instantiate $c)) (export "c" (instance $c1))
      (instance $c2 (instantiate $c)) (alias export $c2 "t" (type $t))
      (func $f (result $t) (canon lift (core func $i "f"))) (export "f" (func $f)))`,
    invalid: 'func not valid to be used as export',
  },
];
