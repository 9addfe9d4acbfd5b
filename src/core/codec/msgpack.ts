/**
 * The default codec: canonical MessagePack (docs/encoding.md §2). Equal values have equal bytes in every language.
 *
 * An integer is decoded to a number if it is safe, and otherwise to a bigint, whichever of them was encoded. Code that
 * knows the schema converts it to the type of the schema (`integers.ts`).
 */
import type { Codec } from './codec.ts';
import { decodeMsgpack } from './msgpack-decode.ts';
import { encodeMsgpack } from './msgpack-encode.ts';

/** @see Codec */
export const msgpack: Codec = {
  contentType: 'application/vnd.msgpack',
  isExact: true,
  encode: encodeMsgpack,
  decode: decodeMsgpack,
};
