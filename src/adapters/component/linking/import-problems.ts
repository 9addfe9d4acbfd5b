/** One error for all imports that are missing or do not fit. */
import { LinkError } from '../errors.ts';

/** A message lists at most this many. `problems` has all of them. */
const mostListed = 20;

/** The error to throw for these refusals, of which there is at least one. */
export function allRefused(refused: readonly LinkError[]): LinkError {
  const [first] = refused as [LinkError];
  const problems = refused.map(({ path, message }) => ({ path, message }));
  const reason = wasiReason(refused);
  if (refused.length === 1 && reason === '') return first;
  const listed = problems.slice(0, mostListed).map(({ message }) => `\n  ${message}`);
  const more = problems.length > mostListed ? `\n  and ${problems.length - mostListed} more` : '';
  const message =
    refused.length === 1
      ? first.message
      : `${problems.length} imports are missing or do not fit:${listed.join('')}${more}`;
  return new LinkError(message + reason, first.path, { cause: first.cause }, problems);
}

/** The reason that a missing interface of WASI 0.3 has. */
function wasiReason(refused: readonly LinkError[]): string {
  const [name] = refused.find(({ path }) => isWasi03(path[0]))?.path ?? [];
  if (name === undefined) return '';
  return `\nThe component was built for WASI 0.3 (${name}), which this loader does not have: build it for WASI 0.2`;
}

/** Returns whether it is an interface of WASI 0.3, a release candidate included. */
export function isWasi03(name: string | undefined): boolean {
  return name !== undefined && /^wasi:[^@]*@0\.3(?:\.|$)/.test(name);
}
