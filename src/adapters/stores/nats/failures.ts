/** Converts errors of the client and of the server to errors of the store that name the remedy. */
import { AppendFailure, StoreFailure } from '../../../core/errors.ts';
import { EngineFailure, toAppendFailure, toStoreFailure } from '../../../core/storage/engine-failure.ts';

/** No reply came in time. */
export class NoReply extends Error {
  override readonly name: string = 'TimeoutError';

  constructor() {
    super('no reply came in time');
  }
}

/** No server listens to a subject. */
export class NoResponders extends Error {
  override readonly name: string = 'NoResponders';

  constructor() {
    super('no server listens to the subject');
  }
}

/** An error that the server's JetStream API returned. */
export interface ApiError {
  readonly code: number;
  readonly err_code?: number | undefined;
  readonly description?: string | undefined;
}

/** The error numbers of the server that the store distinguishes (server/errors.json of nats-server). */
export const API_ERRORS = {
  streamNotFound: 10059,
  messageNotFound: 10037,
  wrongLastSequence: 10071,
  /** In a cluster: an earlier message to the guarded subject is currently being stored. */
  earlierInProcess: 10164,
  /** A message with this id is currently being stored. */
  duplicateInProcess: 10158,
  duplicateInBatch: 10201,
  incompleteBatch: 10176,
  tooManyBatches: 10210,
  insufficientResources: 10023,
  notAvailable: 10008,
} as const;

const COMMAND_IN_PROCESS =
  'the leader has not finished an earlier write of this command; send it again with the same id';

const NEEDS_SERVERS = 'the cluster needs at least as many servers with JetStream as `replicas`';

/** The failures by the server's error number. */
const KINDS: ReadonlyMap<number, readonly [code: string, advice: string]> = new Map([
  [
    API_ERRORS.streamNotFound,
    ['not-a-store', 'the store does not exist; open it with `create: true`, or name another one'],
  ],
  [API_ERRORS.insufficientResources, ['full', 'give JetStream more storage']],
  [10047, ['full', 'give JetStream more storage']],
  [10028, ['full', 'give JetStream more memory, or create the store with the storage `file`']],
  [10002, ['full', 'the account has reached its limits of JetStream; raise them']],
  [10027, ['full', 'the account has reached its number of streams; a store needs two of them']],
  [10005, ['unsupported-engine', NEEDS_SERVERS]],
  [10074, ['unsupported-engine', NEEDS_SERVERS]],
  [10039, ['unsupported-engine', 'enable JetStream for the account']],
  [10076, ['unsupported-engine', 'enable JetStream in the configuration of the server']],
  [10065, ['not-a-store', 'another JetStream stream has the subjects of the store; use another name']],
  [10077, ['full', 'the stream has reached its limit; raise max_msgs or max_bytes']],
  [API_ERRORS.notAvailable, ['busy', 'the cluster has no leader at the moment; try again']],
  [
    API_ERRORS.earlierInProcess,
    ['busy', 'the leader has not finished an earlier write to the same subject; try again'],
  ],
  [API_ERRORS.duplicateInProcess, ['unknown-outcome', COMMAND_IN_PROCESS]],
  [API_ERRORS.duplicateInBatch, ['unknown-outcome', COMMAND_IN_PROCESS]],
  [API_ERRORS.tooManyBatches, ['busy', 'too many large commits are being written; try again']],
  [API_ERRORS.incompleteBatch, ['busy', 'the server abandoned a large commit; try again']],
]);

/** Converts an error of the API to a failure. */
export function apiFailure({ code, err_code = 0, description = 'no description' }: ApiError): EngineFailure {
  const [kind, advice] = KINDS.get(err_code) ?? (code === 503 ? ['busy', 'try again'] : ['io', 'see the server log']);
  return new EngineFailure(kind, `the NATS server refused: ${description} (${err_code}); ${advice}`);
}

/** The server does not answer a request that the user may not send. */
const TIMEOUT_ADVICE = 'try again, and check that the user may publish and subscribe to the subjects of the store';

/** Converts the error of a request without effects to a failure. */
export function requestFailure(error: unknown): unknown {
  if (!isClientError(error)) return error;
  if (isTimeout(error))
    return new EngineFailure('busy', `the NATS server did not reply in time; ${TIMEOUT_ADVICE}`, { cause: error });
  if (isNoResponders(error)) {
    const advice = 'enable JetStream in its configuration, or wait until the cluster has a leader';
    return new EngineFailure('busy', `no NATS server answers for this store; ${advice}`, { cause: error });
  }
  const advice = error.name === 'AuthorizationError' ? 'check the credentials' : 'check that the server runs';
  const message = `the connection to the NATS server failed: ${error.message}; ${advice}`;
  return new EngineFailure('io', message, { cause: error });
}

/** Names of the errors of the client's packages, and of the errors that they pass on. Other errors are bugs. */
const CLIENT_ERRORS: ReadonlySet<string> = new Set([
  'AuthorizationError',
  'ClosedConnectionError',
  'ConnectionError',
  'ConsumerNotFoundError',
  'DrainingConnectionError',
  'JetStreamApiError',
  'JetStreamError',
  'JetStreamNotEnabled',
  'JetStreamStatusError',
  'NoResponders',
  'PermissionViolationError',
  'ProtocolError',
  'RequestError',
  'StreamNotFoundError',
  'TimeoutError',
  'UserAuthenticationExpiredError',
]);

/** Returns whether the error is one of the client. Other errors are bugs. */
export function isClientError(error: unknown): error is Error {
  return error instanceof Error && (CLIENT_ERRORS.has(error.name) || 'syscall' in error);
}

/**
 * Returns whether the error is a timeout of the client. It compares names instead of classes, because a program may
 * have two copies of the client.
 */
export function isTimeout(error: unknown): boolean {
  return (
    error instanceof Error &&
    (error.name === 'TimeoutError' || (error.cause instanceof Error && error.cause.name === 'TimeoutError'))
  );
}

/** Returns whether no server listens to the subject. In that case nothing was stored. */
export function isNoResponders(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  return error.name === 'NoResponders' || (error.cause instanceof Error && error.cause.name === 'NoResponders');
}

/** Converts an error to the one that `append` throws. */
export function asAppendFailure(error: unknown): unknown {
  if (error instanceof StoreFailure && error.code === 'failure') {
    return new AppendFailure(error.payload as AppendFailure['payload'], error.message, { cause: error.cause });
  }
  return toAppendFailure(requestFailure(error));
}

/** Converts an error to the one that all other methods throw. */
export function asStoreFailure(error: unknown): unknown {
  return toStoreFailure(requestFailure(error));
}
