/** emmett's command handler on its PostgreSQL store, as its documentation recommends, for the commands of the bank. */
import { createRequire } from 'node:module';
import { type AccountState, type Command, decide, type Event, evolve, initialState } from '../bank.ts';

interface Emmett {
  DeciderCommandHandler(options: {
    decide: (command: Command, state: AccountState) => Event[];
    evolve: (state: AccountState, event: Event) => AccountState;
    initialState: () => AccountState;
    mapToStreamId: (id: string) => string;
  }): (store: unknown, id: string, command: Command) => Promise<unknown>;
}

interface EmmettPostgres {
  getPostgreSQLEventStore(connectionString: string): { close(): Promise<void> };
}

/** A store of emmett. */
export interface EmmettStore {
  handle(command: Command): Promise<unknown>;
  close(): Promise<void>;
}

/** @param folder `test/bench/peers-postgres`, with its `node_modules`. */
export function openEmmett(folder: string, url: string): EmmettStore {
  const required = createRequire(`${folder}/package.json`);
  const emmett: Emmett = required('@event-driven-io/emmett');
  const postgres: EmmettPostgres = required('@event-driven-io/emmett-postgresql');
  const store = postgres.getPostgreSQLEventStore(url);
  const handle = emmett.DeciderCommandHandler({
    decide: (command, state) => decide(state, command),
    evolve,
    initialState: () => initialState,
    mapToStreamId: (id) => `account-${id}`,
  });
  return { handle: (command) => handle(store, command.data.accountId, command), close: () => store.close() };
}
