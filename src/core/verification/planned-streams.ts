/** The streams that a verification has to verify, in the order of the store. */
import { DefinitionError } from '../errors.ts';
import type { StreamHead } from '../storage/stream-chain.ts';
import { type CommitSource, streamHeads } from '../storage/verify-chain.ts';
import type { Difference } from './difference.ts';
import { ExpectedHeads } from './expected-heads.ts';

/** A stream that has to be verified. */
export interface PlannedStream {
  readonly stream: string;
  /** The head that the store returned. It must be one of the stream's commits. */
  readonly head: StreamHead | undefined;
  /** The head that was saved elsewhere. It must be one of the stream's commits too. */
  readonly expected: StreamHead | undefined;
}

/** The choice of streams. The fields are those of the options of `verifyStore`. */
export interface StreamPlan {
  readonly stream?: string | undefined;
  readonly after?: string | undefined;
  readonly select?: ((stream: string) => boolean) | undefined;
  readonly heads?: AsyncIterable<StreamHead> | Iterable<StreamHead> | undefined;
}

/**
 * Yields the streams that have to be verified. Returns the difference if a stream with a saved head is missing, because
 * that is known after the last stream.
 */
export async function* plannedStreams(
  store: Pick<CommitSource, 'readCommits' | 'readStreams'>,
  { stream, after, select = () => true, heads }: StreamPlan,
): AsyncGenerator<PlannedStream, Difference | undefined> {
  const saved = heads && new ExpectedHeads(heads);
  try {
    if (stream !== undefined) {
      yield { stream, head: undefined, expected: await saved?.take(stream) };
      return undefined;
    }
    // Heads are expected from the first stream on, so streams that are verified already are listed too.
    let isVerified = saved !== undefined && after !== undefined;
    for await (const head of streamHeads(store, isVerified ? undefined : after)) {
      const expected = await saved?.take(head.stream);
      if (isVerified) isVerified = head.stream !== after;
      else if (select(head.stream)) yield { stream: head.stream, head, expected };
    }
    if (isVerified) {
      throw new DefinitionError(
        'verifyStore.after',
        `the store has no stream ${JSON.stringify(after)}; pass the last of an earlier verification of this store`,
      );
    }
    const lost = await saved?.missing(select);
    return lost && { reason: 'head', stream: lost.stream, revision: lost.revision };
  } finally {
    await saved?.end();
  }
}
