/**
 * The subjects of a store's messages. A stream name is any string, and a subject is a sequence of tokens between dots.
 * So the category and the rest of the name become one token each. Letters, digits, `_` and `-` are kept, and each other
 * byte becomes `=` and two hexadecimal digits. The stream `account-0001` of the store `bank` is the subject
 * `bank.e.account.0001`.
 */
import { sha256 } from '../../../core/storage/sha256.ts';
import { categoryOf } from '../../../core/stream-name.ts';
import { toHex } from '../../../core/uuid.ts';

const PLAIN = /^[A-Za-z0-9_-]+$/;

/** The token for the missing rest of a name without `-`. No encoded string is a single `=`. */
const NO_REST = '=';
const EMPTY = '==';

const encoder = new TextEncoder();

/** Encodes a string as one token. Different strings have different tokens. */
export function tokenOf(text: string): string {
  if (PLAIN.test(text)) return text;
  if (text === '') return EMPTY;
  let token = '';
  for (const byte of encoder.encode(text)) {
    const character = String.fromCharCode(byte);
    token += PLAIN.test(character) ? character : `=${toHex(Uint8Array.of(byte)).toUpperCase()}`;
  }
  return token;
}

/** The maximum length of a token. A longer token is replaced by the hash of the string. */
const LONGEST_TOKEN = 100;

/** Encodes a string of any length as one short token, from which it cannot be decoded. */
export function keyToken(text: string): string {
  if (text.length <= LONGEST_TOKEN) {
    const token = tokenOf(text);
    if (token.length <= LONGEST_TOKEN) return token;
  }
  // A token of `tokenOf` never contains `=h`.
  return `=h${toHex(sha256(encoder.encode(text)))}`;
}

/** The subjects of one store. */
export class Subjects {
  /** The name of the store, and of the JetStream stream that holds its commits. */
  readonly name: string;
  /**
   * The JetStream stream of replaceable data: snapshots, the index of command ids, and the state of
   * processors.
   */
  readonly stateStream: string;

  constructor(name: string) {
    this.name = name;
    this.stateStream = `${name}_state`;
  }

  /** Returns the subject of a stream's commits. */
  commits(stream: string): string {
    const category = categoryOf(stream);
    const rest = category.length === stream.length ? NO_REST : tokenOf(stream.slice(category.length + 1));
    return `${this.name}.e.${tokenOf(category)}.${rest}`;
  }

  /** Returns the subjects of all streams of a category. */
  ofCategory(category: string): string {
    return `${this.name}.e.${tokenOf(category)}.*`;
  }

  /** The subjects of all commits. */
  get allCommits(): string {
    return `${this.name}.e.>`;
  }

  /** The subject on which writers announce their turns. Its messages are not stored. */
  get turns(): string {
    return `${this.name}.turns`;
  }

  /** The subjects of all replaceable data. */
  get allState(): string {
    return `${this.name}.s.>`;
  }

  /** Returns the subject of a replaceable value. `tokens` are valid tokens. */
  state(...tokens: readonly string[]): string {
    return `${this.name}.s.${tokens.join('.')}`;
  }
}
