/** Opens the streams of a store on a server, or creates them, and checks the settings that the store relies on. */
import type { NatsConnection } from '@nats-io/transport-node';
import { EngineFailure } from '../../../core/storage/engine-failure.ts';
import type { Client } from './client.ts';
import { API_ERRORS, type ApiError, apiFailure } from './failures.ts';
import type { CheckedOptions } from './options.ts';
import type { Subjects } from './subjects.ts';

/** The format version of the layout that this version writes. It is in the metadata of the JetStream streams. */
const FORMAT = 1;
const FORMAT_NAME = 'decidable.format';

/** In 2.12.1, the server stops answering reads while several processes write. 2.12.0 refuses message ids in batches. */
const OLDEST_SERVER = [2, 12, 2] as const;

const NANOSECONDS = 1_000_000;

interface StreamConfig {
  readonly subjects?: readonly string[];
  readonly retention?: string;
  readonly max_age?: number;
  readonly max_msgs?: number;
  readonly max_bytes?: number;
  readonly max_msgs_per_subject?: number;
  readonly num_replicas?: number;
  readonly duplicate_window?: number;
  readonly allow_direct?: boolean;
  readonly allow_atomic?: boolean;
  readonly allow_msg_ttl?: boolean;
  readonly discard?: string;
  readonly storage?: string;
  readonly metadata?: Readonly<Record<string, string>>;
}

interface StreamInfo {
  readonly config?: StreamConfig;
}

/** The settings of a store that its creator chose. */
export interface OpenedStore {
  readonly replicas: number;
  readonly duplicateWindow: number;
}

/**
 * Checks the version of the server.
 * @throws EngineFailure `unsupported-engine` that names the version, or `busy` or `io` without a connection.
 */
function checkServer(connection: NatsConnection): void {
  if (connection.isClosed()) {
    throw new EngineFailure('io', 'the connection to the NATS server is closed; pass an open one');
  }
  if (connection.info === undefined) {
    throw new EngineFailure('busy', 'the connection to the NATS server was lost; check that the server runs');
  }
  const { version } = connection.info;
  const numbers = /^(\d+)\.(\d+)\.(\d+)/.exec(version)?.slice(1).map(Number) ?? [];
  const order = OLDEST_SERVER.map((oldest, index) => (numbers[index] ?? 0) - oldest).find(
    (difference) => difference !== 0,
  );
  if (order === undefined || order > 0) return;
  throw new EngineFailure(
    'unsupported-engine',
    `the NATS server is ${version}; this store needs 2.12.2 or later, because 2.12.1 stops answering reads during ` +
      'writes, and older servers have no atomic batches that are guarded by subject; install a newer server',
  );
}

/** Opens or creates the JetStream streams of a store. @throws EngineFailure */
export async function openStreams(client: Client, subjects: Subjects, options: CheckedOptions): Promise<OpenedStore> {
  checkServer(client.connection);
  const { storage, replicas, duplicateWindow } = options;
  const common = {
    retention: 'limits',
    discard: 'new',
    storage,
    num_replicas: replicas,
    allow_direct: true,
    allow_atomic: true,
    metadata: { [FORMAT_NAME]: String(FORMAT) },
  };
  const commits = await openStream(client, options, {
    ...common,
    name: subjects.name,
    subjects: [subjects.allCommits],
    duplicate_window: duplicateWindow * NANOSECONDS,
  });
  await openStream(client, options, {
    ...common,
    name: subjects.stateStream,
    subjects: [subjects.allState],
    max_msgs_per_subject: 1,
    allow_msg_ttl: true,
  });
  const window = Math.floor((commits.duplicate_window ?? 0) / NANOSECONDS);
  if (window <= options.connectionLife) {
    throw new EngineFailure(
      'not-a-store',
      `the server recognizes command ids of the store ${subjects.name} for ${window} ms, which is not longer than ` +
        `connectionLife (${options.connectionLife} ms); lower connectionLife, or raise duplicate_window of the stream`,
    );
  }
  return { replicas: commits.num_replicas ?? 1, duplicateWindow: window };
}

async function openStream(
  client: Client,
  { create }: CheckedOptions,
  wanted: StreamConfig & { readonly name: string },
): Promise<StreamConfig> {
  let { config, error } = await info(client, wanted.name);
  if (error?.err_code === API_ERRORS.streamNotFound && create) {
    ({ error } = await client.api<StreamInfo>(`STREAM.CREATE.${wanted.name}`, wanted));
    // Another process may have created it at the same time, with other settings.
    const created = await info(client, wanted.name);
    if (created.error === undefined) ({ config, error } = created);
  }
  if (error?.err_code === API_ERRORS.streamNotFound && !create) {
    const message = `the server has no store ${wanted.name}; name another one, or create it with \`create: true\``;
    throw new EngineFailure('not-found', message);
  }
  if (error !== undefined) throw apiFailure(error);
  checkStream(wanted, config ?? {});
  return config ?? {};
}

async function info(client: Client, name: string): Promise<StreamInfo & { readonly error?: ApiError | undefined }> {
  return client.api<StreamInfo>(`STREAM.INFO.${name}`);
}

/** Refuses a stream that does not belong to a store, or that would discard messages. */
function checkStream(wanted: StreamConfig & { readonly name: string }, found: StreamConfig): void {
  const format = Number(found.metadata?.[FORMAT_NAME]);
  if (format > FORMAT) {
    throw new EngineFailure(
      'newer-format',
      `the store ${wanted.name} has format ${format}, and this version reads ${FORMAT}; upgrade the package`,
    );
  }
  const isUnlimited = (limit: number | undefined): boolean => limit === undefined || limit <= 0;
  const isStore =
    format === FORMAT &&
    found.subjects?.length === 1 &&
    found.subjects[0] === wanted.subjects?.[0] &&
    found.retention === 'limits' &&
    found.allow_direct === true &&
    found.allow_atomic === true &&
    isUnlimited(found.max_age) &&
    isUnlimited(found.max_msgs) &&
    isUnlimited(found.max_bytes) &&
    (wanted.max_msgs_per_subject === undefined
      ? isUnlimited(found.max_msgs_per_subject)
      : found.max_msgs_per_subject === wanted.max_msgs_per_subject);
  if (isStore) return;
  throw new EngineFailure(
    'not-a-store',
    `the JetStream stream ${wanted.name} is not a store of this package, or its settings were changed so that it discards ` +
      'messages; choose another name, or restore the settings',
  );
}
