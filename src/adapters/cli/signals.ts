/// <reference lib="esnext.disposable" preserve="true" />
/** Ctrl-C: the first one asks a command to stop, the second one ends the process. */
import { INTERRUPTED } from './exit-codes.ts';

/**
 * npm passes Ctrl-C on to a program that the terminal has told already, so `npx decidable run` gets each of them twice.
 * Within this time, in milliseconds, the same signal counts as one.
 */
const SAME_KEY_PRESS = 500;

/** @param stopping is called when the command is asked to stop. */
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
