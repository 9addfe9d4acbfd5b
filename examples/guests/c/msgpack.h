/*
 * The part of canonical MessagePack (docs/encoding.md) that the bank needs: integers of up to 64 bits in their shortest
 * form, strings and maps. The reader accepts any valid MessagePack. The writer produces the canonical form.
 */
#ifndef MSGPACK_H
#define MSGPACK_H

#include "contract.h"

/* A position in a buffer. The caller makes sure that the buffer is large enough. */
typedef struct {
  uint8_t *at;
} writer;

/* The largest number of bytes in the head of a value. An integer has only a head. */
#define MAX_HEAD 9

void write_map(writer *, size_t entries);
void write_text(writer *, text);
void write_unsigned(writer *, uint64_t);
void write_signed(writer *, int64_t);

/* After a failure, `failed` names the expected value and does not change, and `at` is the place of the failure. */
typedef struct {
  const uint8_t *start, *at, *end;
  const char *failed;
} reader;

/*
 * Returns the number of entries of a map. A value of another kind is skipped, here and below, because it has the wrong
 * shape but can be read.
 */
uint32_t read_map(reader *);
/* Returns a key of a map: valid UTF-8 in the buffer, without a copy. */
text read_key(reader *);
/* Returns a string without a pointer if the value is not a string. */
text read_text(reader *);
/*
 * Reads any 64-bit integer as sign and magnitude. A float without a fraction is an integer, as everywhere in the
 * encoding.
 */
typedef struct {
  bool present, negative;
  uint64_t magnitude;
} integer;
integer read_integer(reader *);
void skip_value(reader *);
/* Fails if a field of the map was read before. `seen` has a bit for each field. */
void read_once(reader *, unsigned *seen, unsigned field);
/* Fails if bytes are left. */
void read_end(reader *);

#endif
