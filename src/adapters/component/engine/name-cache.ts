import { maxRecent, maxRecentLength } from '../limits.ts';

/**
 * Caches facts about names. A component repeats its names, and so do all components that are made from one WIT package. The
 * cache is emptied when it is full.
 */
export function remembering<Found>(find: (name: string) => Found): (name: string) => Found {
  const known = new Map<string, Found>();
  return (name) => {
    let found = known.get(name);
    if (found === undefined) remember(known, name, (found = find(name)), name.length);
    return found;
  };
}

/** Enters a fact about a name of this length. */
export function remember<Key, Found>(known: Map<Key, Found>, key: Key, found: Found, length: number): void {
  if (length > maxRecentLength) return;
  if (known.size >= maxRecent) known.clear();
  known.set(key, found);
}
