/**
 * The first bytes of MessagePack's formats, in the order of its specification ("Formats"), and this package's
 * extensions. Each is a separate constant, so that a bundler can inline the number. `no` and `yes` are the
 * specification's false and true.
 */
export const fixmap = 0x80;
export const fixarray = 0x90;
export const fixstr = 0xa0;
export const nil = 0xc0;
export const no = 0xc2;
export const yes = 0xc3;
export const bin8 = 0xc4;
export const bin16 = 0xc5;
export const bin32 = 0xc6;
export const ext8 = 0xc7;
export const ext16 = 0xc8;
export const ext32 = 0xc9;
export const float32 = 0xca;
export const float64 = 0xcb;
export const uint8 = 0xcc;
export const uint16 = 0xcd;
export const uint32 = 0xce;
export const uint64 = 0xcf;
export const int8 = 0xd0;
export const int16 = 0xd1;
export const int32 = 0xd2;
export const int64 = 0xd3;
export const fixext1 = 0xd4;
export const fixext2 = 0xd5;
export const fixext4 = 0xd6;
export const fixext8 = 0xd7;
export const fixext16 = 0xd8;
export const str8 = 0xd9;
export const str16 = 0xda;
export const str32 = 0xdb;
export const array16 = 0xdc;
export const array32 = 0xdd;
export const map16 = 0xde;
export const map32 = 0xdf;

// Types of extensions (docs/encoding.md §2). MessagePack defines the timestamp (-1), and this package defines the
// others.

export const TIMESTAMP = 0xff;
/** `B`: an integer outside 64 bits, in two's complement, big-endian. */
export const BIG_INTEGER = 0x42;
/** `s`: a set, as an array of the elements in the order of their bytes. */
export const SET = 0x73;
/** `m`: a map with keys of any kind, in the order of their bytes. */
export const MAP = 0x6d;
