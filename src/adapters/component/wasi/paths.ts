/**
 * Resolves a path to the file that it names. No path, and no symbolic link on it, leads out of the directory at which
 * it starts.
 *
 * Source: WASI 0.2, `wasi:filesystem/types`, and POSIX.1-2024, "4.16 Pathname Resolution".
 */
import { MAX_NAME_LENGTH, MAX_PATH_LENGTH, MAX_SYMBOLIC_LINKS } from './limits.ts';
import { failed, type MemoryDirectory, type MemoryNode } from './nodes.ts';

/** The end of a path. */
export interface Place {
  /** The directory of the last step. Undefined if the path ends with `.` or `..`, which name no entry. */
  readonly parent: MemoryDirectory | undefined;
  /** The last step's name. */
  readonly name: string;
  /** The node at the end. Undefined if the last step is missing. */
  readonly node: MemoryNode | undefined;
  /** The path ends with a slash, so it can only name a directory. */
  readonly isDirectoryPath: boolean;
}

/** An entry of a directory, present or missing. */
export interface EntryPlace extends Place {
  readonly parent: MemoryDirectory;
}

/**
 * Finds the file at a path, to open it or to look at it.
 *
 * @param isFollowed a symbolic link at the end is followed. One before a slash always is.
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

/** The same, and the file must be there. @throws ComponentError `no-entry` */
export function find(base: MemoryDirectory, path: string, isFollowed: boolean): MemoryNode {
  const { node } = lookUp(base, path, isFollowed);
  if (node === undefined) throw failed('no-entry');
  return node;
}

/**
 * Finds the entry at a path, to create, replace or remove it. A symbolic link at the end is the entry itself.
 *
 * @returns undefined if the path ends with `.` or `..`, because those are entries of no directory here.
 */
export function entryAt(base: MemoryDirectory, path: string): EntryPlace | undefined {
  const place = walk(base, path, false);
  return place.parent === undefined ? undefined : { ...place, parent: place.parent };
}

function walk(base: MemoryDirectory, path: string, isFollowed: boolean): Place {
  checkPath(path);
  /** The directories from the base to here: `..` goes back along the way that was taken. */
  const way = [base];
  let followed = 0;
  let place: Omit<Place, 'isDirectoryPath'> = { parent: undefined, name: '', node: base };
  let isDirectoryPath = path.endsWith('/');
  /** The steps to go, the next one at the end. */
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
      continue; // From the directory that holds the link.
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
