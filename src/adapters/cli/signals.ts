/// <reference lib="esnext.disposable" preserve="true" />
/** Handles Ctrl-C: the first one stops a command cleanly, and the second one ends the process. */
import { INTERRUPTED } from './exit-codes.ts';

/**
 * Two signals within this time, in milliseconds, count as one. The terminal sends Ctrl-C to the program, and npm sends
 * it again, so `npx decidable run` receives each of them twice.
 */
const SAME_KEY_PRESS = 500;

/** Ends the process at the second signal. @param stopping called after the first signal. */
export function endOnSecondSignal(halt: AbortController, stopping: () => void): Disposable {
  let first: { readonly signal: NodeJS.Signals; readonly at: number } | undefined;
  const onSignal = (signal: NodeJS.Signals): void => {
    const at = performance.now();
    if (first === undefined) {
      first = { signal, at };
      stopping();
      halt.abort();
    } else if (signal !== first.signal || at - first.at > SAME_KEY_PRESS) {
      process.exit(INTERRUPTED);
    }
  };
  const signals = ['SIGINT', 'SIGTERM'] as const;
  for (const signal of signals) process.on(signal, onSignal);
  return {
    [Symbol.dispose]: () => {
      for (const signal of signals) process.off(signal, onSignal);
    },
  };
}
