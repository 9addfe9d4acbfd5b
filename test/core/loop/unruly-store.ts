/** A store with a hook before each call. A test can make the call wait or fail, or let another writer append first. */
import type { EventStore } from '../../../src/core/event-store.ts';

export type StoreCall = keyof EventStore;
export type Before = (call: StoreCall, stream: string) => void | Promise<void>;

export function unrulyStore<Store extends EventStore>(
  store: Store,
  before: Before,
): EventStore & { calls: StoreCall[] } {
  const calls: StoreCall[] = [];
  const told = async (call: StoreCall, stream: string): Promise<void> => {
    calls.push(call);
    await before(call, stream);
  };
  return {
    calls,
    async append(stream, events, precondition, decision) {
      await told('append', stream);
      return store.append(stream, events, precondition, decision);
    },
    async readStream(stream, options) {
      await told('readStream', stream);
      return store.readStream(stream, options);
    },
    async readAll(options) {
      await told('readAll', '');
      return store.readAll(options);
    },
    async awaitEvents(afterPosition, signal) {
      await told('awaitEvents', '');
      return store.awaitEvents(afterPosition, signal);
    },
    async findDecision(commandId) {
      await told('findDecision', '');
      return store.findDecision(commandId);
    },
    async loadSnapshot(key) {
      await told('loadSnapshot', key.stream);
      return store.loadSnapshot(key);
    },
    async saveSnapshot(key, snapshot) {
      await told('saveSnapshot', key.stream);
      return store.saveSnapshot(key, snapshot);
    },
    async dropSnapshot(key) {
      await told('dropSnapshot', key.stream);
      return store.dropSnapshot(key);
    },
  };
}
