/** A map that takes no room until something is in it. Each comparison of types has several, and most stay empty. */
export class SparseMap<Key, Value> {
  #map: Map<Key, Value> | undefined = undefined;

  get(key: Key): Value | undefined {
    return this.#map?.get(key);
  }

  set(key: Key, value: Value): void {
    this.#map ??= new Map();
    this.#map.set(key, value);
  }
}
