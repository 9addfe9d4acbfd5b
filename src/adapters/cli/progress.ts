/// <reference lib="esnext.disposable" preserve="true" />
/** Progress on a terminal. It goes to standard error, so that the output can be redirected. */
import yoctoSpinner from 'yocto-spinner';

/** Shows how far a command is, until its scope is left. */
export interface Progress extends Disposable {
  show(text: string): void;
}

/** Shows nothing if standard error is not a terminal. */
export function showProgress(text: string): Progress {
  if (!process.stderr.isTTY) return { show: () => {}, [Symbol.dispose]: () => {} };
  // Ctrl-C is the command's, which stops cleanly.
  const spinner = yoctoSpinner({ text, stream: process.stderr, handleSignals: false }).start();
  return {
    show: (text) => {
      spinner.text = text;
    },
    [Symbol.dispose]: () => {
      spinner.stop();
    },
  };
}
