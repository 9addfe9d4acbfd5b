/** `wasi:io`: errors, pollables and streams. They give nothing by themselves: what a stream reaches, another interface gave. */
import { ComponentError, Trap } from '../errors.ts';
import type { Interfaces } from './grantable.ts';
import { MAX_CHUNK_BYTES } from './limits.ts';
import type { VirtualTime } from './time.ts';

/** `resource error`. */
export class IoError {
  readonly message: string;

  constructor(message: string) {
    this.message = message;
  }

  toDebugString(): string {
    return this.message;
  }
}

/** `resource pollable`: ready at once, or at an instant of the virtual time. */
export class Pollable {
  readonly #time: VirtualTime | undefined;
  readonly #instant: bigint;

  constructor(time?: VirtualTime, instant: bigint = 0n) {
    this.#time = time;
    this.#instant = instant;
  }

  ready(): boolean {
    return this.#time === undefined || this.#time.instant >= this.#instant;
  }

  block(): void {
    this.#time?.waitUntil(this.#instant);
  }

  /** Which are ready; where none is, those that are first. @throws Trap where there is nothing to wait for. */
  static poll(pollables: readonly Pollable[]): Uint32Array {
    if (pollables.length === 0) throw new Trap('wasi:io/poll#poll with an empty list: there is nothing to wait for');
    const indicesOfReady = (): number[] => [...pollables.keys()].filter((index) => pollables[index]!.ready());
    const ready = indicesOfReady();
    if (ready.length > 0) return Uint32Array.from(ready);
    pollables.reduce((first, each) => (each.#instant < first.#instant ? each : first)).block();
    return Uint32Array.from(indicesOfReady());
  }
}

/** The `closed` case of `stream-error`. */
const closed = (): ComponentError => new ComponentError({ tag: 'closed' }, 'the stream is closed');

/** The `last-operation-failed` case of `stream-error`. */
export function operationFailed(message: string): ComponentError {
  return new ComponentError({ tag: 'last-operation-failed', val: new IoError(message) }, message);
}

/** Where an input stream reads: at most so many bytes; undefined at the end. */
export type Source = (most: number) => Uint8Array | undefined;

/** `resource input-stream`. */
export class InputStream {
  readonly #source: Source;
  #close: (() => void) | undefined;

  /** `close`: called once, when the guest drops the stream. */
  constructor(source: Source, close?: () => void) {
    this.#source = source;
    this.#close = close;
  }

  [Symbol.dispose](): void {
    this.#close?.();
    this.#close = undefined;
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

  subscribe(): Pollable {
    return new Pollable();
  }
}

/** Where an output stream writes. @throws ComponentError `last-operation-failed` */
export type Sink = (bytes: Uint8Array) => void;

/** `resource output-stream`. */
export class OutputStream {
  readonly #sink: Sink;
  #close: (() => void) | undefined;

  /** `close`: called once, when the guest drops the stream. */
  constructor(sink: Sink, close?: () => void) {
    this.#sink = sink;
    this.#close = close;
  }

  [Symbol.dispose](): void {
    this.#close?.();
    this.#close = undefined;
  }

  checkWrite(): bigint {
    return BigInt(MAX_CHUNK_BYTES);
  }

  write(contents: Uint8Array): void {
    this.#sink(contents);
  }

  blockingWriteAndFlush(contents: Uint8Array): void {
    this.#sink(contents);
  }

  flush(): void {}

  blockingFlush(): void {}

  subscribe(): Pollable {
    return new Pollable();
  }

  writeZeroes(length: bigint): void {
    if (length > MAX_CHUNK_BYTES) throw new Trap(`${length} zeroes at once: check-write permits ${MAX_CHUNK_BYTES}`);
    this.#sink(new Uint8Array(Number(length)));
  }

  blockingWriteZeroesAndFlush(length: bigint): void {
    this.writeZeroes(length);
  }

  splice(source: InputStream, length: bigint): bigint {
    const bytes = source.read(length);
    this.#sink(bytes);
    return BigInt(bytes.length);
  }

  blockingSplice(source: InputStream, length: bigint): bigint {
    return this.splice(source, length);
  }
}

function chunkOf(length: bigint): number {
  return length > MAX_CHUNK_BYTES ? MAX_CHUNK_BYTES : Number(length);
}

/** Reads bytes that are there already. */
export function sourceOf(bytes: Uint8Array): Source {
  let at = 0;
  return (most) => {
    if (at >= bytes.length) return undefined;
    const chunk = bytes.slice(at, at + most);
    at += chunk.length;
    return chunk;
  };
}

export const ioInterfaces: Interfaces = {
  'wasi:io/error': { Error: IoError },
  'wasi:io/poll': { Pollable, poll: (pollables: readonly Pollable[]): Uint32Array => Pollable.poll(pollables) },
  'wasi:io/streams': { InputStream, OutputStream },
};
