/**
 * Canonical JSON (docs/encoding.md §3), for stores that people or programs in other languages read. Ordinary values are
 * ordinary JSON. A value that JSON cannot represent is an object with one key that begins with `$`.
 *
 *     import { json } from 'decidable/codecs/json';
 *     const account = defineDecider({ codec: json, … });
 *
 * It takes two to five times the size and the time of msgpack, the default.
 */
import type { Codec } from '../../core/codec/codec.ts';
import { decodeJson } from './json-decode.ts';
import { encodeJson } from './json-encode.ts';

/** @see Codec */
export const json: Codec = {
  contentType: 'application/vnd.decidable+json',
  isExact: true,
  encode: encodeJson,
  decode: decodeJson,
};
