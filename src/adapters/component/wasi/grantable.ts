/** The names of the interfaces that a guest can be granted. */

/**
 * The interfaces that can be granted. The others are `wasi:io` and the terminals' types, which grant nothing
 * themselves; `wasi:filesystem/types`, which comes with the preopens; and the network, which is never there.
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
 * The interfaces that the run-time libraries of today's languages call when they start. All of them are virtual: no
 * guest sees anything of the machine through them.
 */
export const LANGUAGE_RUNTIME: readonly WasiInterface[] = [...GRANTABLE];

/** Interfaces by their names, as an import object holds them. */
export type Interfaces = Readonly<Record<string, object>>;

/** The interfaces of one package that can be granted: `'cli'`. */
export type InterfacesOf<Package extends string> = Readonly<
  Record<Extract<WasiInterface, `wasi:${Package}/${string}`>, object>
>;
