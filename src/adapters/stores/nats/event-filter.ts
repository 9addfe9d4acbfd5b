/** The filter of a read over all events: subjects for the categories, which the server selects, and types. */
import type { ReadAllOptions } from '../../../core/event-store.ts';
import { categoryOf } from '../../../core/stream-name.ts';
import type { Subjects } from './subjects.ts';

/** The maximum number of categories. If there are more, all commits are read, because each category needs a request. */
const MOST_SUBJECTS = 16;

export interface EventFilter {
  /** The subjects to read. The list is empty if no event can match. */
  readonly subjects: readonly string[];
  readonly isWanted: (type: string, stream: string) => boolean;
}

export function eventFilter(
  subjects: Subjects,
  { categories, eventTypes, events }: Pick<ReadAllOptions, 'categories' | 'eventTypes' | 'events'>,
): EventFilter {
  const [ofCategories, ofTypes] = [new Set(categories), new Set(eventTypes)];
  /** The categories by type. The type alone excludes most events. */
  const ofNames = new Map<string, Set<string>>();
  for (const { category, type } of events) {
    const known = ofNames.get(type);
    if (known === undefined) ofNames.set(type, new Set([category]));
    else known.add(category);
  }
  const isWanted = (type: string, stream: string): boolean => {
    if (ofTypes.size > 0 && !ofTypes.has(type)) return false;
    if (ofNames.size > 0 && !ofNames.has(type)) return false;
    if (ofCategories.size === 0 && ofNames.size === 0) return true;
    const category = categoryOf(stream);
    return (
      (ofCategories.size === 0 || ofCategories.has(category)) &&
      (ofNames.size === 0 || ofNames.get(type)!.has(category))
    );
  };
  return {
    subjects: subjectsOf(
      subjects,
      ofCategories,
      events.map(({ category }) => category),
    ),
    isWanted,
  };
}

function subjectsOf(subjects: Subjects, categories: ReadonlySet<string>, named: readonly string[]): readonly string[] {
  if (categories.size === 0 && named.length === 0) return [subjects.allCommits];
  const wanted =
    named.length === 0 ? categories : new Set(named.filter((name) => categories.size === 0 || categories.has(name)));
  // A name with `-` is not a category. A name that is too long for a stream would make the subject too long.
  const possible = [...wanted].filter((name) => !name.includes('-') && name.length <= 255);
  return possible.length > MOST_SUBJECTS ? [subjects.allCommits] : possible.map((name) => subjects.ofCategory(name));
}
