/** Every bound of the virtual WASI, by name. */

/** Bytes that one read returns, or one write takes, at most. */
export const MAX_CHUNK_BYTES: number = 1024 * 1024;

/** Bytes of one file in memory; a write beyond fails with `insufficient-space`. */
export const MAX_FILE_BYTES: number = 64 * 1024 * 1024;

/** Bytes of random numbers that one call returns; a call for more traps. */
export const MAX_RANDOM_BYTES: number = 1024 * 1024;

/** A line of output that is longer is handed over in pieces. */
export const MAX_LINE_BYTES: number = 64 * 1024;

/** Bytes of all files and symbolic links in memory together; a write beyond fails with `insufficient-space`. */
export const MAX_TREE_BYTES: number = 256 * 1024 * 1024;

/** Characters of a path, and of one name in it; a longer one fails with `name-too-long`. */
export const MAX_PATH_LENGTH: number = 4096;
export const MAX_NAME_LENGTH: number = 255;

/**
 * Entries of all directories together, so files, directories, symbolic links and each further hard link. Another one
 * fails with `insufficient-space`.
 */
export const MAX_TREE_ENTRIES: number = 65_536;

/** Symbolic links that one path may lead through; another one fails with `loop`. POSIX systems allow as many. */
export const MAX_SYMBOLIC_LINKS: number = 40;

/**
 * Entries that all open listings of directories hold together. A listing is a snapshot, so it costs memory until it is
 * read to its end or dropped. Another one fails with `insufficient-memory`.
 */
export const MAX_LISTED_ENTRIES: number = 4 * MAX_TREE_ENTRIES;
