/**
 * What is found out about a type in one place: whether it has a name in a scope, what replaces it in a substitution. Each
 * such place is one of many, and most types are looked at by one: it makes its note in the type itself. A map from types
 * took a sixth of the validator's time, most of it for numbering the objects that are its keys.
 */

let places = 0;

/** A number for a place that makes notes: never the same again, in no component. */
export function newPlace(): number {
  return ++places;
}

/** What notes can be made in. (No class to extend: what extends one takes longer to make.) */
export interface Noted<Replacement> {
  /** The scope in which it has an externally visible name, and for what: see `visibility.ts`. 0 where there is none. */
  visibleIn: number;
  visibility: number;
  /** The substitution that replaces it. */
  replacedIn: number;
  replacement: Replacement | undefined;
}

/** What replaces types in one substitution. */
export class Replacements<Type extends Noted<Type>> {
  readonly #place = newPlace();
  /** Of types in which another substitution has made its note. */
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
