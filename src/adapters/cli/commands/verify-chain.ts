/// <reference lib="esnext.disposable" preserve="true" />
/** `decidable verify-chain`: computes the hashes of all commits again. */
import { type BrokenCommit, type Damage, verifyChain } from '../../../core/storage/verify-chain.ts';
import { DAMAGED, DONE } from '../exit-codes.ts';
import { CommandLineError } from '../failures.ts';
import { oneLine } from '../output.ts';
import { showProgress } from '../progress.ts';
import type { Session } from '../session.ts';
import { endOnSecondSignal } from '../signals.ts';

export interface VerifyChainOptions {
  readonly stream?: string | undefined;
}

export async function verify(session: Session, { stream }: VerifyChainOptions): Promise<number> {
  await using store = await session.openToRead();
  using _signals = endOnSecondSignal(session.halt, () => {});
  if (stream !== undefined && (await store.readCommits(stream, { limit: 1 })).length === 0) {
    throw new CommandLineError('not-found', `the store has no stream "${stream}"; check the name`, {
      argument: '--stream',
    });
  }
  using progress = showProgress(stream === undefined ? 'comparing tables with indexes' : 'computing hashes');
  const verdict = await verifyChain(store, stream, {
    onProgress: ({ streams, commits }) =>
      progress.show(`intact so far: ${counted(streams, 'stream')}, ${counted(commits, 'commit')}`),
    signal: session.halt.signal,
  });
  progress[Symbol.dispose]();
  const { output } = session;
  if (output.isJson) {
    await output.document(verdict.intact ? verdict : { ...verdict, broken: withHexadecimalHashes(verdict.broken) });
  } else if (verdict.intact) {
    const { streams, commits } = verdict;
    await output.text(
      `${output.styled('green', 'intact')}: ${counted(streams, 'stream')}, ${counted(commits, 'commit')}`,
    );
  } else {
    await output.text(`${output.styled('red', 'damaged')}: ${oneLine(textOf(verdict.broken))}`);
  }
  return verdict.intact ? DONE : DAMAGED;
}

function counted(count: number, name: string): string {
  return `${count} ${name}${count === 1 ? '' : 's'}`;
}

function textOf(broken: BrokenCommit | Damage): string {
  if (broken.reason === 'damage') return broken.message;
  const { stream, commit, commandId, reason } = broken;
  return `commit ${commit} of stream "${stream}", command ${commandId}: its ${reason} contradicts the previous commits`;
}

function withHexadecimalHashes(broken: BrokenCommit | Damage): object {
  if (broken.reason === 'damage') return broken;
  const { expected, actual, ...others } = broken;
  return { ...others, expected: Buffer.from(expected).toString('hex'), actual: Buffer.from(actual).toString('hex') };
}
