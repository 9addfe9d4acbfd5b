import { statSync } from 'node:fs';
import { relative, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { loadPeer } from '../../../core/missing-peer.ts';
import { checkOptionNames } from '../../../core/option-names.ts';
import type { OptionNames } from '../../../core/unknown-names.ts';
import type { ModuleWorldName } from '../host/index.ts';
import { type Bundle, bundle, GUEST, SUBPATH } from './bundle.ts';
import { BuildError } from './errors.ts';
import { evaluate } from './evaluate.ts';
import type { Guest } from './guest/exports.ts';
import { consumeOwnedHandles } from './owned-handles.ts';

/** A step of a build, for a display of the progress. */
export type BuildStep = 'bundle' | 'evaluate' | 'componentize';

/** Options of {@link buildComponent}. */
export interface BuildOptions {
  /**
   * The name of the export to build.
   * @default the default export, or the only definition that the file exports
   */
  readonly export?: string | undefined;
  /** Called at the beginning of each step. */
  readonly onStep?: ((step: BuildStep) => void) | undefined;
}

/** The result of {@link buildComponent}. */
export interface BuiltComponent {
  /** The binary of the component. */
  readonly component: Uint8Array<ArrayBuffer>;
  /** The world that the component exports, for the option `world` of `loadModule`. */
  readonly world: ModuleWorldName;
  /** The name of the module. */
  readonly name: string;
  /** The version of the module. */
  readonly version: string;
}

const NAMES: OptionNames<BuildOptions> = { export: true, onStep: true };

const WIT = fileURLToPath(new URL('../../../../wit', import.meta.url));

/**
 * Builds a WebAssembly component from a file in TypeScript or JavaScript that exports the result of `defineDecider`,
 * `defineEventHandler` or `defineProjector`. The component returns the same events, states and rejections as the module
 * in the process, byte for byte. It has no imports.
 *
 * It needs the packages `esbuild` and `componentize-qjs`. The build evaluates the file.
 *
 * @example
 * const { component, world } = await buildComponent('account.ts');
 * await writeFile('account.wasm', component);
 *
 * @throws BuildError with the place of the problem.
 * @throws MissingPeerError if one of the packages is not installed.
 * @throws DefinitionError if an option is unknown.
 */
export async function buildComponent(file: string, options: BuildOptions = {}): Promise<BuiltComponent> {
  checkOptionNames(options, NAMES, 'buildComponent');
  const path = resolve(file);
  const stats = statSync(path, { throwIfNoEntry: false });
  if (!stats?.isFile()) {
    const problem = stats === undefined ? 'the file does not exist; check the path' : 'it is not a file; name a module';
    throw new BuildError('compile-failed', { file: path }, `${file}: ${problem}`);
  }
  const { export: exportName, onStep } = options;
  onStep?.('bundle');
  const scripts = await bundle(path, exportName);
  onStep?.('evaluate');
  const guest = evaluate(path, scripts, exportName);
  onStep?.('componentize');
  const component = await componentize(path, scripts, guest);
  return { component, world: guest.world, name: guest.name, version: guest.version };
}

async function componentize(file: string, scripts: Bundle, guest: Guest): Promise<Uint8Array<ArrayBuffer>> {
  const engine = await loadPeer('componentize-qjs', SUBPATH, () => import('componentize-qjs'));
  const names = Object.keys(guest.exports).join(', ');
  const source = `${scripts.globals}\n${scripts.module}\nexport const { ${names} } = globalThis.${GUEST}.exports;\n`;
  let made: Uint8Array;
  try {
    // The engine evaluates the source, and its memory becomes the initial memory of the component.
    ({ component: made } = await engine.componentize({
      witPath: WIT,
      world: guest.world,
      jsSource: source,
      sync: true,
      stubWasi: true,
    }));
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message.trim() : String(cause);
    throw new BuildError('engine-failed', { file }, `${relative(process.cwd(), file)}: ${reason}`, { cause });
  }
  const component = consumeOwnedHandles(made);
  if (component !== undefined) return component;
  throw new BuildError(
    'unsupported-engine',
    { file, subject: 'componentize-qjs' },
    'this version of componentize-qjs is not supported; run: npm install componentize-qjs@0.4.5',
  );
}
