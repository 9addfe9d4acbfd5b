/** `wasi:cli`: arguments, environment, standard streams and the end of the program. There is no terminal. */
import { Trap } from '../errors.ts';
import type { Interfaces, InterfacesOf } from './grantable.ts';
import { InputStream, OutputStream } from './io.ts';
import type { Output, OutputWriter } from './output.ts';
import type { Input, Stdin } from './stdin.ts';

/** The environment of a program. Nothing of it is the process's own. */
export interface CommandLine {
  /** The whole command line. Languages use the first argument as the program's name. @default [] */
  readonly arguments?: readonly string[] | undefined;
  /** The environment variables by their names. @default {} */
  readonly environment?: Readonly<Record<string, string>> | undefined;
  /** The working directory, such as `/data`. By default the program has none, and languages take `/`. */
  readonly directory?: string | undefined;
  /**
   * Standard input: a string, bytes, or an iterable of them, which is asked for the next piece when the guest reads on.
   * @default ''
   */
  readonly stdin?: Input | undefined;
  /**
   * Standard output. A function is called with each line, without its end (`\n` or `\r\n`); the text after the last end
   * is a line once the program ends, or the host calls `flush`. The method `write` of an object, such as
   * `process.stdout`, is called with the bytes as they are written. An exception of either is ignored. By default the
   * output is lost.
   */
  readonly stdout?: Output | undefined;
  /** The same for standard error. */
  readonly stderr?: Output | undefined;
}

/** The guest has ended its program. Its instance cannot be called any more. */
export class GuestExit extends Trap {
  /** 0 for success. */
  readonly status: number;

  constructor(status: number) {
    super(`the guest has ended its program with status ${status}`);
    this.status = status;
  }
}

class TerminalInput {}
class TerminalOutput {}

/** The standard streams of one instance. */
export interface StandardStreams {
  readonly in: Stdin;
  readonly out: OutputWriter;
  readonly err: OutputWriter;
}

export function cliInterfaces(options: CommandLine, streams: StandardStreams): InterfacesOf<'cli'> {
  const { environment = {}, directory } = options;
  const end = (status: number): never => {
    streams.in.end();
    streams.out.flush();
    streams.err.flush();
    throw new GuestExit(status);
  };
  return {
    'wasi:cli/environment': {
      getEnvironment: (): [string, string][] => Object.entries(environment),
      getArguments: (): string[] => [...(options.arguments ?? [])],
      initialCwd: (): string | undefined => directory,
    },
    'wasi:cli/exit': {
      exit: (status: { readonly tag: 'ok' | 'err' }): never => end(status.tag === 'ok' ? 0 : 1),
      exitWithCode: (status: number): never => end(status),
    },
    'wasi:cli/stdin': { getStdin: (): InputStream => new InputStream(streams.in.read) },
    'wasi:cli/stdout': { getStdout: (): OutputStream => outputTo(streams.out) },
    'wasi:cli/stderr': { getStderr: (): OutputStream => outputTo(streams.err) },
    'wasi:cli/terminal-stdin': { getTerminalStdin: (): undefined => undefined },
    'wasi:cli/terminal-stdout': { getTerminalStdout: (): undefined => undefined },
    'wasi:cli/terminal-stderr': { getTerminalStderr: (): undefined => undefined },
  };
}

function outputTo(writer: OutputWriter): OutputStream {
  return new OutputStream((bytes) => writer.write(bytes));
}

/** Resource types without resources. They exist because guests import them. */
export const terminalInterfaces: Interfaces = {
  'wasi:cli/terminal-input': { TerminalInput },
  'wasi:cli/terminal-output': { TerminalOutput },
};
