/**
 * What the loader finds out about an object that is not its own to add properties to: a type, a function that it handed
 * out.
 *
 * The value is a private field of the key itself. A `WeakMap` means the same; but its table grows with every component
 * that is compiled and instantiated until a full collection, and each young collection keeps alive and copies what is
 * entered in it: a component that is compiled and instantiated then allocates three times as much.
 */
export interface SideTable<Key extends object, Value> {
  get(key: Key): Value | undefined;
  set(key: Key, value: Value): void;
}

function itself(key: object): object {
  return key;
}

/** A constructor that returns its argument, so that the fields of a class that extends it are put on that. */
const Itself = itself as unknown as new (key: object) => object;

/** An empty table. */
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
