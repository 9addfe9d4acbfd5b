/*
 * The counter as a component of the contract cosmonic:eventsourcing@0.0.1, in one of its two forms: with resources that
 * have methods, or, with FREE_FUNCTIONS, with functions of the interface `aggregate`.
 */
#include "counter.h"

#define TYPES "cosmonic:eventsourcing/types@0.0.1"
#ifdef FREE_FUNCTIONS
#define HANDLER "cosmonic:eventsourcing/aggregate@0.0.1"
#else
#define HANDLER "cosmonic:eventsourcing/command-handler@0.0.1"
#endif

/* A command and an event have an amount. A state has a sum. */
typedef struct {
  uint32_t number;
} value;

typedef struct {
  uint8_t is_error;
  union {
    text bytes; /* or the message of an error */
    int32_t handle;
    struct {
      const int32_t *handles;
      size_t count;
    };
  };
} result;

static result returned;

static const result *fail(text message) {
  returned.is_error = 1;
  returned.bytes = message;
  return &returned;
}

static const result *handle_of(int32_t handle) {
  returned.is_error = 0;
  returned.handle = handle;
  return &returned;
}

static value *value_of(uint32_t number) {
  value *made = malloc(sizeof *made);
  made->number = number;
  return made;
}

static const result *text_of(uint32_t number) {
  static char digits[4];
  returned.is_error = 0;
  returned.bytes = (text){digits, write_number(digits, number)};
  return &returned;
}

/* The functions of a resource. An own handle is passed as an index, and a borrow as the representation itself. */
#define RESOURCE(name)                                                                         \
  IMPORT("[export]" TYPES, "[resource-new]" #name) extern int32_t name##_new(value *rep);      \
  IMPORT("[export]" TYPES, "[resource-rep]" #name) extern value *name##_rep(int32_t handle);   \
  IMPORT("[export]" TYPES, "[resource-drop]" #name) extern void name##_drop(int32_t handle);   \
  EXPORT(TYPES "#[dtor]" #name) void name##_destroy(value *rep) {                              \
    free(rep);                                                                                 \
  }

RESOURCE(command)
RESOURCE(event)
RESOURCE(state)

#ifdef FREE_FUNCTIONS
#define SERIALIZE(name)                                                       \
  EXPORT(HANDLER "#serialize-" #name) const result *name##_serialize(int32_t handle) { \
    uint32_t number = name##_rep(handle)->number;                             \
    name##_drop(handle);                                                      \
    return text_of(number);                                                   \
  }
#define DESERIALIZE(name) HANDLER "#deserialize-" #name
#else
#define SERIALIZE(name)                                                                        \
  EXPORT(TYPES "#[method]" #name ".serialize") const result *name##_serialize(value *self) {   \
    return text_of(self->number);                                                              \
  }
#define DESERIALIZE(name) TYPES "#[static]" #name ".deserialize"
#endif

SERIALIZE(command)
SERIALIZE(event)
SERIALIZE(state)

EXPORT(DESERIALIZE(command)) const result *command_deserialize(char *payload, size_t len) {
  uint32_t amount;
  bool is_valid = read_command(payload, len, &amount) > 0;
  free(payload);
  return is_valid ? handle_of(command_new(value_of(amount))) : fail(TEXT("expected an id and an amount"));
}

EXPORT(DESERIALIZE(event)) const result *event_deserialize(char *payload, size_t len) {
  uint32_t amount;
  bool is_valid = read_number(payload, len, 0, &amount);
  free(payload);
  return is_valid ? handle_of(event_new(value_of(amount))) : fail(TEXT("expected an amount"));
}

EXPORT(DESERIALIZE(state)) const result *state_deserialize(char *payload, size_t len) {
  uint32_t sum;
  bool is_valid = read_number(payload, len, 0, &sum);
  free(payload);
  return is_valid ? handle_of(state_new(value_of(sum))) : fail(TEXT("expected a sum"));
}

EXPORT(HANDLER "#rehydrate") const result *rehydrate(int32_t *events, size_t count) {
  uint32_t sum = 0;
  for (size_t at = 0; at < count; at++) {
    sum += event_rep(events[at])->number;
    event_drop(events[at]);
  }
  free(events);
  if (sum > MOST) return fail(TEXT("the counter exceeds 100"));
  return handle_of(state_new(value_of(sum)));
}

EXPORT(HANDLER "#handle") const result *handle(int32_t state, int32_t command) {
  static int32_t events[2];
  uint32_t sum = state_rep(state)->number, amount = command_rep(command)->number;
  state_drop(state);
  command_drop(command);
  if (amount == DEFECT) __builtin_trap();
  if (amount == 0) return fail(TEXT("there is nothing to add"));
  /* This guest does not check the sum, so that its own events can fail to rehydrate. */
  (void)sum;
  events[0] = event_new(value_of(amount));
  returned.is_error = 0;
  returned.handles = events;
  returned.count = 1;
  return &returned;
}
