/** Every bound of the core, by name, with the place that checks it. */

/** Bytes of UTF-8 in a stream name. Checked by `checkStreamName`. */
export const MAX_STREAM_NAME_BYTES = 255;

/** Events of one decision. Checked by the event sourcer and by every store. */
export const MAX_EVENTS_PER_DECISION = 1_000;

/** Events that a read returns by default. */
export const DEFAULT_READ_LIMIT = 1_000;

/** Events that a command may replay by default. */
export const DEFAULT_REPLAY_LIMIT = 1_000_000;

/** Attempts to decide one command by default: the first one and the retries after conflicts. */
export const DEFAULT_MAX_ATTEMPTS = 4;

/** States that the event sourcer caches by default. */
export const DEFAULT_CACHED_STATES = 10_000;

/** Levels of lists, records, sets and maps in one value. Every codec checks it, both ways; it also refuses cycles. */
export const MAX_VALUE_DEPTH = 100;

/** Bytes of an integer outside 64 bits. Every codec checks it, both ways. */
export const MAX_BIG_INTEGER_BYTES = 1_024;

/** Problems of one value that an error lists. It counts the others. */
export const MAX_REPORTED_ISSUES = 5;

/** Records in a state that is copied for its next event; a larger one is drafted by immer. See `fold.ts`. */
export const MAX_COPIED_RECORDS = 3;

/** Fields in one of them, for the same choice. */
export const MAX_COPIED_FIELDS = 32;
