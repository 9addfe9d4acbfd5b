/* The counter as a component of the contract trogon:decider@0.3.0. */
#include "counter.h"

#define HANDLER "trogon:decider/handler@0.3.0"

/* `string` and `list<u8>` have the same layout. */
typedef struct {
  text type;
  text payload;
} envelope;

typedef struct {
  text code;
  text message;
  const void *details;
  size_t detail_count;
} domain_error;

typedef struct {
  uint32_t sum;
} session;

IMPORT("[export]" HANDLER, "[resource-new]session") extern int32_t session_new(session *rep);

static domain_error error(text code, text message) {
  return (domain_error){code, message, NULL, 0};
}

typedef struct {
  text command_type;
  uint8_t write_precondition;
  uint8_t snapshot_policy __attribute__((aligned(8)));
  uint64_t frequency;
} command_spec;

typedef struct {
  text name;
  text version;
  const command_spec *commands;
  size_t command_count;
} module_descriptor;

EXPORT(HANDLER "#descriptor") const module_descriptor *descriptor(void) {
  static command_spec commands[2];
  static module_descriptor described;
  /* no-stream and no-snapshot */
  commands[0] = (command_spec){TEXT("Open"), 1, 0, 0};
  /* stream-unchanged and frequency(3) */
  commands[1] = (command_spec){TEXT("Add"), 0, 1, 3};
  described = (module_descriptor){TEXT("counter"), TEXT("1.0.0"), commands, 2};
  return &described;
}

typedef struct {
  uint8_t is_error;
  union {
    text id;
    domain_error error;
  };
} stream_id_result;

static bool is(const char *ptr, size_t len, text expected) {
  return len == expected.len && memcmp(ptr, expected.ptr, len) == 0;
}

EXPORT(HANDLER "#stream-id")
const stream_id_result *stream_id(char *type, size_t type_len, char *payload, size_t payload_len) {
  static stream_id_result result;
  static char id[255];
  uint32_t amount;
  (void)type_len;
  size_t len = read_command(payload, payload_len, &amount);
  if (len == 0 || len > sizeof id) {
    result.is_error = 1;
    result.error = error(TEXT("undecodable-payload"), TEXT("expected an id and an amount"));
  } else {
    memcpy(id, payload, len);
    result.is_error = 0;
    result.id = (text){id, len};
  }
  free(type);
  free(payload);
  return &result;
}

EXPORT(HANDLER "#[constructor]session") int32_t session_create(int32_t has_snapshot, char *snapshot, size_t len) {
  session *rep = malloc(sizeof *rep);
  rep->sum = 0;
  if (has_snapshot) {
    /* The constructor has no error case. */
    if (!read_number(snapshot, len, 0, &rep->sum)) __builtin_trap();
    free(snapshot);
  }
  return session_new(rep);
}

EXPORT(HANDLER "#[dtor]session") void session_destroy(session *rep) {
  free(rep);
}

typedef struct {
  uint8_t is_error;
  domain_error error;
} evolve_result;

EXPORT(HANDLER "#[method]session.evolve")
const evolve_result *session_evolve(session *self, envelope *events, size_t count) {
  static evolve_result result;
  result.is_error = 0;
  for (size_t at = 0; at < count; at++) {
    uint32_t amount = 0;
    envelope event = events[at];
    if (is(event.type.ptr, event.type.len, TEXT("Added"))) {
      if (read_number(event.payload.ptr, event.payload.len, 0, &amount)) {
        self->sum += amount;
      } else {
        result.is_error = 1;
        result.error = error(TEXT("undecodable-payload"), TEXT("expected an amount"));
      }
    }
    free((void *)event.type.ptr);
    free((void *)event.payload.ptr);
  }
  free(events);
  return &result;
}

typedef struct {
  uint8_t is_error;
  union {
    struct {
      const envelope *events;
      size_t count;
    };
    struct {
      uint8_t is_fault;
      domain_error error;
    };
  };
} decide_result;

EXPORT(HANDLER "#[method]session.decide")
const decide_result *session_decide(session *self, char *type, size_t type_len, char *payload, size_t payload_len) {
  static decide_result result;
  static envelope event;
  static char digits[4];
  uint32_t amount = 0;
  bool is_valid = read_command(payload, payload_len, &amount) > 0;
  result.is_error = 1;
  result.is_fault = 0;
  if (!is_valid) {
    result.is_fault = 1;
    result.error = error(TEXT("undecodable-payload"), TEXT("expected an id and an amount"));
  } else if (amount == DEFECT) {
    __builtin_trap();
  } else if (self->sum + amount > MOST) {
    result.error = error(TEXT("too-much"), TEXT("the counter would exceed 100"));
  } else {
    bool is_opening = is(type, type_len, TEXT("Open"));
    event.type = is_opening ? TEXT("Opened") : TEXT("Added");
    event.payload = (text){digits, is_opening ? 0 : write_number(digits, amount)};
    result.is_error = 0;
    result.events = &event;
    /* The contract forbids an empty list. This guest breaks the rule so that the host can be tested. */
    result.count = !is_opening && amount == 0 ? 0 : 1;
  }
  free(type);
  free(payload);
  return &result;
}

typedef struct {
  uint8_t is_some;
  text bytes;
} snapshot_result;

EXPORT(HANDLER "#[method]session.snapshot") const snapshot_result *session_snapshot(session *self) {
  static snapshot_result result;
  static char digits[4];
  result.is_some = 1;
  result.bytes = (text){digits, write_number(digits, self->sum)};
  return &result;
}
