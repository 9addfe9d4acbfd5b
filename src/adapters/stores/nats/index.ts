/** `decidable/nats`: streams on a NATS JetStream server or cluster, and commands over NATS. */
export { type NatsCommands, type NatsCommandsOptions, natsCommands } from './commands-client.ts';
export type { FlushReport, NatsClientConnection, NatsStoreObserver, NatsStoreOptions } from './options.ts';
export { type CommandTarget, type ServeCommandsOptions, type ServedCommands, serveCommands } from './serve-commands.ts';
export { createNatsStore, type NatsStore } from './store.ts';
