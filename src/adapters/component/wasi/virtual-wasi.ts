/** `virtualWasi`: a deterministic import object in memory, for guests whose language needs WASI 0.2. */
import { cliInterfaces, terminalInterfaces } from './cli.ts';
import { clockInterfaces } from './clocks.ts';
import { deniedInterface, membersOf, trapping } from './denial.ts';
import { filesystemTypes } from './filesystem.ts';
import type { ReadTree } from './given-files.ts';
import { GRANTABLE, type Interfaces, type WasiInterface } from './grantable.ts';
import { ioInterfaces } from './io.ts';
import { networkInterfaces } from './network.ts';
import type { Datetime } from './nodes.ts';
import { checkOptions, type VirtualWasiOptions } from './options.ts';
import { writerTo } from './output.ts';
import { Preopens } from './preopens.ts';
import { VirtualRandom } from './random.ts';
import { Stdin } from './stdin.ts';
import { VirtualTime } from './time.ts';

/** The version of the interfaces. The loader accepts it for every version 0.2. */
const VERSION = '0.2.12';

/** The properties of a command that its guest may observe through WASI. */
export interface DecisionContext {
  /** The command's time, in milliseconds since the Unix epoch. */
  readonly time: bigint;
  /** The seed of all randomness, which is the command's id. */
  readonly seed: string;
}

/** The virtual WASI of one instance. Create one for each instance. */
export interface VirtualWasi {
  /** The import object. Pass it to `instantiate`, together with the component's other imports. */
  readonly imports: Interfaces;
  /**
   * Sets the clock to the command's time, and derives randomness from its id. Without an argument, both have the
   * constant values that they have at start-up and while events are folded. Call it before each call into the guest,
   * because a call must not depend on the calls before it.
   */
  setDecision(context?: DecisionContext): void;
  /** Passes on output that does not end with a line end. Call it after each call into the guest. */
  flush(): void;
  /**
   * Reads a file as the guest has left it. Symbolic links are followed.
   *
   * @param path the path in the guest, such as `/data/log.txt`.
   * @returns a copy of the bytes, or undefined if the file does not exist.
   */
  readFile(path: string): Uint8Array | undefined;
  /**
   * Reads a directory and everything below it, as the guest has left it. The result can be passed as `files` to another
   * virtual WASI.
   *
   * @param path the path in the guest. @default '/'
   * @returns undefined if the directory does not exist.
   */
  readTree(path?: string): ReadTree | undefined;
}

/** The time and the seed at start-up and while events are folded. */
const NO_DECISION: DecisionContext = { time: 0n, seed: '' };

/**
 * The time of all files if the wall clock is not granted. Otherwise the guest could use the times of files as a clock.
 */
const EPOCH: Datetime = { seconds: 0n, nanoseconds: 0 };

/**
 * Creates a virtual WASI 0.2. All interfaces are denied by default, and each is granted by its name. A guest can link
 * against all of them. If it calls a function that was not granted, the call traps, and the error names the function
 * and the way to grant it.
 *
 * ```ts
 * const wasi = virtualWasi({ grant: LANGUAGE_RUNTIME, files: { 'etc/rates.json': '{}' }, stdout: console.log });
 * const { exports } = await instantiate(component, wasi.imports);
 * ```
 *
 * @throws ArgumentError if an option is unknown or invalid. No option is ignored.
 */
export function virtualWasi(options: VirtualWasiOptions = {}): VirtualWasi {
  checkOptions(options);
  const granted = new Set<string>(options.grant);
  const time = new VirtualTime(NO_DECISION.time);
  const random = new VirtualRandom(NO_DECISION.seed);
  const showsTime = granted.has('wasi:clocks/wall-clock');
  const preopens = new Preopens(options, () => (showsTime ? time.datetime : EPOCH));
  const streams = { in: new Stdin(options.stdin ?? ''), out: writerTo(options.stdout), err: writerTo(options.stderr) };
  const grantable = {
    ...cliInterfaces(options, streams),
    ...clockInterfaces(time),
    ...random.interfaces(),
    'wasi:filesystem/preopens': preopens.interface(),
  } satisfies Record<WasiInterface, object>;
  const imports: Record<string, object> = { ...ALWAYS_THE_SAME };
  const add = (name: string, given: object, grant: WasiInterface): void => {
    imports[versioned(name)] = granted.has(grant) ? given : deniedTwin(name, given, grant);
  };
  for (const name of GRANTABLE) add(name, grantable[name], name);
  // Without a directory, no file can be reached.
  for (const [name, given] of Object.entries(filesystemTypes)) add(name, given, 'wasi:filesystem/preopens');
  return {
    imports,
    setDecision(context = NO_DECISION) {
      time.restart(context.time);
      random.restart(context.seed);
    },
    flush() {
      streams.out.flush();
      streams.err.flush();
    },
    readFile: (path) => preopens.readFile(path),
    readTree: (path = '/') => preopens.readTree(path),
  };
}

/** Adds the version to the name of an interface: `wasi:io/poll@0.2.12` for `wasi:io/poll`. */
function versioned(name: string): string {
  return `${name}@${VERSION}`;
}

/** Interfaces that provide no access, so they are neither granted nor denied: types, and the missing network. */
const ALWAYS_THE_SAME: Interfaces = Object.fromEntries(
  Object.entries({ ...ioInterfaces, ...terminalInterfaces, ...networkInterfaces }).map(([name, given]) => [
    versioned(name),
    Object.freeze(given),
  ]),
);

/** The denied interfaces. They have no state, so all instances share them. */
const deniedTwins = new Map<string, object>();

function deniedTwin(name: string, given: object, grant: WasiInterface): object {
  let twin = deniedTwins.get(name);
  if (twin === undefined) {
    twin = deniedInterface(name, membersOf(given), trapping(grant));
    deniedTwins.set(name, twin);
  }
  return twin;
}
