/** Random types of the component model, and random values of them. */
import fc from 'fast-check';
import type { VectorParts, VectorType, VectorValue } from './vectors/vectors.ts';

type Values = fc.Arbitrary<VectorValue>;

const hexOf =
  (write: (bytes: Buffer, value: number) => void, size: number) =>
  (value: number): string => {
    const bytes = Buffer.alloc(size);
    write(bytes, value);
    return bytes.toString('hex');
  };
const text = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 12 }),
  fc.string({ unit: fc.integer({ min: 0x80, max: 0xff }).map((code) => String.fromCharCode(code)), maxLength: 12 }),
  fc.string({ unit: 'binary', minLength: 30, maxLength: 90 }),
);

const PRIMITIVES: Readonly<Record<string, Values>> = {
  bool: fc.boolean(),
  u8: fc.integer({ min: 0, max: 0xff }),
  s8: fc.integer({ min: -0x80, max: 0x7f }),
  u16: fc.integer({ min: 0, max: 0xffff }),
  s16: fc.integer({ min: -0x8000, max: 0x7fff }),
  u32: fc.integer({ min: 0, max: 0xffff_ffff }),
  s32: fc.integer(),
  u64: fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }).map(String),
  s64: fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }).map(String),
  f32: fc.float().map(hexOf((bytes, value) => bytes.writeFloatBE(value), 4)),
  f64: fc.double().map(hexOf((bytes, value) => bytes.writeDoubleBE(value), 8)),
  char: fc.string({ unit: 'binary', minLength: 1, maxLength: 1 }),
  string: text,
};
const KEYS = Object.keys(PRIMITIVES).filter((type) => !type.startsWith('f'));

/** The values of a type. */
export function valuesOf(type: VectorType): Values {
  if (typeof type === 'string') return PRIMITIVES[type]!;
  const [kind, ...parts] = type;
  const of = (part: unknown): Values => valuesOf(part as VectorType);
  const caseOf = (part: unknown, index: number): Values =>
    part === null ? fc.constant([index]) : of(part).map((value) => [index, value]);
  switch (kind) {
    case 'list': {
      const length = parts[1] as number | undefined;
      return fc.array(of(parts[0]), length === undefined ? { maxLength: 4 } : { minLength: length, maxLength: length });
    }
    case 'map':
      return fc.uniqueArray(fc.tuple(of(parts[0]), of(parts[1])), { maxLength: 3, selector: ([key]) => key });
    case 'option':
      return fc.oneof(
        fc.constant([]),
        of(parts[0]).map((value) => [value]),
      );
    case 'variant':
    case 'result':
      return fc.oneof(...parts.map(caseOf));
    case 'flags':
      return fc.integer({ min: 0, max: 2 ** (parts[0] as number) - 1 });
    case 'enum':
      return fc.integer({ min: 0, max: (parts[0] as number) - 1 });
    default:
      return fc.tuple(...parts.map(of));
  }
}

const primitive: fc.Arbitrary<VectorType> = fc.constantFrom(...Object.keys(PRIMITIVES));
const compound = (kind: string, ...parts: VectorParts[number][]): VectorType => [kind, ...parts];
/** Types that contain other types. */
export const types: fc.Arbitrary<VectorType> = fc.letrec<{ type: VectorType; inner: VectorType }>((tie) => {
  const inner = tie('inner');
  const payload = fc.option(inner);
  const several = fc.array(inner, { minLength: 1, maxLength: 5 });
  return {
    inner: fc.oneof({ maxDepth: 3 }, primitive, tie('type')),
    type: fc.oneof(
      { maxDepth: 3 },
      primitive,
      inner.map((element) => compound('list', element)),
      fc.tuple(inner, fc.integer({ min: 1, max: 5 })).map(([element, length]) => compound('list', element, length)),
      fc.tuple(fc.constantFrom(...KEYS), inner).map(([key, value]) => compound('map', key, value)),
      several.map((elements) => compound('tuple', ...elements)),
      several.map((fields) => compound('record', ...fields)),
      fc.array(payload, { minLength: 1, maxLength: 6 }).map((cases) => compound('variant', ...cases)),
      inner.map((value) => compound('option', value)),
      fc.tuple(payload, payload).map(([ok, error]) => compound('result', ok, error)),
      fc.integer({ min: 1, max: 32 }).map((count) => compound('flags', count)),
      fc.constantFrom(1, 2, 256, 257).map((count) => compound('enum', count)),
    ),
  };
}).type;
