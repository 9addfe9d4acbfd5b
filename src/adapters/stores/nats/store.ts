/// <reference lib="esnext.disposable" preserve="true" />
/** A store of streams on a NATS JetStream server or cluster: the contract (wit/event-store.wit), for many machines. */
import type { NatsConnection, Server } from '@nats-io/transport-node';
import { loadPeer } from '../../../core/missing-peer.ts';
import type { ProcessorStore } from '../../../core/processors/processor-store.ts';
import { type CommitStore, GuardedCommitStore } from '../../../core/storage/guarded-store.ts';
import { Client } from './client.ts';
import { separateCredentials } from './credentials.ts';
import { asStoreFailure } from './failures.ts';
import { readFlush } from './flush.ts';
import { openStreams } from './open.ts';
import { NatsOperations } from './operations.ts';
import { checkOptions, type NatsStoreOptions } from './options.ts';
import { Subjects } from './subjects.ts';

/** An event store on a NATS server or cluster. Any number of processes may have it open. */
export interface NatsStore extends CommitStore {
  /** Storage for processors: checkpoints, documents, parked events and deadlines. `defineSystem(…).start` uses it. */
  readonly processors: ProcessorStore;

  /** Finishes accepted work, refuses later calls, and closes the connection if the store created it. */
  close(): Promise<void>;
}

const SUBPATH = 'decidable/nats';

/**
 * Opens a store on a NATS server with JetStream, or creates it.
 *
 * @example const store = await createNatsStore({ url: 'nats://127.0.0.1:4222', name: 'bank' });
 * @throws StoreFailure `failure` whose `payload.val.code` is `unsupported-engine`, `not-a-store`, `newer-format`,
 *   `busy`, `full` or `io`.
 * @throws DefinitionError that names the option, if it is unknown or invalid.
 * @throws MissingPeerError if the client's packages are not installed.
 */
export async function createNatsStore(options: NatsStoreOptions = {}): Promise<NatsStore> {
  const checked = checkOptions(options);
  const driver = await loadPeer('@nats-io/transport-node', SUBPATH, () => import('@nats-io/transport-node'));
  const { jetstream } = await loadPeer('@nats-io/jetstream', SUBPATH, () => import('@nats-io/jetstream'));
  const subjects = new Subjects(checked.name);
  const { servers, credentials } = separateCredentials(checked.servers);
  let close = async (): Promise<void> => {};
  try {
    const connection =
      (checked.connection as NatsConnection | undefined) ??
      (await driver.connect({
        servers: [...servers],
        ...credentials,
        name: `decidable ${checked.name}`,
        maxReconnectAttempts: -1,
        reconnectTimeWait: 100,
        timeout: checked.timeout,
        reconnectToServer: leastRecent,
      }));
    if (checked.connection === undefined) close = () => connection.close();
    const canMove = checked.connection === undefined && servers.length > 1;
    const client = new Client(connection, { ...checked, canMove });
    const opened = await client.untilLeader(() => openStreams(client, subjects, checked));
    const { flush } = checked.observer;
    if (flush !== undefined) {
      const report = await readFlush(checked);
      if (report.sync !== 'always') flush(report);
    }
    return new Store(new NatsOperations(client, subjects, checked, opened, () => jetstream(connection), close));
  } catch (error) {
    await close();
    throw asStoreFailure(error);
  }
}

/**
 * Returns the server to which the client has not connected for the longest time. By default, the client tries the
 * server that it leaves again.
 */
function leastRecent(servers: readonly Server[]): Server | null {
  return servers.reduce<Server | null>(
    (oldest, server) => (oldest === null || server.lastConnect < oldest.lastConnect ? server : oldest),
    null,
  );
}

class Store extends GuardedCommitStore implements NatsStore {
  readonly processors: ProcessorStore;

  constructor(operations: NatsOperations) {
    super(operations);
    this.processors = operations.processors;
  }
}
