/** *Binary.md*, "Type Definitions": `elem_size(t, 'i64')` is less than 2^28 for every value type. */
import type { ValidationCase } from '../case.ts';

const tooLarge = 'exceeds maximum byte size';

export const cases: readonly ValidationCase[] = [
  { name: 'a list of 2^28 - 1 bytes is small enough', text: '(component (type (list u8 268435455)))' },
  { name: 'a list of 2^28 bytes is too large', text: '(component (type (list u8 268435456)))', invalid: tooLarge },
  {
    name: 'the size of a fixed-length list is not taken modulo 2^32',
    text: '(component (type (list u64 536870912)))',
    invalid: tooLarge,
  },
  {
    name: 'padding counts',
    text: '(component (type $a (record (field "a" u8) (field "b" u64))) (type (list $a 16777216)))',
    invalid: tooLarge,
  },
  {
    name: 'a variant takes the size of its largest case and of its discriminant',
    text: '(component (type (variant (case "a" (list u8 268435454)) (case "b"))))',
  },
  {
    name: 'a variant is too large when its discriminant makes it so',
    text: '(component (type (variant (case "a" (list u8 268435455)) (case "b"))))',
    invalid: tooLarge,
  },
  {
    name: 'pointers have 64 bits',
    text: '(component (type (list (map u8 u8) 16777216)))',
    invalid: tooLarge,
  },
  {
    name: 'the bytes that a pointer refers to do not count',
    text: '(component (type (tuple (list (list u8 268435455)) (list (list u8 268435455)))))',
  },
  {
    name: 'sizes that double at each level are refused if they get too large',
    text: `(component (type $t0 u64) ${Array.from({ length: 40 }, (_, n) => `(type $t${n + 1} (list $t${n} 2))`).join(
      ' ',
    )})`,
    invalid: tooLarge,
  },
];
