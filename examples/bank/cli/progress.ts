/** Prints the progress of a run: on one line in a terminal, or one line per second in a log. */
import type { Tally } from './tally.ts';

const INTERVAL_MS = 1_000;
/** A terminal is redrawn more often, so that its output begins within the first second. */
const TERMINAL_INTERVAL_MS = 100;

/** The output. A terminal redraws one line. Any other output receives further lines. */
export interface Output {
  readonly isTTY?: boolean;
  write(text: string): boolean;
}

/** Returns a function that ends the output. */
export function showProgress(tally: Tally, output: Output): () => void {
  const started = performance.now();
  const terminal = output.isTTY === true;
  const line = (): string => {
    const perSecond = Math.round((1_000 * tally.lines) / (performance.now() - started));
    return `${tally.lines.toLocaleString('en-US')} lines, ${perSecond.toLocaleString('en-US')} a second`;
  };
  const timer = setInterval(
    () => output.write(terminal ? `\r\x1b[K${line()}` : `${line()}\n`),
    terminal ? TERMINAL_INTERVAL_MS : INTERVAL_MS,
  );
  timer.unref();
  return () => {
    clearInterval(timer);
    if (terminal) output.write('\r\x1b[K');
  };
}
