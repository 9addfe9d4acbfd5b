/**
 * `wasi:io`: errors, pollables and streams. They provide no access by themselves. The interface that creates a
 * stream determines what the stream reads or writes.
 */
import { ComponentError, isComponentError, Trap } from '../errors.ts';
import type { Interfaces } from './grantable.ts';
import { MAX_CHUNK_BYTES } from './limits.ts';
import type { VirtualTime } from './time.ts';

/** Implements `resource error`. */
export class IoError {
  readonly message: string;
  /** The `error-code` of `wasi:filesystem/types`, or undefined if no operation on a file failed. */
  readonly fileErrorCode: string | undefined;

  constructor(message: string, fileErrorCode?: string) {
    this.message = message;
    this.fileErrorCode = fileErrorCode;
  }

  toDebugString(): string {
    return this.message;
  }
}

/** Implements `resource pollable`. A pollable is ready immediately, or at an instant of the virtual time. */
export class Pollable {
  readonly #time: VirtualTime | undefined;
  readonly #instant: bigint;
  #close: (() => void) | undefined;

  /** `close` is called once, when the guest drops the pollable. */
  constructor(time?: VirtualTime, instant: bigint = 0n, close?: () => void) {
    this.#time = time;
    this.#instant = instant;
    this.#close = close;
  }

  [Symbol.dispose](): void {
    this.#close?.();
    this.#close = undefined;
  }

  ready(): boolean {
    return this.#time === undefined || this.#time.instant >= this.#instant;
  }

  block(): void {
    this.#time?.waitUntil(this.#instant);
  }

  /**
   * Returns the indices of the pollables that are ready. If no pollable is ready, waits for the first ones that become
   * ready.
   *
   * @throws Trap if the list is empty.
   */
  static poll(pollables: readonly Pollable[]): Uint32Array {
    if (pollables.length === 0)
      throw new Trap('the guest called wasi:io/poll#poll with an empty list; it must pass at least one pollable');
    const indicesOfReady = (): number[] => [...pollables.keys()].filter((index) => pollables[index]!.ready());
    const ready = indicesOfReady();
    if (ready.length > 0) return Uint32Array.from(ready);
    pollables.reduce((first, each) => (each.#instant < first.#instant ? each : first)).block();
    return Uint32Array.from(indicesOfReady());
  }
}

/** The `closed` case of `stream-error`. */
const closed = (): ComponentError => new ComponentError({ tag: 'closed' }, 'the stream is closed');

/** Returns the `last-operation-failed` case of `stream-error`. */
function operationFailed({ message, payload }: ComponentError): ComponentError {
  const error = new IoError(message, typeof payload === 'string' ? payload : undefined);
  return new ComponentError({ tag: 'last-operation-failed', val: error }, message);
}

abstract class Stream {
  readonly #name: string;
  #close: (() => void) | undefined;
  #pollables = 0;

  constructor(name: string, close: (() => void) | undefined) {
    this.#name = name;
    this.#close = close;
  }

  /**
   * Drops the stream.
   * @throws Trap if a pollable of the stream still exists. The specification permits this, and other hosts trap too.
   */
  [Symbol.dispose](): void {
    this.#close?.();
    this.#close = undefined;
    if (this.#pollables > 0) {
      throw new Trap(`the guest dropped an ${this.#name} before its pollables; it must drop the pollables first`);
    }
  }

  subscribe(): Pollable {
    this.#pollables++;
    return new Pollable(undefined, 0n, () => {
      this.#pollables--;
    });
  }
}

/** Reads at most `most` bytes for an input stream. Returns undefined at the end. */
export type Source = (most: number) => Uint8Array | undefined;

/** Implements `resource input-stream`. */
export class InputStream extends Stream {
  readonly #source: Source;

  /** `close` is called once, when the guest drops the stream. */
  constructor(source: Source, close?: () => void) {
    super('input-stream', close);
    this.#source = source;
  }

  read(length: bigint): Uint8Array {
    const bytes = this.#source(chunkOf(length));
    if (bytes === undefined) throw closed();
    return bytes;
  }

  blockingRead(length: bigint): Uint8Array {
    return this.read(length);
  }

  skip(length: bigint): bigint {
    return BigInt(this.read(length).length);
  }

  blockingSkip(length: bigint): bigint {
    return this.skip(length);
  }
}

/**
 * The function that receives the bytes of an output stream.
 * @throws ComponentError with the code of a file that failed.
 */
export type Sink = (bytes: Uint8Array) => void;

/** Implements `resource output-stream`. A stream that has failed is closed. */
export class OutputStream extends Stream {
  /** The receiver of the bytes. It is undefined after a write has failed. */
  #sink: Sink | undefined;

  /** `close` is called once, when the guest drops the stream. */
  constructor(sink: Sink, close?: () => void) {
    super('output-stream', close);
    this.#sink = sink;
  }

  checkWrite(): bigint {
    this.#open();
    return BigInt(MAX_CHUNK_BYTES);
  }

  write(contents: Uint8Array): void {
    checkPermitted(contents.length);
    const sink = this.#open();
    try {
      sink(contents);
    } catch (error) {
      this.#sink = undefined;
      throw isComponentError(error) ? operationFailed(error) : error;
    }
  }

  blockingWriteAndFlush(contents: Uint8Array): void {
    this.write(contents);
  }

  flush(): void {
    this.#open();
  }

  blockingFlush(): void {
    this.#open();
  }

  writeZeroes(length: bigint): void {
    checkPermitted(length);
    this.write(new Uint8Array(Number(length)));
  }

  blockingWriteZeroesAndFlush(length: bigint): void {
    this.writeZeroes(length);
  }

  splice(source: InputStream, length: bigint): bigint {
    this.#open();
    const bytes = source.read(length);
    this.write(bytes);
    return BigInt(bytes.length);
  }

  blockingSplice(source: InputStream, length: bigint): bigint {
    return this.splice(source, length);
  }

  #open(): Sink {
    if (this.#sink === undefined) throw closed();
    return this.#sink;
  }
}

/**
 * Checks the length of a write.
 * @throws Trap if `check-write` does not permit that many bytes. Writing only a part would lose the rest.
 */
function checkPermitted(length: number | bigint): void {
  if (length > MAX_CHUNK_BYTES) {
    throw new Trap(`the guest wrote ${length} bytes in one call; check-write permits ${MAX_CHUNK_BYTES}`);
  }
}

function chunkOf(length: bigint): number {
  return length > MAX_CHUNK_BYTES ? MAX_CHUNK_BYTES : Number(length);
}

export const ioInterfaces: Interfaces = {
  'wasi:io/error': { Error: IoError },
  'wasi:io/poll': { Pollable, poll: (pollables: readonly Pollable[]): Uint32Array => Pollable.poll(pollables) },
  'wasi:io/streams': { InputStream, OutputStream },
};
