/** *Explainer.md*, "Alias Definitions". */
import type { ValidationCase } from '../case.ts';

export const cases: readonly ValidationCase[] = [
  {
    name: 'exports of instances are projected',
    text: `(component (import "i" (instance $i (export "j" (instance (export "f" (func)))) (export "t" (type (sub resource)))))
      (alias export $i "j" (instance $j)) (alias export $j "f" (func $f)) (alias export $i "t" (type $t))
      (export "f" (func $f)) (core func (canon resource.drop $t)))`,
  },
  {
    name: 'an instance has the export that is projected',
    text: '(component (import "i" (instance $i)) (alias export $i "f" (func)))',
    invalid: 'instance 0 has no export named `f`',
    path: ['f'],
  },
  {
    name: 'an export has the sort of the alias',
    text: '(component (import "i" (instance $i (export "f" (func)))) (alias export $i "f" (instance)))',
    invalid: 'export `f` for instance 0 is not a instance',
  },
  {
    name: 'exports of core instances of every sort are projected',
    text: `(component
      (core module $m (func (export "f")) (memory (export "m") 1) (table (export "t") 1 funcref)
        (global (export "g") i32 (i32.const 0)) (tag (export "e")))
      (core instance $i (instantiate $m))
      (alias core export $i "f" (core func)) (alias core export $i "m" (core memory)) (alias core export $i "t" (core table))
      (alias core export $i "g" (core global)) (alias core export $i "e" (core tag)))`,
  },
  {
    name: 'a core export has the sort of the alias',
    text: '(component (core module $m (func (export "f"))) (core instance $i (instantiate $m)) (alias core export $i "f" (core memory)))',
    invalid: 'is not a memory',
  },
  {
    name: 'outer definitions of four sorts can be used',
    text: `(component $c (core module $m) (core type $ct (func)) (component $d) (type $t (record (field "x" u8)))
      (component (alias outer $c $m (core module)) (alias outer $c $ct (core type)) (alias outer $c $d (component))
        (alias outer $c $t (type))))`,
  },
  {
    name: 'an outer alias counts enclosing components and types',
    text: '(component (type $t u8) (type (component (type (instance (alias outer 2 0 (type)) (alias outer 3 0 (type)))))))',
    invalid: 'invalid outer alias count of 3',
  },
  {
    name: 'a resource type is not aliased into a component',
    text: '(component $c (type $r (resource (rep i32))) (component (alias outer $c $r (type))))',
    invalid: 'transitively refers to resources',
  },
  {
    name: 'a type that refers to a resource type is not aliased into a component',
    text: `(component $c (import "r" (type $r (sub resource)))
      (type $t (func (param "p" (list (tuple u8 (option (own $r))))))) (component (alias outer $c $t (type))))`,
    invalid: 'transitively refers to resources',
  },
  {
    name: 'a type that binds its own resource types is aliased into a component',
    text: `(component $c
      (type $t (component (import "r" (type $r (sub resource))) (export "f" (func (param "p" (own $r))))))
      (component (alias outer $c $t (type))))`,
  },
  {
    name: 'a resource type is aliased into a type',
    text: `(component $c (import "r" (type $r (sub resource)))
      (type (instance (alias outer $c $r (type $r)) (export "f" (func (param "p" (own $r)))))))`,
  },
  {
    name: 'a type has only aliases of types and instances',
    text: '(component (type (component (import "i" (instance $i (export "f" (func)))) (alias export $i "f" (func)))))',
    invalid: 'may only refer to types or instances',
  },
  {
    name: 'an alias refers to an earlier definition',
    text: '(component $c (component (alias outer $c 0 (type))) (type u8))',
    invalid: 'type index out of bounds',
  },
];
