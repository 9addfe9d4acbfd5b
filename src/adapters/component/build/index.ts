/**
 * `decidable/build` makes a component from a module in TypeScript.
 *
 * ```ts
 * import { buildComponent } from 'decidable/build';
 * const { component, world } = await buildComponent('account.ts');
 * ```
 *
 * It needs the packages `esbuild` and `componentize-qjs`.
 */

export {
  type BuildOptions,
  type BuildStep,
  type BuiltComponent,
  buildComponent,
} from './build-component.ts';
export { BuildError, type BuildErrorCode, type BuildPlace, type BuildProblem } from './errors.ts';
