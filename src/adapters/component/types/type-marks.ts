/**
 * Marks on a type: its visibility in a scope, and its replacement in a substitution. There are many scopes and
 * substitutions, but most types are marked by only one of them, which stores its mark in the type itself. A map from
 * types took a sixth of the validator's time, most of it for numbering the objects that are its keys.
 */

let places = 0;

/** Returns a unique number for a scope or a substitution. */
export function newPlace(): number {
  return ++places;
}

/** A type that can be marked. It is an interface, because creating objects of a derived class takes longer. */
export interface Marked<Replacement> {
  /**
   * The scope in which the type has an externally visible name, or 0. `visibility` is the use of the name: see
   * `visibility.ts`.
   */
  visibleIn: number;
  visibility: number;
  /** The substitution that replaces the type, or 0. */
  replacedIn: number;
  replacement: Replacement | undefined;
}

/** The replacements of types in one substitution. */
export class Replacements<Type extends Marked<Type>> {
  readonly #place = newPlace();
  /** The replacements of types that another substitution has marked. */
  #others: Map<Type, Type> | undefined = undefined;

  get(type: Type): Type | undefined {
    return type.replacedIn === this.#place ? type.replacement : this.#others?.get(type);
  }

  set(type: Type, replacement: Type): void {
    if (type.replacedIn === 0 || type.replacedIn === this.#place) {
      type.replacedIn = this.#place;
      type.replacement = replacement;
    } else {
      this.#others ??= new Map();
      this.#others.set(type, replacement);
    }
  }
}
