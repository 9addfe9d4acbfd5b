/**
 * The timeout in milliseconds of work that must be bounded. Such work takes a few seconds on a busy machine. Each test
 * expects the error that names the bound. The timeout finds work that would end only much later.
 */
export const ENDLESS = 600_000;
