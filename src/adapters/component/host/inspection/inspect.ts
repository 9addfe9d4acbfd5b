/** `inspectComponent` reads a component without running it. */
import { sha256 } from '../../../../core/storage/sha256.ts';
import { decode } from '../../binary/decode.ts';
import { type BufferSource, bytesOfComponent, type Component, compile } from '../../compile.ts';
import { type WorldProblem, worldProblems } from '../fit.ts';
import { MODULE_WORLD_NAMES, WORLD_NAMES, WORLDS, type WorldName } from '../worlds.ts';
import { type Finding, type InspectedCoreModule, inspectCoreModules } from './core-modules.ts';
import { type InspectedImport, inspectImports } from './imports.ts';
import { type Producer, producersOf } from './producers.ts';

/** The result of {@link inspectComponent}. */
export interface ComponentInspection {
  /** The SHA-256 of the binary, which is the digest of its module. */
  readonly digest: Uint8Array;
  /** The size of the binary in bytes. */
  readonly bytes: number;
  /** The world that the component fits, or `undefined` if it fits no world. */
  readonly world: WorldName | undefined;
  /** If the component fits no world, the differences from the world that it resembles most. */
  readonly misfit: { readonly world: WorldName; readonly problems: readonly WorldProblem[] } | undefined;
  /** The imports of the component, with the access that each would grant. */
  readonly imports: readonly InspectedImport[];
  /** The names of its exports. */
  readonly exports: readonly string[];
  /** The core modules of the component, with their sizes. */
  readonly coreModules: readonly InspectedCoreModule[];
  /**
   * Code that could be indeterministic. `loadModule` refuses `relaxed-simd` and `threads`, and makes the NaNs of
   * `nan-bits` canonical, unless its option `grant` names them.
   */
  readonly findings: readonly Finding[];
  /** The languages and tools that made the component. */
  readonly producers: readonly Producer[];
  /**
   * True if the component decides the same on every machine: `loadModule` accepts it without `grant`, and all of its
   * imports are types or virtual.
   */
  readonly isDeterministic: boolean;
}

/**
 * Reads a component without running it. The result has the world that it fits, its imports and the access that each
 * would grant, its sizes and producers, and the code that could be indeterministic. The component is validated.
 *
 * @example
 * const { world, isDeterministic, findings } = await inspectComponent(await readFile('bank.wasm'));
 *
 * @param source the bytes of a component.
 * @throws ArgumentError if `source` is not bytes.
 * @throws MalformedError | InvalidError | UnsupportedError if the bytes are not a component that can be loaded.
 */
export async function inspectComponent(source: BufferSource): Promise<ComponentInspection> {
  const bytes = bytesOfComponent(source).slice();
  const component = await compile(bytes);
  const world = WORLD_NAMES.find((name) => worldProblems(component, name).length === 0);
  const imports = inspectImports(component);
  const { coreModules, findings } = inspectCoreModules(decode(bytes));
  return {
    digest: sha256(bytes),
    bytes: bytes.length,
    world,
    misfit: world === undefined ? nearestWorld(component) : undefined,
    imports,
    exports: component.exports.map(({ name }) => name),
    coreModules,
    findings,
    producers: producersOf(bytes),
    isDeterministic:
      findings.every(({ kind }) => kind === 'nan-bits') && imports.every(({ provider }) => provider !== 'host'),
  };
}

function nearestWorld(component: Component): ComponentInspection['misfit'] {
  const misfits = WORLD_NAMES.map((world) => ({ world, problems: worldProblems(component, world) }));
  // The path of a missing interface has only one name. Without this check, a world with few interfaces would resemble
  // every component.
  const resembles = ({ world, problems }: (typeof misfits)[number]): boolean =>
    problems.filter(({ path }) => path.length === 1).length < WORLDS[world].length;
  const candidates = misfits.filter(resembles);
  // Most components are meant to be modules.
  const modules = misfits.filter(({ world }) => MODULE_WORLD_NAMES.some((name) => name === world));
  return (candidates.length === 0 ? modules : candidates).reduce((best, each) =>
    each.problems.length < best.problems.length ? each : best,
  );
}
