/// <reference lib="esnext.disposable" preserve="true" />
/** `decidable backup`: copies the store while it is in use. */
import { statSync } from 'node:fs';
import { DONE } from '../exit-codes.ts';
import { CommandLineError } from '../failures.ts';
import { showProgress } from '../progress.ts';
import type { Session } from '../session.ts';
import { endOnSecondSignal } from '../signals.ts';

export async function backup(session: Session, file: string): Promise<number> {
  await using store = await session.openToRead();
  if (store.backup === undefined) {
    throw new CommandLineError(
      'unsupported',
      'only a SQLite store can be backed up to a file; back this store up with the tools of its server, or copy its ' +
        `commits to a SQLite store: decidable copy <address> ${file}`,
      { argument: '--store' },
    );
  }
  using _signals = endOnSecondSignal(session.halt, () => {});
  using progress = showProgress('copying');
  await store.backup(file, {
    onProgress: ({ totalPages, remainingPages }) => {
      const percent = totalPages === 0 ? 100 : Math.floor((100 * (totalPages - remainingPages)) / totalPages);
      progress.show(`copying: ${percent} % of ${totalPages} pages`);
    },
    signal: session.halt.signal,
  });
  progress[Symbol.dispose]();
  const { size: bytes } = statSync(file);
  const { output } = session;
  if (output.isJson) await output.document({ file, bytes });
  else await output.text(`copied the store to ${file}, ${bytes} bytes`);
  return DONE;
}
