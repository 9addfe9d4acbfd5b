/** Names of declarations, which are valid in TypeScript and unique in their scope. */
import { toCamelCase, toPascalCase } from '../camel-case.ts';

/** Words that cannot name a function or a parameter. */
const RESERVED = new Set(
  (
    'arguments await break case catch class const continue debugger default delete do else enum eval export extends false ' +
    'finally for function if implements import in instanceof interface let new null package private protected public return ' +
    'static super switch this throw true try typeof var void while with yield'
  ).split(' '),
);

export function isReserved(name: string): boolean {
  return RESERVED.has(name);
}

/** Returns the name of a parameter. If an earlier parameter has the same name, a number is appended. */
export function parameterName(label: string, names: Names): string {
  const name = toCamelCase(label);
  return names.unique(isReserved(name) ? `${name}_` : name);
}

/**
 * Returns the name of an interface's namespace: `DecidableEventsourcingTypes` for
 * `decidable:eventsourcing/types@0.1.0`.
 */
export function namespaceName(name: string): string {
  return toPascalCase(name.replace(/@.*$/, '').replace(/[:/]/g, '-'));
}

/** Returns a key of an object type, in quotes if necessary. */
export function propertyKey(name: string): string {
  return /^[A-Za-z_$][\w$]*$/.test(name) ? name : quoted(name);
}

export function quoted(text: string): string {
  return `'${text}'`;
}

/** The names that are already used in one scope. */
export class Names {
  readonly #taken: Set<string>;

  constructor(taken: Iterable<string> = []) {
    this.#taken = new Set(taken);
  }

  /** Reserves the name and returns it, with a number appended if the name is already used. */
  unique(name: string): string {
    let free = name;
    for (let number = 2; this.#taken.has(free); number++) free = `${name}${number}`;
    this.#taken.add(free);
    return free;
  }

  has(name: string): boolean {
    return this.#taken.has(name);
  }
}
