/**
 * Finds unknown names of options, commands and events, and describes the mistake with the nearest known name.
 *
 * The functions do not throw, because each caller throws an error of its family. The component loader uses them too, so
 * this file imports nothing.
 */

/**
 * The names of the options of an interface, each mapped to `true`. The list is complete, because an option that is
 * missing here, or that the interface does not have, is a compile error.
 *
 * @example const NAMES: OptionNames<BackupOptions> = { pagesPerStep: true, signal: true };
 */
export type OptionNames<Options> = { readonly [Name in keyof Options]-?: true };

/** An option that is not among the known names. */
export interface UnknownOption {
  readonly name: string;
  /**
   * The message for the error, with the nearest known name: `unknown option "comandId"; did you mean "commandId"?`.
   */
  readonly message: string;
}

/**
 * Finds the first unknown option. An option whose value is `undefined` counts too, because its name is still unknown.
 *
 * @returns undefined if every name is known.
 */
export function unknownOption(options: object, known: object): UnknownOption | undefined {
  // Inherited names count too, because reading an option by its name finds them.
  for (const name in options) {
    if (!Object.hasOwn(known, name)) return { name, message: unknownName('option', name, Object.keys(known)) };
  }
  return undefined;
}

/** Returns the error message for an unknown name, with the nearest known name or with all of them. */
export function unknownName(
  kind: 'option' | 'command' | 'event' | 'parameter' | 'table' | 'header',
  name: string,
  known: readonly string[],
): string {
  const nearest = nearestName(name, known);
  if (nearest !== undefined) return `unknown ${kind} ${JSON.stringify(name)}; did you mean ${JSON.stringify(nearest)}?`;
  return `unknown ${kind} ${JSON.stringify(name)}; the ${kind}s are ${known.join(', ') || 'none'}`;
}

/** Returns the known name that is nearest to `name`, or undefined if more than a third of the letters differ. */
export function nearestName(name: string, known: Iterable<string>): string | undefined {
  let nearest: string | undefined;
  let least = Math.max(1, Math.floor(name.length / 3)) + 1;
  for (const candidate of known) {
    // A name cannot be nearer than the difference of the lengths, so an absurdly long name costs nothing.
    if (Math.abs(candidate.length - name.length) >= least) continue;
    const distance = editDistance(name.toLowerCase(), candidate.toLowerCase());
    if (distance < least) {
      least = distance;
      nearest = candidate;
    }
  }
  return nearest;
}

/** Returns the optimal string alignment distance: letters to insert, remove, replace or swap with their neighbour. */
function editDistance(from: string, to: string): number {
  let beforeLast: number[] = [];
  let last = Array.from({ length: to.length + 1 }, (_, index) => index);
  for (let row = 1; row <= from.length; row++) {
    const current = [row];
    for (let column = 1; column <= to.length; column++) {
      const replace = last[column - 1]! + (from[row - 1] === to[column - 1] ? 0 : 1);
      let distance = Math.min(last[column]! + 1, current[column - 1]! + 1, replace);
      if (row > 1 && column > 1 && from[row - 1] === to[column - 2] && from[row - 2] === to[column - 1]) {
        distance = Math.min(distance, beforeLast[column - 2]! + 1);
      }
      current.push(distance);
    }
    beforeLast = last;
    last = current;
  }
  return last[to.length]!;
}
