/**
 * Files, directories and symbolic links in memory. Failures are thrown as an `error-code` of `wasi:filesystem/types`.
 */
import { ComponentError } from '../errors.ts';
import { MAX_FILE_BYTES, MAX_LISTED_ENTRIES, MAX_TREE_BYTES, MAX_TREE_ENTRIES } from './limits.ts';

/** The cases of `error-code` of `wasi:filesystem/types` that are used here. */
export type FileErrorCode =
  | 'bad-descriptor'
  | 'busy'
  | 'exist'
  | 'insufficient-memory'
  | 'insufficient-space'
  | 'invalid'
  | 'is-directory'
  | 'loop'
  | 'name-too-long'
  | 'no-entry'
  | 'not-directory'
  | 'not-empty'
  | 'not-permitted'
  | 'read-only';

export function failed(code: FileErrorCode): ComponentError {
  return new ComponentError(code, `file system: ${code}`);
}

/** The type `datetime` of `wasi:clocks/wall-clock`. */
export interface Datetime {
  readonly seconds: bigint;
  readonly nanoseconds: number;
}

/**
 * The state that all files and directories of one virtual WASI share: the free space, the memory for listings, the
 * numbers of files, and a clock. Files have the same numbers in every instance.
 */
export class Volume {
  /** Returns the time of a change to a file. */
  readonly now: () => Datetime;
  #bytes = MAX_TREE_BYTES;
  #entries = MAX_TREE_ENTRIES;
  #listed = MAX_LISTED_ENTRIES;
  #lastIdentity = 0n;
  #isBounded = false;

  constructor(now: () => Datetime) {
    this.now = now;
  }

  /** Enforces the limits from now on. The files that the host passes count too, but their number is not limited. */
  bound(): void {
    this.#isBounded = true;
  }

  nextIdentity(): bigint {
    return ++this.#lastIdentity;
  }

  takeEntry(): void {
    if (this.#isBounded && this.#entries <= 0) throw failed('insufficient-space');
    this.#entries--;
  }

  returnEntry(): void {
    this.#entries++;
  }

  takeBytes(count: number): void {
    if (this.#isBounded && count > this.#bytes) throw failed('insufficient-space');
    this.#bytes -= count;
  }

  returnBytes(count: number): void {
    this.#bytes += count;
  }

  takeListed(count: number): void {
    if (count > this.#listed) throw failed('insufficient-memory');
    this.#listed -= count;
  }

  returnListed(count: number): void {
    this.#listed += count;
  }
}

abstract class Node {
  readonly identity: bigint;
  accessed: Datetime;
  modified: Datetime;
  changed: Datetime;
  protected readonly volume: Volume;
  #links = 0;
  /** The number of descriptors and streams that have the node open. */
  #opened = 0;

  constructor(volume: Volume) {
    this.volume = volume;
    this.identity = volume.nextIdentity();
    this.accessed = this.modified = this.changed = volume.now();
  }

  /** The number of directory entries that name the node. */
  get links(): number {
    return this.#links;
  }

  link(): void {
    this.#links++;
    this.changed = this.volume.now();
  }

  unlink(): void {
    this.#links--;
    this.changed = this.volume.now();
    this.#freeIfUnused();
  }

  open(): void {
    this.#opened++;
  }

  close(): void {
    this.#opened--;
    this.#freeIfUnused();
  }

  protected touch(): void {
    this.modified = this.changed = this.volume.now();
  }

  /** Called if no directory names the node and no descriptor has it open. */
  protected abstract free(): void;

  #freeIfUnused(): void {
    if (this.#links === 0 && this.#opened === 0) this.free();
  }
}

const NOTHING = new Uint8Array(0);

export class MemoryFile extends Node {
  readonly kind = 'regular-file';
  #bytes: Uint8Array;
  #size: number;

  /** Takes ownership of `bytes`, which are not copied. */
  constructor(volume: Volume, bytes: Uint8Array = NOTHING) {
    super(volume);
    volume.takeBytes(bytes.length);
    this.#bytes = bytes;
    this.#size = bytes.length;
  }

  get size(): number {
    return this.#size;
  }

  read(offset: number, length: number): Uint8Array {
    return this.#bytes.slice(Math.min(offset, this.#size), Math.min(offset + length, this.#size));
  }

  /** Writes bytes at an offset. An empty write changes nothing, even if the offset is after the end of the file. */
  write(offset: number, bytes: Uint8Array): void {
    if (bytes.length === 0) return;
    const end = offset + bytes.length;
    if (end > this.#bytes.length) this.#move(end, Math.max(end, Math.min(2 * this.#bytes.length, MAX_FILE_BYTES)));
    this.#bytes.set(bytes, offset);
    this.#size = Math.max(this.#size, end);
    this.touch();
  }

  resize(size: number): void {
    if (size !== this.#bytes.length) this.#move(size, size);
    this.#size = size;
    this.touch();
  }

  protected free(): void {
    this.volume.returnBytes(this.#bytes.length);
    this.#bytes = NOTHING;
    this.#size = 0;
  }

  /** Moves the content to an array of `preferred` bytes, or of `size` bytes if there is not enough space. */
  #move(size: number, preferred: number): void {
    if (size > MAX_FILE_BYTES) throw failed('insufficient-space');
    const before = this.#bytes.length;
    let length = preferred;
    try {
      this.volume.takeBytes(length - before);
    } catch (error) {
      if (preferred === size) throw error;
      length = size;
      this.volume.takeBytes(length - before);
    }
    const bytes = new Uint8Array(length);
    bytes.set(this.#bytes.subarray(0, Math.min(this.#size, length)));
    this.#bytes = bytes;
  }
}

export class MemoryLink extends Node {
  readonly kind = 'symbolic-link';
  /** A path from the directory that holds the link. */
  readonly target: string;
  readonly size: number;

  constructor(volume: Volume, target: string) {
    super(volume);
    this.target = target;
    this.size = new TextEncoder().encode(target).length;
    volume.takeBytes(this.size);
  }

  protected free(): void {
    this.volume.returnBytes(this.size);
  }
}

export class MemoryDirectory extends Node {
  readonly kind = 'directory';
  readonly size = 0;
  /** The directory that contains this one. It is undefined for a root and for a removed directory. */
  #parent: MemoryDirectory | undefined;
  readonly #entries = new Map<string, MemoryNode>();

  /** Creates a directory without a parent. */
  static root(volume: Volume): MemoryDirectory {
    const directory = new MemoryDirectory(volume);
    volume.takeEntry();
    directory.link();
    return directory;
  }

  get isEmpty(): boolean {
    return this.#entries.size === 0;
  }

  get(name: string): MemoryNode | undefined {
    return this.#entries.get(name);
  }

  /** Returns a snapshot of the entries. */
  list(): [name: string, node: MemoryNode][] {
    return [...this.#entries];
  }

  /** The number of entries. */
  get count(): number {
    return this.#entries.size;
  }

  /** Adds a new file. @throws ComponentError if there is not enough space, or this directory was removed. */
  addFile(name: string, bytes?: Uint8Array): MemoryFile {
    return this.#add(name, () => new MemoryFile(this.volume, bytes));
  }

  addDirectory(name: string): MemoryDirectory {
    return this.#add(name, () => new MemoryDirectory(this.volume));
  }

  addLink(name: string, target: string): MemoryLink {
    return this.#add(name, () => new MemoryLink(this.volume, target));
  }

  /** Adds another name of a node. */
  addNode(name: string, node: MemoryFile | MemoryLink): void {
    this.#add(name, () => node);
  }

  /** Removes an existing entry. */
  remove(name: string): void {
    const node = this.#entries.get(name);
    if (node === undefined) return;
    this.#entries.delete(name);
    this.touch();
    this.volume.returnEntry();
    if (node.kind === 'directory') node.#parent = undefined;
    node.unlink();
  }

  /** Moves an existing entry to a name that is not used. */
  move(name: string, to: MemoryDirectory, toName: string): void {
    const node = this.#entries.get(name);
    if (node === undefined) return;
    to.#checkPresent();
    this.#entries.delete(name);
    to.#entries.set(toName, node);
    if (node.kind === 'directory') node.#parent = to;
    node.changed = this.volume.now();
    this.touch();
    to.touch();
  }

  /** Returns true if this directory is `directory`, or somewhere below it. */
  isWithin(directory: MemoryDirectory): boolean {
    let each: MemoryDirectory | undefined = this;
    while (each !== undefined && each !== directory) each = each.#parent;
    return each === directory;
  }

  /** Does nothing, because the memory belongs to the entries, and only an empty directory can be removed. */
  protected free(): void {}

  #add<Added extends MemoryNode>(name: string, make: () => Added): Added {
    this.#checkPresent();
    this.volume.takeEntry();
    let node: Added;
    try {
      node = make();
    } catch (error) {
      this.volume.returnEntry();
      throw error;
    }
    this.#entries.set(name, node);
    if (node.kind === 'directory') node.#parent = this;
    node.link();
    this.touch();
    return node;
  }

  /**
   * Refuses new entries in a directory that was removed while it is open, because nothing could reach or remove them.
   */
  #checkPresent(): void {
    if (this.links === 0) throw failed('no-entry');
  }
}

export type MemoryNode = MemoryFile | MemoryDirectory | MemoryLink;
