/** `wasi:cli`: arguments, environment, standard streams and the end of the program. There is no terminal. */
import { Trap } from '../errors.ts';
import type { Interfaces, InterfacesOf } from './grantable.ts';
import { InputStream, OutputStream, sourceOf } from './io.ts';
import type { Lines } from './lines.ts';

/** What a program finds around it: of all this, nothing is the process's own. */
export interface CommandLine {
  /** The whole command line; languages take the first for the program's name. None where nothing is said. */
  readonly arguments?: readonly string[] | undefined;
  /** The environment variables by their names. None where nothing is said. */
  readonly environment?: Readonly<Record<string, string>> | undefined;
  /** The working directory, a path below `/`. None where nothing is said. */
  readonly directory?: string | undefined;
  /** What standard input holds; nothing where nothing is said. */
  readonly stdin?: string | Uint8Array | undefined;
  /**
   * Called with each line of standard output, without its end (`\n` or `\r\n`). What follows the last end is a line once the
   * program ends, or the host says `flush`. What it throws is ignored. Output is lost where nothing is said.
   */
  readonly stdout?: ((line: string) => void) | undefined;
  /** The same for standard error. */
  readonly stderr?: ((line: string) => void) | undefined;
}

/** The guest has ended its program: no decision can come of it any more. */
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

/** `out` and `err`: what takes the lines. */
export function cliInterfaces(options: CommandLine, out: Lines, err: Lines): InterfacesOf<'cli'> {
  const { stdin = '', environment = {}, directory } = options;
  const input = sourceOf(typeof stdin === 'string' ? new TextEncoder().encode(stdin) : stdin);
  const end = (status: number): never => {
    out.flush();
    err.flush();
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
    'wasi:cli/stdin': { getStdin: (): InputStream => new InputStream(input) },
    'wasi:cli/stdout': { getStdout: (): OutputStream => new OutputStream(out.write) },
    'wasi:cli/stderr': { getStderr: (): OutputStream => new OutputStream(err.write) },
    'wasi:cli/terminal-stdin': { getTerminalStdin: (): undefined => undefined },
    'wasi:cli/terminal-stdout': { getTerminalStdout: (): undefined => undefined },
    'wasi:cli/terminal-stderr': { getTerminalStderr: (): undefined => undefined },
  };
}

/** Resource types that nobody makes: they are there to be linked. */
export const terminalInterfaces: Interfaces = {
  'wasi:cli/terminal-input': { TerminalInput },
  'wasi:cli/terminal-output': { TerminalOutput },
};
