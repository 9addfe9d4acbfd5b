/**
 * The worlds of modules (`wit/worlds.wit`), with the types of their functions. A test compares this file with `wit/`.
 *
 * Named types are written out, because components are compared by structure and not by name.
 */

/** The worlds of modules, and the interfaces that each exports. */
export const WORLDS = {
  'command-handler': ['types', 'decider', 'routing'],
  'process-manager': ['types', 'event-handler'],
  'read-model': ['types', 'projector'],
} as const;

/** The name of a world of modules in `wit/worlds.wit`. */
export type WorldName = keyof typeof WORLDS;
export const WORLD_NAMES = Object.keys(WORLDS) as readonly WorldName[];
export type InterfaceName = (typeof WORLDS)[WorldName][number];

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
};
