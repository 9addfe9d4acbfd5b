/** The filter of a read over all events, for stores that apply it to events in memory. */
import type { ReadAllOptions } from '../event-store.ts';
import { categoryOf } from '../stream-name.ts';

/**
 * Returns a function that decides whether a read returns an event.
 *
 * @param category returns the category of a stream. A store that keeps categories passes its own function.
 */
export function eventFilter(
  { categories, eventTypes, events }: Pick<ReadAllOptions, 'categories' | 'eventTypes' | 'events'>,
  category: (stream: string) => string = categoryOf,
): (type: string, stream: string) => boolean {
  if (categories.length === 0 && eventTypes.length === 0 && events.length === 0) return () => true;
  const [ofCategories, ofTypes] = [new Set(categories), new Set(eventTypes)];
  /** The categories by type. The type alone excludes most events. */
  const ofNames = new Map<string, Set<string>>();
  for (const { category, type } of events) {
    const known = ofNames.get(type);
    if (known === undefined) ofNames.set(type, new Set([category]));
    else known.add(category);
  }
  return (type, stream) => {
    if (ofTypes.size > 0 && !ofTypes.has(type)) return false;
    if (ofNames.size > 0 && !ofNames.has(type)) return false;
    if (ofCategories.size === 0 && ofNames.size === 0) return true;
    const found = category(stream);
    return (
      (ofCategories.size === 0 || ofCategories.has(found)) && (ofNames.size === 0 || ofNames.get(type)!.has(found))
    );
  };
}
