#include "msgpack.h"

#include <string.h>

/* --- writing ------------------------------------------------------------------------------------------------------ */

static void write_head(writer *w, uint8_t tag, uint64_t value, size_t bytes) {
  *w->at++ = tag;
  while (bytes-- > 0) *w->at++ = (uint8_t)(value >> (8 * bytes));
}

void write_map(writer *w, size_t entries) {
  if (entries < 16) *w->at++ = 0x80 | (uint8_t)entries;
  else write_head(w, 0xde, entries, 2);
}

void write_text(writer *w, text it) {
  if (it.len < 32) *w->at++ = 0xa0 | (uint8_t)it.len;
  else if (it.len <= 0xff) write_head(w, 0xd9, it.len, 1);
  else if (it.len <= 0xffff) write_head(w, 0xda, it.len, 2);
  else write_head(w, 0xdb, it.len, 4);
  memcpy(w->at, it.ptr, it.len);
  w->at += it.len;
}

void write_unsigned(writer *w, uint64_t value) {
  if (value < 0x80) *w->at++ = (uint8_t)value;
  else if (value <= 0xff) write_head(w, 0xcc, value, 1);
  else if (value <= 0xffff) write_head(w, 0xcd, value, 2);
  else if (value <= 0xffffffff) write_head(w, 0xce, value, 4);
  else write_head(w, 0xcf, value, 8);
}

void write_signed(writer *w, int64_t value) {
  if (value >= 0) write_unsigned(w, (uint64_t)value);
  else if (value >= -32) *w->at++ = (uint8_t)value;
  else if (value >= INT8_MIN) write_head(w, 0xd0, (uint64_t)value, 1);
  else if (value >= INT16_MIN) write_head(w, 0xd1, (uint64_t)value, 2);
  else if (value >= INT32_MIN) write_head(w, 0xd2, (uint64_t)value, 4);
  else write_head(w, 0xd3, (uint64_t)value, 8);
}

/* --- reading ------------------------------------------------------------------------------------------------------ */

static bool fail(reader *r, const char *expected) {
  if (r->failed == NULL) r->failed = expected;
  return false;
}

static uint64_t read_bytes(reader *r, size_t bytes) {
  if ((size_t)(r->end - r->at) < bytes) {
    fail(r, "expected more bytes");
    return 0;
  }
  uint64_t value = 0;
  while (bytes-- > 0) value = value << 8 | *r->at++;
  return value;
}

static int peek(reader *r) { return r->failed != NULL || r->at == r->end ? -1 : *r->at; }

uint32_t read_map(reader *r) {
  int tag = peek(r);
  if (tag >= 0x80 && tag <= 0x8f) return *r->at++ & 0x0f;
  if (tag != 0xde && tag != 0xdf) {
    skip_value(r);
    return 0;
  }
  r->at++;
  return (uint32_t)read_bytes(r, tag == 0xde ? 2 : 4);
}

/* Returns whether the bytes are UTF-8 (RFC 3629): no overlong forms, no surrogates, nothing above U+10FFFF. */
static bool valid_utf8(const uint8_t *at, const uint8_t *end) {
  while (at < end) {
    uint8_t lead = *at++;
    if (lead < 0x80) continue;
    size_t more = lead >= 0xf0 ? 3 : lead >= 0xe0 ? 2 : 1;
    if (lead < 0xc2 || lead > 0xf4 || (size_t)(end - at) < more) return false;
    uint8_t low = lead == 0xe0 ? 0xa0 : lead == 0xf0 ? 0x90 : 0x80;
    uint8_t high = lead == 0xed ? 0x9f : lead == 0xf4 ? 0x8f : 0xbf;
    if (*at < low || *at > high) return false;
    for (at++; --more > 0; at++)
      if ((*at & 0xc0) != 0x80) return false;
  }
  return true;
}

text read_key(reader *r) {
  text key = read_text(r);
  if (key.ptr == NULL) fail(r, "expected a string as the key of a map");
  return key;
}

text read_text(reader *r) {
  int tag = peek(r);
  size_t len = 0;
  if (tag >= 0xa0 && tag <= 0xbf) len = *r->at++ & 0x1f;
  else if (tag >= 0xd9 && tag <= 0xdb) r->at++, len = read_bytes(r, (size_t)1 << (tag - 0xd9));
  else {
    skip_value(r);
    return (text){NULL, 0};
  }
  if (r->failed == NULL && (size_t)(r->end - r->at) < len) fail(r, "expected the rest of the string");
  if (r->failed != NULL) return (text){r->at, 0};
  text it = {r->at, len};
  if (!valid_utf8(it.ptr, it.ptr + len)) fail(r, "expected valid UTF-8");
  r->at += len;
  return it;
}

static integer signed_integer(int64_t value) {
  return (integer){true, value < 0, value < 0 ? 0 - (uint64_t)value : (uint64_t)value};
}

static integer whole(double value) {
  bool is_whole = value > -0x1p63 && value < 0x1p63 && (double)(int64_t)value == value;
  return is_whole ? signed_integer((int64_t)value) : (integer){0};
}

integer read_integer(reader *r) {
  int tag = peek(r);
  if (tag >= 0 && (tag < 0x80 || tag >= 0xe0)) return signed_integer((int8_t)*r->at++);
  if (tag >= 0xcc && tag <= 0xcf) {
    r->at++;
    return (integer){true, false, read_bytes(r, (size_t)1 << (tag - 0xcc))};
  }
  if (tag >= 0xd0 && tag <= 0xd3) {
    r->at++;
    size_t bytes = (size_t)1 << (tag - 0xd0);
    uint64_t value = read_bytes(r, bytes);
    unsigned unused = 64 - 8 * (unsigned)bytes;
    return signed_integer((int64_t)(value << unused) >> unused);
  }
  if (tag == 0xca || tag == 0xcb) {
    r->at++;
    union {
      uint64_t bits64;
      uint32_t bits32;
      double float64;
      float float32;
    } it = {.bits64 = read_bytes(r, tag == 0xca ? 4 : 8)};
    return whole(tag == 0xca ? (double)it.float32 : it.float64);
  }
  skip_value(r);
  return (integer){0};
}

static void skip_bytes(reader *r, uint64_t count) {
  if ((uint64_t)(r->end - r->at) < count) fail(r, "expected more bytes");
  else r->at += count;
}

/* Counts the remaining values instead of recursing, so that input cannot exhaust the stack. */
void skip_value(reader *r) {
  for (uint64_t open = 1; open > 0 && r->failed == NULL; open--) {
    int tag = peek(r);
    if (tag < 0) fail(r, "expected a value");
    else if (tag < 0x80 || tag >= 0xe0 || tag == 0xc0 || tag == 0xc2 || tag == 0xc3) r->at++;
    else if (tag <= 0x8f) open += 2 * (uint64_t)(*r->at++ & 0x0f);
    else if (tag <= 0x9f) open += *r->at++ & 0x0f;
    else if (tag <= 0xbf) skip_bytes(r, 1 + (uint64_t)(tag & 0x1f));
    else if (tag == 0xc1) fail(r, "expected a value");
    else if (tag >= 0xca && tag <= 0xd3) {
      static const uint8_t sizes[] = {5, 9, 2, 3, 5, 9, 2, 3, 5, 9};
      skip_bytes(r, sizes[tag - 0xca]);
    } else if (tag >= 0xd4 && tag <= 0xd8) skip_bytes(r, 2 + ((uint64_t)1 << (tag - 0xd4)));
    else {
      r->at++;
      if (tag <= 0xc6) skip_bytes(r, read_bytes(r, (size_t)1 << (tag - 0xc4)));
      else if (tag <= 0xc9) skip_bytes(r, 1 + read_bytes(r, (size_t)1 << (tag - 0xc7)));
      else if (tag <= 0xdb) skip_bytes(r, read_bytes(r, (size_t)1 << (tag - 0xd9)));
      else if (tag <= 0xdd) open += read_bytes(r, tag == 0xdc ? 2 : 4);
      else open += 2 * read_bytes(r, tag == 0xde ? 2 : 4);
    }
  }
}

void read_once(reader *r, unsigned *seen, unsigned field) {
  if (*seen & 1u << field) fail(r, "expected each key of a map once");
  *seen |= 1u << field;
}

void read_end(reader *r) {
  if (r->failed == NULL && r->at != r->end) fail(r, "expected the end of the payload");
}
