/** Every bound of the core, by name, with the place that checks it. */

/** Bytes of UTF-8 in a stream name. Checked by `checkStreamName`. */
export const MAX_STREAM_NAME_BYTES = 255;

/** Events of one decision. Checked by the event sourcer and by every store. */
export const MAX_EVENTS_PER_DECISION = 1_000;

/** Events that a read returns by default. */
export const DEFAULT_READ_LIMIT = 1_000;

/** Events that a command may replay by default. */
export const DEFAULT_REPLAY_LIMIT = 1_000_000;

/** Decisions of one command under conflict, the first and the retries, if the command has no deadline. */
export const DEFAULT_MAX_ATTEMPTS = 8;

/** Milliseconds that a command waits at most before it is decided again. */
export const MAX_RETRY_DELAY = 64;

/** Conflicts of one command before it is decided inside the store. See `storage/exclusive-append.ts`. */
export const CONFLICTS_BEFORE_EXCLUSIVE = 1;

/** Events that a store reads inside the reservation of a stream, which is held as long as folding them takes. */
export const MAX_EVENTS_IN_RESERVATION = 1_000;

/** States that the event sourcer caches by default. */
export const DEFAULT_CACHED_STATES = 10_000;

/** Levels of lists, records, sets and maps in one value. Every codec checks it, both ways; it also refuses cycles. */
export const MAX_VALUE_DEPTH = 100;

/** Bytes of an integer outside 64 bits. Every codec checks it, both ways. */
export const MAX_BIG_INTEGER_BYTES = 1_024;

/** Problems of one value that an error lists. It counts the others. */
export const MAX_REPORTED_ISSUES = 5;
