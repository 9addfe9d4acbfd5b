import { maxRecent, maxRecentLength } from '../limits.ts';

/**
 * Caches the results of a function for recent names. A component, and all components of one WIT package, use the same
 * names many times. The cache is cleared when it is full.
 */
export function memoizeByName<Found>(find: (name: string) => Found): (name: string) => Found {
  const known = new Map<string, Found>();
  return (name) => {
    let found = known.get(name);
    if (found === undefined) remember(known, name, (found = find(name)), name.length);
    return found;
  };
}

/** Adds the result for a name of this length to a cache, unless the name is too long. */
export function remember<Key, Found>(known: Map<Key, Found>, key: Key, found: Found, length: number): void {
  if (length > maxRecentLength) return;
  if (known.size >= maxRecent) known.clear();
  known.set(key, found);
}
