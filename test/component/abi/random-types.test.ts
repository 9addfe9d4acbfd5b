/** Random values of random types, one inside another: whatever goes into a guest comes out the same. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { type GuestType, throughCoreValues, throughMemory } from './guests.ts';

/** A type as a value: how it is written, what it is flattened to, and its values. */
interface RandomType {
  /** Writes the type, after the definitions that it needs. */
  readonly write: (define: (definition: string) => string) => string;
  readonly flat: readonly string[];
  readonly values: fc.Arbitrary<unknown>;
  readonly isOption?: boolean;
}

const plain = (text: string, flat: readonly string[], values: fc.Arbitrary<unknown>): RandomType => ({
  write: () => text,
  flat,
  values,
});
const text = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 12 }),
  fc.string({ unit: fc.integer({ min: 0x80, max: 0xff }).map((code) => String.fromCharCode(code)), maxLength: 12 }),
);

const PRIMITIVES: readonly RandomType[] = [
  plain('bool', ['i32'], fc.boolean()),
  plain('u8', ['i32'], fc.integer({ min: 0, max: 0xff })),
  plain('s8', ['i32'], fc.integer({ min: -0x80, max: 0x7f })),
  plain('u16', ['i32'], fc.integer({ min: 0, max: 0xffff })),
  plain('s16', ['i32'], fc.integer({ min: -0x8000, max: 0x7fff })),
  plain('u32', ['i32'], fc.integer({ min: 0, max: 0xffff_ffff })),
  plain('s32', ['i32'], fc.integer()),
  plain('u64', ['i64'], fc.bigInt({ min: 0n, max: 2n ** 64n - 1n })),
  plain('s64', ['i64'], fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n })),
  plain('f32', ['f32'], fc.float()),
  plain('f64', ['f64'], fc.double()),
  plain('char', ['i32'], fc.string({ unit: 'binary', minLength: 1, maxLength: 1 })),
  plain('string', ['i32', 'i32'], text),
];

const TYPED_ARRAYS: Record<string, { from(values: never[]): ArrayLike<unknown> }> = {
  u8: Uint8Array,
  s8: Int8Array,
  u16: Uint16Array,
  s16: Int16Array,
  u32: Uint32Array,
  s32: Int32Array,
  u64: BigUint64Array,
  s64: BigInt64Array,
  f32: Float32Array,
  f64: Float64Array,
};

const LABELS = ['constructor', 'first-name', 'b2', 'to-string', 'tag', 'x-y-z', 'val'];
const camelCase = (label: string) => label.replace(/-(.)/g, (_, letter: string) => letter.toUpperCase());
const labelled = (types: readonly RandomType[]) => types.map((type, index) => ({ label: LABELS[index]!, type }));
const record = (entries: readonly (readonly [string, fc.Arbitrary<unknown>])[]) =>
  fc.record(Object.fromEntries(entries), { noNullPrototype: true });

function list(element: RandomType, length?: number): RandomType {
  const size = length === undefined ? { maxLength: 4 } : { minLength: length, maxLength: length };
  const numbers = TYPED_ARRAYS[element.write(String)];
  return {
    write: (define) => `(list ${element.write(define)}${length === undefined ? '' : ` ${length}`})`,
    flat: length === undefined ? ['i32', 'i32'] : Array.from({ length }, () => element.flat).flat(),
    values: fc
      .array(element.values, size)
      .map((values) => (numbers === undefined ? values : numbers.from(values as never[]))),
  };
}

function map(key: RandomType, value: RandomType): RandomType {
  return {
    write: (define) => `(map ${key.write(define)} ${value.write(define)})`,
    flat: ['i32', 'i32'],
    values: fc.array(fc.tuple(key.values, value.values), { maxLength: 3 }).map((pairs) => new Map(pairs)),
  };
}

function tuple(types: readonly RandomType[]): RandomType {
  return {
    write: (define) => `(tuple ${types.map((type) => type.write(define)).join(' ')})`,
    flat: types.flatMap((type) => type.flat),
    values: fc.tuple(...types.map((type) => type.values)),
  };
}

function recordOf(types: readonly RandomType[]): RandomType {
  const fields = labelled(types);
  return {
    write: (define) =>
      define(`(record ${fields.map(({ label, type }) => `(field "${label}" ${type.write(define)})`).join(' ')})`),
    flat: types.flatMap((type) => type.flat),
    values: record(fields.map(({ label, type }) => [camelCase(label), type.values])),
  };
}

/** `join` and `flatten_variant` of *CanonicalABI.md*. */
function joined(payloads: readonly (readonly string[])[]): readonly string[] {
  const flat: string[] = [];
  for (const payload of payloads) {
    for (const [index, core] of payload.entries()) {
      const have = flat[index] ?? core;
      flat[index] = have === core ? core : `${have} ${core}`.match(/64/) === null ? 'i32' : 'i64';
    }
  }
  return ['i32', ...flat];
}

function variant(types: readonly (RandomType | undefined)[]): RandomType {
  const cases = types.map((type, index) => ({ label: LABELS[index]!, type }));
  return {
    write: (define) =>
      define(
        `(variant ${cases.map(({ label, type }) => `(case "${label}" ${type === undefined ? '' : type.write(define)})`).join(' ')})`,
      ),
    flat: joined(types.map((type) => type?.flat ?? [])),
    values: fc.oneof(
      ...cases.map(({ label, type }) =>
        type === undefined ? fc.constant({ tag: label }) : type.values.map((val) => ({ tag: label, val })),
      ),
    ),
  };
}

function option(type: RandomType): RandomType {
  const none = type.isOption ? fc.constant({ tag: 'none' }) : fc.constant(undefined);
  const some = type.isOption ? type.values.map((val) => ({ tag: 'some', val })) : type.values;
  return {
    write: (define) => `(option ${type.write(define)})`,
    flat: joined([type.flat]),
    values: fc.oneof(none, some),
    isOption: true,
  };
}

function result(ok: RandomType | undefined, error: RandomType | undefined): RandomType {
  const of = (tag: string, type: RandomType | undefined): fc.Arbitrary<unknown> =>
    type === undefined ? fc.constant({ tag }) : type.values.map((val) => ({ tag, val }));
  return {
    write: (define) =>
      `(result ${ok === undefined ? '' : ok.write(define)} ${error === undefined ? '' : `(error ${error.write(define)})`})`,
    flat: joined([ok?.flat ?? [], error?.flat ?? []]),
    values: fc.oneof(of('ok', ok), of('err', error)),
  };
}

function flags(count: number): RandomType {
  const labels = Array.from({ length: count }, (_, index) => `flag-f${index}`);
  return {
    write: (define) => define(`(flags ${labels.map((label) => `"${label}"`).join(' ')})`),
    flat: ['i32'],
    values: record(labels.map((label) => [camelCase(label), fc.boolean()])),
  };
}

function enumeration(count: number): RandomType {
  const labels = Array.from({ length: count }, (_, index) => `e${index}`);
  return {
    write: (define) => define(`(enum ${labels.map((label) => `"${label}"`).join(' ')})`),
    flat: ['i32'],
    values: fc.constantFrom(...labels),
  };
}

const { type: types } = fc.letrec<{ type: RandomType; inner: RandomType }>((tie) => ({
  inner: fc.oneof({ maxDepth: 3 }, fc.constantFrom(...PRIMITIVES), tie('type')),
  type: fc.oneof(
    { maxDepth: 3 },
    fc.constantFrom(...PRIMITIVES),
    tie('inner').map((element) => list(element)),
    fc.tuple(tie('inner'), fc.integer({ min: 1, max: 5 })).map(([element, length]) => list(element, length)),
    fc
      .tuple(fc.constantFrom(...PRIMITIVES.filter(({ flat }) => !/f/.test(flat.join()))), tie('inner'))
      .map(([key, value]) => map(key, value)),
    fc.array(tie('inner'), { minLength: 1, maxLength: 5 }).map(tuple),
    fc.array(tie('inner'), { minLength: 1, maxLength: 5 }).map(recordOf),
    fc.array(fc.option(tie('inner'), { nil: undefined }), { minLength: 1, maxLength: 6 }).map(variant),
    tie('inner').map(option),
    fc
      .tuple(fc.option(tie('inner'), { nil: undefined }), fc.option(tie('inner'), { nil: undefined }))
      .map(([ok, error]) => result(ok, error)),
    fc.integer({ min: 1, max: 32 }).map(flags),
    fc.constantFrom(1, 2, 256, 257).map(enumeration),
  ),
}));

/** The text of a type; what has to have a name is defined and imported before. */
function written({ write, flat }: RandomType): GuestType {
  const definitions: string[] = [];
  const define = (definition: string): string => {
    const name = `t${definitions.length}`;
    definitions.push(`(type $${name}-x ${definition}) (import "${name}" (type $${name} (eq $${name}-x)))`);
    return `$${name}`;
  };
  const type = write(define);
  return { type, definitions: definitions.join('\n'), flat: flat.join(' ') };
}

const ENCODINGS = ['utf8', 'utf16', 'latin1+utf16'] as const;

describe('a random value of a random type is the same after a guest had it', () => {
  for (const encoding of ENCODINGS) {
    it(`in memory and as core values, with strings in ${encoding}`, async () => {
      let flattened = 0;
      await fc.assert(
        fc.asyncProperty(types, fc.integer({ min: 1, max: 2 ** 31 - 1 }), async (type, seed) => {
          const guestType = written(type);
          const isFlat = type.flat.length <= 16;
          if (isFlat) flattened++;
          const ways = [
            await throughMemory(guestType, encoding),
            ...(isFlat ? [await throughCoreValues(guestType, encoding)] : []),
          ];
          for (const value of fc.sample(type.values, { numRuns: 10, seed })) {
            for (const echo of ways) assert.deepEqual(echo(value), value, guestType.type);
          }
        }),
        { numRuns: 60 },
      );
      assert.ok(flattened > 10);
    });
  }
});
