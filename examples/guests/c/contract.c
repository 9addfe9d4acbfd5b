/*
 * The canonical ABI of the world `command-handler`, by hand. Each export reads its flat arguments, calls the domain in
 * contract.h, and writes its result as the ABI requires. `wit-bindgen c` would generate similar code.
 *
 * Sources: Component Model, CanonicalABI.md ("Flattening", "Storing"), and the export names of wit-component.
 */
#include "contract.h"

#include <stdlib.h>
#include <string.h>

#define TYPES "decidable:eventsourcing/types@0.1.0"
#define DECIDER "decidable:eventsourcing/decider@0.1.0"
#define ROUTING "decidable:eventsourcing/routing@0.1.0"

#define EXPORT(name) __attribute__((export_name(name)))
#define INTRINSIC(name) __attribute__((import_module("[export]" TYPES), import_name(name)))

typedef int32_t handle;

INTRINSIC("[resource-new]command") handle command_new(command *);
INTRINSIC("[resource-new]event") handle event_new(event *);
INTRINSIC("[resource-new]state") handle state_new(state *);
INTRINSIC("[resource-rep]state") state *state_rep(handle);
INTRINSIC("[resource-drop]state") void state_drop_handle(handle);

bool text_equals(text a, text b) { return a.len == b.len && memcmp(a.ptr, b.ptr, a.len) == 0; }

EXPORT("cabi_realloc")
void *cabi_realloc(void *old, size_t old_size, size_t align, size_t new_size) {
  (void)old_size;
  if (new_size == 0) return (void *)align;
  void *grown = realloc(old, new_size);
  if (grown == NULL) __builtin_trap();
  return grown;
}

/* The pointer of an empty list is not an allocation, because cabi_realloc returned its alignment. */
static void release(const void *ptr, size_t len) {
  if (len != 0) free((void *)ptr);
}

/* --- the layout of results in memory ------------------------------------------------------------------------------ */

typedef struct {
  text name, value;
} stored_detail;

typedef struct {
  text code, message;
  stored_detail *details;
  size_t detail_count;
} stored_refusal;

typedef struct {
  uint8_t is_error;
  union {
    handle own;
    text string;
    struct {
      handle *ptr;
      size_t len;
    } list;
    stored_refusal refusal;
  };
} result;

/* One area serves every call, because the guest has no imports that could call it again while a result is read. */
static result returned;
static envelope returned_envelope;
static text returned_bytes;
static bool returned_owns_message;

static result *fail(const refusal *why) {
  stored_detail *details = why->detail_count == 0 ? NULL : malloc(why->detail_count * sizeof *details);
  for (size_t i = 0; i < why->detail_count; i++) details[i] = (stored_detail){why->details[i].name, why->details[i].value};
  returned.is_error = 1;
  returned.refusal = (stored_refusal){why->code, why->message, details, why->detail_count};
  returned_owns_message = why->owns_message;
  return &returned;
}

static result *own(handle it) {
  returned.is_error = 0;
  returned.own = it;
  return &returned;
}

static void free_refusal(result *r) {
  if (!r->is_error) return;
  for (size_t i = 0; i < r->refusal.detail_count; i++)
    release(r->refusal.details[i].value.ptr, r->refusal.details[i].value.len);
  free(r->refusal.details);
  if (returned_owns_message) release(r->refusal.message.ptr, r->refusal.message.len);
}

/* --- types -------------------------------------------------------------------------------------------------------- */

#define ENVELOPE_PARAMETERS \
  const uint8_t *type, size_t type_len, uint32_t schema_version, const uint8_t *payload, size_t payload_len

EXPORT(TYPES "#[static]command.from-envelope")
result *export_command_from_envelope(ENVELOPE_PARAMETERS) {
  refusal fault = {0};
  command *it = command_from_envelope((text){type, type_len}, schema_version, (text){payload, payload_len}, &fault);
  result *r = it == NULL ? fail(&fault) : own(command_new(it));
  release(type, type_len);
  release(payload, payload_len);
  return r;
}
EXPORT("cabi_post_" TYPES "#[static]command.from-envelope")
void post_command_from_envelope(result *r) { free_refusal(r); }

EXPORT(TYPES "#[method]command.to-envelope")
envelope *export_command_to_envelope(const command *self) {
  command_to_envelope(self, &returned_envelope);
  return &returned_envelope;
}
EXPORT("cabi_post_" TYPES "#[method]command.to-envelope")
void post_command_to_envelope(envelope *it) { release(it->payload.ptr, it->payload.len); }

EXPORT(TYPES "#[dtor]command")
void command_destructor(command *self) { command_drop(self); }

EXPORT(TYPES "#[static]event.from-envelope")
result *export_event_from_envelope(ENVELOPE_PARAMETERS) {
  refusal fault = {0};
  event *it = event_from_envelope((text){type, type_len}, schema_version, (text){payload, payload_len}, &fault);
  result *r = it == NULL ? fail(&fault) : own(event_new(it));
  release(type, type_len);
  release(payload, payload_len);
  return r;
}
EXPORT("cabi_post_" TYPES "#[static]event.from-envelope")
void post_event_from_envelope(result *r) { free_refusal(r); }

EXPORT(TYPES "#[method]event.to-envelope")
envelope *export_event_to_envelope(const event *self) {
  event_to_envelope(self, &returned_envelope);
  return &returned_envelope;
}
EXPORT("cabi_post_" TYPES "#[method]event.to-envelope")
void post_event_to_envelope(envelope *it) { release(it->payload.ptr, it->payload.len); }

EXPORT(TYPES "#[dtor]event")
void event_destructor(event *self) { event_drop(self); }

EXPORT(TYPES "#[static]state.from-bytes")
result *export_state_from_bytes(const uint8_t *bytes, size_t len) {
  refusal fault = {0};
  state *it = state_from_bytes((text){bytes, len}, &fault);
  result *r = it == NULL ? fail(&fault) : own(state_new(it));
  release(bytes, len);
  return r;
}
EXPORT("cabi_post_" TYPES "#[static]state.from-bytes")
void post_state_from_bytes(result *r) { free_refusal(r); }

EXPORT(TYPES "#[method]state.to-bytes")
text *export_state_to_bytes(const state *self) {
  state_to_bytes(self, &returned_bytes);
  return &returned_bytes;
}
EXPORT("cabi_post_" TYPES "#[method]state.to-bytes")
void post_state_to_bytes(text *it) { release(it->ptr, it->len); }

EXPORT(TYPES "#[dtor]state")
void state_destructor(state *self) { state_drop(self); }

/* --- decider ------------------------------------------------------------------------------------------------------ */

EXPORT(DECIDER "#initial-state")
handle export_initial_state(void) { return state_new(initial_state()); }

/* Changes the state in place, and returns the same handle. The state arrives as an owned handle. */
EXPORT(DECIDER "#evolve")
result *export_evolve(handle owned_state, const event *borrowed_event) {
  refusal fault = {0};
  if (evolve(state_rep(owned_state), borrowed_event, &fault)) return own(owned_state);
  state_drop_handle(owned_state);
  return fail(&fault);
}
EXPORT("cabi_post_" DECIDER "#evolve")
void post_evolve(result *r) { free_refusal(r); }

EXPORT(DECIDER "#decide")
result *export_decide(const state *borrowed_state, const command *borrowed_command) {
  static handle handles[MAX_EVENTS];
  event *events[MAX_EVENTS];
  size_t count = 0;
  refusal rejection = {0};
  if (!decide(borrowed_state, borrowed_command, events, &count, &rejection)) return fail(&rejection);
  for (size_t i = 0; i < count; i++) handles[i] = event_new(events[i]);
  returned.is_error = 0;
  returned.list.ptr = handles;
  returned.list.len = count;
  return &returned;
}
EXPORT("cabi_post_" DECIDER "#decide")
void post_decide(result *r) { free_refusal(r); }

/* --- routing ------------------------------------------------------------------------------------------------------ */

typedef struct {
  text type;
  uint32_t schema_version;
  uint8_t precondition;
  struct {
    uint8_t policy;
    uint32_t every;
  } snapshot;
} stored_command;

typedef struct {
  text type;
  uint32_t schema_version;
} stored_event;

typedef struct {
  text name, version, content_type;
  struct {
    uint8_t some;
    text bytes;
  } digest;
  text category;
  uint8_t foreign_events;
  stored_command *commands;
  size_t command_count;
  stored_event *events;
  size_t event_count;
} stored_descriptor;

EXPORT(ROUTING "#describe")
stored_descriptor *export_describe(void) {
  static stored_descriptor described;
  const descriptor *d = &bank_descriptor;
  stored_command *commands = malloc(d->command_count * sizeof *commands);
  stored_event *events = malloc(d->event_count * sizeof *events);
  for (size_t i = 0; i < d->command_count; i++) {
    const command_descriptor *c = &d->commands[i];
    commands[i] = (stored_command){c->type, c->schema_version, c->precondition, {c->snapshot, c->snapshot_every}};
  }
  for (size_t i = 0; i < d->event_count; i++) events[i] = (stored_event){d->events[i].type, d->events[i].schema_version};
  described = (stored_descriptor){.name = d->name, .version = d->version, .content_type = d->content_type,
                                  .category = d->category, .foreign_events = d->foreign_events, .commands = commands,
                                  .command_count = d->command_count, .events = events, .event_count = d->event_count};
  return &described;
}
EXPORT("cabi_post_" ROUTING "#describe")
void post_describe(stored_descriptor *d) {
  free(d->commands);
  free(d->events);
}

EXPORT(ROUTING "#stream-id")
result *export_stream_id(const command *borrowed_command) {
  refusal fault = {0};
  text id;
  if (!stream_id(borrowed_command, &id, &fault)) return fail(&fault);
  returned.is_error = 0;
  returned.string = id;
  return &returned;
}
EXPORT("cabi_post_" ROUTING "#stream-id")
void post_stream_id(result *r) {
  if (r->is_error) free_refusal(r);
  else release(r->string.ptr, r->string.len);
}
