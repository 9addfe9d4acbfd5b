/** Implements `wasi:filesystem` with files in memory. */
import type { Interfaces } from './grantable.ts';
import { InputStream, type IoError, OutputStream } from './io.ts';
import { MAX_CHUNK_BYTES, MAX_PATH_LENGTH } from './limits.ts';
import { type Datetime, failed, type MemoryDirectory, type MemoryFile, type MemoryNode, type Volume } from './nodes.ts';
import { type EntryPlace, entryAt, find, lookUp } from './paths.ts';

interface DescriptorFlags {
  readonly read?: boolean;
  readonly write?: boolean;
  readonly fileIntegritySync?: boolean;
  readonly dataIntegritySync?: boolean;
  readonly requestedWriteSync?: boolean;
  readonly mutateDirectory?: boolean;
}

interface PathFlags {
  readonly symlinkFollow?: boolean;
}

interface OpenFlags {
  readonly create?: boolean;
  readonly directory?: boolean;
  readonly exclusive?: boolean;
  readonly truncate?: boolean;
}

type DescriptorType = 'directory' | 'regular-file' | 'symbolic-link';

interface DescriptorStat {
  readonly type: DescriptorType;
  readonly linkCount: bigint;
  readonly size: bigint;
  readonly dataAccessTimestamp: Datetime;
  readonly dataModificationTimestamp: Datetime;
  readonly statusChangeTimestamp: Datetime;
}

type NewTimestamp =
  | { readonly tag: 'no-change' }
  | { readonly tag: 'now' }
  | { readonly tag: 'timestamp'; readonly val: Datetime };

interface MetadataHash {
  readonly lower: bigint;
  readonly upper: bigint;
}

interface DirectoryEntry {
  readonly type: DescriptorType;
  readonly name: string;
}

/**
 * Implements `resource directory-entry-stream`. It is a snapshot, so that a guest can change the directory while it
 * reads the listing.
 */
export class DirectoryEntryStream {
  readonly #volume: Volume;
  readonly #count: number;
  /** The remaining entries. The field is undefined after the listing was read to its end or dropped. */
  #entries: Iterator<[name: string, node: MemoryNode]> | undefined;

  constructor(directory: MemoryDirectory, volume: Volume) {
    volume.takeListed(directory.count);
    this.#volume = volume;
    this.#count = directory.count;
    this.#entries = directory.list().values();
  }

  [Symbol.dispose](): void {
    if (this.#entries === undefined) return;
    this.#entries = undefined;
    this.#volume.returnListed(this.#count);
  }

  readDirectoryEntry(): DirectoryEntry | undefined {
    const next = this.#entries?.next();
    if (next === undefined || next.done === true) {
      this[Symbol.dispose]();
      return undefined;
    }
    const [name, { kind }] = next.value;
    return { type: kind, name };
  }
}

/**
 * Implements `resource descriptor`. Its `mutate-directory` is inherited. A directory opened below a mutable directory
 * is mutable too, even if the guest does not request that. Neither wasi-libc nor Rust's standard library requests it.
 */
export class Descriptor {
  readonly #volume: Volume;
  readonly #node: MemoryFile | MemoryDirectory;
  readonly #flags: DescriptorFlags;
  /** True if the preopen below which it was opened is writable. */
  readonly #isMutable: boolean;
  #isOpen = true;

  constructor(volume: Volume, node: MemoryFile | MemoryDirectory, isMutable: boolean, flags: DescriptorFlags) {
    this.#volume = volume;
    this.#node = node;
    this.#isMutable = isMutable;
    this.#flags = { ...flags, mutateDirectory: isMutable && node.kind === 'directory' };
    node.open();
  }

  [Symbol.dispose](): void {
    if (this.#isOpen) this.#node.close();
    this.#isOpen = false;
  }

  readViaStream(offset: bigint): InputStream {
    const file = this.#readable();
    let at = toOffset(offset);
    const read = (most: number): Uint8Array | undefined => {
      const bytes = file.read(at, most);
      at += bytes.length;
      return bytes.length === 0 && most > 0 ? undefined : bytes;
    };
    file.open();
    return new InputStream(read, () => file.close());
  }

  writeViaStream(offset: bigint): OutputStream {
    const file = this.#writable();
    let at = toOffset(offset);
    const write = (bytes: Uint8Array): void => {
      file.write(at, bytes);
      at += bytes.length;
    };
    file.open();
    return new OutputStream(write, () => file.close());
  }

  appendViaStream(): OutputStream {
    const file = this.#writable();
    file.open();
    return new OutputStream(
      (bytes) => file.write(file.size, bytes),
      () => file.close(),
    );
  }

  advise(): void {}

  syncData(): void {}

  sync(): void {}

  getFlags(): DescriptorFlags {
    return this.#flags;
  }

  getType(): DescriptorType {
    return this.#node.kind;
  }

  setSize(size: bigint): void {
    // As POSIX specifies for `ftruncate`, only this function fails with `invalid` for a file that was not opened for
    // writing.
    this.#file(this.#flags.write, 'invalid').resize(toOffset(size));
  }

  setTimes(accessed: NewTimestamp, modified: NewTimestamp): void {
    this.#setTimes(this.#node, accessed, modified);
  }

  setTimesAt(flags: PathFlags, path: string, accessed: NewTimestamp, modified: NewTimestamp): void {
    this.#setTimes(this.#find(flags, path), accessed, modified);
  }

  read(length: bigint, offset: bigint): [Uint8Array, boolean] {
    const file = this.#readable();
    const most = length > MAX_CHUNK_BYTES ? MAX_CHUNK_BYTES : Number(length);
    const bytes = file.read(toOffset(offset), most);
    return [bytes, toOffset(offset) + bytes.length >= file.size];
  }

  write(bytes: Uint8Array, offset: bigint): bigint {
    this.#writable().write(toOffset(offset), bytes);
    return BigInt(bytes.length);
  }

  readDirectory(): DirectoryEntryStream {
    return new DirectoryEntryStream(this.#directory(), this.#volume);
  }

  createDirectoryAt(path: string): void {
    const place = entryAt(this.#directory(), path);
    if (place === undefined || place.node !== undefined) throw failed('exist');
    this.#checkMutable();
    place.parent.addDirectory(place.name);
  }

  stat(): DescriptorStat {
    return statOf(this.#node);
  }

  statAt(flags: PathFlags, path: string): DescriptorStat {
    return statOf(this.#find(flags, path));
  }

  openAt(pathFlags: PathFlags, path: string, open: OpenFlags, flags: DescriptorFlags): Descriptor {
    if (open.directory && (open.create || open.exclusive || open.truncate)) throw failed('invalid');
    const base = this.#directory();
    // The specification requires this error for all paths, including those that fail for another reason.
    if (open.create || open.truncate || flags.write || flags.mutateDirectory) this.#checkMutable();
    const isNew = open.create === true && open.exclusive === true;
    const place = lookUp(base, path, pathFlags.symlinkFollow === true && !isNew);
    const found = place.node;
    if (found !== undefined && isNew) throw failed('exist');
    if (found?.kind === 'symbolic-link') throw failed(open.directory ? 'not-directory' : 'loop');
    if (found?.kind === 'regular-file' && open.directory) throw failed('not-directory');
    if (found?.kind === 'directory' && (flags.write || open.truncate || open.create)) throw failed('is-directory');
    if (found !== undefined) {
      if (open.truncate && found.kind === 'regular-file') found.resize(0);
      return new Descriptor(this.#volume, found, this.#isMutable, flags);
    }
    if (!open.create || place.parent === undefined) throw failed('no-entry');
    if (place.isDirectoryPath) throw failed('is-directory');
    return new Descriptor(this.#volume, place.parent.addFile(place.name), this.#isMutable, flags);
  }

  removeDirectoryAt(path: string): void {
    const place = entryAt(this.#directory(), path);
    // `..` names a directory that contains the previous one.
    if (place === undefined) throw failed(/\.\.\/*$/.test(path) ? 'not-empty' : 'invalid');
    const node = presentAt(place);
    if (node.kind !== 'directory') throw failed('not-directory');
    if (!node.isEmpty) throw failed('not-empty');
    this.#checkMutable();
    place.parent.remove(place.name);
  }

  unlinkFileAt(path: string): void {
    const place = entryAt(this.#directory(), path);
    if (place === undefined || presentAt(place).kind === 'directory') throw failed('is-directory');
    this.#checkMutable();
    place.parent.remove(place.name);
  }

  renameAt(path: string, target: Descriptor, targetPath: string): void {
    const from = entryAt(this.#directory(), path);
    const to = entryAt(target.#directory(), targetPath);
    if (from === undefined || to === undefined) throw failed('busy');
    const node = presentAt(from);
    const replaced = to.node;
    if (replaced?.kind === 'directory' && from.parent.isWithin(replaced)) throw failed('not-empty');
    if (node.kind !== 'directory' && to.isDirectoryPath) throw failed('not-directory');
    if (replaced?.kind === 'directory' && node.kind !== 'directory') throw failed('is-directory');
    if (replaced !== undefined && replaced.kind !== 'directory' && node.kind === 'directory') {
      throw failed('not-directory');
    }
    if (node.kind === 'directory' && to.parent.isWithin(node)) throw failed('invalid');
    if (replaced?.kind === 'directory' && replaced !== node && !replaced.isEmpty) throw failed('not-empty');
    this.#checkMutable();
    target.#checkMutable();
    // If both names refer to one file, nothing changes, as in POSIX.
    if (replaced === node) return;
    if (replaced !== undefined) to.parent.remove(to.name);
    from.parent.move(from.name, to.parent, to.name);
  }

  linkAt(flags: PathFlags, path: string, target: Descriptor, targetPath: string): void {
    // As in other hosts, the link refers to the file that the path names, which can be a symbolic link itself.
    if (flags.symlinkFollow) throw failed('invalid');
    const node = find(this.#directory(), path, false);
    const to = entryAt(target.#directory(), targetPath);
    if (to === undefined || to.node !== undefined) throw failed('exist');
    if (to.isDirectoryPath) throw failed('no-entry');
    if (node.kind === 'directory') throw failed('not-permitted');
    this.#checkMutable();
    target.#checkMutable();
    to.parent.addNode(to.name, node);
  }

  symlinkAt(target: string, path: string): void {
    if (target === '') throw failed('no-entry');
    if (target.startsWith('/')) throw failed('not-permitted');
    if (target.includes('\0')) throw failed('invalid');
    if (target.length > MAX_PATH_LENGTH) throw failed('name-too-long');
    const place = entryAt(this.#directory(), path);
    if (place?.isDirectoryPath && place.node?.kind !== 'directory') {
      throw failed(place.node === undefined ? 'no-entry' : 'not-directory');
    }
    if (place === undefined || place.node !== undefined) throw failed('exist');
    this.#checkMutable();
    place.parent.addLink(place.name, target);
  }

  readlinkAt(path: string): string {
    const node = find(this.#directory(), path, false);
    if (node.kind !== 'symbolic-link') throw failed('invalid');
    return node.target;
  }

  isSameObject(other: Descriptor): boolean {
    return this.#node === other.#node;
  }

  metadataHash(): MetadataHash {
    return hashOf(this.#node);
  }

  metadataHashAt(flags: PathFlags, path: string): MetadataHash {
    return hashOf(this.#find(flags, path));
  }

  #find(flags: PathFlags, path: string): MemoryNode {
    return find(this.#directory(), path, flags.symlinkFollow === true);
  }

  #directory(): MemoryDirectory {
    if (this.#node.kind !== 'directory') throw failed('not-directory');
    return this.#node;
  }

  #checkMutable(): void {
    if (!this.#isMutable) throw failed('read-only');
  }

  #readable(): MemoryFile {
    return this.#file(this.#flags.read);
  }

  #writable(): MemoryFile {
    return this.#file(this.#flags.write);
  }

  #file(isAllowed: boolean | undefined, code: 'bad-descriptor' | 'invalid' = 'bad-descriptor'): MemoryFile {
    if (this.#node.kind === 'directory') throw failed('is-directory');
    if (isAllowed !== true) throw failed(code);
    return this.#node;
  }

  #setTimes(node: MemoryNode, accessed: NewTimestamp, modified: NewTimestamp): void {
    this.#checkMutable();
    const now = this.#volume.now();
    // Both times are computed first, so that an invalid time changes nothing.
    const times = { accessed: timeOf(accessed, node.accessed, now), modified: timeOf(modified, node.modified, now) };
    node.accessed = times.accessed;
    node.modified = times.modified;
    node.changed = now;
  }
}

function toOffset(offset: bigint): number {
  if (offset > Number.MAX_SAFE_INTEGER) throw failed('invalid');
  return Number(offset);
}

/** Returns the node of an entry that must exist. It must be a directory if its path ends with a slash. */
function presentAt({ node, isDirectoryPath }: EntryPlace): MemoryNode {
  if (node === undefined) throw failed('no-entry');
  if (isDirectoryPath && node.kind !== 'directory') throw failed('not-directory');
  return node;
}

function statOf(node: MemoryNode): DescriptorStat {
  return {
    type: node.kind,
    linkCount: BigInt(node.links),
    size: BigInt(node.size),
    dataAccessTimestamp: node.accessed,
    dataModificationTimestamp: node.modified,
    statusChangeTimestamp: node.changed,
  };
}

/** Returns a hash that depends only on the number of the file, because adapters derive the inode number from it. */
function hashOf(node: MemoryNode): MetadataHash {
  return { lower: node.identity, upper: 0n };
}

/** Nanoseconds in a second. */
const SECOND = 1_000_000_000;

function timeOf(timestamp: NewTimestamp, before: Datetime, now: Datetime): Datetime {
  if (timestamp.tag === 'no-change') return before;
  if (timestamp.tag === 'now') return now;
  if (timestamp.val.nanoseconds >= SECOND) throw failed('invalid');
  return timestamp.val;
}

export const filesystemTypes: Interfaces = {
  'wasi:filesystem/types': {
    Descriptor,
    DirectoryEntryStream,
    /** Returns the code of a stream's error if an operation on a file failed. */
    filesystemErrorCode: (error: IoError): string | undefined => error.fileErrorCode,
  },
};
