/**
 * The results of the bank's commands and the stored commits, as plain text. An event sourcer with a store in memory
 * handles the commands.
 */

import { createEventSourcer } from 'decidable';
import { createMemoryStore } from 'decidable/memory';
import { verifyChain } from 'decidable/storage';
import { account } from '../../examples/bank/account.ts';
import type { CommandHandler } from '../../src/core/worlds.ts';
import { COMMANDS, STREAMS } from './commands.ts';
import { hex } from './hex.ts';

export interface Ledger {
  readonly results: readonly string[];
  readonly events: readonly string[];
  /** The commits by stream. */
  readonly states: readonly string[];
  /** The hash of each commit. */
  readonly hashes: readonly string[];
  /** True if the hashes are the same when they are computed again. */
  readonly intact: boolean;
}

export async function ledgerOf(module: CommandHandler<unknown, unknown, unknown>): Promise<Ledger> {
  // The time of a commit is part of its hash.
  const store = createMemoryStore({ now: () => 1_700_000_000_123 });
  const sourcer = createEventSourcer({ store, modules: [module] });
  const results: string[] = [];
  const events: string[] = [];
  for (const [commandId, command] of COMMANDS) {
    const result = await sourcer.handleCommand(account.types.command.toEnvelope(command), { commandId });
    results.push(`${result.outcome.tag} ${result.revision} ${result.duplicate} ${JSON.stringify(result.outcome)}`);
    events.push(...result.events.map(({ event, context }) => `${context.id} ${event.type} ${hex(event.payload)}`));
  }
  const states: string[] = [];
  const hashes: string[] = [];
  for (const stream of STREAMS) {
    states.push(hex((await sourcer.readState(stream)).state));
    hashes.push(...(await store.readCommits(stream)).map((commit) => hex(commit.decision.hash)));
  }
  const { intact } = await verifyChain(store);
  await sourcer.close();
  return { results, events, states, hashes, intact };
}
