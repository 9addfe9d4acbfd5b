/**
 * The default codec: canonical MessagePack (docs/encoding.md §2). Equal values give equal bytes, in every language.
 *
 * An integer comes back as a number where it is safe and else as a bigint, whichever it was; whoever holds the schema
 * gives it the type that the schema asks for (`integers.ts`).
 */
import type { Codec } from './codec.ts';
import { decodeMsgpack } from './msgpack-decode.ts';
import { encodeMsgpack } from './msgpack-encode.ts';

/** @see Codec */
export const msgpack: Codec = {
  contentType: 'application/vnd.msgpack',
  encode: encodeMsgpack,
  decode: decodeMsgpack,
};
