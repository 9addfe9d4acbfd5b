/**
 * `decidable/component/wasi`: virtual and deterministic implementations of the interfaces that guests import for the
 * runtime library of their language. A guest in C or Rust can run without them. A guest in JavaScript, Python or Go
 * cannot start without them.
 *
 * ```ts
 * import { LANGUAGE_RUNTIME, virtualWasi } from 'decidable/component/wasi';
 * const { imports } = virtualWasi({ grant: LANGUAGE_RUNTIME, stderr: console.error });
 * const { exports } = await instantiate(component, imports);
 * ```
 *
 * Source: WASI 0.2 (`WebAssembly/wasi-io`, `wasi-clocks`, `wasi-random`, `wasi-cli`, `wasi-filesystem`, …).
 */
export { type CommandLine, GuestExit } from './cli.ts';
export { NotGranted } from './denial.ts';
export { type FileTree, type ReadTree, SymbolicLink, symbolicLink } from './given-files.ts';
export { GRANTABLE, type Interfaces, LANGUAGE_RUNTIME, type WasiInterface } from './grantable.ts';
export type { VirtualWasiOptions } from './options.ts';
export type { Output } from './output.ts';
export type { Preopen } from './preopens.ts';
export type { Input } from './stdin.ts';
export { type DecisionContext, type VirtualWasi, virtualWasi } from './virtual-wasi.ts';
