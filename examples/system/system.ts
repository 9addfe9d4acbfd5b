/**
 * The system: gateway, event sourcer, command handler, event store, event handler and projector. Each of them is a
 * component of its world in `wit/`, or TypeScript with the same interface.
 */
import { readFile } from 'node:fs/promises';
import { type AnyModule, createEventSourcer, type EventSourcer, type EventStore } from 'decidable';
import { compile, instantiate } from 'decidable/component';
import { componentSourcer, componentStore, loadModule } from 'decidable/component/host';
import { createMemoryStore } from 'decidable/memory';
import { account } from '../bank/account.ts';
import { accounts } from './accounts.ts';
import { createGateway, type Gateway } from './gateway.ts';
import type { Guest, Part } from './options.ts';
import { type AnyProcessManager, type AnyReadModel, Readers } from './readers.ts';
import { transfers } from './transfers.ts';

export interface Composition {
  /** The parts that are TypeScript. The others are components. */
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
  /** The event handler and the projector. */
  readonly readers: Readers;
}

export async function composeSystem({ typescript, guest, now }: Composition): Promise<System> {
  const isComponent = (part: Part): boolean => !typescript.has(part);
  const store = isComponent('store')
    ? await componentStore(await read('components/event-store.wasm'), { now })
    : createMemoryStore({ now });
  const handler = isComponent('command-handler') ? await commandHandler(guest) : account;
  const modules = [handler as AnyModule];
  const sourcer: EventSourcer = isComponent('sourcer')
    ? await componentSourcer(await read('components/event-sourcer.wasm'), { store, modules })
    : createEventSourcer({ store, modules });
  const manager = isComponent('event-handler')
    ? await loadModule(await read('components/event-handler.wasm'), { world: 'process-manager' })
    : transfers;
  const model = isComponent('projector')
    ? await loadModule(await read('components/projector.wasm'), { world: 'read-model' })
    : accounts;
  return {
    gateway: isComponent('gateway') ? await gatewayInComponent(sourcer) : createGateway(sourcer),
    store,
    readers: new Readers(store, sourcer, manager as AnyProcessManager, model as AnyReadModel),
  };
}

function read(file: string): Promise<Uint8Array> {
  return readFile(new URL(file, import.meta.url));
}

/**
 * Loads the component of `examples/guests`. A compiled component has no digest, so the decision records have no digest
 * either. They are therefore the same as those of the module in TypeScript.
 */
async function commandHandler(guest: Guest) {
  return loadModule(await compile(await read(`../guests/${guest}/bank.wasm`)));
}

/** Links the gateway with the loader, because it has a separate world (`wit/system.wit`). */
async function gatewayInComponent(sourcer: EventSourcer): Promise<Gateway> {
  const { exports } = await instantiate(await compile(await read('components/gateway.wasm')), {
    'decidable:eventsourcing/event-sourcer@0.1.0': {
      handleCommand: async (...args: Parameters<EventSourcer['handleCommand']>) => sourcer.handleCommand(...args),
      readState: async (...args: Parameters<EventSourcer['readState']>) => sourcer.readState(...args),
    },
  });
  return exports['decidable:system/gateway@0.1.0'] as Gateway;
}
