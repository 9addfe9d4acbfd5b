/** `wasi:cli`: arguments, environment, standard streams and the end of the program. There is no terminal. */
import { Trap } from '../errors.ts';
import type { Interfaces, InterfacesOf } from './grantable.ts';
import { InputStream, OutputStream } from './io.ts';
import type { Output, OutputWriter } from './output.ts';
import type { Input, Stdin } from './stdin.ts';

/** The environment of a program. No part of it comes from the host's process. */
export interface CommandLine {
  /** The whole command line. Language runtimes use the first argument as the program's name. @default [] */
  readonly arguments?: readonly string[] | undefined;
  /** The environment variables by their names. @default {} */
  readonly environment?: Readonly<Record<string, string>> | undefined;
  /**
   * The working directory, such as `/data`. By default the program has no working directory, and language runtimes use
   * `/`.
   */
  readonly directory?: string | undefined;
  /**
   * Standard input: a string, bytes, or an iterable of them. The next piece of an iterable is requested when the guest
   * reads more.
   * @default ''
   */
  readonly stdin?: Input | undefined;
  /**
   * Standard output. A function is called with each line, without its end (`\n` or `\r\n`). The text after the last
   * line end becomes a line when the program ends or the host calls `flush`. The method `write` of an object, such as
   * `process.stdout`, is called with the bytes as the guest writes them. Exceptions that either of them throws are
   * ignored. By default the output is discarded.
   */
  readonly stdout?: Output | undefined;
  /** Standard error, with the same kinds of values as `stdout`. */
  readonly stderr?: Output | undefined;
}

/** The guest has ended its program. Its instance can no longer be called. */
export class GuestExit extends Trap {
  /** The exit status, which is 0 for success. */
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

/** The types of terminals. No resource has one of these types, but guests import them. */
export const terminalInterfaces: Interfaces = {
  'wasi:cli/terminal-input': { TerminalInput },
  'wasi:cli/terminal-output': { TerminalOutput },
};
