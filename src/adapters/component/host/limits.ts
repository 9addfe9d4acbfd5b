/** The default limits of a guest, and the constants of the component host. */

/** The maximum number of bytes of one linear memory of a guest. A SpiderMonkey guest starts with 13 MB. */
export const DEFAULT_MAX_MEMORY_BYTES: number = 256 * 1024 * 1024;

/**
 * The maximum number of elements of one table of a guest. The elements are the functions that a guest calls indirectly.
 * A SpiderMonkey guest has about ten thousand.
 */
export const DEFAULT_MAX_TABLE_ELEMENTS: number = 1_000_000;

/**
 * The maximum number of handles that the host, or one instance in the guest, holds simultaneously. Most of them are
 * cached states and the events of one load.
 */
export const DEFAULT_MAX_HANDLES: number = 1_000_000;

/**
 * The maximum number of handles that an option may allow: the capacity of a table. Source: *CanonicalABI.md*, "Table
 * State".
 */
export const MOST_HANDLES: number = 2 ** 28 - 1;

/**
 * The size of each instance's range of handle numbers. The next instance gets the next range, so that no number is used
 * twice.
 */
export const HANDLES_PER_INSTANCE: number = 2 ** 28;
