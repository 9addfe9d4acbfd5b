import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { create, type DescMessage, equals, fromBinary, toBinary } from '@bufbuild/protobuf';
import { type Codec, DefinitionError, defineDecider, isFault } from 'decidable';
import { type Plain, protobuf, protobufSchema } from 'decidable/codecs/protobuf';
import fc from 'fast-check';
import { decodeMessage } from '../../../src/adapters/codecs/protobuf-decode.ts';
import { encodeMessage } from '../../../src/adapters/codecs/protobuf-encode.ts';
import { decodesOrRefuses } from './codec-laws.ts';
import { GroupedSchema, ParcelSchema, Size } from './protobuf/generated/closed_pb.ts';
import {
  Colour,
  CommandSchema,
  EventSchema,
  ListsSchema,
  type Maps,
  MapsSchema,
  NoUnionSchema,
  OptionalsSchema,
  ScalarCaseSchema,
  type Scalars,
  ScalarsSchema,
  ShapeSchema,
  TreeSchema,
  TwoOfOneSchema,
} from './protobuf/generated/kinds_pb.ts';
import { plainOf } from './protobuf/messages.ts';

const subject = { kind: 'event', type: 'Tree', schemaVersion: 1 } as const;
const messages: DescMessage[] = [ScalarsSchema, OptionalsSchema, ListsSchema, MapsSchema, TreeSchema, ShapeSchema];

const zeroes: Plain<Scalars> = {
  aDouble: 0,
  aFloat: 0,
  anInt32: 0,
  anInt64: 0n,
  aUint32: 0,
  aUint64: 0n,
  aSint32: 0,
  aSint64: 0n,
  aFixed32: 0,
  aFixed64: 0n,
  aSfixed32: 0,
  aSfixed64: 0n,
  aBool: false,
  aString: '',
  someBytes: new Uint8Array(0),
  colour: Colour.COLOUR_UNSPECIFIED,
  asText: '0',
};

function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('hex');
}

/** Field 1 of an entry, which is a string. */
function keyHex(key: string): string {
  const bytes = new TextEncoder().encode(key);
  return `0a0${bytes.length}${hex(bytes)}`;
}

function refusal(run: () => unknown): { code: string; place: string; problem: string } {
  try {
    run();
  } catch (error) {
    assert.ok(isFault(error), String(error));
    const details = new Map(error.payload.details);
    const place = details.get('path') ?? `byte ${details.get('offset')}`;
    return { code: error.code, place, problem: details.get('problem') ?? '' };
  }
  throw new assert.AssertionError({ message: 'nothing was refused' });
}

describe('the protobuf codec', () => {
  for (const message of messages) {
    const codec: Pick<Codec, 'encode' | 'decode'> = {
      encode: (value) => encodeMessage(message, value, subject),
      decode: (bytes) => decodeMessage(message, bytes, subject),
    };

    test(`encodes and decodes ${message.name} without change`, () => {
      fc.assert(
        fc.property(plainOf(message), (value) => {
          const bytes = encodeMessage(message, value, subject);
          const decoded = decodeMessage(message, bytes, subject);
          assert.deepEqual(decoded, value);
          assert.equal(hex(encodeMessage(message, decoded, subject)), hex(bytes));
        }),
        { numRuns: 200, seed: 11 },
      );
    });

    test(`encodes ${message.name} so that the library decodes an equal message`, () => {
      fc.assert(
        fc.property(plainOf(message), (value) => {
          const bytes = encodeMessage(message, value, subject);
          assert.ok(equals(message, fromBinary(message, bytes), create(message, value)));
          assert.deepEqual(decodeMessage(message, toBinary(message, create(message, value)), subject), value);
        }),
        { numRuns: 100, seed: 12 },
      );
    });

    test(`decodes arbitrary bytes of ${message.name} to a value with a canonical form, or refuses them`, () => {
      fc.assert(
        fc.property(plainOf(message), fc.infiniteStream(fc.nat(255)), fc.nat(), (value, noise, where) => {
          const bytes = Uint8Array.from(encodeMessage(message, value, subject));
          for (let hit = 0; hit < 3 && bytes.length > 0; hit++) {
            bytes[(where * (hit + 1)) % bytes.length] = noise.next().value ?? 0;
          }
          // The last bytes are repeated, because a message may be split into several parts.
          const parts = Uint8Array.from([...bytes, ...bytes.subarray(where % (bytes.length + 1))]);
          for (const source of [bytes, parts]) decodesOrRefuses(codec, source);
        }),
        { numRuns: 500, seed: 13 },
      );
    });
  }
});

describe('canonical Protocol Buffers', () => {
  test('sort a map by its keys: strings by UTF-8, integers by value, false before true', () => {
    const tree = { name: '', children: [] };
    const one: Plain<Maps> = {
      byText: { '\u{1f600}': 1n, '\uffe6': 2n, b: 3n, a: 4n, '10': 5n, '9': 6n },
      byNumber: { 5: 'five', '-3': 'minus three', 0: 'zero', 40: 'forty' },
      byLong: { '18446744073709551615': tree, '2': tree, '300': tree },
      byBool: { true: Colour.RED, false: Colour.GREEN },
    };
    const bytes = encodeMessage(MapsSchema, one, subject);
    const keysInOrder = ['10', '9', 'a', 'b', '\uffe6', '\u{1f600}']
      .map(keyHex)
      .concat(['08fdffffffffffffffff01', '0800', '0805', '0828'], ['0802', '08ac02', '08ffffffffffffffffff01']);
    const positions = keysInOrder.map((key) => hex(bytes).indexOf(key));
    assert.deepEqual(
      positions,
      positions.toSorted((a, b) => a - b),
    );
    assert.ok(!positions.includes(-1));
    assert.match(hex(bytes), /220d080010feffffffffffffffff01220408011001$/);

    const other = { ...one, byText: Object.fromEntries(Object.entries(one.byText).reverse()) };
    assert.equal(hex(encodeMessage(MapsSchema, other, subject)), hex(bytes));
  });

  test('sort fields by number and omit zeroes of fields without presence', () => {
    assert.equal(hex(encodeMessage(ScalarsSchema, zeroes, subject)), '');
    assert.equal(hex(encodeMessage(ScalarsSchema, { ...zeroes, aDouble: -0, aFloat: -0 }, subject)), '');
    const optional = { aString: '', anInt64: 0n, aDouble: -0, aBool: false };
    assert.equal(hex(encodeMessage(OptionalsSchema, optional, subject)), '09000000000000000010002000' + '4a00');
  });

  test('are decoded with zero for a missing field, unless the field has presence', () => {
    assert.deepEqual(decodeMessage(ScalarsSchema, new Uint8Array(0), subject), zeroes);
    assert.deepEqual(decodeMessage(OptionalsSchema, new Uint8Array(0), subject), {});
    assert.deepEqual(decodeMessage(ShapeSchema, new Uint8Array(0), subject), { shape: { case: undefined } });
    assert.deepEqual(decodeMessage(ParcelSchema, Uint8Array.of(0x0a, 0), subject), { address: '', sizes: [] });
  });
});

describe('a value that a message cannot represent exactly', () => {
  const cases: [string, DescMessage, unknown, string][] = [
    ['a value of another kind', ScalarsSchema, 5, '$'],
    ['a missing field', TreeSchema, { children: [] }, '$.name'],
    ['a field that the message does not have', TreeSchema, { name: '', children: [], nmae: 1 }, '$.nmae'],
    ['an integer outside 32 bits', ScalarsSchema, { ...zeroes, anInt32: 2 ** 31 }, '$.anInt32'],
    ['a negative unsigned integer', ScalarsSchema, { ...zeroes, aUint64: -1n }, '$.aUint64'],
    ['a number for 64 bits', ScalarsSchema, { ...zeroes, anInt64: 5 }, '$.anInt64'],
    ['an invalid integer as text', ScalarsSchema, { ...zeroes, asText: '05' }, '$.asText'],
    ['NaN', ScalarsSchema, { ...zeroes, aDouble: Number.NaN }, '$.aDouble'],
    ['a float that needs more than 32 bits', ScalarsSchema, { ...zeroes, aFloat: 0.1 }, '$.aFloat'],
    ['a lone surrogate', ScalarsSchema, { ...zeroes, aString: 'a\ud800' }, '$.aString'],
    [
      'an element of a list',
      ListsSchema,
      { numbers: [1n, 2], texts: [], colours: [], trees: [], loose: [], chunks: [] },
      '$.numbers[1]',
    ],
    [
      'a key that is not an integer',
      MapsSchema,
      { byText: {}, byNumber: { '05': '' }, byLong: {}, byBool: {} },
      '$.byNumber["05"]',
    ],
    [
      '__proto__',
      MapsSchema,
      { byText: JSON.parse('{"__proto__":1}'), byNumber: {}, byLong: {}, byBool: {} },
      '$.byText.__proto__',
    ],
    ['an unknown case', ShapeSchema, { shape: { case: 'square', value: 1 } }, '$.shape.case'],
    ['a wrong value of a case', ShapeSchema, { shape: { case: 'circle', value: 'x' } }, '$.shape.value'],
    ['a value outside a closed enum', ParcelSchema, { address: '', sizes: [3] }, '$.sizes[0]'],
    ['a missing required field', ParcelSchema, { sizes: [] }, '$.address'],
    ['a class instance', TreeSchema, new (class Tree {})(), '$'],
  ];
  for (const [what, message, value, path] of cases) {
    test(`is refused with its path: ${what}`, () => {
      const { code, place } = refusal(() => encodeMessage(message, value, subject));
      assert.deepEqual({ code, place }, { code: 'unencodable-value', place: path });
    });
  }

  test('is refused if it contains itself', () => {
    const tree = { name: 'a', children: [] as unknown[] };
    tree.children.push(tree);
    assert.match(refusal(() => encodeMessage(TreeSchema, tree, subject)).problem, /contains itself/);
  });
});

describe('bytes that are not a message', () => {
  const cases: [string, DescMessage, string, number][] = [
    ['an unknown field', TreeSchema, '0a0161' + '2001', 3],
    ['a wrong wire type', TreeSchema, '0801', 0],
    ['bytes that end early', TreeSchema, '0a0561', 0],
    ['a length beyond the containing message', TreeSchema, '1a020a05' + '6161616161', 2],
    ['text that is not UTF-8', TreeSchema, '0a01ff', 0],
    ['a value outside a closed enum', ParcelSchema, '0a001003', 2],
    ['a missing required field', ParcelSchema, '1001', 2],
    ['NaN', ShapeSchema, '09000000000000f87f', 0],
    ['the field number 0', TreeSchema, '0001', 0],
    ['a key __proto__', MapsSchema, '0a0d0a095f5f70726f746f5f5f1001', 0],
  ];
  for (const [what, message, bytes, offset] of cases) {
    test(`are refused with their offset: ${what}`, () => {
      const { code, place } = refusal(() => decodeMessage(message, Buffer.from(bytes, 'hex'), subject));
      assert.deepEqual({ code, place }, { code: 'undecodable-payload', place: `byte ${offset}` });
    });
  }

  test('are refused if messages are nested too deep', () => {
    let bytes = new Uint8Array(0);
    for (let depth = 0; depth < 200; depth++) {
      const length = bytes.length < 128 ? [bytes.length] : [(bytes.length & 0x7f) | 0x80, bytes.length >> 7];
      bytes = Uint8Array.of(0x1a, ...length, ...bytes);
    }
    assert.match(refusal(() => decodeMessage(TreeSchema, bytes, subject)).problem, /nested deeper than 100/);
  });
});

test('a message is decoded from every form that a writer may choose', () => {
  const lists = { numbers: [1n, 2n], texts: ['a'], colours: [], trees: [], loose: [1, 2], chunks: [] };
  const other = Buffer.from('2a020102' + '120161' + '08010802', 'hex');
  assert.deepEqual(decodeMessage(ListsSchema, other, subject), lists);
  const parts = Buffer.from('1a030a0161' + '1a050a03' + '626262', 'hex');
  assert.deepEqual(decodeMessage(TreeSchema, parts, subject), {
    name: '',
    children: [],
    twin: { name: 'bbb', children: [] },
  });
});

describe('a decider with messages of a .proto', () => {
  const types = protobuf({ commands: CommandSchema, events: EventSchema, state: TreeSchema });

  test('has the cases of the unions as message types', () => {
    assert.deepEqual(Object.keys(types.commands), ['Scalars', 'Optionals', 'Lists']);
    assert.deepEqual(Object.keys(types.events), ['Maps', 'Tree', 'Shape']);
  });

  test('has schemas that report the path of each problem', async () => {
    const good = { name: 'a', children: [] };
    assert.deepEqual(await types.state['~standard'].validate(good), { value: good });
    const bad = await protobufSchema(TreeSchema)['~standard'].validate({ name: 5, children: [{ name: '' }] });
    assert.deepEqual(
      bad.issues?.map(({ path, message }) => [path, message]),
      [
        [['name'], 'must be a string'],
        [['children', 0, 'children'], 'is missing; the field is required'],
      ],
    );
  });

  test('stores and infers the types of its messages', () => {
    const garden = defineDecider({
      name: 'garden',
      version: '1.0.0',
      ...types,
      category: 'garden',
      streamId: () => '1',
      initialState: { name: '', children: [] },
      evolve: {
        Tree: (state, tree) => {
          state.children.push(tree);
        },
        Maps: () => undefined,
        Shape: () => undefined,
      },
      decide: {
        Optionals: (_, { aString }) => [{ type: 'Tree', data: { name: aString ?? 'oak', children: [] } }],
        Scalars: () => [],
        Lists: () => [],
      },
    });
    const state = garden.decider.initialState();
    const command = garden.types.command.fromEnvelope(
      garden.types.command.toEnvelope({ type: 'Optionals', data: { aString: 'elm' } }),
    );
    const [event] = garden.decider.decide(state, command);
    assert.ok(event);
    const envelope = garden.types.event.toEnvelope(event);
    assert.deepEqual(envelope, {
      type: 'Tree',
      schemaVersion: 1,
      payload: Uint8Array.from(Buffer.from('0a03656c6d', 'hex')),
    });
    const after = garden.decider.evolve(state, garden.types.event.fromEnvelope(envelope));
    assert.deepEqual(after, { name: '', children: [{ name: 'elm', children: [] }] });
    assert.deepEqual(garden.types.state.fromBytes(garden.types.state.toBytes(after)), after);
  });

  test('refuses an unknown message type with a fault', () => {
    const unknown = { kind: 'command', type: 'Tree', schemaVersion: 1 } as const;
    assert.equal(refusal(() => types.codec.encode({}, unknown)).code, 'unencodable-value');
    assert.equal(refusal(() => types.codec.decode(new Uint8Array(0), unknown)).code, 'undecodable-payload');
  });

  test('is not defined if its union is not a union of messages or a field has no plain form', () => {
    const state = TreeSchema;
    for (const union of [NoUnionSchema, TwoOfOneSchema, ScalarCaseSchema, TreeSchema]) {
      assert.throws(() => protobuf({ commands: CommandSchema, events: union, state }), DefinitionError, union.name);
    }
    assert.throws(() => protobufSchema(GroupedSchema), DefinitionError);
    assert.equal(Size.SMALL, 1);
  });
});
