/**
 * Milliseconds after which work that should be bounded is not: it takes a few seconds on a machine that does twenty things
 * at once. What bounds it is named in the error that each test expects; this is for work that ends all the same.
 */
export const ENDLESS = 600_000;
