/// <reference lib="esnext.disposable" preserve="true" />
/** Progress on a terminal. It goes to standard error, so that the output can be redirected. */
import yoctoSpinner from 'yocto-spinner';

/** Milliseconds between two changes of the text: drawing it takes longer than verifying a stream. */
const INTERVAL = 100;

/** Shows how far a command is, until its scope is left. */
export interface Progress extends Disposable {
  show(text: string): void;
}

/** Shows nothing if standard error is not a terminal. */
export function showProgress(text: string): Progress {
  if (!process.stderr.isTTY) return { show: () => {}, [Symbol.dispose]: () => {} };
  // Ctrl-C is the command's, which stops cleanly.
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
