/**
 * `decidable/component/host`: modules that are components. A decider compiled to WebAssembly is a value of the same shape
 * as one written in TypeScript, and the event sourcer cannot tell them apart.
 *
 * ```ts
 * import { loadModule } from 'decidable/component/host';
 * const account = await loadModule(await readFile('bank.wasm'));
 * const sourcer = createEventSourcer({ store, modules: [account] });
 * ```
 */

export { StaleHandle } from './failures.ts';
export type { Handle, HandleTypes } from './guest.ts';
export {
  type ComponentCommandHandler,
  type ComponentProcessManager,
  type ComponentReadModel,
  type ComponentStatistics,
  loadModule,
} from './load-module.ts';
export { type Budget, type BudgetName, OutOfBudget } from './metering/budget.ts';
export type { LoadModuleOptions } from './options.ts';
export type { WorldName } from './worlds.ts';
