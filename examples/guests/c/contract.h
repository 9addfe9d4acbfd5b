/*
 * The world `command-handler` (wit/) as C: the functions that a domain implements, without the canonical ABI.
 * contract.c calls them.
 */
#ifndef CONTRACT_H
#define CONTRACT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* UTF-8 text, or bytes. The holder of an `owned` text frees it. Texts of the program are never freed. */
typedef struct {
  const uint8_t *ptr;
  size_t len;
} text;

#define TEXT(literal) ((text){(const uint8_t *)(literal), sizeof(literal) - 1})

bool text_equals(text a, text b);

typedef struct {
  text type;
  uint32_t schema_version;
  text payload; /* owned */
} envelope;

/* The name and the value of a detail. The value is owned. */
typedef struct {
  text name;
  text value;
} detail;

#define MAX_DETAILS 4

/* A rejection or a fault, which have the same fields in the WIT. */
typedef struct {
  text code;
  text message; /* owned if `owns_message` */
  bool owns_message;
  size_t detail_count;
  detail details[MAX_DETAILS];
} refusal;

typedef struct command command;
typedef struct event event;
typedef struct state state;

#define MAX_EVENTS 8

typedef struct {
  text type;
  uint32_t schema_version;
  uint8_t precondition; /* write-precondition: stream-unchanged, no-stream, stream-exists, any */
  uint8_t snapshot;     /* snapshot-policy: 0 never, 1 every */
  uint32_t snapshot_every;
} command_descriptor;

typedef struct {
  text type;
  uint32_t schema_version;
} event_descriptor;

typedef struct {
  text name, version, content_type, category;
  uint8_t foreign_events; /* 0 skip, 1 fault */
  const command_descriptor *commands;
  size_t command_count;
  const event_descriptor *events;
  size_t event_count;
} descriptor;

/* `types`: returns NULL if `refusal` has a fault. The payload is borrowed. */
command *command_from_envelope(text type, uint32_t schema_version, text payload, refusal *fault);
void command_to_envelope(const command *, envelope *);
void command_drop(command *);

event *event_from_envelope(text type, uint32_t schema_version, text payload, refusal *fault);
void event_to_envelope(const event *, envelope *);
void event_drop(event *);

state *state_from_bytes(text bytes, refusal *fault);
void state_to_bytes(const state *, text *owned);
void state_drop(state *);

/* `decider`: evolve changes the state in place, or reports a fault. */
state *initial_state(void);
bool evolve(state *, const event *, refusal *fault);
bool decide(const state *, const command *, event *events[MAX_EVENTS], size_t *count, refusal *rejection);

/* `routing` */
extern const descriptor bank_descriptor;
bool stream_id(const command *, text *owned, refusal *fault); /* the stream is `<category>-<id>` */

#endif
