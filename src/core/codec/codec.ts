/** The interface of codecs. The default codec is canonical MessagePack. Others are adapters. */

/** The message or state that is being encoded. Codecs that need a schema use it, and error messages name it. */
export interface Subject {
  readonly kind: 'command' | 'event' | 'state';
  /** The message type, or for a state the module's name. */
  readonly type: string;
  /** The version of the message's schema. It is 1 for a state. */
  readonly schemaVersion: number;
}

/**
 * Converts a module's values to bytes and back. The encoding must be *canonical*: equal values have equal bytes in
 * every language (docs/encoding.md). So two deliveries of one command can be distinguished from two commands.
 */
export interface Codec {
  /** The content type that is recorded with each decision, for example `application/vnd.msgpack`. */
  readonly contentType: string;
  /**
   * True if decoding returns exactly the value that was encoded, for every value that has an encoding (docs/encoding.md
   * §1). A value that its schema accepts unchanged is then not decoded again when it enters the system.
   *
   * @default false
   */
  readonly isExact?: boolean;
  /**
   * Encodes a value. @throws FaultError with code `unencodable-value` and the path of the value that has no encoding.
   */
  encode(value: unknown, subject: Subject): Uint8Array;
  /**
   * Decodes a value. @throws FaultError with code `undecodable-payload` and the byte offset or the path of the problem.
   */
  decode(bytes: Uint8Array, subject: Subject): unknown;
}
