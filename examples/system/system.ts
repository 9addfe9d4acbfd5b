/**
 * The system: gateway, event sourcer, command handler and event store. The exports of one component are the imports of
 * the next, and the host does not touch the values that pass between them. A TypeScript object with the same
 * interfaces can replace each of them.
 */
import { readFile } from 'node:fs/promises';
import { type AnyModule, createEventSourcer, type EventSourcer, type EventStore } from 'decidable';
import { compile, instantiate } from 'decidable/component';
import { loadModule } from 'decidable/component/host';
import { createMemoryStore } from 'decidable/memory';
import { account } from '../bank/account.ts';
import { guestOf } from '../guests/javascript/guest.ts';
import { componentStore } from './component-store.ts';
import { createGateway, type Gateway } from './gateway.ts';
import type { Guest, Part } from './options.ts';

export interface Composition {
  /** The parts that are TypeScript objects; the others are components. */
  readonly typescript: ReadonlySet<Part>;
  /** The language of the command handler, if it is a component. */
  readonly guest: Guest;
  /** The clock of the store, in milliseconds since the Unix epoch. */
  readonly now: () => number;
}

export interface System {
  readonly gateway: Gateway;
  /** The store of the event sourcer, for reading the stored events. */
  readonly store: EventStore;
}

/** Interfaces by their full names: the exports of a component, or an object of the same shape. */
type Interfaces = Readonly<Record<string, unknown>>;

const TYPES = 'decidable:eventsourcing/types@0.1.0';
const DECIDER = 'decidable:eventsourcing/decider@0.1.0';
const ROUTING = 'decidable:eventsourcing/routing@0.1.0';
const EVENT_STORE = 'decidable:eventsourcing/event-store@0.1.0';
const EVENT_SOURCER = 'decidable:eventsourcing/event-sourcer@0.1.0';
const GATEWAY = 'decidable:system/gateway@0.1.0';

export async function composeSystem({ typescript, guest, now }: Composition): Promise<System> {
  const handler = typescript.has('handler') ? account : guest;
  const store = typescript.has('store') ? storeInTypeScript(now) : await component('event-store', clock(now));
  const sourcer = typescript.has('sourcer')
    ? sourcerInTypeScript(await moduleOf(handler), store)
    : await component('event-sourcer', { ...(await interfacesOf(handler)), ...store });
  const gateway = typescript.has('gateway') ? gatewayInTypeScript(sourcer) : await component('gateway', sourcer);
  return { gateway: gateway[GATEWAY] as Gateway, store: storeOf(store) };
}

async function component(name: string, imports: Interfaces): Promise<Interfaces> {
  return (await instantiate(await compile(await read(`components/${name}.wasm`)), imports)).exports;
}

function read(file: string): Promise<Uint8Array> {
  return readFile(new URL(file, import.meta.url));
}

// The store, and its clock -------------------------------------------------------------------------------------------

function clock(now: () => number): Interfaces {
  const datetime = (time: number) => ({
    seconds: BigInt(Math.floor(time / 1_000)),
    nanoseconds: (time % 1_000) * 1_000_000,
  });
  return { 'wasi:clocks/wall-clock': { now: () => datetime(now()) } };
}

/**
 * The store's functions return promises, as in all stores of this package, so an event sourcer in a component has to
 * wait for them.
 */
function storeInTypeScript(now: () => number): Interfaces {
  return { [EVENT_STORE]: componentStore(createMemoryStore({ now })) };
}

function storeOf(store: Interfaces): EventStore {
  return componentStore(store[EVENT_STORE] as EventStore);
}

// The command handler ------------------------------------------------------------------------------------------------

type Handler = typeof account | Guest;

/** Returns the interfaces of a command handler for an event sourcer in a component. */
async function interfacesOf(handler: Handler): Promise<Interfaces> {
  if (typeof handler === 'string') return (await instantiate(await compile(await read(bank(handler))))).exports;
  const { types, decider, routing } = guestOf(handler);
  return { [TYPES]: types, [DECIDER]: decider, [ROUTING]: routing };
}

/** Returns the module of a command handler for an event sourcer in TypeScript. */
async function moduleOf(handler: Handler): Promise<AnyModule> {
  // It passes a compiled component and not its bytes, so that decision records have no digest: the event sourcer in a
  // component cannot know the digest, and both must write the same records.
  const module = typeof handler === 'string' ? await loadModule(await compile(await read(bank(handler)))) : handler;
  return module as AnyModule;
}

function bank(guest: Guest): string {
  return `../guests/${guest}/bank.wasm`;
}

// Event sourcer and gateway ------------------------------------------------------------------------------------------

function sourcerInTypeScript(module: AnyModule, store: Interfaces): Interfaces {
  const sourcer = createEventSourcer({ store: storeOf(store), modules: [module] });
  const { handleCommand, readState }: EventSourcer = sourcer;
  return { [EVENT_SOURCER]: { handleCommand: handleCommand.bind(sourcer), readState: readState.bind(sourcer) } };
}

function gatewayInTypeScript(sourcer: Interfaces): Interfaces {
  return { [GATEWAY]: createGateway(sourcer[EVENT_SOURCER] as EventSourcer) };
}
