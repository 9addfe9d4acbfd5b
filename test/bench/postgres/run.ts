/** Runs the benchmarks of the PostgreSQL store. `scripts/bench.ts` prints the results. */
import { createPostgresStore } from 'decidable/postgres';
import { startPostgres } from '../../servers/postgres.ts';
import type { Benchmark } from '../measure.ts';
import { postgresBenchmarks } from './benchmarks.ts';
import { openEmmett } from './emmett.ts';
import { openRaw } from './raw.ts';
import { idle, latency, type Quantiles } from './waiting.ts';

/**
 * @param peers the folder in which emmett is installed, or undefined to leave it out.
 * @returns sentences about the figures that are not speeds.
 */
export async function postgres(
  quick: boolean,
  peers: string | undefined,
  run: (benchmark: Benchmark) => Promise<void>,
): Promise<readonly string[]> {
  const server = await startPostgres({ durable: true, asInstalled: true });
  try {
    const raw = await openRaw(server.url);
    const store = await createPostgresStore({ url: server.url });
    const emmett = peers === undefined ? undefined : openEmmett(peers, server.url);
    for (const benchmark of postgresBenchmarks({ server, raw, store, emmett }, quick)) {
      // Then no checkpoint falls into the rounds of one contestant alone.
      await raw.checkpoint();
      await run(benchmark);
    }
    await emmett?.close();
    await raw.close();
    const { fromCall, fromAcknowledgement } = await latency(server, store, quick ? 3 : 7);
    const shares = await idle(server, store, 10, quick ? 10 : 60);
    await store.close();
    return [
      `postgres: from the call of an append to a subscriber in another process: ${text(fromCall)}  target 10 ms: ` +
        `${fromCall.p99 < 10 ? 'reached' : 'MISSED'}; from its acknowledgement: ${text(fromAcknowledgement)}`,
      `postgres: 10 idle subscriptions use ${percent(shares.process)} of one core, and the server ${percent(shares.server)}`,
    ];
  } finally {
    await server.remove();
  }
}

function text({ p50, p99 }: Quantiles): string {
  return `p50 ${p50.toFixed(1)} ms, p99 ${p99.toFixed(1)} ms`;
}

function percent(share: number): string {
  return `${(100 * share).toFixed(2)} %`;
}
