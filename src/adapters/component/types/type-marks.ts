/**
 * Marks of types: whether a type has a name in a scope, and its replacement in a substitution. There are many scopes and
 * substitutions, and most types occur in one of each, so the mark is in the type itself. A map from types took a sixth of the
 * validator's time, most of it for numbering the objects that are its keys.
 */

let places = 0;

/** Returns a number for a scope or a substitution. It is unique over all components. */
export function newPlace(): number {
  return ++places;
}

/** The marks of an object. (It is not a base class, because creating an object of a derived class takes longer.) */
export interface Noted<Replacement> {
  /** The scope in which it has an externally visible name, and the kind of name: see `visibility.ts`. 0 if it has none. */
  visibleIn: number;
  visibility: number;
  /** The substitution that replaces it. */
  replacedIn: number;
  replacement: Replacement | undefined;
}

/** The replacements of types in one substitution. */
export class Replacements<Type extends Noted<Type>> {
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
