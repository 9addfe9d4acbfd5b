/** How a decision says no. */
import { RejectionError } from '../errors.ts';

/** What a detail may be; it is recorded as text. A field that is undefined is left out. */
export type RejectionDetail = string | number | bigint | boolean | Date | null | undefined;

/**
 * The domain says no: `return reject('insufficient-funds', 'The balance is too low.', { balance })`. Returned or thrown, at
 * any step of a generator too, it rejects the whole decision: no event of it is stored, the rejection itself is.
 *
 * @param code stable and machine-readable.
 * @param message for people; without one, the code in words: `insufficient funds`.
 * @param details the names and values that matter, recorded as text (dates in ISO 8601).
 */
export function reject(
  code: string,
  message?: string,
  details?: Readonly<Record<string, RejectionDetail>>,
): RejectionError {
  const pairs = Object.entries(details ?? {}).filter(([, value]) => value !== undefined);
  return withoutStack(() => {
    return new RejectionError({
      code,
      message: message ?? code.replaceAll('-', ' '),
      details: pairs.map(([name, value]) => [name, value instanceof Date ? value.toISOString() : String(value)]),
    });
  });
}

/**
 * Saying no is part of the domain, not a defect: nobody reads where it was said on the stack, and to note it costs ten
 * times what the rest of a decision does (12 µs; `stackTraceLimit` is V8's, others note nothing before it is asked for).
 */
function withoutStack<Made>(make: () => Made): Made {
  const limit = Error.stackTraceLimit;
  if (!Object.getOwnPropertyDescriptor(Error, 'stackTraceLimit')?.writable) return make();
  Error.stackTraceLimit = 0;
  try {
    return make();
  } finally {
    Error.stackTraceLimit = limit;
  }
}
