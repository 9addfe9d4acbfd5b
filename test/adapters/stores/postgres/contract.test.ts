/** The PostgreSQL store passes the suites of the contract. */
import { after, describe, test } from 'node:test';
import { createPostgresStore, type PostgresStore } from 'decidable/postgres';
import { commitStoreSuite, eventStoreSuite, processorStoreSuite } from 'decidable/testing';
import { startPostgres } from '../../../servers/postgres.ts';

const server = await startPostgres();
after(() => server.remove());
let schemas = 0;

const open = (): Promise<PostgresStore> =>
  createPostgresStore({ url: server.url, schema: `contract_${schemas++}`, maxConnections: 4 });

eventStoreSuite('the PostgreSQL store', { open, describe, test });
commitStoreSuite('the PostgreSQL store', { open, describe, test });
processorStoreSuite('the PostgreSQL store', { open, lacks: ['inline'], describe, test });
