/**
 * `decidable/component/host` loads components as modules. A decider compiled to WebAssembly has the same shape as one
 * written in TypeScript, and the event sourcer treats them alike.
 *
 * ```ts
 * import { loadModule } from 'decidable/component/host';
 * const account = await loadModule(await readFile('bank.wasm'));
 * const sourcer = createEventSourcer({ store, modules: [account] });
 * ```
 */

export {
  type ComponentCommandOptions,
  type ComponentSourcer,
  type ComponentSourcerOptions,
  componentSourcer,
} from './component-sourcer.ts';
export { type ComponentStore, type ComponentStoreOptions, componentStore } from './component-store.ts';
export { StaleHandle } from './failures.ts';
export type { WorldProblem } from './fit.ts';
export type { Handle, HandleTypes } from './guest.ts';
export type { Finding, InspectedCoreModule, InspectedLimits } from './inspection/core-modules.ts';
export type { ImportProvider, InspectedImport } from './inspection/imports.ts';
export { type ComponentInspection, inspectComponent } from './inspection/inspect.ts';
export type { Producer } from './inspection/producers.ts';
export {
  type ComponentCommandHandler,
  type ComponentProcessManager,
  type ComponentReadModel,
  type ComponentStatistics,
  loadModule,
} from './load-module.ts';
export { type Budget, type BudgetName, OutOfBudget } from './metering/budget.ts';
export { type Indeterminism, IndeterminismError } from './metering/determinism.ts';
export type { GuestLimits, LoadModuleOptions } from './options.ts';
export type { ServiceOptions } from './service-options.ts';
export type { ModuleWorldName, WorldName } from './worlds.ts';
