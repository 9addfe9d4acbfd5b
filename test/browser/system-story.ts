/** The responses and the stored events of examples/system, with components and with a part in TypeScript. */
import { account } from '../../examples/bank/account.ts';
import type { Part } from '../../examples/system/options.ts';
import { composeSystem } from '../../examples/system/system.ts';
import { commandUuid } from '../../src/core/ids.ts';
import { COMMANDS } from './commands.ts';
import { hex } from './hex.ts';

export interface SystemStory {
  readonly answers: readonly string[];
  readonly hashes: readonly string[];
}

export async function systemStoryOf(typescript: readonly Part[]): Promise<SystemStory> {
  const { gateway, store } = await composeSystem({
    typescript: new Set(typescript),
    guest: 'rust',
    now: () => 1_700_000_000_123,
  });
  const answers: string[] = [];
  for (const [id, command] of COMMANDS) {
    const { payload } = account.types.command.toEnvelope(command);
    const { status, body } = await gateway.request(`/commands/${command.type}/${id}`, payload);
    answers.push(`${status} ${body}`);
  }
  const decisions = await Promise.all(COMMANDS.map(([id]) => store.findDecision(commandUuid(id))));
  return { answers, hashes: decisions.map((decision) => hex(decision!.hash)) };
}
