/** Checks that a message can represent a plain object exactly, and that a message type has a plain form. */
import type { DescEnum, DescField, DescMessage, DescOneof } from '@bufbuild/protobuf';
import {
  depthProblem,
  isRecord,
  LONE_SURROGATE_PROBLEM,
  NOT_FINITE_PROBLEM,
  type Path,
  PROTO_PROBLEM,
} from '../../core/codec/values.ts';
import { DefinitionError } from '../../core/errors.ts';
import { MAX_VALUE_DEPTH } from '../../core/limits.ts';
import { ScalarType } from './protobuf-runtime.ts';

export interface Issue {
  readonly message: string;
  readonly path: Path;
}

/** The value of `google.protobuf.FeatureSet.FieldPresence` for fields that do not distinguish zero from unset. */
const IMPLICIT = 2;
/** The value of the same feature for `required` of proto2. */
const LEGACY_REQUIRED = 3;

/** Returns whether the field is omitted if it is zero, and read as zero if it is absent. */
export function isImplicit(field: DescField): boolean {
  return field.presence === IMPLICIT;
}

export function isRequired(field: DescField): boolean {
  return field.presence === LEGACY_REQUIRED;
}

const checked = new WeakSet<DescMessage>();

/** Checks a message type. @throws DefinitionError for fields that generated code does not represent as plain data. */
export function checkDescriptor(message: DescMessage): void {
  if (checked.has(message)) return;
  checked.add(message);
  for (const field of message.fields) {
    if ('delimitedEncoding' in field && field.delimitedEncoding) {
      throw new DefinitionError(String(field), 'groups and delimited fields are not supported; use a message');
    }
    if (field.message === undefined) continue;
    if (/^google\.protobuf\.(Struct|Value|ListValue|\w+Value)$/.test(field.message.typeName)) {
      const advice = 'use `optional`, or define a message';
      throw new DefinitionError(String(field), `${field.message.typeName} is not supported; ${advice}`);
    }
    checkDescriptor(field.message);
  }
}

/** Returns all problems of a value. */
export function issuesOf(message: DescMessage, value: unknown): Issue[] {
  const issues: Issue[] = [];
  new Check(value, issues).message(message, value, []);
  return issues;
}

/** Returns the problem of a scalar, or `undefined` if it is valid. */
function scalarProblem(type: ScalarType, longAsString: boolean, value: unknown): string | undefined {
  switch (type) {
    case ScalarType.INT32:
    case ScalarType.SINT32:
    case ScalarType.SFIXED32:
      return integerProblem(value, -0x8000_0000, 0x7fff_ffff);
    case ScalarType.UINT32:
    case ScalarType.FIXED32:
      return integerProblem(value, 0, 0xffff_ffff);
    case ScalarType.INT64:
    case ScalarType.SINT64:
    case ScalarType.SFIXED64:
      return longProblem(value, longAsString, BigInt.asIntN);
    case ScalarType.UINT64:
    case ScalarType.FIXED64:
      return longProblem(value, longAsString, BigInt.asUintN);
    case ScalarType.BOOL:
      return typeof value === 'boolean' ? undefined : 'must be a boolean';
    case ScalarType.STRING:
      if (typeof value !== 'string') return 'must be a string';
      return value.isWellFormed() ? undefined : LONE_SURROGATE_PROBLEM;
    case ScalarType.BYTES:
      return value instanceof Uint8Array ? undefined : 'must be a Uint8Array';
    case ScalarType.DOUBLE:
      return floatProblem(value);
    case ScalarType.FLOAT:
      return floatProblem(value) ?? (Math.fround(Number(value)) === value ? undefined : NO_FLOAT);
  }
}

// Such a number would be decoded as a different one, so a replayed state would differ from the one in memory.
const NO_FLOAT = 'does not fit a float of 32 bits; round it with Math.fround, or make the field a double';

function integerProblem(value: unknown, least: number, greatest: number): string | undefined {
  const fits = typeof value === 'number' && Number.isInteger(value) && value >= least && value <= greatest;
  return fits ? undefined : `must be an integer from ${least} to ${greatest}`;
}

function longProblem(
  value: unknown,
  asString: boolean,
  clamp: (bits: number, value: bigint) => bigint,
): string | undefined {
  const range = clamp === BigInt.asIntN ? 'signed' : 'unsigned';
  if (asString) {
    const fits = typeof value === 'string' && /^(0|-?[1-9]\d{0,19})$/.test(value) && longFits(BigInt(value), clamp);
    return fits ? undefined : `must be a string with a ${range} integer of 64 bits`;
  }
  return typeof value === 'bigint' && longFits(value, clamp) ? undefined : `must be a bigint, ${range}, of 64 bits`;
}

function longFits(value: bigint, clamp: (bits: number, value: bigint) => bigint): boolean {
  return clamp(64, value) === value;
}

function floatProblem(value: unknown): string | undefined {
  if (typeof value !== 'number') return 'must be a number';
  return Number.isFinite(value) ? undefined : NOT_FINITE_PROBLEM;
}

function enumProblem(type: DescEnum, value: unknown): string | undefined {
  const fits = type.open
    ? integerProblem(value, -0x8000_0000, 0x7fff_ffff) === undefined
    : type.values.some((known) => known.number === value);
  return fits ? undefined : `must be a value of the enum ${type.typeName}`;
}

/** Checks one value, and collects its issues. */
class Check {
  readonly #root: unknown;
  readonly #issues: Issue[];

  constructor(root: unknown, issues: Issue[]) {
    this.#root = root;
    this.#issues = issues;
  }

  #report(path: Path, message: string | undefined): void {
    if (message !== undefined) this.#issues.push({ message, path });
  }

  message(type: DescMessage, value: unknown, path: Path): void {
    if (path.length >= MAX_VALUE_DEPTH) {
      this.#report(path, depthProblem(this.#root, path));
      return;
    }
    if (typeof value !== 'object' || value === null || !isRecord(value)) {
      this.#report(path, `must be an object of the message ${type.typeName}`);
      return;
    }
    const members = new Map(type.members.map((member) => [member.localName, member]));
    for (const key of Object.keys(value)) {
      // Messages of generated code are accepted too.
      const isTag = key === '$typeName' && value[key] === type.typeName;
      if (value[key] === undefined || isTag || members.has(key)) continue;
      this.#report([...path, key], `is not a field of the message ${type.typeName}`);
    }
    for (const [name, member] of members) {
      if (member.kind === 'oneof') this.#oneof(member, value[name], [...path, name]);
      else this.#field(member, value[name], [...path, name]);
    }
  }

  #oneof(oneof: DescOneof, value: unknown, path: Path): void {
    if (value === undefined) return;
    if (typeof value !== 'object' || value === null) {
      this.#report(path, 'must be { case, value }');
      return;
    }
    const chosen: unknown = Reflect.get(value, 'case');
    if (chosen === undefined) return;
    const field = oneof.fields.find((candidate) => candidate.localName === chosen);
    if (field === undefined) {
      this.#report([...path, 'case'], `must be a case of the oneof ${oneof.name}`);
      return;
    }
    this.#value(field, Reflect.get(value, 'value'), [...path, 'value']);
  }

  #field(field: DescField, value: unknown, path: Path): void {
    if (value !== undefined) {
      this.#value(field, value, path);
      return;
    }
    const mustBeThere =
      isRequired(field) || field.fieldKind === 'list' || field.fieldKind === 'map' || isImplicit(field);
    if (mustBeThere) this.#report(path, 'is missing; the field is required');
  }

  #value(field: DescField, value: unknown, path: Path): void {
    switch (field.fieldKind) {
      case 'scalar':
        this.#report(path, scalarProblem(field.scalar, field.longAsString, value));
        break;
      case 'enum':
        this.#report(path, enumProblem(field.enum, value));
        break;
      case 'message':
        this.message(field.message, value, path);
        break;
      case 'list':
        this.#list(field, value, path);
        break;
      case 'map':
        this.#map(field, value, path);
        break;
    }
  }

  #list(field: DescField & { fieldKind: 'list' }, value: unknown, path: Path): void {
    if (!Array.isArray(value)) {
      this.#report(path, 'must be an array');
      return;
    }
    for (let index = 0; index < value.length; index++) this.#element(field, value[index], [...path, index]);
  }

  #element(field: DescField & { fieldKind: 'list' }, value: unknown, path: Path): void {
    if (field.listKind === 'message') this.message(field.message, value, path);
    else if (field.listKind === 'enum') this.#report(path, enumProblem(field.enum, value));
    else this.#report(path, scalarProblem(field.scalar, field.longAsString, value));
  }

  #map(field: DescField & { fieldKind: 'map' }, value: unknown, path: Path): void {
    if (typeof value !== 'object' || value === null || !isRecord(value)) {
      this.#report(path, 'must be a record');
      return;
    }
    for (const key of Object.keys(value)) {
      const inner = [...path, key];
      this.#report(inner, mapKeyProblem(field.mapKey, key));
      if (field.mapKind === 'message') this.message(field.message, value[key], inner);
      else if (field.mapKind === 'enum') this.#report(inner, enumProblem(field.enum, value[key]));
      else this.#report(inner, scalarProblem(field.scalar, false, value[key]));
    }
  }
}

/**
 * Checks the key of a record, which is a string. Integers and booleans must have the form in which JavaScript prints
 * them.
 */
function mapKeyProblem(type: ScalarType, key: string): string | undefined {
  if (key === '__proto__') return PROTO_PROBLEM;
  const problem = scalarProblem(type, true, mapKeyOf(type, key));
  return problem && `has a key that ${problem}`;
}

/** Converts the key of a record to the key of a map. 64-bit integers remain strings. */
export function mapKeyOf(type: ScalarType, key: string): string | number | boolean {
  switch (type) {
    case ScalarType.STRING:
    case ScalarType.INT64:
    case ScalarType.SINT64:
    case ScalarType.SFIXED64:
    case ScalarType.UINT64:
    case ScalarType.FIXED64:
      return key;
    case ScalarType.BOOL:
      return key === 'true' ? true : key === 'false' ? false : key;
    default:
      return /^(0|-?[1-9]\d*)$/.test(key) ? Number(key) : key;
  }
}
