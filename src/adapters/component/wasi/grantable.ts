/** The names of what a guest can be granted. */

/**
 * What can be granted. Of the other interfaces, `wasi:io` and the terminals' types give nothing by themselves,
 * `wasi:filesystem/types` comes with the preopens, and the network is never there.
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
 * What the run-time libraries of today's languages ask for at their start. All of it is virtual, and nothing of the machine
 * can be seen through it.
 */
export const LANGUAGE_RUNTIME: readonly WasiInterface[] = [...GRANTABLE];

/** Interfaces by their names, as an import object holds them. */
export type Interfaces = Readonly<Record<string, object>>;

/** The interfaces of one package that can be granted: `'cli'`. */
export type InterfacesOf<Package extends string> = Readonly<
  Record<Extract<WasiInterface, `wasi:${Package}/${string}`>, object>
>;
