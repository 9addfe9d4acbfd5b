/** `reject`: makes the result of a decision that refuses its command. */
import { FaultError, RejectionError } from '../errors.ts';
import { rejectionMade, withRejectionsUsed } from '../rejection-use.ts';

/** The value of a detail, which is recorded as text. A field that is undefined is omitted. */
export type RejectionDetail = string | number | bigint | boolean | Date | null | undefined;

/**
 * Refuses a command. Return or throw the result from `decide`, or from any step of a generator. The whole decision is
 * then rejected: none of its events is stored, and the rejection is recorded. A decision that makes a rejection and
 * does not use it is a fault.
 *
 * @example return reject('insufficient-funds', 'The balance is too low.', { balance });
 *
 * @param code stable and machine-readable.
 * @param message a sentence for people; by default the code in words: `insufficient funds`.
 * @param details the relevant names and values, recorded as text (dates in ISO 8601).
 */
export function reject(
  code: string,
  message?: string,
  details?: Readonly<Record<string, RejectionDetail>>,
): RejectionError {
  const pairs = Object.entries(details ?? {}).filter(([, value]) => value !== undefined);
  const rejection = withoutStack(() => {
    return new RejectionError({
      code,
      message: message ?? code.replaceAll('-', ' '),
      details: pairs.map(([name, value]) => [name, value instanceof Date ? value.toISOString() : String(value)]),
    });
  });
  rejectionMade(rejection);
  return rejection;
}

/**
 * Runs the decision of a command of this type.
 * @throws FaultError `unreturned-rejection` if the decision made a rejection and did not return it, throw it or pass it
 * to `isRejection`. Without this check, a missing `return` would accept the command.
 */
export function usingRejections<Result>(type: string, decide: () => Result): Result {
  return withRejectionsUsed(decide, (rejection) => {
    const { code } = rejection as RejectionError;
    throw new FaultError({
      code: 'unreturned-rejection',
      message:
        `decide.${type} made the rejection ${JSON.stringify(code)} and did not use it: write return reject(…), ` +
        'or pass the rejection to isRejection',
      details: [
        ['type', type],
        ['rejection', code],
      ],
    });
  });
}

/**
 * Creates an error without a stack trace. A rejection is a result of the domain, so its stack is not needed. Recording
 * a stack takes ten times as long as the rest of a decision (12 µs). `stackTraceLimit` exists in V8; other engines
 * record the stack lazily.
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
