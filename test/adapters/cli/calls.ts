/**
 * Makes several calls of the command line in one process, because starting a process for each takes long. It reads the
 * arguments of all calls from standard input, and prints the results as JSON.
 */
import { text } from 'node:stream/consumers';
import { main } from '../../../src/adapters/cli/main.ts';

/** The end of one call. */
export interface CallResult {
  readonly status: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Collects the text that is written to a stream, until the returned function is called. */
function collect(stream: NodeJS.WriteStream): () => string {
  const { write } = stream;
  let collected = '';
  stream.write = (chunk: string | Uint8Array, ...rest: readonly unknown[]): boolean => {
    collected += typeof chunk === 'string' ? chunk : Buffer.from(chunk).toString();
    for (const done of rest) if (typeof done === 'function') done();
    return true;
  };
  return () => {
    stream.write = write;
    return collected;
  };
}

// Each call listens to errors of the output until the process ends.
process.stdout.setMaxListeners(0);
process.stderr.setMaxListeners(0);
const results: CallResult[] = [];
for (const args of JSON.parse(await text(process.stdin)) as readonly (readonly string[])[]) {
  const [endOut, endError] = [collect(process.stdout), collect(process.stderr)];
  const status = await main(args);
  results.push({ status, stdout: endOut(), stderr: endError() });
}
process.stdout.write(JSON.stringify(results), () => process.exit());
