/** The subjects of a read over all events. The server selects the commits of these subjects. */
import type { ReadAllOptions } from '../../../core/event-store.ts';
import type { Subjects } from './subjects.ts';

/** The maximum number of categories. If there are more, all commits are read, because each category needs a request. */
const MOST_SUBJECTS = 16;

/** Returns the subjects to read. The list is empty if no event can match. */
export function readSubjects(
  subjects: Subjects,
  { categories, events }: Pick<ReadAllOptions, 'categories' | 'events'>,
): readonly string[] {
  if (categories.length === 0 && events.length === 0) return [subjects.allCommits];
  const named = events.map(({ category }) => category);
  const wanted = new Set(
    events.length === 0
      ? categories
      : named.filter((category) => categories.length === 0 || categories.includes(category)),
  );
  // A name with `-` is not a category. A name that is too long for a stream would make the subject too long.
  const possible = [...wanted].filter((name) => !name.includes('-') && name.length <= 255);
  return possible.length > MOST_SUBJECTS ? [subjects.allCommits] : possible.map((name) => subjects.ofCategory(name));
}
