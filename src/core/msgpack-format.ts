/** The first bytes of MessagePack's formats, in the order of its specification ("Formats"), and our extensions. */
export const Format = {
  fixmap: 0x80,
  fixarray: 0x90,
  fixstr: 0xa0,
  nil: 0xc0,
  false: 0xc2,
  true: 0xc3,
  bin8: 0xc4,
  bin16: 0xc5,
  bin32: 0xc6,
  ext8: 0xc7,
  ext16: 0xc8,
  ext32: 0xc9,
  float32: 0xca,
  float64: 0xcb,
  uint8: 0xcc,
  uint16: 0xcd,
  uint32: 0xce,
  uint64: 0xcf,
  int8: 0xd0,
  int16: 0xd1,
  int32: 0xd2,
  int64: 0xd3,
  fixext1: 0xd4,
  fixext2: 0xd5,
  fixext4: 0xd6,
  fixext8: 0xd7,
  fixext16: 0xd8,
  str8: 0xd9,
  str16: 0xda,
  str32: 0xdb,
  array16: 0xdc,
  array32: 0xdd,
  map16: 0xde,
  map32: 0xdf,
} as const;

/** Types of extensions (docs/encoding.md §2). The timestamp is MessagePack's own, -1; the others are ours. */
export const EXTENSION = {
  timestamp: 0xff,
  /** An integer outside 64 bits: two's complement, big-endian. `B` */
  bigInteger: 0x42,
  /** An array of the elements, in the order of their bytes. `s` */
  set: 0x73,
  /** A map with keys of any kind, in the order of their bytes. `m` */
  map: 0x6d,
} as const;
