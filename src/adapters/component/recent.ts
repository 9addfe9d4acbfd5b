import { maxRecent, maxRecentLength } from './limits.ts';

/**
 * What was found out about the names that were read last: components say the same ones again and again, and so do all that
 * are made of one WIT package. It starts anew when it is full.
 */
export class Recent<Key, Value> {
  private readonly map = new Map<Key, Value>();

  get(key: Key): Value | undefined {
    return this.map.get(key);
  }

  set(key: Key, value: Value, length: number): void {
    if (length > maxRecentLength) return;
    if (this.map.size >= maxRecent) this.map.clear();
    this.map.set(key, value);
  }
}
