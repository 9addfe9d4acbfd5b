/** Converts the files that the host passes to the files in memory that the guest uses, and back. */

import { show } from '../abi/javascript-values.ts';
import { ArgumentError } from '../errors.ts';
import { MAX_NAME_LENGTH, MAX_PATH_LENGTH, MAX_TREE_ENTRIES } from './limits.ts';
import { MemoryDirectory, MemoryLink, type Volume } from './nodes.ts';

/** A symbolic link among the files of a {@link FileTree}. {@link symbolicLink} creates it. */
export class SymbolicLink {
  /** A path from the directory that holds the link. */
  readonly target: string;

  /** The tag by which one copy of this package recognizes the links of another copy. */
  get [Symbol.toStringTag](): string {
    return 'SymbolicLink';
  }

  constructor(target: string) {
    this.target = target;
  }
}

/**
 * Creates a symbolic link for a {@link FileTree}. Its target is a path from the directory that holds the link, and may
 * be missing.
 *
 * ```ts
 * virtualWasi({ files: { 'rates-2026.json': '{}', 'rates.json': symbolicLink('rates-2026.json') } });
 * ```
 *
 * @throws ArgumentError if the target is empty, absolute or too long.
 */
export function symbolicLink(target: string): SymbolicLink {
  const wrong = wrongTarget(target);
  if (wrong !== undefined) throw new ArgumentError('target', wrong);
  return new SymbolicLink(target);
}

/**
 * The files and directories below a directory, by their paths. The value is a string or bytes for a file, a
 * {@link SymbolicLink}, or another tree for a directory. `{ 'etc/rates.json': '{}' }` and `{ etc: { 'rates.json': '{}'
 * } }` mean the same, and `{ out: {} }` contains an empty directory.
 */
export interface FileTree {
  readonly [path: string]: string | Uint8Array | SymbolicLink | FileTree;
}

/** A tree that was read back. Every name is one path step, and the content of every file is bytes. */
export interface ReadTree {
  readonly [name: string]: Uint8Array | SymbolicLink | ReadTree;
}

/** A directory of the tree that is not filled yet, and the directory in memory for it. */
interface Task {
  readonly tree: FileTree;
  readonly directory: MemoryDirectory;
  /** The name of the tree in an error. */
  readonly place: string;
  readonly depth: number;
}

/**
 * Creates the directory in memory that a tree describes. The bytes are copied.
 *
 * @param place the name of the tree in an error, such as `files`.
 * @throws ArgumentError that names the invalid entry.
 */
export function directoryOf(tree: FileTree, volume: Volume, place: string): MemoryDirectory {
  const root = MemoryDirectory.root(volume);
  const tasks: Task[] = [{ tree, directory: root, place, depth: 0 }];
  for (let task = tasks.pop(); task !== undefined; task = tasks.pop()) {
    // A deeper tree is a cyclic object. No guest can create a tree of this depth.
    if (task.depth > MAX_TREE_ENTRIES)
      throw new ArgumentError(
        place,
        `expected at most ${MAX_TREE_ENTRIES} levels of directories; check whether a directory contains itself`,
      );
    if (!isRecord(task.tree)) throw unexpected(task.place, 'an object of files by their paths', task.tree);
    for (const [path, content] of Object.entries(task.tree)) addEntry(task, path, content, tasks);
  }
  return root;
}

function addEntry(task: Task, path: string, content: FileTree[string], tasks: Task[]): void {
  const place = task.depth < MAX_SHOWN_DEPTH ? `${task.place}[${show(path)}]` : task.place;
  const steps = stepsOf(path, place);
  const name = steps.pop();
  if (name === undefined) throw new ArgumentError(place, `expected a path such as "etc/rates.json", got ${show(path)}`);
  let directory = task.directory;
  for (const step of steps) directory = directoryIn(directory, step, place);
  if (isOf(content, 'SymbolicLink')) {
    const { target } = content as SymbolicLink;
    const wrong = wrongTarget(target);
    if (wrong !== undefined) throw new ArgumentError(place, wrong);
    checkFree(directory, name, place);
    directory.addLink(name, target);
  } else if (isRecord(content)) {
    tasks.push({ tree: content, directory: directoryIn(directory, name, place), place, depth: task.depth + 1 });
  } else {
    const bytes = bytesOf(content);
    if (bytes === undefined) {
      throw unexpected(place, 'a string, a Uint8Array, a symbolicLink() or an object for a directory', content);
    }
    if (path.endsWith('/'))
      throw new ArgumentError(place, `expected an object for a directory, because the path ends with "/"`);
    checkFree(directory, name, place);
    directory.addFile(name, bytes);
  }
}

/** The depth down to which an error names the directories. */
const MAX_SHOWN_DEPTH = 10;

/** Returns the directory with this name, and creates it if it is missing. */
function directoryIn(directory: MemoryDirectory, name: string, place: string): MemoryDirectory {
  const found = directory.get(name) ?? directory.addDirectory(name);
  if (found.kind !== 'directory')
    throw new ArgumentError(place, `expected a directory ${show(name)}, because another path is below it, got a file`);
  return found;
}

function checkFree(directory: MemoryDirectory, name: string, place: string): void {
  if (directory.get(name) !== undefined)
    throw new ArgumentError(place, `expected one entry for this path, got several`);
}

function stepsOf(path: string, place: string): string[] {
  const steps = path.split('/').filter((step) => step !== '' && step !== '.');
  if (steps.includes('..')) throw new ArgumentError(place, `expected a path without "..", got ${show(path)}`);
  if (path.includes('\0')) throw new ArgumentError(place, `expected a path without NUL, got ${show(path)}`);
  if (steps.some((step) => step.length > MAX_NAME_LENGTH)) {
    throw new ArgumentError(
      place,
      `expected names of at most ${MAX_NAME_LENGTH} characters, got a longer one in ${show(path)}`,
    );
  }
  return steps;
}

/** Returns the reason why a value cannot be the target of a symbolic link, or undefined if it can. */
function wrongTarget(target: unknown): string | undefined {
  if (typeof target !== 'string') return `expected a path, got ${show(target)}`;
  if (target === '' || target.startsWith('/') || target.includes('\0')) {
    return `expected a path from the directory that holds the link, got ${show(target)}`;
  }
  if (target.length > MAX_PATH_LENGTH)
    return `expected a path of at most ${MAX_PATH_LENGTH} characters, got ${target.length}`;
  return undefined;
}

/** Reads back a directory and everything below it. The result can be passed as a {@link FileTree} again. */
export function treeFrom(directory: MemoryDirectory): ReadTree {
  const root: Record<string, ReadTree[string]> = {};
  const tasks = [{ directory, tree: root }];
  for (let task = tasks.pop(); task !== undefined; task = tasks.pop()) {
    for (const [name, node] of task.directory.list()) {
      const below: Record<string, ReadTree[string]> = {};
      let value: ReadTree[string] = below;
      if (node instanceof MemoryDirectory) tasks.push({ directory: node, tree: below });
      else if (node instanceof MemoryLink) value = new SymbolicLink(node.target);
      else value = node.read(0, node.size);
      // A guest may name a file `__proto__`.
      Object.defineProperty(task.tree, name, { value, configurable: true, enumerable: true, writable: true });
    }
  }
  return root;
}

/** Returns a copy of the bytes, or undefined if the value is not the content of a file. */
function bytesOf(content: unknown): Uint8Array | undefined {
  if (typeof content === 'string') return new TextEncoder().encode(content);
  return isOf(content, 'Uint8Array') ? new Uint8Array(content as Uint8Array) : undefined;
}

/** Returns whether the content of an object is its properties. A map or a promise would look like an empty object. */
export function isRecord(value: unknown): value is object & FileTree {
  return isOf(value, 'Object') || isOf(value, 'Module');
}

/**
 * Returns whether an object is of the class with this name. It tests the tag, because the object may be of another
 * realm.
 */
export function isOf(value: unknown, name: string): boolean {
  return Object.prototype.toString.call(value) === `[object ${name}]`;
}

export function unexpected(place: string, expected: string, value: unknown): ArgumentError {
  return new ArgumentError(place, `expected ${expected}, got ${show(value)}`);
}
