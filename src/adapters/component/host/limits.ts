/** Every bound of the component host, by name: what a guest may hold where nothing else is configured. */

/** Bytes of one linear memory of a guest. A SpiderMonkey guest starts with 13 MB. */
export const DEFAULT_MAX_MEMORY_BYTES: number = 256 * 1024 * 1024;

/** Elements of one table of a guest: functions that it calls by number. A SpiderMonkey guest has some ten thousand. */
export const DEFAULT_MAX_TABLE_ELEMENTS: number = 1_000_000;

/** Handles that the host, or one instance in the guest, holds at a time: cached states, and the events of one load. */
export const DEFAULT_MAX_HANDLES: number = 1_000_000;

/** The most handles that may be allowed: as many as one table has room for. Source: *CanonicalABI.md*, "Table State". */
export const MOST_HANDLES: number = 2 ** 28 - 1;

/** Numbers that belong to one instance. Those of the next one begin behind them, so that no handle ever means another. */
export const HANDLES_OF_AN_INSTANCE: number = 2 ** 28;
