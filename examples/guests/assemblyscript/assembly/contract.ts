/**
 * The canonical ABI of the world `command-handler`, by hand. Each export reads its flat arguments, calls the domain in
 * bank.ts, and writes its result as the ABI requires. `../names.js` renames the exports.
 *
 * The representation of a handle is a pinned object. The collector does not free it until the destructor unpins it.
 *
 * Sources: Component Model, CanonicalABI.md ("Flattening", "Storing").
 */
import {
  Account,
  commandKind,
  decide as decideEvent,
  encodeAccount,
  decodeAccount,
  eventKind,
  evolve as evolveAccount,
} from './bank';
import { COMMANDS, decodeMessage, encodeMessage, EVENTS, Message } from './message';
import { Bytes, Writer } from './msgpack';
import { Refusal } from './refusal';

// @ts-ignore: decorator
@external("[export]decidable:eventsourcing/types@0.1.0", "[resource-new]command")
declare function newCommand(representation: usize): i32;
// @ts-ignore: decorator
@external("[export]decidable:eventsourcing/types@0.1.0", "[resource-new]event")
declare function newEvent(representation: usize): i32;
// @ts-ignore: decorator
@external("[export]decidable:eventsourcing/types@0.1.0", "[resource-new]state")
declare function newState(representation: usize): i32;
// @ts-ignore: decorator
@external("[export]decidable:eventsourcing/types@0.1.0", "[resource-rep]state")
declare function stateOf(handle: i32): usize;

export function reallocate(old: usize, oldSize: usize, alignment: usize, size: usize): usize {
  if (size == 0) return alignment;
  return old == 0 ? heap.alloc(size) : heap.realloc(old, size);
}

// --- results in memory: one area, and a list of the memory that `cabi_post_…` frees
// ----------------------------------------

const area: usize = memory.data(64);
const owned: StaticArray<usize> = new StaticArray<usize>(32);
let ownedCount: i32 = 0;

function allocate(size: usize): usize {
  const at = heap.alloc(size);
  owned[ownedCount++] = at;
  return at;
}

/** Implements every `cabi_post_…`. */
export function release(_area: usize): void {
  while (ownedCount > 0) heap.free(owned[--ownedCount]);
}

/** Frees an argument in memory, which the callee owns. An empty argument has no memory. */
function releaseArgument(at: usize, length: usize): void {
  if (length != 0) heap.free(at);
}

function storePair(at: usize, first: usize, second: usize): void {
  store<usize>(at, first);
  store<usize>(at, second, 4);
}

function storeBytes(at: usize, bytes: Bytes): void {
  const copy = allocate(max(bytes.length, 1));
  memory.copy(copy, changetype<usize>(bytes), bytes.length);
  storePair(at, copy, bytes.length);
}

function storeText(at: usize, text: string): void {
  storeBytes(at, changetype<Bytes>(String.UTF8.encode(text)));
}

function storeWritten(at: usize, writer: Writer): void {
  owned[ownedCount++] = writer.start;
  storePair(at, writer.start, writer.at - writer.start);
}

function fail(why: Refusal): usize {
  const details = allocate(max(16 * why.names.length, 1));
  for (let i = 0; i < why.names.length; i++) {
    storeText(details + 16 * i, why.names[i]);
    storeText(details + 16 * i + 8, why.values[i].toString());
  }
  store<u8>(area, 1);
  storeText(area + 4, why.code);
  storeText(area + 12, why.message);
  storePair(area + 20, details, why.names.length);
  return area;
}

function own(handle: i32): usize {
  store<u8>(area, 0);
  store<i32>(area, handle, 4);
  return area;
}

// --- types
// -------------------------------------------------------------------------------------------------------------------

const SCHEMA_VERSION: u32 = 1;

function decode(kind: i32, strict: bool, version: u32, payload: usize, length: usize, unknown: Refusal): Message {
  if (kind < 0) return Message.none(unknown);
  if (version != SCHEMA_VERSION) return Message.none(Refusal.wrongSchemaVersion(version));
  return decodeMessage(kind, strict, payload, length);
}

export function commandFromEnvelope(type: usize, typeLength: usize, version: u32, payload: usize, length: usize): usize {
  const kind = commandKind(type, typeLength);
  const command = decode(kind, true, version, payload, length, Refusal.unknownCommand());
  releaseArgument(type, typeLength);
  releaseArgument(payload, length);
  const fault = command.fault;
  return fault == null ? own(newCommand(__pin(changetype<usize>(command)))) : fail(fault);
}

export function commandToEnvelope(self: usize): usize {
  const command = changetype<Message>(self);
  return storeEnvelope(COMMANDS[command.kind], command);
}

export function commandDrop(self: usize): void {
  __unpin(self);
}

export function eventFromEnvelope(type: usize, typeLength: usize, version: u32, payload: usize, length: usize): usize {
  const kind = eventKind(type, typeLength);
  const event = decode(kind, false, version, payload, length, Refusal.unknownEvent());
  releaseArgument(type, typeLength);
  releaseArgument(payload, length);
  const fault = event.fault;
  return fault == null ? own(newEvent(__pin(changetype<usize>(event)))) : fail(fault);
}

export function eventToEnvelope(self: usize): usize {
  const event = changetype<Message>(self);
  return storeEnvelope(EVENTS[event.kind], event);
}

export function eventDrop(self: usize): void {
  __unpin(self);
}

function storeEnvelope(type: string, message: Message): usize {
  storeText(area, type);
  store<u32>(area, SCHEMA_VERSION, 8);
  storeWritten(area + 12, encodeMessage(message));
  return area;
}

export function stateFromBytes(bytes: usize, length: usize): usize {
  const account = decodeAccount(bytes, length);
  releaseArgument(bytes, length);
  const fault = account.fault;
  return fault == null ? own(newState(__pin(changetype<usize>(account)))) : fail(fault);
}

export function stateToBytes(self: usize): usize {
  storeWritten(area, encodeAccount(changetype<Account>(self)));
  return area;
}

export function stateDrop(self: usize): void {
  __unpin(self);
}

// --- decider
// -----------------------------------------------------------------------------------------------------------------

export function initialState(): i32 {
  return newState(__pin(changetype<usize>(new Account())));
}

/** Changes the state in place, and returns the same handle. The state arrives as an owned handle. */
export function evolve(state: i32, event: usize): usize {
  evolveAccount(changetype<Account>(stateOf(state)), changetype<Message>(event));
  return own(state);
}

export function decide(state: usize, command: usize): usize {
  const event = decideEvent(changetype<Account>(state), changetype<Message>(command));
  const rejection = event.fault;
  if (rejection != null) return fail(rejection);
  const list = allocate(4);
  store<i32>(list, newEvent(__pin(changetype<usize>(event))));
  store<u8>(area, 0);
  storePair(area + 4, list, 1);
  return area;
}

// --- routing
// -----------------------------------------------------------------------------------------------------------------

export function describe(): usize {
  storeText(area, 'bank.account');
  storeText(area + 8, '1.0.0');
  storeText(area + 16, 'application/vnd.msgpack');
  store<u8>(area, 0, 24); // no digest
  storeText(area + 36, 'account');
  store<u8>(area, 1, 44); // foreign events are a fault
  const commands = allocate(24 * COMMANDS.length);
  memory.fill(commands, 0, 24 * COMMANDS.length); // stream-unchanged, never a snapshot
  const events = allocate(12 * EVENTS.length);
  for (let kind = 0; kind < COMMANDS.length; kind++) {
    storeText(commands + 24 * kind, COMMANDS[kind]);
    store<u32>(commands + 24 * kind, SCHEMA_VERSION, 8);
    storeText(events + 12 * kind, EVENTS[kind]);
    store<u32>(events + 12 * kind, SCHEMA_VERSION, 8);
  }
  storePair(area + 48, commands, COMMANDS.length);
  storePair(area + 56, events, EVENTS.length);
  return area;
}

export function streamId(command: usize): usize {
  const id = changetype<Message>(command).accountId;
  storeBytes(area + 4, id);
  store<u8>(area, 0);
  return area;
}
