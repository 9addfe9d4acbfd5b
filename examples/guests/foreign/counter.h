/*
 * The domain of the foreign guests: a counter that holds at most 100. Payloads are text. The command `Add` has the
 * payload `<id> <amount>`, and the event `Added` has the payload `<amount>`.
 */
#ifndef COUNTER_H
#define COUNTER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define EXPORT(name) __attribute__((export_name(name)))
#define IMPORT(module, name) __attribute__((import_module(module), import_name(name)))

typedef struct {
  const char *ptr;
  size_t len;
} text;

#define TEXT(literal) ((text){(literal), sizeof(literal) - 1})

#define MOST 100
/* A command with this amount traps, as a defect would. */
#define DEFECT 666

/* The canonical ABI allocates arguments with this function. */
EXPORT("cabi_realloc") void *cabi_realloc(void *old, size_t old_size, size_t align, size_t size) {
  (void)old_size;
  (void)align;
  return realloc(old, size == 0 ? 1 : size);
}

/* Reads a number at the end of `from`, after `skipped` bytes. */
static bool read_number(const char *from, size_t len, size_t skipped, uint32_t *number) {
  *number = 0;
  if (skipped >= len || len - skipped > 4) return false;
  for (size_t at = skipped; at < len; at++) {
    if (from[at] < '0' || from[at] > '9') return false;
    *number = *number * 10 + (uint32_t)(from[at] - '0');
  }
  return true;
}

/* Reads `<id> <amount>`. Returns the length of the id, or 0 if the payload has another form. */
static size_t read_command(const char *payload, size_t len, uint32_t *amount) {
  const char *space = memchr(payload, ' ', len);
  size_t id = space == NULL ? 0 : (size_t)(space - payload);
  return id > 0 && read_number(payload, len, id + 1, amount) ? id : 0;
}

/* Writes a number of at most 4 digits. Returns the number of digits. */
static size_t write_number(char *to, uint32_t number) {
  char digits[4];
  size_t len = 0;
  do digits[len++] = (char)('0' + number % 10);
  while ((number /= 10) > 0 && len < sizeof digits);
  for (size_t at = 0; at < len; at++) to[at] = digits[len - 1 - at];
  return len;
}

#endif
