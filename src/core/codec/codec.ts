/** How a module turns its values into bytes and back. The default is canonical MessagePack; others are adapters. */

/** What is being encoded: for codecs that need a schema, and for error messages. */
export interface Subject {
  readonly kind: 'command' | 'event' | 'state';
  /** The message type; for a state, the module's name. */
  readonly type: string;
  /** The version of the message's schema; for a state, 1. */
  readonly schemaVersion: number;
}

/**
 * A codec is *canonical*: equal values give equal bytes, in every language (docs/encoding.md), so that two deliveries of
 * one command can be told from two commands.
 */
export interface Codec {
  /** As it is recorded with each decision: `application/vnd.msgpack`. */
  readonly contentType: string;
  /** @throws FaultError with code `unencodable-value` and the path of the value that has no encoding. */
  encode(value: unknown, subject: Subject): Uint8Array;
  /** @throws FaultError with code `undecodable-payload` and the byte offset or the path of what is wrong. */
  decode(bytes: Uint8Array, subject: Subject): unknown;
}
