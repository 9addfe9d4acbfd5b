/** Files and directories in memory. What is wrong is thrown as an `error-code` of `wasi:filesystem/types`. */
import { ComponentError } from '../errors.ts';
import { MAX_FILE_BYTES } from './limits.ts';

export function failed(code: string): ComponentError {
  return new ComponentError(code, `file system: ${code}`);
}

/** Numbers the files and directories of one tree, so that they have the same numbers in every instance. */
class Numbering {
  #last = 0n;

  next(): bigint {
    return ++this.#last;
  }
}

export class MemoryFile {
  readonly kind = 'regular-file';
  readonly identity: bigint;
  #bytes: Uint8Array;
  #size: number;

  constructor(identity: bigint, bytes: Uint8Array) {
    this.identity = identity;
    this.#bytes = bytes;
    this.#size = bytes.length;
  }

  get size(): number {
    return this.#size;
  }

  read(offset: number, length: number): Uint8Array {
    return this.#bytes.slice(Math.min(offset, this.#size), Math.min(offset + length, this.#size));
  }

  write(offset: number, bytes: Uint8Array): void {
    this.#reserve(offset + bytes.length);
    this.#bytes.set(bytes, offset);
    this.#size = Math.max(this.#size, offset + bytes.length);
  }

  resize(size: number): void {
    this.#reserve(size);
    this.#bytes.fill(0, Math.min(size, this.#size), this.#size);
    this.#size = size;
  }

  #reserve(size: number): void {
    if (size > MAX_FILE_BYTES) throw failed('insufficient-space');
    if (size <= this.#bytes.length) return;
    const larger = new Uint8Array(Math.min(Math.max(size, 2 * this.#bytes.length), MAX_FILE_BYTES));
    larger.set(this.#bytes.subarray(0, this.#size));
    this.#bytes = larger;
  }
}

export class MemoryDirectory {
  readonly kind = 'directory';
  readonly identity: bigint;
  readonly entries: Map<string, MemoryNode> = new Map();
  readonly #numbering: Numbering;

  constructor(numbering: Numbering = new Numbering()) {
    this.#numbering = numbering;
    this.identity = numbering.next();
  }

  addFile(name: string, bytes: Uint8Array = new Uint8Array(0)): MemoryFile {
    const file = new MemoryFile(this.#numbering.next(), bytes);
    this.entries.set(name, file);
    return file;
  }

  addDirectory(name: string): MemoryDirectory {
    const directory = new MemoryDirectory(this.#numbering);
    this.entries.set(name, directory);
    return directory;
  }

  /** The node at a path below this directory. */
  find(path: string): MemoryNode | undefined {
    let node: MemoryNode = this;
    for (const name of stepsOf(path)) {
      if (node.kind !== 'directory') throw failed('not-directory');
      const next = node.entries.get(name);
      if (next === undefined) return undefined;
      node = next;
    }
    return node;
  }

  /** The same, or `no-entry`. */
  get(path: string): MemoryNode {
    const node = this.find(path);
    if (node === undefined) throw failed('no-entry');
    return node;
  }

  /** The directory that holds the last step of a path, and that step. */
  parentOf(path: string): { readonly parent: MemoryDirectory; readonly name: string } {
    const steps = stepsOf(path);
    const name = steps.pop();
    if (name === undefined) throw failed('not-permitted');
    const parent = this.get(steps.join('/'));
    if (parent.kind !== 'directory') throw failed('not-directory');
    return { parent, name };
  }
}

export type MemoryNode = MemoryFile | MemoryDirectory;

/** The names along a path. None leads out of the directory at which it starts. */
function stepsOf(path: string): string[] {
  if (path.startsWith('/')) throw failed('not-permitted');
  const steps: string[] = [];
  for (const name of path.split('/')) {
    if (name === '' || name === '.') continue;
    if (name !== '..') steps.push(name);
    else if (steps.pop() === undefined) throw failed('not-permitted');
  }
  return steps;
}

/** A tree of files by their paths: `{ 'etc/rates.json': '{}' }`. */
export function treeOf(files: Readonly<Record<string, string | Uint8Array>>): MemoryDirectory {
  const root = new MemoryDirectory();
  for (const [path, content] of Object.entries(files)) {
    const steps = stepsOf(path.replace(/^\/+/, ''));
    const name = steps.pop();
    if (name === undefined) throw new TypeError(`${JSON.stringify(path)} names no file`);
    let directory = root;
    for (const step of steps) {
      const next = directory.entries.get(step) ?? directory.addDirectory(step);
      if (next.kind !== 'directory') throw new TypeError(`${JSON.stringify(path)} leads through a file`);
      directory = next;
    }
    const bytes = typeof content === 'string' ? new TextEncoder().encode(content) : content.slice();
    directory.addFile(name, bytes);
  }
  return root;
}
