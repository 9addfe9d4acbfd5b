/**
 * The fingerprint of the code that makes a module's states: its `evolve` functions, the schemas of its state and its
 * events, and its upcasters. Each snapshot stores it, so that the stream is folded again if different code made the
 * snapshot.
 *
 * It covers the text of the functions and the visible parts of the schemas. It does not cover the functions that these
 * functions call. If a change of such a function has to invalidate stored snapshots, raise the module's version.
 * Another build of the same code (minified, or instrumented for coverage) may have another fingerprint, which costs one
 * replay for each stream. For the same reason the fingerprint is not the module's digest, which would stay in the
 * decision records (docs/decisions.md §52).
 */
import { compareUtf8 } from '../codec/values.ts';
import { sha256 } from '../storage/sha256.ts';
import { toHex } from '../uuid.ts';
import type { MessageTable } from './message-table.ts';
import { zodDefinition } from './zod.ts';

/**
 * An addition to the world of a module (wit/worlds.wit). The event sourcer stores the fingerprint with each snapshot.
 */
export interface StateFingerprint {
  /** Identifies the code that makes the module's states. Two modules with the same value make the same states. */
  readonly stateFingerprint?: string | undefined;
}

/** The parts of a module that make its states. */
export interface StateMakers {
  readonly schema: unknown;
  readonly initial: unknown;
  readonly events: MessageTable;
  readonly evolve: object;
}

/** Returns 16 hexadecimal digits, which are enough to detect a change, but do not protect against an attacker. */
export function fingerprintOf({ schema, initial, events, evolve }: StateMakers): string {
  const description = new Description();
  description.add({ schema, initial, evolve });
  for (const [type, { definition }] of events) {
    description.add({
      type,
      schemaVersion: definition.schemaVersion,
      schema: definition.schema,
      upcast: definition.upcast,
    });
  }
  return description.fingerprint();
}

/** Returns 16 hexadecimal digits that change with the value: a function, a schema, or plain data. */
export function fingerprint(value: unknown): string {
  const description = new Description();
  description.add(value);
  return description.fingerprint();
}

/** Returns the fingerprints of the entries of a record, each under `<prefix>.<name>`. */
export function fingerprintsOf(prefix: string, record: object): Readonly<Record<string, string>> {
  return Object.fromEntries(
    Object.entries(record).flatMap(([name, value]) =>
      value === undefined ? [] : [[`${prefix}.${name}`, fingerprint(value)]],
    ),
  );
}

/**
 * The fingerprints of a read model's or a process manager's code. A store keeps them, to detect a change of the code
 * under the same version.
 */
export interface CodeFingerprints {
  /** The fingerprint of each function and schema, by its place in the definition (for example `project.Deposited`). */
  readonly codeFingerprints?: Readonly<Record<string, string>> | undefined;
}

/** The maximum number of parts of a schema that are read. Some libraries link each schema to all others. */
const MAX_PARTS = 20_000;

/** Describes values as a text that is the same in each process. */
class Description {
  text = '';
  #parts = 0;
  readonly #seen = new Map<object, number>();

  fingerprint(): string {
    const digest = sha256(new TextEncoder().encode(this.text));
    return toHex(digest.subarray(0, 8));
  }

  add(value: unknown): void {
    if (++this.#parts > MAX_PARTS) return;
    if (typeof value === 'string') this.text += JSON.stringify(value);
    else if ((typeof value === 'object' && value !== null) || typeof value === 'function') this.#addObject(value);
    else this.text += `${typeof value} ${String(value)}`;
    this.text += ';';
  }

  #addObject(value: object): void {
    const seen = this.#seen.get(value);
    if (seen !== undefined) {
      this.text += `#${seen}`;
      return;
    }
    this.#seen.set(value, this.#seen.size);
    const zod = zodDefinition(value);
    if (zod !== undefined) this.#addFields(zod);
    else if (typeof value === 'function') this.#addFunction(value);
    else if (value instanceof Date) this.text += `date ${value.getTime()}`;
    else if (value instanceof RegExp) this.text += String(value);
    else if (value instanceof Map || value instanceof Set || Array.isArray(value)) this.#addList(value);
    else if (value instanceof Uint8Array) this.#addList(value);
    else this.#addFields(value);
  }

  #addList(values: Iterable<unknown>): void {
    this.text += '[';
    for (const value of values) this.add(value);
    this.text += ']';
  }

  #addFunction(value: object): void {
    // A compiler that only removes types changes only white space.
    this.text += Function.prototype.toString.call(value).replaceAll(/\s+/g, '');
    // arktype's types are functions. Their JSON describes them, and their fields lead to all of arktype.
    const json: unknown = Reflect.get(value, 'json');
    if ('~standard' in value && json !== undefined) this.text += JSON.stringify(json);
    else this.#addFields(value);
  }

  #addFields(value: object): void {
    this.text += '{';
    for (const key of Object.keys(value).sort(compareUtf8)) {
      this.text += `${key}:`;
      this.add(Reflect.get(value, key));
    }
    this.text += '}';
  }
}
