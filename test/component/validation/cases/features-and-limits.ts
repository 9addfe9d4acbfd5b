/** What the loader refuses because it does not have it, and what it refuses because of its size. */
import type { ValidationCase } from '../case.ts';

const doubling = (levels: number, base: string, step: (inner: string) => string) => {
  const types = Array.from({ length: levels }, (_, n) => `(type $t${n + 1} ${step(`$t${n}`)})`);
  return `(type $t0 ${base}) ${types.join(' ')}`;
};

export const cases: readonly ValidationCase[] = [
  {
    name: 'a value type that doubles at each level is handled once per level',
    text: `(component ${doubling(24, '(list u8)', (t) => `(list (tuple ${t} ${t}))`)} (import "f" (func (param "p" $t24))))`,
  },
  {
    name: 'types that double at each level are compared once per level',
    text: `(component
      (component $c ${doubling(24, '(list u8)', (t) => `(list (tuple ${t} ${t}))`)} (import "x" (type (eq $t24))))
      ${doubling(24, '(list u8)', (t) => `(list (tuple ${t} ${t}))`)}
      (instance (instantiate $c (with "x" (type $t24)))))`,
  },
  {
    name: 'instance types that double at each level are refused',
    text: `(component
      ${doubling(30, '(instance (export "f" (func)))', (t) => `(instance (export "a" (instance (type ${t}))) (export "b" (instance (type ${t}))))`)}
      (import "i" (instance (type $t30))))`,
    invalid: 'effective type size exceeds the limit',
  },
];
