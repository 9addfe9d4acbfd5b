/** `decidable/nats`: streams on a NATS JetStream server or cluster. */
export type { FlushReport, NatsClientConnection, NatsStoreObserver, NatsStoreOptions } from './options.ts';
export { createNatsStore, type NatsStore } from './store.ts';
