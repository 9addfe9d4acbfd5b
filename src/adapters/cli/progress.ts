/// <reference lib="esnext.disposable" preserve="true" />
/** Shows progress on a terminal. It is written to standard error, so that the output can be redirected. */
import yoctoSpinner from 'yocto-spinner';

/** Milliseconds between two updates, because drawing takes longer than verifying a stream. */
const INTERVAL = 100;

/** Shows the progress of a command until the end of its scope. */
export interface Progress extends Disposable {
  show(text: string): void;
}

/** Starts to show progress. It shows nothing if standard error is not a terminal. */
export function showProgress(text: string): Progress {
  if (!process.stderr.isTTY) return { show: () => {}, [Symbol.dispose]: () => {} };
  // The command handles Ctrl-C, and stops cleanly.
  const spinner = yoctoSpinner({ text, stream: process.stderr, handleSignals: false }).start();
  let shownAt = 0;
  return {
    show: (text) => {
      const now = performance.now();
      if (now - shownAt < INTERVAL) return;
      shownAt = now;
      spinner.text = text;
    },
    [Symbol.dispose]: () => {
      spinner.stop();
    },
  };
}
