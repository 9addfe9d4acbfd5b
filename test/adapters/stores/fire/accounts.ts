/** The accounts of the bank in the kill test. */

/** An account that refuses deposits, so that some transfers are compensated. */
export const CLOSED = 'closed';

export const ACCOUNTS: readonly string[] = [CLOSED, ...Array.from({ length: 11 }, (_, index) => `a${index}`)];
