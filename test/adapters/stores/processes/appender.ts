/**
 * Appends the commits that its parent process sends: `appender.ts <durability>`. Each message names a file and some
 * commits. The process answers with the number of the message when all of them are appended.
 */
import { createSqliteStore } from 'decidable/sqlite';
import { ANY, decision, envelope } from '../commands.ts';

/** The events of one commit, all in one stream. */
export interface PlannedCommit {
  readonly stream: string;
  readonly types: readonly string[];
}

/** A message to this process. */
export interface Burst {
  readonly number: number;
  readonly file: string;
  readonly commits: readonly PlannedCommit[];
}

const durability = process.argv[2] === 'normal' ? 'normal' : 'full';
const open = (file: string) => createSqliteStore({ file, durability, busyTimeout: 600_000 });
let opened: { readonly file: string; readonly store: ReturnType<typeof open> } | undefined;
let work = Promise.resolve();

async function append({ number, file, commits }: Burst): Promise<void> {
  if (opened?.file !== file) {
    await opened?.store.close();
    opened = { file, store: open(file) };
  }
  for (const { stream, types } of commits) {
    const events = types.map((type) => envelope(type));
    await opened.store.append(stream, events, ANY, decision());
  }
  process.send?.(number);
}

process.on('message', (burst: Burst) => {
  work = work.then(() => append(burst));
});
process.once('disconnect', () => work.then(() => opened?.store.close()));
