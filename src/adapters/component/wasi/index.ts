/**
 * `decidable/component/wasi`: what guests of today's toolchains import for their language's run-time library, virtual and
 * deterministic. A deterministic guest needs none of it; one in JavaScript, Python or Go does not start without.
 *
 * ```ts
 * import { LANGUAGE_RUNTIME, virtualWasi } from 'decidable/component/wasi';
 * const { imports } = virtualWasi({ grant: LANGUAGE_RUNTIME, stderr: console.error });
 * const { exports } = await instantiate(component, imports);
 * ```
 *
 * Source: WASI 0.2 (`WebAssembly/wasi-io`, `wasi-clocks`, `wasi-random`, `wasi-cli`, `wasi-filesystem`, …).
 */
export { GuestExit } from './cli.ts';
export { GRANTABLE, type Interfaces, LANGUAGE_RUNTIME, type WasiInterface } from './grantable.ts';
export { type DecisionContext, type VirtualWasi, type VirtualWasiOptions, virtualWasi } from './virtual-wasi.ts';
