/**
 * The peers, each used as its documentation recommends: emmett's DeciderCommandHandler over its SQLite store and its
 * memory store, castore's Command over its memory adapter. `npm run bench` installs them in `peers/node_modules`, from
 * which they are loaded. The types here cover the parts that are used.
 */
import { createRequire } from 'node:module';
import { type AccountState, type Command, decide, type Event, evolve, initialState } from './bank.ts';

/** Handles one command. */
export type Handle = (command: Command) => Promise<unknown>;

interface Emmett {
  DeciderCommandHandler(options: {
    decide: (command: Command, state: AccountState) => Event[];
    evolve: (state: AccountState, event: Event) => AccountState;
    initialState: () => AccountState;
    mapToStreamId: (id: string) => string;
  }): (store: unknown, id: string, command: Command) => Promise<unknown>;
  getInMemoryEventStore(): unknown;
}

interface EmmettSqlite {
  getSQLiteEventStore(options: { fileName: string }): EmmettSqliteStore;
}

interface EmmettSqliteStore {
  appendToStream(stream: string, events: readonly EmmettEvent[]): Promise<unknown>;
  consumer(options: { pulling: { batchSize: number } }): EmmettConsumer;
}

interface EmmettConsumer {
  processor(options: {
    processorId: string;
    startFrom: 'BEGINNING';
    eachMessage: () => void;
    stopAfter: () => boolean;
  }): unknown;
  start(): Promise<void>;
  close(): Promise<void>;
}

/** An event in the form of emmett. */
export interface EmmettEvent {
  readonly type: string;
  readonly data: object;
}

/** Reads all events of a store once. */
export interface Consumer {
  read(): Promise<void>;
  close(): Promise<void>;
}

interface Aggregate extends AccountState {
  readonly aggregateId: string;
  readonly version: number;
}

interface EventDetail {
  readonly aggregateId: string;
  readonly version: number;
  readonly type: Event['type'];
  readonly payload: Event['data'];
}

interface CastoreStore {
  getAggregate(id: string): Promise<{ aggregate: Aggregate | undefined }>;
  pushEvent(event: EventDetail, options?: { prevAggregate?: Aggregate }): Promise<unknown>;
}

interface Castore {
  EventType: new (options: { type: string }) => object;
  EventStore: new (options: {
    eventStoreId: string;
    eventTypes: readonly object[];
    reducer: (aggregate: Aggregate | undefined, event: EventDetail) => Aggregate;
    eventStorageAdapter: object;
  }) => CastoreStore;
  Command: new (options: {
    commandId: string;
    requiredEventStores: readonly CastoreStore[];
    handler: (command: Command, stores: readonly [CastoreStore]) => Promise<unknown>;
  }) => { handler: (command: Command, stores: readonly [CastoreStore]) => Promise<unknown> };
}

interface CastoreMemory {
  InMemoryEventStorageAdapter: new () => object;
}

export interface Peers {
  emmettSqlite(file: string): Handle;
  /** Stores the events, a hundred to a stream, and returns a consumer that has read none of them. */
  emmettConsumer(file: string, events: readonly EmmettEvent[]): Promise<Consumer>;
  emmettMemory(): Handle;
  castoreMemory(): Handle;
}

/** @param folder `test/bench/peers`, with its `node_modules`. */
export function loadPeers(folder: string): Peers {
  // They are imported as by a program in the folder. castore's ES modules omit the extensions of their files, which
  // Node does not accept, so its CommonJS modules are used.
  const required = createRequire(`${folder}/package.json`);
  const emmett: Emmett = required('@event-driven-io/emmett');
  const sqlite: EmmettSqlite = required('@event-driven-io/emmett-sqlite');
  const castore: Castore = required('@castore/core');
  const memory: CastoreMemory = required('@castore/event-storage-adapter-in-memory');
  return {
    emmettSqlite: (file) => ofEmmett(emmett, sqlite.getSQLiteEventStore({ fileName: file })),
    emmettConsumer: (file, events) => emmettConsumer(sqlite.getSQLiteEventStore({ fileName: file }), events),
    emmettMemory: () => ofEmmett(emmett, emmett.getInMemoryEventStore()),
    castoreMemory: () => ofCastore(castore, new memory.InMemoryEventStorageAdapter()),
  };
}

function ofEmmett(emmett: Emmett, store: unknown): Handle {
  const handle = emmett.DeciderCommandHandler({
    decide: (command, state) => decide(state, command),
    evolve,
    initialState: () => initialState,
    mapToStreamId: (id) => `account-${id}`,
  });
  return async (command) => {
    for (;;) {
      try {
        return await handle(store, command.data.accountId, command);
      } catch (error) {
        // emmett sometimes fails with "cannot commit transaction - SQL statements in progress", even with one command
        // after another.
        if (!(error instanceof Error && 'code' in error && error.code === 'SQLITE_BUSY')) throw error;
      }
    }
  };
}

async function emmettConsumer(store: EmmettSqliteStore, events: readonly EmmettEvent[]): Promise<Consumer> {
  for (let first = 0; first < events.length; first += 100) {
    await store.appendToStream(`ledger-${first / 100}`, events.slice(first, first + 100));
  }
  const consumer = store.consumer({ pulling: { batchSize: 1_000 } });
  let read = 0;
  consumer.processor({
    processorId: 'bench',
    startFrom: 'BEGINNING',
    eachMessage: () => {
      read++;
    },
    stopAfter: () => read === events.length,
  });
  return {
    read: async () => {
      await consumer.start();
      if (read !== events.length) throw new Error(`emmett read ${read} events`);
    },
    close: () => consumer.close(),
  };
}

function ofCastore(castore: Castore, eventStorageAdapter: object): Handle {
  const store = new castore.EventStore({
    eventStoreId: 'accounts',
    eventTypes: ['Opened', 'Deposited', 'Withdrawn'].map((type) => new castore.EventType({ type })),
    reducer: (aggregate, { aggregateId, version, type, payload }) => ({
      ...evolve(aggregate ?? initialState, { type, data: payload } as Event),
      aggregateId,
      version,
    }),
    eventStorageAdapter,
  });
  const command = new castore.Command({
    commandId: 'HANDLE',
    requiredEventStores: [store],
    handler: async (input, [accounts]) => {
      const aggregateId = input.data.accountId;
      const { aggregate } = await accounts.getAggregate(aggregateId);
      let version = aggregate?.version ?? 0;
      for (const { type, data } of decide(aggregate ?? initialState, input)) {
        version++;
        await accounts.pushEvent({ aggregateId, version, type, payload: data });
      }
    },
  });
  return (input) => command.handler(input, [store]);
}
