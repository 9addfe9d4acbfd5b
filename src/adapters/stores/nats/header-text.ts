/**
 * The headers of a message as the text that the server sent. The client's own parser makes a map of lists for each
 * message, which takes longer than the rest of a read. A reader needs three or four headers.
 */
import type { Msg } from '@nats-io/transport-node';

/** The first line has the version of the protocol, and a status if the message is not a stored message. */
const STATUS = /^NATS\/1\.0 +(\d{3})(?: +([^\r]*))?\r\n/;

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
    const at = text.lastIndexOf(`\r\n${name}: `);
    if (at < 0) return '';
    const start = at + name.length + 4;
    return text.slice(start, text.indexOf('\r\n', start));
  }

  has(name: string): boolean {
    return this.#text.includes(`\r\n${name}: `);
  }

  /** The status of a message that the server made itself, or 0 for other messages. */
  get status(): number {
    return this.#text.charCodeAt(8) === 0x20 ? Number(STATUS.exec(this.#text)?.[1] ?? 0) : 0;
  }

  get description(): string {
    return STATUS.exec(this.#text)?.[2] ?? '';
  }
}

const NONE = new HeaderText('NATS/1.0\r\n\r\n');

/**
 * The class of the client's messages has the size of subject, reply, headers and data. Its interface does not name it.
 */
interface Sized {
  size(): number;
}

/** Returns the headers of a message. They are the bytes before its data. */
export function headerTextOf(message: Msg): HeaderText {
  const { data, subject, reply = '' } = message;
  const length = (message as Msg & Sized).size() - subject.length - reply.length - data.length;
  if (length <= 0) return NONE;
  return new HeaderText(Buffer.from(data.buffer, data.byteOffset - length, length).toString('latin1'));
}
