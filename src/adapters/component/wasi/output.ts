/** Passes standard output and standard error to the host, as lines or as bytes. */
import { MAX_LINE_BYTES } from './limits.ts';

/**
 * The receiver of a guest's output. A function is called with each line of text, without its end (`\n` or `\r\n`). The
 * method `write` of an object, such as `process.stdout`, is called with the bytes as the guest writes them.
 */
export type Output = ((line: string) => void) | { write(bytes: Uint8Array): unknown };

/** Receives the output of one stream of a guest. */
export interface OutputWriter {
  /** Takes ownership of the bytes. */
  write(bytes: Uint8Array): void;
  /** Passes on the buffered bytes. */
  flush(): void;
}

export function writerTo(output: Output | undefined): OutputWriter {
  if (output === undefined) return { write() {}, flush() {} };
  return typeof output === 'function' ? new Lines(output) : new Bytes(output);
}

/** Passes the output on as the guest writes it. */
class Bytes implements OutputWriter {
  readonly #output: { write(bytes: Uint8Array): unknown };

  constructor(output: { write(bytes: Uint8Array): unknown }) {
    this.#output = output;
  }

  write(bytes: Uint8Array): void {
    ignoreErrors(() => this.#output.write(bytes));
  }

  flush(): void {}
}

/**
 * Ignores the errors of the host's output. Output is not part of a decision, so a closed terminal must not make a
 * decision fail.
 */
function ignoreErrors(print: () => void): void {
  try {
    print();
  } catch {}
}

const LINE_FEED = 0x0a;
const CARRIAGE_RETURN = 0x0d;

/** Decodes output. A byte order mark is part of the text, like every other character. */
const decoder = new TextDecoder('utf-8', { ignoreBOM: true });

/** Passes the output on as lines. Bytes are buffered until a line ends or is too long. */
class Lines implements OutputWriter {
  readonly #print: (line: string) => void;
  /** The buffer. Its first `#length` bytes are the current line. */
  #bytes: Uint8Array = new Uint8Array(128);
  #length = 0;

  constructor(print: (line: string) => void) {
    this.#print = print;
  }

  write(bytes: Uint8Array): void {
    let from = 0;
    for (let end = bytes.indexOf(LINE_FEED); end !== -1; end = bytes.indexOf(LINE_FEED, from)) {
      // The carriage return is removed before the line is cut, because it must not make the line too long.
      this.#append(bytes.subarray(from, end > from && bytes[end - 1] === CARRIAGE_RETURN ? end - 1 : end));
      const cameBefore = end === from && this.#length > 0 && this.#bytes[this.#length - 1] === CARRIAGE_RETURN;
      if (cameBefore) this.#length--;
      this.#printFirst(this.#length);
      from = end + 1;
    }
    this.#append(bytes.subarray(from));
  }

  /** Prints a line that has no end yet. */
  flush(): void {
    if (this.#length > 0) this.#printFirst(this.#length);
  }

  #append(bytes: Uint8Array): void {
    let rest = bytes;
    while (this.#length + rest.length > MAX_LINE_BYTES) {
      const taken = MAX_LINE_BYTES - this.#length;
      this.#keep(rest.subarray(0, taken));
      rest = rest.subarray(taken);
      this.#printFirst(this.#wholeCharacters());
    }
    this.#keep(rest);
  }

  #keep(bytes: Uint8Array): void {
    const length = this.#length + bytes.length;
    if (length > this.#bytes.length) {
      const larger = new Uint8Array(Math.min(2 * length, MAX_LINE_BYTES));
      larger.set(this.#bytes.subarray(0, this.#length));
      this.#bytes = larger;
    }
    this.#bytes.set(bytes, this.#length);
    this.#length = length;
  }

  /** Prints the first bytes as a line, and removes them. */
  #printFirst(count: number): void {
    const line = decoder.decode(this.#bytes.subarray(0, count));
    this.#bytes.copyWithin(0, count, this.#length);
    this.#length -= count;
    ignoreErrors(() => this.#print(line));
  }

  /** Returns the number of bytes before an incomplete UTF-8 character at the end. */
  #wholeCharacters(): number {
    for (let at = this.#length - 1; at >= this.#length - 3; at--) {
      const byte = this.#bytes[at]!;
      if (byte < 0x80) break;
      if (byte < 0xc0) continue; // The byte continues a character.
      const size = byte < 0xe0 ? 2 : byte < 0xf0 ? 3 : 4;
      return at + size > this.#length ? at : this.#length;
    }
    return this.#length;
  }
}
