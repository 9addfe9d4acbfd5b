/** The errors of a copy. */
import { DecidableError } from '../errors.ts';

/** The codes of {@link CopyError}. */
export type CopyErrorCode =
  /** The destination has commits that the source does not have at their place. */
  | 'other-contents'
  /** The copy differs from the source. One of the two stores is damaged. */
  | 'copy-differs'
  /** Processes write to the source, or run its system, so that the copy cannot be finished. */
  | 'source-in-use'
  /** Processes run the system on the destination. */
  | 'destination-in-use'
  /** One of the stores keeps no processors. */
  | 'no-processors';

/** A store cannot be copied to another one. `code` names the reason. */
export class CopyError extends DecidableError<CopyErrorCode, { readonly names: readonly string[] }> {
  override readonly name: string = 'CopyError';

  /** @param names the names that matter: a stream and a command, or the ids of processes. */
  constructor(code: CopyErrorCode, names: readonly string[], message: string) {
    super('store', code, { names }, message);
  }
}
