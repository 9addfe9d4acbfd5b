/** Every bound of the virtual WASI, by name. */

/** Bytes that one read gives, or one write takes, at most. */
export const MAX_CHUNK_BYTES: number = 1024 * 1024;

/** Bytes of one file in memory; a write beyond gives `insufficient-space`. */
export const MAX_FILE_BYTES: number = 64 * 1024 * 1024;

/** Bytes of random numbers that one call gives; beyond, it traps. */
export const MAX_RANDOM_BYTES: number = 1024 * 1024;

/** A line of output that is longer is handed over in pieces. */
export const MAX_LINE_BYTES: number = 64 * 1024;

/** Bytes of all files in memory together; a write beyond gives `insufficient-space`. */
export const MAX_TREE_BYTES: number = 256 * 1024 * 1024;

/** Characters of a path, and of one name in it; beyond, it gives `name-too-long`. */
export const MAX_PATH_LENGTH: number = 4096;
export const MAX_NAME_LENGTH: number = 255;

/** Files and directories together; to make one beyond gives `insufficient-space`. */
export const MAX_TREE_NODES: number = 65_536;
