import { maxRecent, maxRecentLength } from '../limits.ts';

/**
 * Remembers what was found out about the names that were read last: components say the same ones again and again, and so do
 * all that are made of one WIT package. It starts anew when it is full.
 */
export function remembering<Found>(find: (name: string) => Found): (name: string) => Found {
  const known = new Map<string, Found>();
  return (name) => {
    let found = known.get(name);
    if (found === undefined) remember(known, name, (found = find(name)), name.length);
    return found;
  };
}

/** Enters something of a name that has so many characters. */
export function remember<Key, Found>(known: Map<Key, Found>, key: Key, found: Found, length: number): void {
  if (length > maxRecentLength) return;
  if (known.size >= maxRecent) known.clear();
  known.set(key, found);
}
