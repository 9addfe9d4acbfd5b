/**
 * `decidable/component/types`: writes TypeScript declarations for components.
 *
 * ```ts
 * import { componentTypes } from 'decidable/component/types';
 * await writeFile('bank.d.ts', componentTypes(await readFile('bank.wasm')));
 * ```
 */
export { type ComponentTypesOptions, componentTypes } from './component-types.ts';
