/** Features that the loader does not support, and inputs that exceed its limits. */
import type { ValidationCase } from '../case.ts';

const doubling = (levels: number, base: string, step: (inner: string) => string) => {
  const types = Array.from({ length: levels }, (_, n) => `(type $t${n + 1} ${step(`$t${n}`)})`);
  return `(type $t0 ${base}) ${types.join(' ')}`;
};

const doublingLists = (levels: number) => doubling(levels, '(list u8)', (t) => `(list (tuple ${t} ${t}))`);

export const cases: readonly ValidationCase[] = [
  {
    name: 'a value type that doubles at each level is handled once per level',
    text: `(component
      (component $c ${doublingLists(14)} (import "x" (type (eq $t14))))
      ${doublingLists(14)}
      ${Array.from({ length: 50 }, () => '(instance (instantiate $c (with "x" (type $t14))))').join(' ')})`,
  },
  {
    name: 'a value type has a bounded number of nodes',
    text: `(component ${doublingLists(24)})`,
    invalid: 'effective type size exceeds the limit',
  },
  {
    name: 'instance types that double at each level are refused',
    text: `(component
      ${doubling(30, '(instance (export "f" (func)))', (t) => `(instance (export "a" (instance (type ${t}))) (export "b" (instance (type ${t}))))`)}
      (import "i" (instance (type $t30))))`,
    invalid: 'effective type size exceeds the limit',
  },
];
