import { type CommandResult, isCommandFailure } from 'decidable';

/** Sends commands one after another. Returns the number of commands that ended with each outcome and each failure. */
export async function countEnds(
  commands: number,
  send: (index: number) => Promise<CommandResult>,
): Promise<Readonly<Record<string, number>>> {
  const ends: Record<string, number> = {};
  for (let index = 0; index < commands; index++) {
    const end = await send(index).then(
      ({ outcome }) => outcome.tag,
      (error: unknown) => (isCommandFailure(error) ? error.code : String(error)),
    );
    ends[end] = (ends[end] ?? 0) + 1;
  }
  return ends;
}
