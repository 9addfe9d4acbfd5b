/** `decidable/memory`: the event store in memory, for tests, examples and the browser. */
export { createMemoryStore, type MemoryStore, type MemoryStoreOptions } from './store.ts';
