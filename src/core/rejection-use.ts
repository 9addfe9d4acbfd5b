/**
 * Finds rejections that a decision made but did not use. Without this check, `reject('sold-out')` without `return`
 * would accept the command.
 *
 * Decisions are synchronous, so the record of the running decision is a variable that is set before the decision and
 * restored after it. Concurrent calls never share it, and a decision inside another one has a separate record.
 */
interface DecisionRecord {
  /** The rejections that were made but not used yet. */
  unused: Set<object> | undefined;
}

let running: DecisionRecord | undefined;

/** Records that a rejection was made. Outside a decision, the function does nothing. */
export function rejectionMade(rejection: object): void {
  if (running === undefined) return;
  running.unused ??= new Set();
  running.unused.add(rejection);
}

/** Records that the decision used a rejection. */
export function rejectionUsed(rejection: object): void {
  running?.unused?.delete(rejection);
}

/** Runs a decision. If it returned normally but left a rejection unused, `lost` is called with the first of them. */
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
