/** A file whose variable another file changes. */
export const total: number[] = [];
