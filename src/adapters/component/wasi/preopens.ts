/** The directories that a guest finds open when it starts. */

import type { OptionNames } from '../../../core/unknown-names.ts';
import { show } from '../abi/javascript-values.ts';
import { ArgumentError } from '../errors.ts';
import { checkNames } from '../option-names.ts';
import { Descriptor } from './filesystem.ts';
import { directoryOf, type FileTree, isRecord, type ReadTree, treeFrom, unexpected } from './given-files.ts';
import { type Datetime, type MemoryDirectory, type MemoryNode, Volume } from './nodes.ts';
import { find } from './paths.ts';

/** One directory that a guest finds open. */
export interface Preopen {
  /** The files of the directory. @default {} */
  readonly files?: FileTree | undefined;
  /** If true, the guest may create, change and remove files. @default false */
  readonly writable?: boolean | undefined;
}

export interface FileOptions {
  readonly files?: FileTree | undefined;
  readonly writableFiles?: boolean | undefined;
  readonly preopens?: Readonly<Record<string, Preopen>> | undefined;
}

interface OpenDirectory {
  readonly root: MemoryDirectory;
  readonly isWritable: boolean;
}

/** All directories of one virtual WASI. They share one file system, so files can be moved between them. */
export class Preopens {
  readonly #volume: Volume;
  readonly #directories = new Map<string, OpenDirectory>();

  /** Makes the directories of the options. @throws ArgumentError if an option is invalid. */
  constructor(options: FileOptions, now: () => Datetime) {
    this.#volume = new Volume(now);
    const { files, writableFiles, preopens } = options;
    if (preopens === undefined) {
      this.#add('/', files ?? {}, 'files', writableFiles === true);
    } else {
      for (const [name, given] of Object.entries(preopens)) {
        this.#add(name, given.files ?? {}, `preopens[${show(name)}].files`, given.writable === true);
      }
    }
    this.#volume.bound();
  }

  /** Makes the interface `wasi:filesystem/preopens`. */
  interface(): object {
    return {
      getDirectories: (): [Descriptor, string][] =>
        [...this.#directories].map(([name, { root, isWritable }]) => [
          new Descriptor(this.#volume, root, isWritable, { read: true, write: false }),
          name,
        ]),
    };
  }

  /** Returns a copy of the file's bytes, or undefined if the file does not exist. */
  readFile(path: string): Uint8Array | undefined {
    const node = this.#find(path);
    return node?.kind === 'regular-file' ? node.read(0, node.size) : undefined;
  }

  /** Returns the directory with its content, or undefined if it does not exist. */
  readTree(path: string): ReadTree | undefined {
    const node = this.#find(path);
    return node?.kind === 'directory' ? treeFrom(node) : undefined;
  }

  #add(name: string, files: FileTree, place: string, isWritable: boolean): void {
    this.#directories.set(name, { root: directoryOf(files, this.#volume, place), isWritable });
  }

  /** Finds a file, starting from the directory whose name is the longest prefix of the path. */
  #find(path: string): MemoryNode | undefined {
    const candidates = [...this.#directories].flatMap(([name, { root }]) => {
      const rest = restBelow(name, path);
      // A path without a leading slash is looked up below `.` first, and then below `/`.
      const rank = name === '/' && !path.startsWith('/') ? 0 : name.length;
      return rest === undefined ? [] : [{ root, rest, rank }];
    });
    const [nearest] = candidates.toSorted((one, other) => other.rank - one.rank);
    if (nearest === undefined) return undefined;
    try {
      return find(nearest.root, nearest.rest, true);
    } catch {
      // The path leads through a file, or out of the directory.
      return undefined;
    }
  }
}

/** Returns the path relative to the directory `name`, or undefined if the path is not below it. */
function restBelow(name: string, path: string): string | undefined {
  const whole = path.replace(/^(\.\/+)+/, '').replace(/\/{2,}/g, '/');
  if (name === '/') return whole.replace(/^\//, '') || (path === '' ? undefined : '.');
  if (name === '.') return whole.startsWith('/') || whole === '' ? undefined : whole;
  if (whole === name) return '.';
  return whole.startsWith(`${name}/`) ? whole.slice(name.length + 1) || '.' : undefined;
}

/** Matches `/`, `.`, or steps between slashes, so that each directory has exactly one name. */
const PREOPEN_NAME = /^(?:\/|\.|\/?(?!\.{1,2}(?:\/|$))[^/\0]+(?:\/(?!\.{1,2}(?:\/|$))[^/\0]+)*)$/;

const PREOPEN_OPTIONS: OptionNames<Preopen> = { files: true, writable: true };

/** Checks the option `preopens`. @throws ArgumentError if `preopens` is not an object of directories by their names. */
export function checkPreopens(option: string, preopens: unknown): void {
  if (!isRecord(preopens)) throw unexpected(option, 'an object of directories by their names', preopens);
  for (const [name, given] of Object.entries(preopens)) {
    const place = `${option}[${show(name)}]`;
    if (!PREOPEN_NAME.test(name))
      throw new ArgumentError(place, `expected a name such as "/", "." or "/data", got ${show(name)}`);
    checkNames(place, given, PREOPEN_OPTIONS);
    const { writable } = given as Preopen;
    if (writable !== undefined && typeof writable !== 'boolean') {
      throw unexpected(`${place}.writable`, 'true or false', writable);
    }
  }
}
