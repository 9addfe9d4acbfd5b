/**
 * Determines how often the servers flush to disk. Only the monitoring port and the system account show that, and a
 * program has access to neither by default.
 */
import type { NatsConnection } from '@nats-io/transport-node';
import type { CheckedOptions, FlushReport } from './options.ts';

const NANOSECONDS = 1_000_000;
/** The milliseconds without a further reply after which all servers have reported. */
const LAST_REPLY = 500;

interface JetStreamReport {
  readonly config?: { readonly sync_interval?: number; readonly sync_always?: boolean };
}

const ADVICE = 'set sync_interval: always in the jetstream block of its configuration';

/** Returns the setting of the server that flushes least often. */
export async function readFlush(options: CheckedOptions): Promise<FlushReport> {
  const { monitoring, systemConnection, storage } = options;
  if (storage === 'memory') {
    return { sync: 'periodic', message: 'the store is in memory, so all commits are lost when the server stops' };
  }
  if (monitoring === undefined && systemConnection === undefined) {
    return unknown('neither a monitoring address nor a connection to the system account was given');
  }
  let reports: readonly JetStreamReport[];
  try {
    reports = await (monitoring === undefined
      ? fromSystemAccount(systemConnection as NatsConnection, options)
      : fromMonitoringPort(monitoring, options));
  } catch (error) {
    return unknown(String(error));
  }
  const configs = reports.map(({ config }) => config ?? {});
  const intervals = configs.map(({ sync_interval }) => sync_interval).filter((interval) => interval !== undefined);
  const interval = intervals.length === 0 ? undefined : Math.max(...intervals) / NANOSECONDS;
  if (configs.length > 0 && configs.every(({ sync_always }) => sync_always === true)) {
    return { sync: 'always', interval, message: 'the NATS server flushes each commit to disk' };
  }
  if (interval === undefined) return unknown('the server does not report it');
  return {
    sync: 'periodic',
    interval,
    message: `the NATS server flushes to disk every ${interval / 1_000} seconds, so a power loss can lose commits; ${ADVICE}`,
  };
}

function unknown(reason: string): FlushReport {
  return {
    sync: 'unknown',
    message: `it is unknown how often the NATS server flushes to disk: ${reason}; ${ADVICE}`,
  };
}

async function fromMonitoringPort(
  monitoring: string,
  { timeout }: CheckedOptions,
): Promise<readonly JetStreamReport[]> {
  const response = await fetch(new URL('/jsz?config=1', monitoring), { signal: AbortSignal.timeout(timeout) });
  return [(await response.json()) as JetStreamReport];
}

/** Asks all servers of the cluster. */
async function fromSystemAccount(
  connection: NatsConnection,
  { timeout }: CheckedOptions,
): Promise<readonly JetStreamReport[]> {
  const replies = await connection.requestMany('$SYS.REQ.SERVER.PING.JSZ', JSON.stringify({ config: true }), {
    strategy: 'stall',
    stall: Math.min(LAST_REPLY, timeout),
    maxWait: timeout,
  });
  const reports: JetStreamReport[] = [];
  for await (const reply of replies) {
    const { data } = reply.json<{ readonly data?: JetStreamReport }>();
    // A server without JetStream stores no commits.
    if (data?.config !== undefined) reports.push(data);
  }
  return reports;
}
