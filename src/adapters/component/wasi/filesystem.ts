/** `wasi:filesystem` over files in memory. There are no links, no permissions and no times. */
import { failed, type MemoryDirectory, type MemoryFile, type MemoryNode } from './file-tree.ts';
import type { Interfaces } from './grantable.ts';
import { InputStream, type IoError, OutputStream, operationFailed } from './io.ts';
import { MAX_CHUNK_BYTES } from './limits.ts';

interface DescriptorFlags {
  readonly read?: boolean;
  readonly write?: boolean;
  readonly mutateDirectory?: boolean;
}

interface OpenFlags {
  readonly create?: boolean;
  readonly directory?: boolean;
  readonly exclusive?: boolean;
  readonly truncate?: boolean;
}

interface DescriptorStat {
  readonly type: string;
  readonly linkCount: bigint;
  readonly size: bigint;
}

interface MetadataHash {
  readonly lower: bigint;
  readonly upper: bigint;
}

/** `resource directory-entry-stream`. */
export class DirectoryEntryStream {
  readonly #entries: Iterator<[string, MemoryNode]>;

  constructor(directory: MemoryDirectory) {
    this.#entries = directory.entries.entries();
  }

  readDirectoryEntry(): { readonly type: string; readonly name: string } | undefined {
    const next = this.#entries.next();
    return next.done === true ? undefined : { type: next.value[1].kind, name: next.value[0] };
  }
}

/** `resource descriptor`. */
export class Descriptor {
  readonly #node: MemoryNode;
  readonly #flags: DescriptorFlags;
  #isOpen = true;

  constructor(node: MemoryNode, flags: DescriptorFlags) {
    this.#node = node;
    this.#flags = flags;
    if (node.kind === 'regular-file') node.use();
  }

  [Symbol.dispose](): void {
    if (this.#isOpen && this.#node.kind === 'regular-file') this.#node.release();
    this.#isOpen = false;
  }

  readViaStream(offset: bigint): InputStream {
    const file = this.#readable();
    let at = toOffset(offset);
    file.use();
    const read = (most: number): Uint8Array | undefined => {
      const bytes = file.read(at, most);
      at += bytes.length;
      return bytes.length === 0 && most > 0 ? undefined : bytes;
    };
    return new InputStream(read, () => file.release());
  }

  writeViaStream(offset: bigint): OutputStream {
    const file = this.#writable();
    let at = toOffset(offset);
    file.use();
    const write = (bytes: Uint8Array): void => {
      writing(() => file.write(at, bytes));
      at += bytes.length;
    };
    return new OutputStream(write, () => file.release());
  }

  appendViaStream(): OutputStream {
    const file = this.#writable();
    file.use();
    const write = (bytes: Uint8Array): void => writing(() => file.write(file.size, bytes));
    return new OutputStream(write, () => file.release());
  }

  advise(): void {}

  syncData(): void {}

  sync(): void {}

  getFlags(): DescriptorFlags {
    return this.#flags;
  }

  getType(): string {
    return this.#node.kind;
  }

  setSize(size: bigint): void {
    this.#writable().resize(toOffset(size));
  }

  setTimes(): void {}

  setTimesAt(): void {}

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
    return new DirectoryEntryStream(this.#directory());
  }

  createDirectoryAt(path: string): void {
    const { parent, name } = this.#changing().parentOf(path);
    if (parent.entries.has(name)) throw failed('exist');
    parent.addDirectory(name);
  }

  stat(): DescriptorStat {
    return statOf(this.#node);
  }

  statAt(_flags: object, path: string): DescriptorStat {
    return statOf(this.#directory().get(path));
  }

  openAt(_follow: object, path: string, open: OpenFlags, flags: DescriptorFlags): Descriptor {
    if (open.directory && (open.create || open.exclusive || open.truncate)) throw failed('invalid');
    const changes = open.create || open.truncate || flags.write || flags.mutateDirectory;
    const directory = changes ? this.#changing() : this.#directory();
    const found = directory.find(path);
    if (found !== undefined && open.create && open.exclusive) throw failed('exist');
    if (found === undefined && !open.create) throw failed('no-entry');
    if (found?.kind === 'regular-file' && open.directory) throw failed('not-directory');
    if (found?.kind === 'directory' && (flags.write || open.truncate)) throw failed('is-directory');
    const node = found ?? createFile(directory, path);
    if (open.truncate && node.kind === 'regular-file') node.resize(0);
    return new Descriptor(node, flags);
  }

  removeDirectoryAt(path: string): void {
    const { parent, name } = this.#changing().parentOf(path);
    const node = parent.get(name);
    if (node.kind !== 'directory') throw failed('not-directory');
    if (node.entries.size > 0) throw failed('not-empty');
    parent.remove(name);
  }

  unlinkFileAt(path: string): void {
    const { parent, name } = this.#changing().parentOf(path);
    if (parent.get(name).kind === 'directory') throw failed('is-directory');
    parent.remove(name);
  }

  renameAt(path: string, target: Descriptor, targetPath: string): void {
    const from = this.#changing().parentOf(path);
    const to = target.#changing().parentOf(targetPath);
    const node = from.parent.get(from.name);
    const replaced = to.parent.entries.get(to.name);
    if (replaced === node) return;
    if (replaced?.kind === 'directory' && node.kind !== 'directory') throw failed('is-directory');
    if (replaced?.kind === 'regular-file' && node.kind === 'directory') throw failed('not-directory');
    if (node.kind === 'directory' && holds(node, to.parent)) throw failed('invalid');
    if (replaced?.kind === 'directory' && replaced.entries.size > 0) throw failed('not-empty');
    if (replaced !== undefined) to.parent.remove(to.name);
    from.parent.entries.delete(from.name);
    to.parent.entries.set(to.name, node);
  }

  linkAt(): never {
    throw failed('unsupported');
  }

  symlinkAt(): never {
    throw failed('unsupported');
  }

  readlinkAt(path: string): never {
    this.#directory().get(path);
    throw failed('invalid');
  }

  isSameObject(other: Descriptor): boolean {
    return this.#node === other.#node;
  }

  metadataHash(): MetadataHash {
    return { lower: this.#node.identity, upper: 0n };
  }

  metadataHashAt(_flags: object, path: string): MetadataHash {
    return { lower: this.#directory().get(path).identity, upper: 0n };
  }

  #directory(): MemoryDirectory {
    if (this.#node.kind !== 'directory') throw failed('not-directory');
    return this.#node;
  }

  #changing(): MemoryDirectory {
    if (this.#flags.mutateDirectory !== true) throw failed('read-only');
    return this.#directory();
  }

  #readable(): MemoryFile {
    return this.#file(this.#flags.read);
  }

  #writable(): MemoryFile {
    return this.#file(this.#flags.write);
  }

  #file(allowed: boolean | undefined): MemoryFile {
    if (this.#node.kind === 'directory') throw failed('is-directory');
    if (allowed !== true) throw failed('bad-descriptor');
    return this.#node;
  }
}

function toOffset(offset: bigint): number {
  if (offset > Number.MAX_SAFE_INTEGER) throw failed('invalid');
  return Number(offset);
}

function createFile(directory: MemoryDirectory, path: string): MemoryFile {
  const { parent, name } = directory.parentOf(path);
  return parent.addFile(name);
}

function holds(directory: MemoryDirectory, node: MemoryNode): boolean {
  const inside = [directory];
  for (const each of inside) {
    if (each === node) return true;
    for (const entry of each.entries.values()) if (entry.kind === 'directory') inside.push(entry);
  }
  return false;
}

function statOf(node: MemoryNode): DescriptorStat {
  return { type: node.kind, linkCount: 1n, size: BigInt(node.kind === 'directory' ? 0 : node.size) };
}

/** A stream has no error codes of files: what fails is its last operation. */
function writing(write: () => void): void {
  try {
    write();
  } catch (error) {
    throw operationFailed(error instanceof Error ? error.message : String(error));
  }
}

/** `wasi:filesystem/preopens`: one directory, `/`. */
export function preopensInterface(root: MemoryDirectory, writable: boolean): object {
  const flags = { read: true, write: false, mutateDirectory: writable };
  return { getDirectories: (): [Descriptor, string][] => [[new Descriptor(root, flags), '/']] };
}

export const filesystemTypes: Interfaces = {
  'wasi:filesystem/types': {
    Descriptor,
    DirectoryEntryStream,
    /** Which code an error of a stream stands for: none is known. */
    filesystemErrorCode: (_error: IoError): undefined => undefined,
  },
};
