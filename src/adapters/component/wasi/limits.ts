/** The limits of the virtual WASI. */

/** The maximum number of bytes that one read returns or one write accepts. */
export const MAX_CHUNK_BYTES: number = 1024 * 1024;

/** The maximum number of bytes of one file in memory. A larger write fails with `insufficient-space`. */
export const MAX_FILE_BYTES: number = 64 * 1024 * 1024;

/** The maximum number of bytes of random numbers that one call returns. A call for more traps. */
export const MAX_RANDOM_BYTES: number = 1024 * 1024;

/** The maximum number of bytes of one line of output. A longer line is passed on in pieces. */
export const MAX_LINE_BYTES: number = 64 * 1024;

/**
 * The maximum number of bytes of all files and symbolic links in memory together. A larger write fails with
 * `insufficient-space`.
 */
export const MAX_TREE_BYTES: number = 256 * 1024 * 1024;

/** The maximum number of characters of a path, and of one name in it. A longer path fails with `name-too-long`. */
export const MAX_PATH_LENGTH: number = 4096;
export const MAX_NAME_LENGTH: number = 255;

/**
 * The maximum number of entries of all directories together: files, directories, symbolic links and each further hard
 * link. Adding another entry fails with `insufficient-space`.
 */
export const MAX_TREE_ENTRIES: number = 65_536;

/**
 * The maximum number of symbolic links on one path. A path with more fails with `loop`. POSIX systems have the same
 * limit.
 */
export const MAX_SYMBOLIC_LINKS: number = 40;

/**
 * The maximum number of entries that all open listings of directories hold together. A listing is a snapshot, so it
 * uses memory until it is read to its end or dropped. Opening a further listing fails with `insufficient-memory`.
 */
export const MAX_LISTED_ENTRIES: number = 4 * MAX_TREE_ENTRIES;
