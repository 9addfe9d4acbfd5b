/*
 * As much of canonical MessagePack (docs/encoding.md) as the bank needs: integers of up to 64 bits in their shortest form,
 * strings and maps. Reading takes any valid MessagePack; writing gives the one canonical form.
 */
#ifndef MSGPACK_H
#define MSGPACK_H

#include "contract.h"

/* A place in a buffer that the writer knows to be large enough. */
typedef struct {
  uint8_t *at;
} writer;

/* The most bytes that the head of any value takes; an integer is a head alone. */
#define MAX_HEAD 9

void write_map(writer *, size_t entries);
void write_text(writer *, text);
void write_unsigned(writer *, uint64_t);
void write_signed(writer *, int64_t);

/* `failed` says what was expected, and stays; `at` is then where it was missed. */
typedef struct {
  const uint8_t *start, *at, *end;
  const char *failed;
} reader;

/* The number of entries of a map. A value of another kind is skipped, here and below: it has the wrong shape, but it can be
 * read. */
uint32_t read_map(reader *);
/* A key of a map: valid UTF-8, into the buffer; nothing is copied. */
text read_key(reader *);
/* Without a pointer where the value is no string. */
text read_text(reader *);
/* Any 64-bit integer as sign and magnitude. A float without a fraction is one, as everywhere in the encoding. */
typedef struct {
  bool present, negative;
  uint64_t magnitude;
} integer;
integer read_integer(reader *);
void skip_value(reader *);
/* Fails where a field of the map was read before: `seen` has a bit for each. */
void read_once(reader *, unsigned *seen, unsigned field);
/* Fails where bytes are left. */
void read_end(reader *);

#endif
