/** The limits and defaults of the core, each with the code that applies it. */

/** The maximum length of a stream name in bytes of UTF-8. `checkStreamName` checks it. */
export const MAX_STREAM_NAME_BYTES = 255;

/** The maximum number of events of one decision. The event sourcer and every store check it. */
export const MAX_EVENTS_PER_DECISION = 1_000;

/** The number of events that a read returns by default. */
export const DEFAULT_READ_LIMIT = 1_000;

/** The number of documents, parked events or deadlines that a processor store lists by default. */
export const DEFAULT_LIST_LIMIT = 100;

/** The number of events that a command may replay by default. */
export const DEFAULT_REPLAY_LIMIT = 1_000_000;

/**
 * The number of times that a command without a deadline is decided if each append conflicts. The first decision counts.
 */
export const DEFAULT_MAX_ATTEMPTS = 8;

/** The maximum pause in milliseconds before a command is decided again. */
export const MAX_RETRY_DELAY = 64;

/** The maximum delay of a timer in milliseconds. A timer with a longer delay fires immediately. */
export const MAX_TIMER_DELAY = 2_147_483_647;

/** The number of conflicts after which a command is decided inside the store. See `storage/exclusive-append.ts`. */
export const CONFLICTS_BEFORE_EXCLUSIVE = 1;

/**
 * The maximum number of events that a store reads while it reserves a stream. Folding them prolongs the reservation.
 */
export const MAX_EVENTS_IN_RESERVATION = 1_000;

/** The number of states that the event sourcer caches by default. */
export const DEFAULT_CACHED_STATES = 10_000;

/**
 * The maximum number of idle queues of streams that the event sourcer keeps. If there are more, all idle ones are
 * removed.
 */
export const MAX_IDLE_QUEUES = 1_000;

/**
 * The maximum nesting depth of lists, records, sets and maps. Codecs check it in both directions. The limit also ends
 * the traversal of a cycle.
 */
export const MAX_VALUE_DEPTH = 100;

/** The maximum size of an integer outside 64 bits, in bytes. Codecs check it in both directions. */
export const MAX_BIG_INTEGER_BYTES = 1_024;

/** The maximum number of problems of one value that an error lists. The error counts the others. */
export const MAX_REPORTED_ISSUES = 5;

/**
 * The last time of a deadline, in milliseconds since the Unix epoch: the last time of a `Date` (ECMA-262, 21.4.1.1).
 */
export const LAST_TIME = 8_640_000_000_000_000n;
