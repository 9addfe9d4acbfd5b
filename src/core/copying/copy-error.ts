/** The errors of a copy. */
import { DecidableError } from '../errors.ts';

/** The codes of {@link CopyError}. */
export type CopyErrorCode =
  /** The destination has commits that differ from those of the source at the same place. */
  | 'other-contents'
  /** The copy differs from the source, because one of the two stores is damaged. */
  | 'copy-differs'
  /** Processes write to the source or run its system, so the copy cannot be finished. */
  | 'source-in-use'
  /** Processes run the system on the destination. */
  | 'destination-in-use'
  /** One of the stores has no storage for processors. */
  | 'no-processors';

/** A store cannot be copied. `code` is the reason. */
export class CopyError extends DecidableError<CopyErrorCode, { readonly names: readonly string[] }> {
  override readonly name: string = 'CopyError';

  /**
   * Makes the error for a reason.
   * @param names the names of the stream and the command, or the ids of the processes.
   */
  constructor(code: CopyErrorCode, names: readonly string[], message: string) {
    super('store', code, { names }, message);
  }
}
