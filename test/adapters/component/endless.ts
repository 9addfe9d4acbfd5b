/**
 * The timeout in milliseconds of work that must be limited. Such work takes a few seconds on a busy machine. Each test
 * expects the error that names the limit. The timeout detects work that would end only much later.
 */
export const ENDLESS = 600_000;
