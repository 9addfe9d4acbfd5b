/*
 * The bank account of examples/bank/account.ts in C: the same commands, events, states, rejections and bytes.
 *
 * Amounts are integers in minor units: 1250 is 12.50.
 */
#include "contract.h"
#include "msgpack.h"

#include <stdlib.h>
#include <string.h>

#define MAX_AMOUNT 100000000
#define WITHDRAWAL_LIMIT 1000000
#define BALANCE_LIMIT 100000000
#define MAX_SAFE_INTEGER 9007199254740991

#define MAX_ID_CHARACTERS 64
#define MAX_OWNER_CHARACTERS 200

static void *allocate(size_t size) {
  void *it = malloc(size);
  if (it == NULL) __builtin_trap();
  return it;
}

/* --- three data structures: messages (commands and events) and the state ------------------------------------------ */

typedef enum kind { OPEN_ACCOUNT, DEPOSIT, WITHDRAW, CLOSE_ACCOUNT } kind;

/* Each command has an event with the same fields. */
static const struct {
  text command, event;
  bool has_owner, has_amount;
} kinds[] = {
    [OPEN_ACCOUNT] = {TEXT("OpenAccount"), TEXT("AccountOpened"), true, false},
    [DEPOSIT] = {TEXT("Deposit"), TEXT("Deposited"), false, true},
    [WITHDRAW] = {TEXT("Withdraw"), TEXT("Withdrawn"), false, true},
    [CLOSE_ACCOUNT] = {TEXT("CloseAccount"), TEXT("AccountClosed"), false, false},
};
#define KINDS (sizeof kinds / sizeof *kinds)

/*
 * `transfer_id` is empty if it is absent, because an empty one has the wrong shape. The texts follow in the same block.
 */
typedef struct {
  kind kind;
  text account_id, owner, transfer_id;
  int64_t amount;
} message;

struct command {
  message message;
};
struct event {
  message message;
};

typedef enum status { NONE, OPEN, CLOSED } status;
static const text statuses[] = {[NONE] = TEXT("none"), [OPEN] = TEXT("open"), [CLOSED] = TEXT("closed")};

struct state {
  status status;
  text owner;
  int64_t balance;
};

static text append(uint8_t **at, text it) {
  memcpy(*at, it.ptr, it.len);
  text copy = {*at, it.len};
  *at += it.len;
  return copy;
}

static message *copy_message(const message *from) {
  message *to = allocate(sizeof *to + from->account_id.len + from->owner.len + from->transfer_id.len);
  uint8_t *at = (uint8_t *)(to + 1);
  *to = *from;
  to->account_id = append(&at, from->account_id);
  to->owner = append(&at, from->owner);
  to->transfer_id = append(&at, from->transfer_id);
  return to;
}

static text copy_text(text from) {
  if (from.len == 0) return (text){NULL, 0};
  uint8_t *bytes = allocate(from.len);
  memcpy(bytes, from.ptr, from.len);
  return (text){bytes, from.len};
}

void command_drop(command *it) { free(it); }
void event_drop(event *it) { free(it); }
void state_drop(state *it) {
  free((void *)it->owner.ptr);
  free(it);
}

/* --- decide ------------------------------------------------------------------------------------------------------- */

static void add_detail(refusal *why, text name, int64_t value) {
  uint8_t digits[20], *at = digits + sizeof digits;
  uint64_t rest = value < 0 ? 0 - (uint64_t)value : (uint64_t)value;
  do *--at = '0' + (uint8_t)(rest % 10);
  while ((rest /= 10) != 0);
  if (value < 0) *--at = '-';
  why->details[why->detail_count++] = (detail){name, copy_text((text){at, (size_t)(digits + sizeof digits - at)})};
}

static bool reject(refusal *why, text code, text message) {
  why->code = code;
  why->message = message;
  return false;
}

static bool not_open(const state *account, refusal *why) {
  return account->status == CLOSED ? reject(why, TEXT("account-closed"), TEXT("the account is closed"))
                                   : reject(why, TEXT("not-open"), TEXT("there is no such account"));
}

static bool may_open(const state *account, refusal *why) {
  if (account->status == OPEN) return reject(why, TEXT("already-open"), TEXT("the account is open already"));
  if (account->status == CLOSED) return reject(why, TEXT("account-closed"), TEXT("a closed account stays closed"));
  return true;
}

static bool may_deposit(const state *account, const message *deposit, refusal *why) {
  if (account->status != OPEN) return not_open(account, why);
  if (account->balance + deposit->amount <= BALANCE_LIMIT) return true;
  add_detail(why, TEXT("balance"), account->balance);
  add_detail(why, TEXT("amount"), deposit->amount);
  add_detail(why, TEXT("limit"), BALANCE_LIMIT);
  return reject(why, TEXT("balance-limit"), TEXT("the account would hold more than it may"));
}

static bool may_withdraw(const state *account, const message *withdrawal, refusal *why) {
  if (account->status != OPEN) return not_open(account, why);
  if (withdrawal->amount > WITHDRAWAL_LIMIT) {
    add_detail(why, TEXT("amount"), withdrawal->amount);
    add_detail(why, TEXT("limit"), WITHDRAWAL_LIMIT);
    return reject(why, TEXT("withdrawal-limit"), TEXT("one withdrawal cannot take so much"));
  }
  if (withdrawal->amount > account->balance) {
    add_detail(why, TEXT("balance"), account->balance);
    add_detail(why, TEXT("amount"), withdrawal->amount);
    return reject(why, TEXT("insufficient-funds"), TEXT("the balance is too small"));
  }
  return true;
}

static bool may_close(const state *account, refusal *why) {
  if (account->status != OPEN) return not_open(account, why);
  if (account->balance == 0) return true;
  add_detail(why, TEXT("balance"), account->balance);
  return reject(why, TEXT("balance-not-zero"), TEXT("withdraw what is left before closing"));
}

static bool may(const state *account, const message *command, refusal *why) {
  switch (command->kind) {
    case OPEN_ACCOUNT: return may_open(account, why);
    case DEPOSIT: return may_deposit(account, command, why);
    case WITHDRAW: return may_withdraw(account, command, why);
    case CLOSE_ACCOUNT: return may_close(account, why);
  }
  __builtin_unreachable();
}

bool decide(const state *account, const command *command, event *events[MAX_EVENTS], size_t *count, refusal *why) {
  if (!may(account, &command->message, why)) return false;
  events[(*count)++] = (event *)copy_message(&command->message);
  return true;
}

/* --- evolve ------------------------------------------------------------------------------------------------------- */

state *initial_state(void) {
  state *account = allocate(sizeof *account);
  *account = (state){.status = NONE};
  return account;
}

bool evolve(state *account, const event *event, refusal *fault) {
  (void)fault;
  const message *happened = &event->message;
  switch (happened->kind) {
    case OPEN_ACCOUNT:
      free((void *)account->owner.ptr);
      account->owner = copy_text(happened->owner);
      account->status = OPEN;
      break;
    case DEPOSIT: account->balance += happened->amount; break;
    case WITHDRAW: account->balance -= happened->amount; break;
    case CLOSE_ACCOUNT: account->status = CLOSED; break;
  }
  return true;
}

/* --- routing ------------------------------------------------------------------------------------------------------ */

static const command_descriptor commands[] = {
    {TEXT("OpenAccount"), 1, 0, 0, 0},
    {TEXT("Deposit"), 1, 0, 0, 0},
    {TEXT("Withdraw"), 1, 0, 0, 0},
    {TEXT("CloseAccount"), 1, 0, 0, 0},
};

static const event_descriptor events[] = {
    {TEXT("AccountOpened"), 1},
    {TEXT("Deposited"), 1},
    {TEXT("Withdrawn"), 1},
    {TEXT("AccountClosed"), 1},
};

const descriptor bank_descriptor = {
    .name = TEXT("bank.account"),
    .version = TEXT("1.0.0"),
    .content_type = TEXT("application/vnd.msgpack"),
    .category = TEXT("account"),
    .foreign_events = 1,
    .commands = commands,
    .command_count = KINDS,
    .events = events,
    .event_count = KINDS,
};

bool stream_id(const command *command, text *owned, refusal *fault) {
  (void)fault;
  text id = command->message.account_id;
  uint8_t *copy = allocate(id.len), *at = copy;
  append(&at, id);
  *owned = (text){copy, id.len};
  return true;
}

/* --- to bytes: maps whose keys are in the order of their bytes ---------------------------------------------------- */

static void write_entry(writer *w, text key, text value) {
  write_text(w, key);
  write_text(w, value);
}

static text encode_message(const message *it) {
  size_t texts = it->account_id.len + it->owner.len + it->transfer_id.len;
  uint8_t *bytes = allocate(1 + 4 * (MAX_HEAD + 10) + MAX_HEAD + texts);
  writer w = {bytes};
  bool owner = kinds[it->kind].has_owner, amount = kinds[it->kind].has_amount, transfer = it->transfer_id.len != 0;
  write_map(&w, 1 + (size_t)owner + (size_t)amount + (size_t)transfer);
  write_entry(&w, TEXT("accountId"), it->account_id);
  if (amount) {
    write_text(&w, TEXT("amount"));
    write_signed(&w, it->amount);
  }
  if (owner) write_entry(&w, TEXT("owner"), it->owner);
  if (transfer) write_entry(&w, TEXT("transferId"), it->transfer_id);
  return (text){bytes, (size_t)(w.at - bytes)};
}

void command_to_envelope(const command *it, envelope *to) {
  *to = (envelope){kinds[it->message.kind].command, 1, encode_message(&it->message)};
}

void event_to_envelope(const event *it, envelope *to) {
  *to = (envelope){kinds[it->message.kind].event, 1, encode_message(&it->message)};
}

void state_to_bytes(const state *account, text *owned) {
  uint8_t *bytes = allocate(1 + 3 * (MAX_HEAD + 10) + MAX_HEAD + account->owner.len);
  writer w = {bytes};
  write_map(&w, 3);
  write_text(&w, TEXT("balance"));
  write_signed(&w, account->balance);
  write_entry(&w, TEXT("owner"), account->owner);
  write_entry(&w, TEXT("status"), statuses[account->status]);
  *owned = (text){bytes, (size_t)(w.at - bytes)};
}

/* --- from bytes: invalid input is a fault ------------------------------------------------------------------------- */

static void *say(refusal *fault, text code, const char *message) {
  fault->code = code;
  fault->message = (text){(const uint8_t *)message, strlen(message)};
  return NULL;
}

static void *undecodable(refusal *fault, const reader *r) {
  add_detail(fault, TEXT("offset"), r->at - r->start);
  return say(fault, TEXT("undecodable-payload"), r->failed);
}

static void *wrong_shape(refusal *fault, const char *message) { return say(fault, TEXT("invalid-shape"), message); }

/* Returns whether the text has 1 to `most` characters. Code points are counted, as zod does. */
static bool length_within(text it, size_t most) {
  size_t characters = 0;
  for (size_t i = 0; i < it.len; i++) characters += (it.ptr[i] & 0xc0) != 0x80;
  return characters >= 1 && characters <= most;
}

static bool to_int64(integer from, uint64_t most, int64_t *to) {
  *to = from.negative ? -(int64_t)from.magnitude : (int64_t)from.magnitude;
  return from.present && from.magnitude <= most;
}

/*
 * Decodes a message. With `strict`, unknown fields are refused. Commands are strict. Stored events may have more
 * fields.
 */
static message *decode_message(kind kind, bool strict, text payload, refusal *fault) {
  reader r = {payload.ptr, payload.ptr, payload.ptr + payload.len, NULL};
  message it = {.kind = kind};
  unsigned seen = 0;
  bool account_id = false, owner = !kinds[kind].has_owner, amount = !kinds[kind].has_amount, transfer = true, known = true;
  for (uint32_t entries = read_map(&r); entries > 0 && r.failed == NULL; entries--) {
    text key = read_key(&r);
    if (text_equals(key, TEXT("accountId"))) {
      read_once(&r, &seen, 0);
      it.account_id = read_text(&r);
      account_id = length_within(it.account_id, MAX_ID_CHARACTERS);
    } else if (kinds[kind].has_owner && text_equals(key, TEXT("owner"))) {
      read_once(&r, &seen, 1);
      it.owner = read_text(&r);
      owner = length_within(it.owner, MAX_OWNER_CHARACTERS);
    } else if (kinds[kind].has_amount && text_equals(key, TEXT("amount"))) {
      read_once(&r, &seen, 2);
      amount = to_int64(read_integer(&r), MAX_AMOUNT, &it.amount) && it.amount >= 1;
    } else if (kinds[kind].has_amount && text_equals(key, TEXT("transferId"))) {
      read_once(&r, &seen, 3);
      it.transfer_id = read_text(&r);
      transfer = length_within(it.transfer_id, MAX_ID_CHARACTERS);
    } else {
      known = false;
      skip_value(&r);
    }
  }
  read_end(&r);
  if (r.failed != NULL) return undecodable(fault, &r);
  if (!account_id) return wrong_shape(fault, "accountId: expected 1 to 64 characters");
  if (!owner) return wrong_shape(fault, "owner: expected 1 to 200 characters");
  if (!amount) return wrong_shape(fault, "amount: expected an integer from 1 to 100000000");
  if (!transfer) return wrong_shape(fault, "transferId: expected 1 to 64 characters");
  if (strict && !known) return wrong_shape(fault, "unknown field; omit fields that the type of the command does not have");
  return copy_message(&it);
}

static void *wrong_version(refusal *fault, uint32_t version) {
  add_detail(fault, TEXT("schema-version"), version);
  return version == 0 ? say(fault, TEXT("invalid-schema-version"), "expected a schema version of at least 1")
                      : say(fault, TEXT("newer-schema-version"), "the newest schema version of this module is 1; use a newer module");
}

command *command_from_envelope(text type, uint32_t schema_version, text payload, refusal *fault) {
  for (size_t i = 0; i < KINDS; i++) {
    if (!text_equals(type, kinds[i].command)) continue;
    if (schema_version != 1) return wrong_version(fault, schema_version);
    return (command *)decode_message((enum kind)i, true, payload, fault);
  }
  return say(fault, TEXT("unknown-type"), "unknown command type; this module accepts OpenAccount, Deposit, Withdraw and CloseAccount");
}

event *event_from_envelope(text type, uint32_t schema_version, text payload, refusal *fault) {
  for (size_t i = 0; i < KINDS; i++) {
    if (!text_equals(type, kinds[i].event)) continue;
    if (schema_version != 1) return wrong_version(fault, schema_version);
    return (event *)decode_message((enum kind)i, false, payload, fault);
  }
  return say(fault, TEXT("unknown-type"), "unknown event type; this module reads AccountOpened, Deposited, Withdrawn and AccountClosed");
}

state *state_from_bytes(text bytes, refusal *fault) {
  reader r = {bytes.ptr, bytes.ptr, bytes.ptr + bytes.len, NULL};
  text owner = {0}, status = {0};
  int64_t balance = 0;
  unsigned seen = 0;
  bool has_balance = false;
  for (uint32_t entries = read_map(&r); entries > 0 && r.failed == NULL; entries--) {
    text key = read_key(&r);
    if (text_equals(key, TEXT("balance"))) {
      read_once(&r, &seen, 0);
      has_balance = to_int64(read_integer(&r), MAX_SAFE_INTEGER, &balance);
    } else if (text_equals(key, TEXT("owner"))) {
      read_once(&r, &seen, 1);
      owner = read_text(&r);
    } else if (text_equals(key, TEXT("status"))) {
      read_once(&r, &seen, 2);
      status = read_text(&r);
    } else skip_value(&r);
  }
  read_end(&r);
  if (r.failed != NULL) return undecodable(fault, &r);
  if (!has_balance) return wrong_shape(fault, "balance: expected an integer");
  if (owner.ptr == NULL) return wrong_shape(fault, "owner: expected a string");
  for (size_t i = 0; i < sizeof statuses / sizeof *statuses; i++) {
    if (!text_equals(status, statuses[i])) continue;
    state *account = allocate(sizeof *account);
    *account = (state){(enum status)i, copy_text(owner), balance};
    return account;
  }
  return wrong_shape(fault, "status: expected none, open or closed");
}
