/**
 * A map from objects to which the loader must not add properties, such as a type, or a function that it passed to the
 * host.
 *
 * The value is a private field of the key itself. A `WeakMap` has the same effect, but its table grows with every
 * component that is compiled and instantiated until a full collection, and each young collection keeps alive and copies
 * its entries. A component that is compiled and instantiated then allocates three times as much.
 */
export interface PrivateMap<Key extends object, Value> {
  get(key: Key): Value | undefined;
  set(key: Key, value: Value): void;
}

function itself(key: object): object {
  return key;
}

/** A constructor that returns its argument, so that a class that extends it adds its fields to the argument. */
const Itself = itself as unknown as new (key: object) => object;

/** Returns an empty map. */
export function privateMap<Key extends object, Value>(): PrivateMap<Key, Value> {
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
