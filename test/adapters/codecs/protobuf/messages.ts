/** Arbitrary plain objects of a message, derived from its descriptor. */
import { type DescField, type DescMessage, ScalarType } from '@bufbuild/protobuf';
import fc from 'fast-check';

const text = fc.string({ unit: 'binary', maxLength: 8 });
const float = fc.double({ noNaN: true, noDefaultInfinity: true }).map((value) => value + 0);
const int32 = fc.integer();
const uint32 = fc.nat(0xffff_ffff);
const int64 = fc.bigInt(-(2n ** 63n), 2n ** 63n - 1n);
const uint64 = fc.bigInt(0n, 2n ** 64n - 1n);

const SCALARS: Readonly<Record<ScalarType, fc.Arbitrary<unknown>>> = {
  [ScalarType.DOUBLE]: float,
  [ScalarType.FLOAT]: fc.float({ noNaN: true, noDefaultInfinity: true }).map((value) => value + 0),
  [ScalarType.INT64]: int64,
  [ScalarType.UINT64]: uint64,
  [ScalarType.INT32]: int32,
  [ScalarType.FIXED64]: uint64,
  [ScalarType.FIXED32]: uint32,
  [ScalarType.BOOL]: fc.boolean(),
  [ScalarType.STRING]: text,
  [ScalarType.BYTES]: fc.uint8Array({ maxLength: 8 }),
  [ScalarType.UINT32]: uint32,
  [ScalarType.SFIXED32]: int32,
  [ScalarType.SFIXED64]: int64,
  [ScalarType.SINT32]: int32,
  [ScalarType.SINT64]: int64,
};

/** @param depth the greatest depth of messages that contain themselves. */
export function plainOf(message: DescMessage, depth = 3): fc.Arbitrary<Record<string, unknown>> {
  const members = message.members.map((member): [string, fc.Arbitrary<unknown>] => {
    if (member.kind === 'oneof') {
      const cases = member.fields.map((field) =>
        fc.record({ case: fc.constant(field.localName), value: one(field, depth) }, { noNullPrototype: true }),
      );
      return [member.localName, fc.oneof(fc.constant({ case: undefined }), ...cases)];
    }
    if (member.fieldKind === 'list' || member.fieldKind === 'map' || member.presence === 2) {
      return [member.localName, one(member, depth)];
    }
    return [member.localName, depth > 0 ? fc.option(one(member, depth), { nil: undefined }) : fc.constant(undefined)];
  });
  return fc.record(Object.fromEntries(members)).map((record) => {
    return Object.fromEntries(Object.entries(record).filter(([, value]) => value !== undefined));
  });
}

function one(field: DescField, depth: number): fc.Arbitrary<unknown> {
  switch (field.fieldKind) {
    case 'scalar':
      return field.longAsString ? int64.map(String) : SCALARS[field.scalar];
    case 'enum':
      return fc.constantFrom(...field.enum.values.map((value) => value.number));
    case 'message':
      return plainOf(field.message, depth - 1);
    case 'list':
      return depth <= 0 ? fc.constant([]) : fc.array(element(field, depth), { maxLength: 4 });
    case 'map': {
      if (depth <= 0) return fc.constant({});
      const keys = SCALARS[field.mapKey].map(String).filter((key) => key !== '__proto__');
      return fc
        .array(fc.tuple(keys, element(field, depth)), { maxLength: 4 })
        .map((entries) => Object.fromEntries(entries));
    }
  }
}

function element(field: DescField & { fieldKind: 'list' | 'map' }, depth: number): fc.Arbitrary<unknown> {
  if (field.message !== undefined) return plainOf(field.message, depth - 1);
  if (field.enum !== undefined) return fc.constantFrom(...field.enum.values.map((value) => value.number));
  return SCALARS[field.scalar];
}
