/**
 * The default codec: canonical MessagePack (docs/encoding.md §2). Equal values have equal bytes in every language.
 *
 * A safe integer is decoded as a number, and any other integer as a bigint. Numbers and bigints are not distinguished
 * in the bytes. Code that knows the schema converts it to the schema's type (`define/zod-integers.ts`).
 */
import type { Codec } from './codec.ts';
import { decodeMsgpack } from './msgpack-decode.ts';
import { encodeMsgpack } from './msgpack-encode.ts';

/** The default codec, canonical MessagePack. See {@link Codec}. */
export const msgpack: Codec = {
  contentType: 'application/vnd.msgpack',
  isExact: true,
  encode: encodeMsgpack,
  decode: decodeMsgpack,
};
