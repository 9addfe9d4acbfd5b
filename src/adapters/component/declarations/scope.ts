/** The scopes of a file of declarations: the file itself, and a namespace for each interface. */
import type { ResourceType, ValueType } from '../types.ts';
import { Names } from './identifiers.ts';

/** A type that has a name. One object is one type, even if it has several names. */
export type NamedType = ValueType | ResourceType;

/** The names of types in the whole file, and the helpers that it needs. */
export class DeclaredTypes {
  readonly #paths = new Map<NamedType, string>();
  readonly #twins = new Map<string, string>();
  readonly #resources = new Map<unknown, number>();
  /** Names of types, in any scope, that hide a global type of the same name. */
  readonly #hidden = new Set<string>();
  readonly helpers: Set<'Option' | 'Result'> = new Set();

  add(type: NamedType, path: string): void {
    if (!this.#paths.has(type)) this.#paths.set(type, path);
  }

  pathOf(type: NamedType): string | undefined {
    return this.#paths.get(type);
  }

  /**
   * Returns the path of an earlier type with the same name and structure. If an interface uses a type of another
   * interface, it contains a copy of the type, and both are one type in TypeScript.
   */
  twinOf(name: string, type: ValueType, path: string): string | undefined {
    const key = `${name} ${JSON.stringify(type, (_, part: unknown) => this.#numbered(part))}`;
    const twin = this.#twins.get(key);
    if (twin === undefined) this.#twins.set(key, path);
    return twin;
  }

  /** Replaces resource types by numbers, because they are compared by identity. */
  #numbered(part: unknown): unknown {
    if ((part as { readonly kind?: unknown } | null)?.kind !== 'resource') return part;
    let number = this.#resources.get(part);
    if (number === undefined) this.#resources.set(part, (number = this.#resources.size));
    return number;
  }

  hide(name: string): void {
    this.#hidden.add(name);
  }

  /** Returns the name of a global type, even if a type of the component hides it. */
  global(name: string): string {
    return this.#hidden.has(name) ? `globalThis.${name}` : name;
  }

  /** Returns the name of a helper type. No other type in the file has this name. */
  helper(name: 'Option' | 'Result'): string {
    this.helpers.add(name);
    return this.helperName(name);
  }

  helperName(name: 'Option' | 'Result'): string {
    let free: string = name;
    while (this.#hidden.has(free)) free += '_';
    return free;
  }
}

/** The file, or a namespace in it. */
export class Scope {
  readonly declared: DeclaredTypes;
  readonly names: Names;
  /** The names of the enclosing namespaces and of this scope, each followed by a dot. */
  readonly path: string;
  readonly #local = new Map<NamedType, string>();

  constructor(declared: DeclaredTypes, path: string, taken: Iterable<string> = []) {
    this.declared = declared;
    this.path = path;
    this.names = new Names(taken);
  }

  /** Reserves a name for a type in this scope. */
  declare(type: NamedType, name: string): string {
    const unique = this.names.unique(name);
    if (!this.#local.has(type)) this.#local.set(type, unique);
    this.declared.add(type, this.path + unique);
    return unique;
  }

  /** Returns the name of the type in this scope, or undefined if it has no name. */
  nameOf(type: NamedType): string | undefined {
    return this.#local.get(type) ?? this.declared.pathOf(type);
  }
}
