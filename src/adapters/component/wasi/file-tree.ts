/** Files and directories in memory. What is wrong is thrown as an `error-code` of `wasi:filesystem/types`. */
import { ComponentError } from '../errors.ts';
import { MAX_FILE_BYTES, MAX_NAME_LENGTH, MAX_PATH_LENGTH, MAX_TREE_BYTES, MAX_TREE_NODES } from './limits.ts';

export function failed(code: string): ComponentError {
  return new ComponentError(code, `file system: ${code}`);
}

/**
 * What the files and directories of one tree share: the room for them, and their numbers, which are the same in every
 * instance.
 */
class Room {
  #bytes = MAX_TREE_BYTES;
  #nodes = MAX_TREE_NODES;
  #lastIdentity = 0n;

  /** For the host's own files, which it may give as many as it likes. */
  fill(bytes: number): bigint {
    this.#bytes -= bytes;
    this.#nodes--;
    return ++this.#lastIdentity;
  }

  /** For a file or directory that the guest makes: its number. */
  takeNode(): bigint {
    if (this.#nodes <= 0) throw failed('insufficient-space');
    return this.fill(0);
  }

  takeBytes(count: number): void {
    if (count > this.#bytes) throw failed('insufficient-space');
    this.#bytes -= count;
  }

  giveBytes(count: number): void {
    this.#bytes += count;
  }

  giveNode(): void {
    this.#nodes++;
  }
}

const NOTHING = new Uint8Array(0);

export class MemoryFile {
  readonly kind = 'regular-file';
  readonly identity: bigint;
  readonly #room: Room;
  #bytes: Uint8Array;
  #size: number;
  /** Its entry in a directory, descriptors and streams: with the last of them, its room is free again. */
  #uses = 1;

  constructor(room: Room, identity: bigint, bytes: Uint8Array) {
    this.#room = room;
    this.identity = identity;
    this.#bytes = bytes;
    this.#size = bytes.length;
  }

  use(): void {
    this.#uses++;
  }

  release(): void {
    if (--this.#uses > 0) return;
    this.#room.giveBytes(this.#bytes.length);
    this.#room.giveNode();
    this.#bytes = NOTHING;
    this.#size = 0;
  }

  get size(): number {
    return this.#size;
  }

  read(offset: number, length: number): Uint8Array {
    return this.#bytes.slice(Math.min(offset, this.#size), Math.min(offset + length, this.#size));
  }

  write(offset: number, bytes: Uint8Array): void {
    const end = offset + bytes.length;
    if (end > this.#bytes.length) this.#move(end, Math.max(end, Math.min(2 * this.#bytes.length, MAX_FILE_BYTES)));
    this.#bytes.set(bytes, offset);
    this.#size = Math.max(this.#size, end);
  }

  resize(size: number): void {
    if (size !== this.#bytes.length) this.#move(size, size);
    this.#size = size;
  }

  /** To an array of `wished` bytes, or of `size` where there is no room for that. */
  #move(size: number, wished: number): void {
    if (size > MAX_FILE_BYTES) throw failed('insufficient-space');
    const before = this.#bytes.length;
    let length = wished;
    try {
      this.#room.takeBytes(length - before);
    } catch (error) {
      if (wished === size) throw error;
      length = size;
      this.#room.takeBytes(length - before);
    }
    const bytes = new Uint8Array(length);
    bytes.set(this.#bytes.subarray(0, Math.min(this.#size, length)));
    this.#bytes = bytes;
  }
}

export class MemoryDirectory {
  readonly kind = 'directory';
  readonly identity: bigint;
  readonly entries: Map<string, MemoryNode> = new Map();
  readonly #room: Room;

  constructor(room: Room = new Room(), identity: bigint = room.takeNode()) {
    this.#room = room;
    this.identity = identity;
  }

  /** An empty file that the guest makes. */
  addFile(name: string): MemoryFile {
    const file = new MemoryFile(this.#room, this.#room.takeNode(), NOTHING);
    this.entries.set(name, file);
    return file;
  }

  /** A file that the host gives. */
  giveFile(name: string, bytes: Uint8Array): void {
    this.entries.set(name, new MemoryFile(this.#room, this.#room.fill(bytes.length), bytes));
  }

  /** A directory that the guest makes. */
  addDirectory(name: string): void {
    this.entries.set(name, new MemoryDirectory(this.#room));
  }

  /** A directory that the host gives. */
  giveDirectory(name: string): MemoryDirectory {
    const directory = new MemoryDirectory(this.#room, this.#room.fill(0));
    this.entries.set(name, directory);
    return directory;
  }

  /** Takes out an entry that is there. */
  remove(name: string): void {
    const node = this.entries.get(name);
    this.entries.delete(name);
    if (node?.kind === 'regular-file') node.release();
    else this.#room.giveNode();
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

  /** The bytes of the file at a path below this directory; undefined where there is none. */
  fileAt(path: string): Uint8Array | undefined {
    try {
      const node = this.find(path);
      return node?.kind === 'regular-file' ? node.read(0, node.size) : undefined;
    } catch {
      // The path leads through a file, or out of the directory.
      return undefined;
    }
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
  if (path.length > MAX_PATH_LENGTH) throw failed('name-too-long');
  if (path.startsWith('/')) throw failed('not-permitted');
  const steps: string[] = [];
  for (const name of path.split('/')) {
    if (name === '' || name === '.') continue;
    if (name.length > MAX_NAME_LENGTH) throw failed('name-too-long');
    if (name !== '..') steps.push(name);
    else if (steps.pop() === undefined) throw failed('not-permitted');
  }
  return steps;
}

function givenSteps(path: string): string[] {
  try {
    return stepsOf(path.replace(/^\/+/, ''));
  } catch (cause) {
    throw new TypeError(`${JSON.stringify(path)} leads out of the directory of files`, { cause });
  }
}

/** A tree of files by their paths: `{ 'etc/rates.json': '{}' }`. */
export function treeOf(files: Readonly<Record<string, string | Uint8Array>>): MemoryDirectory {
  const root = new MemoryDirectory();
  for (const [path, content] of Object.entries(files)) {
    const steps = givenSteps(path);
    const name = steps.pop();
    if (name === undefined) throw new TypeError(`${JSON.stringify(path)} names no file`);
    let directory = root;
    for (const step of steps) {
      const next = directory.entries.get(step) ?? directory.giveDirectory(step);
      if (next.kind !== 'directory') throw new TypeError(`${JSON.stringify(path)} leads through a file`);
      directory = next;
    }
    if (directory.entries.has(name)) throw new TypeError(`${JSON.stringify(path)} is a directory, or given twice`);
    const bytes = typeof content === 'string' ? new TextEncoder().encode(content) : new Uint8Array(content);
    directory.giveFile(name, bytes);
  }
  return root;
}
