/** The forms of the contract `cosmonic:eventsourcing@0.0.1`, with the same functions over handles. */
import { type Component, isComponentError } from '../../index.ts';
import { exportedInterface, fitContract, type Members } from './fit-contract.ts';

/** One of the three types of the contract. */
interface MessageType {
  /** Decodes a message. @throws ComponentError whose payload is a text. */
  deserialize(bytes: Uint8Array): number;
  drop(handle: number): void;
}

/** A guest in any form of the contract. */
export interface CosmonicGuest {
  readonly command: MessageType;
  readonly event: MessageType & {
    /** Encodes an event, and drops it. */
    serialize(event: number): Uint8Array;
  };
  readonly state: { drop(state: number): void };
  /** Consumes the events. */
  rehydrate(events: readonly number[]): number;
  /** Consumes the state and the command. */
  handle(state: number, command: number): readonly number[];
}

const PACKAGE = 'cosmonic:eventsourcing';
const TYPES = `${PACKAGE}/types@0.0.1`;
const KINDS = ['command', 'event', 'state'] as const;
type Kind = (typeof KINDS)[number];

const RESOURCES: Members = Object.fromEntries(KINDS.map((kind) => [kind, 'resource']));
const HANDLER: Members = {
  rehydrate: 'func(events: list<event>) -> result<state, string>',
  handle: 'func(state: state, command: command) -> result<list<event>, string>',
};
const METHODS: Members = Object.fromEntries(
  KINDS.flatMap((kind) => [
    [`[method]${kind}.serialize`, `func(self: borrow<${kind}>) -> result<list<u8>, string>`],
    [`[static]${kind}.deserialize`, `func(event: list<u8>) -> result<${kind}, string>`],
  ]),
);
/** The name of the parameter of `deserialize-state` differs from that of the other two functions. */
const FUNCTIONS: Members = Object.fromEntries(
  KINDS.flatMap((kind) => [
    [`serialize-${kind}`, `func(${kind}: ${kind}) -> result<list<u8>, string>`],
    [`deserialize-${kind}`, `func(${kind === 'state' ? 'state' : 'event'}: list<u8>) -> result<${kind}, string>`],
  ]),
);

interface Handling {
  rehydrate(events: readonly number[]): number;
  handle(state: number, command: number): readonly number[];
}
type Dropping = Readonly<Record<Kind, { drop(handle: number): void }>>;

interface ResourceType {
  serialize(handle: number): Uint8Array;
  deserialize(bytes: Uint8Array): number;
  drop(handle: number): void;
}

/** The functions of the older forms. The functions that serialize consume their argument. */
interface FreeFunctions {
  serializeEvent(event: number): Uint8Array;
  deserializeEvent(bytes: Uint8Array): number;
  deserializeCommand(bytes: Uint8Array): number;
}

/**
 * Returns the function that binds the exports of an instance.
 *
 * @throws LinkError if the component has no form of the contract.
 */
export function cosmonicForm(component: Component): (exports: Record<string, unknown>) => CosmonicGuest {
  const contract = `the contract ${PACKAGE}@0.0.1`;
  const aggregate = `${PACKAGE}/aggregate@0.0.1`;
  const name = exportedInterface(component, aggregate) === undefined ? `${PACKAGE}/command-handler@0.0.1` : aggregate;
  if (name === aggregate || hasMember(component, name, 'serialize-event')) {
    fitContract(component, contract, { [TYPES]: RESOURCES, [name]: { ...HANDLER, ...FUNCTIONS } });
    return (exports) => withFunctions(exports[TYPES] as Dropping, exports[name] as Handling & FreeFunctions);
  }
  fitContract(component, contract, { [TYPES]: { ...RESOURCES, ...METHODS }, [name]: HANDLER });
  return (exports) => withMethods(exports[TYPES] as Readonly<Record<Kind, ResourceType>>, exports[name] as Handling);
}

function hasMember(component: Component, name: string, member: string): boolean {
  const type = exportedInterface(component, name)?.type;
  return type?.kind === 'instance' && type.exports.some((each) => each.name === member);
}

function withMethods(
  { command, event, state }: Readonly<Record<Kind, ResourceType>>,
  { rehydrate, handle }: Handling,
): CosmonicGuest {
  const serialize = (handle: number): Uint8Array => {
    let bytes: Uint8Array;
    try {
      bytes = event.serialize(handle);
    } catch (error) {
      // After a trap, the instance and the handle no longer exist.
      if (isComponentError(error)) event.drop(handle);
      throw error;
    }
    event.drop(handle);
    return bytes;
  };
  return { command, event: { deserialize: event.deserialize, drop: event.drop, serialize }, state, rehydrate, handle };
}

function withFunctions({ command, event, state }: Dropping, handler: Handling & FreeFunctions): CosmonicGuest {
  return {
    command: { deserialize: handler.deserializeCommand, drop: command.drop },
    event: { deserialize: handler.deserializeEvent, drop: event.drop, serialize: handler.serializeEvent },
    state,
    rehydrate: handler.rehydrate,
    handle: handler.handle,
  };
}
