/**
 * The headers of a message as the text that is sent. The client's own headers are a map of lists, which takes longer to
 * read and to write than the rest of a message. A reader needs three or four headers.
 */
import type { Msg } from '@nats-io/transport-node';

const VERSION = 'NATS/1.0';
/** The first line has the version of the protocol, and a status if the message is not a stored message. */
const STATUS = /^NATS\/1\.0 +(\d{3})(?: +([^\r]*))?\r\n/;

/** The text before the value, by the name of the header. Concatenating it for each message would take time. */
const beginnings = new Map<string, string>();

function beginningOf(name: string): string {
  let beginning = beginnings.get(name);
  if (beginning === undefined) beginnings.set(name, (beginning = `\r\n${name}: `));
  return beginning;
}

export class HeaderText {
  readonly #text: string;

  constructor(text: string) {
    this.#text = text;
  }

  /**
   * Returns the last value of a header, or an empty string if the header is missing. The name must have the letter case
   * in which it was sent.
   */
  last(name: string): string {
    const text = this.#text;
    const at = text.lastIndexOf(beginningOf(name));
    if (at < 0) return '';
    const start = at + name.length + 4;
    return text.slice(start, text.indexOf('\r\n', start));
  }

  has(name: string): boolean {
    return this.#text.includes(beginningOf(name));
  }

  /** The status of a message that the server made itself, or 0 for other messages. */
  get status(): number {
    return this.#text.charCodeAt(VERSION.length) === 0x20 ? Number(STATUS.exec(this.#text)?.[1] ?? 0) : 0;
  }

  get description(): string {
    return STATUS.exec(this.#text)?.[2] ?? '';
  }
}

const NONE = new HeaderText(`${VERSION}\r\n\r\n`);

/**
 * The class of the client's messages has the size of subject, reply, headers and data. Its interface does not name it.
 */
interface Sized {
  size(): number;
}

/** A reply in two parts. */
export interface Reply {
  readonly headers: HeaderText;
  readonly data: Uint8Array;
}

/**
 * Returns the headers and the data of a reply. The headers are the bytes before the data. A reply has no reply subject
 * of its own.
 *
 * @param subjectBytes the length of the message's subject.
 */
export function replyOf(message: Msg, subjectBytes: number): Reply {
  const { buffer, byteOffset, length } = message.data;
  const headerBytes = (message as Msg & Sized).size() - subjectBytes - length;
  // The result is a plain array, because a Buffer differs from it in a deep comparison.
  const data = new Uint8Array(buffer, byteOffset, length);
  if (headerBytes <= 0) return { headers: NONE, data };
  const text = Buffer.from(buffer, byteOffset - headerBytes, headerBytes).toString('latin1');
  return { headers: new HeaderText(text), data };
}

/** Headers to send. The client calls nothing but `encode`. */
export class EncodedHeaders {
  readonly #lines: string;

  /** Makes headers. @param lines the lines of {@link headerLine}. */
  constructor(lines: string) {
    this.#lines = lines;
  }

  encode(): Uint8Array {
    return Buffer.from(`${VERSION}\r\n${this.#lines}\r\n`, 'latin1');
  }
}

/** Returns the line of a header. The value contains printable ASCII characters only. */
export function headerLine(name: string, value: string | number): string {
  return `${name}: ${value}\r\n`;
}
