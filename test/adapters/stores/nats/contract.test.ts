/** The NATS store passes the suites of the contract against a real server. */
import { after, describe, test } from 'node:test';
import { createNatsStore, type NatsStore } from 'decidable/nats';
import { commitStoreSuite, eventStoreSuite, processorStoreSuite } from 'decidable/testing';
import { sharedNats, skipWithoutNats, uniqueName } from '../../../servers/nats.ts';

if (skipWithoutNats === false) {
  const server = await sharedNats();
  after(() => server[Symbol.asyncDispose]());
  const open = (): Promise<NatsStore> => createNatsStore({ url: server.url, name: uniqueName(), storage: 'memory' });

  eventStoreSuite('the NATS store', { open, describe, test });
  commitStoreSuite('the NATS store', { open, describe, test });
  processorStoreSuite('the NATS store', { open, lacks: ['tables', 'inline'], describe, test });
} else {
  test('the NATS store passes the suites of the contract', { skip: skipWithoutNats }, () => {});
}
