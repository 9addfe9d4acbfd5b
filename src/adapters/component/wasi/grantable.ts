/** The names of the interfaces that a guest can be granted. */

/**
 * The interfaces that can be granted. The others are not listed for these reasons. `wasi:io` and the types of terminals
 * provide no access. `wasi:filesystem/types` is granted together with the preopens. The network is never available.
 */
export const GRANTABLE = [
  'wasi:cli/environment',
  'wasi:cli/exit',
  'wasi:cli/stdin',
  'wasi:cli/stdout',
  'wasi:cli/stderr',
  'wasi:cli/terminal-stdin',
  'wasi:cli/terminal-stdout',
  'wasi:cli/terminal-stderr',
  'wasi:clocks/monotonic-clock',
  'wasi:clocks/wall-clock',
  'wasi:clocks/timezone',
  'wasi:filesystem/preopens',
  'wasi:random/random',
  'wasi:random/insecure',
  'wasi:random/insecure-seed',
] as const;

/** An interface that can be granted, without its version. */
export type WasiInterface = (typeof GRANTABLE)[number];

/**
 * The interfaces that the runtime libraries of current languages call when they start. All of them are virtual, so a
 * guest cannot observe the machine through them.
 */
export const LANGUAGE_RUNTIME: readonly WasiInterface[] = [...GRANTABLE];

/** Interfaces by their names, in the form of an import object. */
export type Interfaces = Readonly<Record<string, object>>;

/** The interfaces of one package, such as `'cli'`, that can be granted. */
export type InterfacesOf<Package extends string> = Readonly<
  Record<Extract<WasiInterface, `wasi:${Package}/${string}`>, object>
>;
