/**
 * The subjects of a store's messages. A stream name is any UTF-8 text, and a subject is a row of tokens between dots.
 * So the category and the rest of the name become one token each: letters, digits, `_` and `-` stay, and each other
 * byte becomes `=` and two hexadecimal digits. The stream `account-0001` of the store `bank` is the subject
 * `bank.e.account.0001`.
 */
import { sha256 } from '../../../core/storage/sha256.ts';
import { categoryOf } from '../../../core/stream-name.ts';
import { toHex } from '../../../core/uuid.ts';

const PLAIN = /^[A-Za-z0-9_-]+$/;

/** The token of a name without `-` has no rest. `=` never stands alone in an encoded text. */
const NO_REST = '=';
const EMPTY = '==';

const encoder = new TextEncoder();

/** Encodes a text as one token. Two texts never have the same token. */
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

/** A token longer than this becomes the hash of the text. */
const LONGEST_TOKEN = 100;

/** Encodes a text of any length as one token that is not too long. The text cannot be read from it. */
export function keyToken(text: string): string {
  if (text.length <= LONGEST_TOKEN) {
    const token = tokenOf(text);
    if (token.length <= LONGEST_TOKEN) return token;
  }
  // A token of `tokenOf` never has `=h`.
  return `=h${toHex(sha256(encoder.encode(text)))}`;
}

/** The subjects of one store. */
export class Subjects {
  /** The name of the store, and of the JetStream stream that holds its commits. */
  readonly name: string;
  /**
   * The JetStream stream of everything that is replaced: snapshots, the index of command ids, and the state of
   * processors.
   */
  readonly stateStream: string;

  constructor(name: string) {
    this.name = name;
    this.stateStream = `${name}_state`;
  }

  /** The subject of a stream's commits. */
  commits(stream: string): string {
    const category = categoryOf(stream);
    const rest = category.length === stream.length ? NO_REST : tokenOf(stream.slice(category.length + 1));
    return `${this.name}.e.${tokenOf(category)}.${rest}`;
  }

  /** The subjects of all streams of a category. */
  ofCategory(category: string): string {
    return `${this.name}.e.${tokenOf(category)}.*`;
  }

  /** The subjects of all commits. */
  get allCommits(): string {
    return `${this.name}.e.>`;
  }

  /** The subjects of everything that is replaced. */
  get allState(): string {
    return `${this.name}.s.>`;
  }

  /** The subject of a value that is replaced. `tokens` are valid tokens. */
  state(...tokens: readonly string[]): string {
    return `${this.name}.s.${tokens.join('.')}`;
  }
}
