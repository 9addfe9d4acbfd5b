/**
 * Finds a rejection that a decision made and did not use: `reject('sold-out')` without `return` would let the command
 * through.
 *
 * Decisions are synchronous, so the record of the running decision is set before it and put back after it. Concurrent
 * calls never share it, and a decision inside another one has a record of its own.
 */
interface DecisionRecord {
  /** The rejections that were made and not used yet. */
  unused: Set<object> | undefined;
}

let running: DecisionRecord | undefined;

/** Notes that a rejection was made. Outside of a decision it does nothing. */
export function rejectionMade(rejection: object): void {
  if (running === undefined) return;
  running.unused ??= new Set();
  running.unused.add(rejection);
}

/** Notes that the decision looked at a rejection. */
export function rejectionUsed(rejection: object): void {
  running?.unused?.delete(rejection);
}

/** Runs a decision. `lost` is called with the first unused rejection, if the decision returned without one. */
export function withRejectionsUsed<Result>(decide: () => Result, lost: (rejection: object) => never): Result {
  const outer = running;
  const record: DecisionRecord = { unused: undefined };
  running = record;
  try {
    const result = decide();
    const [first] = record.unused ?? [];
    return first === undefined ? result : lost(first);
  } finally {
    running = outer;
  }
}
