/**
 * The worlds of `wit/worlds.wit`, with the types of the functions that they export. A test compares this file with
 * `wit/`.
 *
 * Named types are written out, because components are compared by structure and not by name.
 */

/** The worlds, and the interfaces that each exports. */
export const WORLDS = {
  'command-handler': ['types', 'decider', 'routing'],
  'process-manager': ['types', 'event-handler'],
  'read-model': ['types', 'projector'],
  'event-sourcing': ['event-sourcer'],
  'event-storage': ['event-store'],
} as const;

/** The name of a world in `wit/worlds.wit`. */
export type WorldName = keyof typeof WORLDS;
export const WORLD_NAMES = Object.keys(WORLDS) as readonly WorldName[];
export type InterfaceName = (typeof WORLDS)[WorldName][number];

/** The name of a world whose components are modules, which `loadModule` loads. */
export type ModuleWorldName = 'command-handler' | 'process-manager' | 'read-model';
export const MODULE_WORLD_NAMES: readonly ModuleWorldName[] = ['command-handler', 'process-manager', 'read-model'];

/**
 * The package of the contract, as in `decidable:eventsourcing/types@0.1.0`. A later patch, `…@0.1.3`, is compatible.
 */
export const PACKAGE = 'decidable:eventsourcing';
export const VERSION = '0.1.0';

const ENVELOPE = 'record { type: string, schema-version: u32, payload: list<u8> }';
const FAULT = 'record { code: string, message: string, details: list<tuple<string, string>> }';
const REJECTION = FAULT;
const EVENT_CONTEXT =
  'record { id: string, stream: string, revision: u64, position: u64, recorded-at: u64, correlation-id: string, causation-id: string }';
const COMMAND_DESCRIPTOR =
  'record { type: string, schema-version: u32, precondition: enum { stream-unchanged, no-stream, stream-exists, any }, ' +
  'snapshot: variant { never, every(u32) } }';
const EVENT_DESCRIPTOR = 'record { type: string, schema-version: u32 }';
const EVENT_SOURCE = 'record { category: string, type: string, name: option<string> }';
const IDENTITY = 'name: string, version: string, content-type: string, digest: option<list<u8>>';
const DEADLINE = `record { id: string, due-at: u64, command: ${ENVELOPE} }`;
const REACTION = `variant { dispatch(${ENVELOPE}), schedule(${DEADLINE}), cancel(string), end }`;
const MODULE_IDENTITY = 'record { name: string, version: string, digest: option<list<u8>> }';
const OUTCOME = `variant { accepted, rejected(${REJECTION}) }`;
const DECISION =
  `record { command-id: string, command: ${ENVELOPE}, content-type: string, module: ${MODULE_IDENTITY}, ` +
  `seen-revision: option<u64>, outcome: ${OUTCOME}, causation-id: option<string>, correlation-id: string, ` +
  'actor: option<string>, key-id: option<string> }';
const RECORDED_DECISION =
  `record { stream: string, decision: ${DECISION}, first-revision: option<u64>, event-count: u32, recorded-at: u64, ` +
  'hash: list<u8> }';
const RECORDED_EVENT = `record { context: ${EVENT_CONTEXT}, event: ${ENVELOPE}, content-type: string }`;
const PRECONDITION = 'variant { any, no-stream, stream-exists, at-revision(u64) }';
const CONFLICT = `record { stream: string, precondition: ${PRECONDITION}, actual: option<u64> }`;
const INVALID_ARGUMENT = 'record { argument: string, message: string }';
const STORE_FAULT = 'record { code: string, message: string }';
const STORE_ERROR = `variant { invalid-argument(${INVALID_ARGUMENT}), failure(${STORE_FAULT}), closed }`;
const APPEND_ERROR =
  `variant { conflict(${CONFLICT}), duplicate(${RECORDED_DECISION}), invalid-argument(${INVALID_ARGUMENT}), ` +
  `failure(${STORE_FAULT}), closed }`;
const APPENDED =
  'record { first-revision: option<u64>, first-position: option<u64>, revision: option<u64>, recorded-at: u64, ' +
  'hash: list<u8> }';
const DIRECTION = 'enum { forward, backward }';
const READ_STREAM = `record { direction: ${DIRECTION}, from-revision: option<u64>, limit: option<u32> }`;
const EVENT_NAME = 'record { category: string, type: string }';
const READ_ALL =
  `record { direction: ${DIRECTION}, after-position: option<u64>, limit: option<u32>, categories: list<string>, ` +
  `event-types: list<string>, events: list<${EVENT_NAME}> }`;
const SNAPSHOT_KEY = 'record { module-name: string, module-version: string, stream: string }';
const SNAPSHOT = 'record { revision: u64, content-type: string, state: list<u8> }';
const REFUSAL = 'record { subject: string, message: string }';
const COMMAND_ERROR =
  `variant { invalid-argument(${INVALID_ARGUMENT}), unroutable(${REFUSAL}), fault(${FAULT}), trap(${FAULT}), ` +
  `conflict(${CONFLICT}), command-id-reused(${REFUSAL}), replay-limit(${REFUSAL}), unauthorized(${REFUSAL}), ` +
  `overloaded(${REFUSAL}), cancelled(${REFUSAL}), deadline-exceeded(${REFUSAL}), store(${STORE_FAULT}), ` +
  `closed(${REFUSAL}) }`;
const COMMAND_OPTIONS =
  'record { command-id: option<string>, correlation-id: option<string>, causation-id: option<string>, ' +
  `actor: option<string>, precondition: option<${PRECONDITION}>, deadline: option<u64> }`;
const COMMAND_RESULT =
  `record { command-id: string, stream: string, module: string, outcome: ${OUTCOME}, events: list<${RECORDED_EVENT}>, ` +
  'revision: option<u64>, position: option<u64>, duplicate: bool, attempts: u32 }';
const FOLDED_STATE =
  'record { module: string, module-version: string, content-type: string, state: list<u8>, revision: option<u64> }';
const REJECTED = `record { command-id: string, command: ${ENVELOPE}, stream: string, rejection: ${REJECTION}, recorded-at: u64 }`;

/** The type of each function, by interface. The type of a resource type is `resource`. */
export const INTERFACES: Readonly<Record<InterfaceName, Readonly<Record<string, string>>>> = {
  types: {
    command: 'resource',
    event: 'resource',
    state: 'resource',
    '[static]command.from-envelope': `func(envelope: ${ENVELOPE}) -> result<command, ${FAULT}>`,
    '[method]command.to-envelope': `func(self: borrow<command>) -> ${ENVELOPE}`,
    '[static]event.from-envelope': `func(envelope: ${ENVELOPE}) -> result<event, ${FAULT}>`,
    '[method]event.to-envelope': `func(self: borrow<event>) -> ${ENVELOPE}`,
    '[static]state.from-bytes': `func(bytes: list<u8>) -> result<state, ${FAULT}>`,
    '[method]state.to-bytes': 'func(self: borrow<state>) -> list<u8>',
  },
  decider: {
    'initial-state': 'func() -> state',
    evolve: `func(state: state, event: borrow<event>) -> result<state, ${FAULT}>`,
    decide: `func(state: borrow<state>, command: borrow<command>) -> result<list<event>, ${REJECTION}>`,
  },
  routing: {
    describe:
      `func() -> record { ${IDENTITY}, category: string, foreign-events: enum { skip, fault }, ` +
      `commands: list<${COMMAND_DESCRIPTOR}>, events: list<${EVENT_DESCRIPTOR}> }`,
    'stream-id': `func(command: borrow<command>) -> result<string, ${FAULT}>`,
  },
  'event-handler': {
    describe: `func() -> record { ${IDENTITY}, events: list<${EVENT_SOURCE}>, commands: list<string> }`,
    key: 'func(event: borrow<event>) -> option<string>',
    'initial-state': 'func() -> state',
    evolve: `func(state: state, event: borrow<event>) -> result<state, ${FAULT}>`,
    handle:
      `func(state: borrow<state>, event: borrow<event>, context: ${EVENT_CONTEXT}) -> ` +
      `result<list<${REACTION}>, ${FAULT}>`,
    'evolve-rejected': `func(state: state, rejected: ${REJECTED}) -> result<state, ${FAULT}>`,
    'handle-rejected': `func(state: borrow<state>, rejected: ${REJECTED}) -> result<list<${REACTION}>, ${FAULT}>`,
  },
  projector: {
    describe: `func() -> record { ${IDENTITY}, events: list<${EVENT_SOURCE}> }`,
    key: 'func(event: borrow<event>) -> option<string>',
    'initial-state': 'func() -> state',
    project: `func(state: state, event: borrow<event>, context: ${EVENT_CONTEXT}) -> result<option<state>, ${FAULT}>`,
  },
  'event-store': {
    append:
      `async func(stream: string, events: list<${ENVELOPE}>, precondition: ${PRECONDITION}, decision: ${DECISION}) -> ` +
      `result<${APPENDED}, ${APPEND_ERROR}>`,
    'read-stream': `async func(stream: string, options: ${READ_STREAM}) -> result<list<${RECORDED_EVENT}>, ${STORE_ERROR}>`,
    'read-all': `async func(options: ${READ_ALL}) -> result<list<${RECORDED_EVENT}>, ${STORE_ERROR}>`,
    'await-events': `async func(after-position: option<u64>) -> result<u64, ${STORE_ERROR}>`,
    'find-decision': `async func(command-id: string) -> result<option<${RECORDED_DECISION}>, ${STORE_ERROR}>`,
    'load-snapshot': `async func(key: ${SNAPSHOT_KEY}) -> result<option<${SNAPSHOT}>, ${STORE_ERROR}>`,
    'save-snapshot': `async func(key: ${SNAPSHOT_KEY}, snapshot: ${SNAPSHOT}) -> result<_, ${STORE_ERROR}>`,
    'drop-snapshot': `async func(key: ${SNAPSHOT_KEY}) -> result<_, ${STORE_ERROR}>`,
  },
  'event-sourcer': {
    'handle-command': `async func(command: ${ENVELOPE}, options: ${COMMAND_OPTIONS}) -> result<${COMMAND_RESULT}, ${COMMAND_ERROR}>`,
    'read-state':
      'async func(stream: string, options: record { module: option<string>, revision: option<u64> }) -> ' +
      `result<${FOLDED_STATE}, ${COMMAND_ERROR}>`,
  },
};
