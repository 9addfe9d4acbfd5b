/**
 * The codec for canonical JSON (docs/encoding.md §3), for stores that people or programs in other languages read.
 * Values that JSON supports are plain JSON. A value that JSON cannot represent is an object with one key that begins
 * with `$`.
 *
 *     import { json } from 'decidable/codecs/json';
 *     const account = defineDecider({ codec: json, … });
 *
 * The codec needs two to five times the space and the time of the default codec, msgpack.
 */
import type { Codec } from '../../core/codec/codec.ts';
import { decodeJson } from './json-decode.ts';
import { encodeJson } from './json-encode.ts';

/** The codec for canonical JSON. See {@link Codec}. */
export const json: Codec = {
  contentType: 'application/vnd.decidable+json',
  isExact: true,
  encode: encodeJson,
  decode: decodeJson,
};
