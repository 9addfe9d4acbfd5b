/** Standard input of a guest. */
import { ArgumentError } from '../errors.ts';
import { isOf, unexpected } from './given-files.ts';
import type { Source } from './io.ts';

/**
 * The content of standard input: all of it, or its pieces in order. The next piece of an iterable is requested only
 * when the guest reads more. The iterable is closed when the guest ends its program.
 */
export type Input = string | Uint8Array | Iterable<string | Uint8Array>;

/** Reads the standard input of one instance. */
export class Stdin {
  #pieces: Iterator<unknown>;
  /** The rest of the current piece. It is undefined at the end of the input. */
  #rest: Uint8Array | undefined = new Uint8Array(0);

  constructor(input: Input) {
    const pieces = typeof input === 'string' || isOf(input, 'Uint8Array') ? [input] : input;
    this.#pieces = (pieces as Iterable<unknown>)[Symbol.iterator]();
  }

  readonly read: Source = (most) => {
    if (most === 0) return this.#rest?.subarray(0, 0);
    while (this.#rest?.length === 0) this.#rest = this.#nextPiece();
    if (this.#rest === undefined) return undefined;
    const chunk = this.#rest.slice(0, most);
    this.#rest = this.#rest.subarray(chunk.length);
    return chunk;
  };

  /** Ends the input, and closes the iterable. */
  end(): void {
    if (this.#rest === undefined) return;
    this.#rest = undefined;
    this.#pieces.return?.();
  }

  #nextPiece(): Uint8Array | undefined {
    const next = this.#pieces.next();
    if (next.done === true) return undefined;
    if (typeof next.value === 'string') return new TextEncoder().encode(next.value);
    if (isOf(next.value, 'Uint8Array')) return next.value as Uint8Array;
    throw unexpected('stdin', 'a string or a Uint8Array as the next piece', next.value);
  }
}

/** Checks the option `stdin`. @throws ArgumentError if `stdin` is not an {@link Input}. */
export function checkInput(option: string, stdin: unknown): void {
  if (typeof stdin === 'string' || isOf(stdin, 'Uint8Array')) return;
  if (typeof stdin === 'object' && stdin !== null && !ArrayBuffer.isView(stdin)) {
    if (Symbol.iterator in stdin) return;
    if (Symbol.asyncIterator in stdin) {
      const way = 'read it first, for example with stdin: await Array.fromAsync(process.stdin)';
      throw new ArgumentError(option, `expected a synchronous iterable, got an asynchronous one; ${way}`);
    }
  }
  throw unexpected(option, 'a string, a Uint8Array or an iterable of them', stdin);
}
