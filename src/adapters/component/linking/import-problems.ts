/** Combines the errors of all imports that are missing or have the wrong type. */
import { LinkError } from '../errors.ts';

/** The maximum number of problems that a message lists. `LinkError.problems` has all of them. */
const mostListed = 20;

/** Returns one error for all of these errors. The list must not be empty. */
export function combinedError(refused: readonly LinkError[]): LinkError {
  const [first] = refused as [LinkError];
  const problems = refused.map(({ path, message }) => ({ path, message }));
  const reason = wasiReason(refused);
  if (refused.length === 1 && reason === '') return first;
  const listed = problems.slice(0, mostListed).map(({ message }) => `\n  ${message}`);
  const more = problems.length > mostListed ? `\n  and ${problems.length - mostListed} more` : '';
  const message =
    refused.length === 1
      ? first.message
      : `${problems.length} imports are missing or have the wrong type:${listed.join('')}${more}`;
  return new LinkError(message + reason, first.path, { cause: first.cause }, problems);
}

/** Returns the explanation of a missing interface of WASI 0.3, or an empty string if no such interface is missing. */
function wasiReason(refused: readonly LinkError[]): string {
  const [name] = refused.find(({ path }) => isWasi03(path[0]))?.path ?? [];
  if (name === undefined) return '';
  return `\nThe component was built for WASI 0.3 (${name}), which this loader does not support; build it for WASI 0.2`;
}

/** Returns whether `name` is an interface of WASI 0.3 or of one of its release candidates. */
export function isWasi03(name: string | undefined): boolean {
  return name !== undefined && /^wasi:[^@]*@0\.3(?:\.|$)/.test(name);
}
