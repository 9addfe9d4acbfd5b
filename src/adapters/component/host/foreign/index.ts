/**
 * `decidable/component/foreign` loads components that were built for contracts of other projects as deciders. They run
 * unchanged, with the stores, ids and guards of this package.
 *
 * ```ts
 * import { trogonDecider } from 'decidable/component/foreign';
 * const account = await trogonDecider(await readFile('account.wasm'), { category: 'account', events: ['Opened'] });
 * ```
 */

export { type CosmonicCommand, type CosmonicOptions, cosmonicCommandHandler } from './cosmonic.ts';
export type { ForeignOptions } from './foreign-options.ts';
export { type TrogonDeciderOptions, trogonDecider } from './trogon.ts';
