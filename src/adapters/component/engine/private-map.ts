/**
 * A map from objects to which the loader must not add properties: types, and functions that it returned to users.
 *
 * The value is a private field of the key itself. A `WeakMap` has the same meaning. But its table grows with every component
 * that is compiled and instantiated until a full collection, and each young collection keeps alive and copies its entries, so
 * that compiling and instantiating a component allocates three times as much.
 */
export interface SideTable<Key extends object, Value> {
  get(key: Key): Value | undefined;
  set(key: Key, value: Value): void;
}

function itself(key: object): object {
  return key;
}

/** A constructor that returns its argument, so that the fields of a derived class are added to that object. */
const Itself = itself as unknown as new (key: object) => object;

/** Returns an empty map. */
export function sideTable<Key extends object, Value>(): SideTable<Key, Value> {
  return class Entry extends Itself {
    #value: Value;

    constructor(key: object, value: Value) {
      super(key);
      this.#value = value;
    }

    static get(key: object): Value | undefined {
      return #value in key ? key.#value : undefined;
    }

    static set(key: object, value: Value): void {
      if (#value in key) key.#value = value;
      else new Entry(key, value);
    }
  };
}
