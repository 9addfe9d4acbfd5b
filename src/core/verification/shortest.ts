/**
 * Delta debugging: removes parts of a list as long as a property holds. Source: A. Zeller and R. Hildebrandt,
 * "Simplifying and Isolating Failure-Inducing Input", 2002.
 */

/**
 * Returns a part of the list, in its order, for which the property holds and from which no single element can be
 * removed.
 *
 * @param holds the property, which the whole list must have.
 */
export function shortest<Element>(
  list: readonly Element[],
  holds: (part: readonly Element[]) => boolean,
): readonly Element[] {
  let part = list;
  if (holds([])) return [];
  for (let chunk = Math.ceil(part.length / 2); chunk >= 1; ) {
    let wasRemoved = false;
    for (let at = 0; at < part.length; ) {
      const without = [...part.slice(0, at), ...part.slice(at + chunk)];
      if (holds(without)) {
        part = without;
        wasRemoved = true;
      } else {
        at += chunk;
      }
    }
    // The last round removes single elements until none can be removed.
    if (chunk === 1 && !wasRemoved) break;
    chunk = chunk === 1 ? 1 : Math.ceil(chunk / 2);
  }
  return part;
}
