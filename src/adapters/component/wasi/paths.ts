/**
 * Resolves a path to the file that it names. Neither a path nor a symbolic link on it can lead out of the directory at
 * which the path starts.
 *
 * Source: WASI 0.2, `wasi:filesystem/types`, and POSIX.1-2024, "4.16 Pathname Resolution".
 */
import { MAX_NAME_LENGTH, MAX_PATH_LENGTH, MAX_SYMBOLIC_LINKS } from './limits.ts';
import { failed, type MemoryDirectory, type MemoryNode } from './nodes.ts';

/** The result of resolving a path. */
export interface Place {
  /**
   * The directory of the last step. It is undefined if the path ends with `.` or `..`, which are not names of entries.
   */
  readonly parent: MemoryDirectory | undefined;
  /** The name of the last step. */
  readonly name: string;
  /** The node at the end of the path. It is undefined if the last step is missing. */
  readonly node: MemoryNode | undefined;
  /** True if the path ends with a slash, so that it can only name a directory. */
  readonly isDirectoryPath: boolean;
}

/** An entry of a directory, present or missing. */
export interface EntryPlace extends Place {
  readonly parent: MemoryDirectory;
}

/**
 * Finds the file at a path.
 *
 * @param isFollowed true if a symbolic link at the end is followed. A link before a slash is always followed.
 * @throws ComponentError `no-entry` if a directory on the way is missing; `not-directory` if a file is on the way, or
 *   at the end of a path that ends with a slash; `not-permitted` if the path leads out of `base`; `loop`;
 *   `name-too-long`.
 */
export function lookUp(base: MemoryDirectory, path: string, isFollowed: boolean): Place {
  const place = walk(base, path, isFollowed || path.endsWith('/'));
  if (place.isDirectoryPath && place.node !== undefined && place.node.kind !== 'directory')
    throw failed('not-directory');
  return place;
}

/** Does the same as {@link lookUp} for a file that must exist. @throws ComponentError `no-entry` */
export function find(base: MemoryDirectory, path: string, isFollowed: boolean): MemoryNode {
  const { node } = lookUp(base, path, isFollowed);
  if (node === undefined) throw failed('no-entry');
  return node;
}

/**
 * Finds the directory entry at a path, to create, replace or remove it. A symbolic link at the end is not followed.
 *
 * @returns undefined if the path ends with `.` or `..`, because no directory has such entries here.
 */
export function entryAt(base: MemoryDirectory, path: string): EntryPlace | undefined {
  const place = walk(base, path, false);
  return place.parent === undefined ? undefined : { ...place, parent: place.parent };
}

function walk(base: MemoryDirectory, path: string, isFollowed: boolean): Place {
  checkPath(path);
  /** The directories from the base to the current one. `..` returns to the previous one. */
  const way = [base];
  let followed = 0;
  let place: Omit<Place, 'isDirectoryPath'> = { parent: undefined, name: '', node: base };
  let isDirectoryPath = path.endsWith('/');
  /** The remaining steps, in reverse order. */
  const steps = stepsOf(path).reverse();
  for (let step = steps.pop(); step !== undefined; step = steps.pop()) {
    if (place.node === undefined) throw failed('no-entry');
    if (place.node.kind !== 'directory') throw failed('not-directory');
    const directory = place.node;
    if (step === '.' || step === '..') {
      if (step === '..') way.pop();
      const here = way.at(-1);
      if (here === undefined) throw failed('not-permitted');
      place = { parent: undefined, name: '', node: here };
      continue;
    }
    if (step.length > MAX_NAME_LENGTH) throw failed('name-too-long');
    const node = directory.get(step);
    if (node?.kind === 'symbolic-link' && (steps.length > 0 || isFollowed)) {
      if (++followed > MAX_SYMBOLIC_LINKS) throw failed('loop');
      if (steps.length === 0) isDirectoryPath ||= node.target.endsWith('/');
      steps.push(...stepsOf(node.target).reverse());
      continue; // The target is relative to the directory that contains the link.
    }
    if (node?.kind === 'directory') way.push(node);
    place = { parent: directory, name: step, node };
  }
  return { ...place, isDirectoryPath };
}

function checkPath(path: string): void {
  if (path === '') throw failed('no-entry');
  if (path.length > MAX_PATH_LENGTH) throw failed('name-too-long');
  if (path.includes('\0')) throw failed('invalid');
  if (path.startsWith('/')) throw failed('not-permitted');
}

function stepsOf(path: string): string[] {
  return path.split('/').filter((step) => step !== '');
}
