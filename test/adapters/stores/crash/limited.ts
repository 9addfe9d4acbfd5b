/**
 * A process that cannot create files larger than its parent allows, and continues to write after it has reached that
 * size: `limited.ts file`. It prints a line for each command with its id, the number of its events, and `appended` or
 * the code of the failure.
 */
import { writeSync } from 'node:fs';
import { createSqliteStore } from '../../../../src/adapters/stores/sqlite/index.ts';
import { isAppendFailure } from '../../../../src/core/errors.ts';
import { ANY, decision, envelope } from '../commands.ts';

const store = createSqliteStore({ file: process.argv[2] ?? '' });

async function write(round: number, lane: number): Promise<void> {
  const given = decision();
  const events = Array.from({ length: 1 + (lane % 3) }, () => envelope('Done', new Uint8Array(1_000).fill(round)));
  const code = await store.append(`s-${lane % 4}`, events, ANY, given).then(
    () => 'appended',
    (error) => (isAppendFailure(error, 'failure') ? error.payload.val.code : String(error)),
  );
  writeSync(1, `${given.commandId} ${events.length} ${code}\n`);
}

for (let round = 0; round < 40; round++) {
  await Promise.all(Array.from({ length: 20 }, (_, lane) => write(round, lane)));
}
process.exit(0); // The store is not closed, because closing would have to write too.
