/** `virtualWasi`: an import object for guests whose language needs WASI 0.2, deterministic and in memory. */
import { type CommandLine, cliInterfaces, terminalInterfaces } from './cli.ts';
import { clockInterfaces } from './clocks.ts';
import { deniedInterface, grantOf, membersOf, trapping } from './denial.ts';
import { treeOf } from './file-tree.ts';
import { filesystemTypes, preopensInterface } from './filesystem.ts';
import type { Interfaces, WasiInterface } from './grantable.ts';
import { ioInterfaces } from './io.ts';
import { Lines } from './lines.ts';
import { networkInterfaces } from './network.ts';
import { checkOptions } from './options.ts';
import { VirtualRandom } from './random.ts';
import { VirtualTime } from './time.ts';

/** The version under which the interfaces are offered; the loader matches any 0.2. */
const VERSION = '0.2.12';

/** What a guest is given of the world. */
export interface VirtualWasiOptions extends CommandLine {
  /** The interfaces that may be called: none where nothing is said. {@link LANGUAGE_RUNTIME} for all there are. */
  readonly grant?: readonly WasiInterface[] | undefined;
  /** Files in memory, by their paths below `/`. */
  readonly files?: Readonly<Record<string, string | Uint8Array>> | undefined;
  /** Whether the guest may create, change and remove files. */
  readonly writableFiles?: boolean | undefined;
}

/** What a guest may know of the command that it decides. */
export interface DecisionContext {
  /** The command's time: milliseconds since the Unix epoch. */
  readonly time: bigint;
  /** What randomness follows from: the command's id. */
  readonly seed: string;
}

/** A virtual WASI of one instance: two instances should not share it. */
export interface VirtualWasi {
  /** To be given to `instantiate`, together with what else the component imports. */
  readonly imports: Interfaces;
  /**
   * From now on the clock shows the command's time, and randomness follows from its id. Without an argument both are the
   * constants that they are at start-up and while folding. To be called before each call into the guest: what a call gets
   * must not depend on the calls before it.
   */
  setDecision(context?: DecisionContext): void;
  /** Hands over what the guest has printed without ending the line. To be called after each call into the guest. */
  flush(): void;
  /** A file as the guest has left it; undefined where there is none. */
  readFile(path: string): Uint8Array | undefined;
}

/** At start-up and while folding. */
const NO_DECISION: DecisionContext = { time: 0n, seed: '' };

/**
 * Makes a virtual WASI 0.2, denied by default and granted interface by interface. A guest can link against all of it;
 * calling what was not granted traps, with the function's name and the way to grant it.
 *
 * @throws TypeError where an option is none that there is, or cannot be meant: nothing is ignored.
 */
export function virtualWasi(options: VirtualWasiOptions = {}): VirtualWasi {
  checkOptions(options);
  const granted = new Set<string>(options.grant);
  const time = new VirtualTime(NO_DECISION.time);
  const random = new VirtualRandom(NO_DECISION.seed);
  const root = treeOf(options.files ?? {});
  const { stdout = () => {}, stderr = () => {} } = options;
  const [out, err] = [new Lines(stdout), new Lines(stderr)];
  const grantable = {
    ...cliInterfaces(options, out, err),
    ...clockInterfaces(time),
    ...random.interfaces(),
    'wasi:filesystem/preopens': preopensInterface(root, options.writableFiles === true),
  } satisfies Record<WasiInterface, object>;
  const imports: Record<string, object> = { ...ALWAYS_THE_SAME };
  const add = (interfaces: Interfaces, grant?: WasiInterface): void => {
    for (const [name, given] of Object.entries(interfaces)) {
      imports[versioned(name)] = granted.has(grant ?? name) ? given : deniedTwin(name, given, grant ?? name);
    }
  };
  add(grantable);
  // Without a directory, nothing of files can be reached.
  add(filesystemTypes, 'wasi:filesystem/preopens');
  return {
    imports,
    setDecision(context = NO_DECISION) {
      time.restart(context.time);
      random.restart(context.seed);
    },
    flush() {
      out.flush();
      err.flush();
    },
    readFile(path) {
      return root.fileAt(path.replace(/^\/+/, ''));
    },
  };
}

/** `wasi:io/poll` → `wasi:io/poll@0.2.12`. */
function versioned(name: string): string {
  return `${name}@${VERSION}`;
}

/** What holds nothing, and is neither granted nor denied: types, and the network that is not there. */
const ALWAYS_THE_SAME: Interfaces = Object.fromEntries(
  Object.entries({ ...ioInterfaces, ...terminalInterfaces, ...networkInterfaces }).map(([name, given]) => [
    versioned(name),
    Object.freeze(given),
  ]),
);

/** Denied interfaces hold nothing: one is enough for all instances. */
const deniedTwins = new Map<string, object>();

function deniedTwin(name: string, given: object, grant: string): object {
  let twin = deniedTwins.get(name);
  if (twin === undefined) {
    twin = deniedInterface(name, membersOf(given), trapping(grantOf(grant)));
    deniedTwins.set(name, twin);
  }
  return twin;
}
