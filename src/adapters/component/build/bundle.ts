/** Bundles a module and its libraries into one script, with esbuild. */
import { builtinModules } from 'node:module';
import { basename, dirname, extname, relative, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import type * as Esbuild from 'esbuild';
import { loadPeer } from '../../../core/missing-peer.ts';
import { BuildError, type BuildPlace, placeText } from './errors.ts';

export const SUBPATH = 'decidable/build';

/** The scripts of a guest, which are evaluated in this order. */
export interface Bundle {
  /** Prepares the globals of the engine. */
  readonly globals: string;
  /** Evaluates the module, and assigns its guest to the global {@link GUEST}. */
  readonly module: string;
  /** The source map of `module`, as JSON. */
  readonly sourceMap: string;
}

/** The global variable that holds the guest until the script ends. */
export const GUEST = '__decidableGuest';

const extension = extname(fileURLToPath(import.meta.url));

function guestFile(name: string): string {
  return fileURLToPath(new URL(`./guest/${name}${extension}`, import.meta.url));
}

/**
 * Bundles a file. Type errors are not found, because esbuild removes types without checking them.
 * @param exportName the export to build. @default the default export, or the only definition
 * @throws MissingPeerError if esbuild is not installed.
 * @throws BuildError `compile-failed` or `unavailable-import`, with the place.
 */
export async function bundle(file: string, exportName: string | undefined): Promise<Bundle> {
  const esbuild = await loadPeer('esbuild', SUBPATH, () => import('esbuild'));
  const folder = dirname(file);
  const common: Esbuild.BuildOptions = {
    absWorkingDir: folder,
    bundle: true,
    write: false,
    format: 'iife',
    platform: 'neutral',
    target: 'es2022',
    mainFields: ['module', 'main'],
    // This package resolves to its sources if it is run from its sources, as in its own repository.
    conditions: extension === '.ts' ? ['decidable-source'] : [],
    define: { 'process.env.NODE_ENV': '"production"' },
    // Comments contain paths of the machine, and the engine keeps the text of functions.
    minifyWhitespace: true,
    legalComments: 'none',
    logLevel: 'silent',
  };
  const text = (source: string): Esbuild.StdinOptions => ({ contents: source, resolveDir: folder, loader: 'js' });
  const globals = `import { prepareGlobals } from ${JSON.stringify(guestFile('globals'))}; prepareGlobals();`;
  const module = `
    import * as exported from ${JSON.stringify(file)};
    import { guestOf } from ${JSON.stringify(guestFile('exports'))};
    globalThis.${GUEST} = guestOf(exported, ${JSON.stringify(exportName)});`;
  try {
    const [first, second] = await Promise.all([
      esbuild.build({ ...common, stdin: text(globals) }),
      esbuild.build({
        ...common,
        stdin: text(module),
        sourcemap: 'external',
        outfile: 'module.js',
        plugins: [refuseBuiltins(), useGuestEncoder()],
      }),
    ]);
    // Warnings about installed packages are not reported.
    const meta = second.warnings.find(({ id }) => id === 'empty-import-meta');
    if (meta !== undefined) throw importMeta(meta, file, folder);
    const outputs = new Map(second.outputFiles!.map((output) => [extname(output.path), output.text]));
    return { globals: first.outputFiles![0]!.text, module: outputs.get('.js')!, sourceMap: outputs.get('.map')! };
  } catch (error) {
    throw asBuildError(error, file, folder);
  }
}

const REFUSED = 'a component has no modules of Node';

/** Refuses imports of Node's modules. esbuild adds the place of the import to the error. */
function refuseBuiltins(): Esbuild.Plugin {
  const names = new Set(builtinModules);
  return {
    name: 'decidable',
    setup(build) {
      build.onResolve({ filter: /^[a-z]/ }, async ({ path, pluginData, ...options }) => {
        if (pluginData === REFUSED || !(path.startsWith('node:') || names.has(path))) return undefined;
        // A package may have the name of one of Node's modules, such as `buffer`.
        if (!path.startsWith('node:')) {
          const found = await build.resolve(path, { ...options, pluginData: REFUSED });
          if (found.errors.length === 0) return found;
        }
        return { errors: [{ text: REFUSED, detail: path }] };
      });
    },
  };
}

/** Replaces the encoder of this copy of the package by that of guests. */
function useGuestEncoder(): Esbuild.Plugin {
  const encoder = fileURLToPath(new URL(`../../../core/codec/msgpack-encode${extension}`, import.meta.url));
  return {
    name: 'decidable-encoder',
    setup(build) {
      build.onResolve({ filter: /\/msgpack-encode\.[jt]s$/ }, ({ path, resolveDir }) =>
        resolve(resolveDir, path) === encoder ? { path: guestFile('msgpack-encode') } : undefined,
      );
    },
  };
}

function isBuildFailure(error: unknown): error is Esbuild.BuildFailure {
  return error instanceof Error && 'errors' in error && Array.isArray(error.errors);
}

function asBuildError(error: unknown, file: string, folder: string): unknown {
  if (!isBuildFailure(error)) return error;
  const [first, ...more] = error.errors;
  if (first === undefined) return error;
  const place = placeOf(first.location, folder);
  const at = place === undefined ? relative(process.cwd(), file) : placeText(place);
  if (first.text === REFUSED) {
    const name = String(first.detail);
    return new BuildError(
      'unavailable-import',
      { file, place, subject: name },
      `${at}: ${name} cannot be imported, because ${REFUSED}; import only pure code`,
      { cause: error },
    );
  }
  if (first.text.startsWith('Top-level await')) {
    return new BuildError(
      'compile-failed',
      { file, place, subject: 'await' },
      `${at}: a component is evaluated synchronously, so its modules cannot await; use a static import, or await outside of the module`,
      { cause: error },
    );
  }
  const others = more.length === 0 ? '' : ` (and ${more.length} more)`;
  return new BuildError('compile-failed', { file, place }, `${at}: ${first.text}${others}`, { cause: error });
}

/** In a component, `import.meta` would be an empty object. */
function importMeta({ location }: Esbuild.Message, file: string, folder: string): BuildError {
  const place = placeOf(location, folder);
  const at = place === undefined ? relative(process.cwd(), file) : placeText(place);
  return new BuildError(
    'unavailable-import',
    { file, place, subject: 'import.meta' },
    `${at}: import.meta cannot be used, because a component has no file; pass the value in the message`,
  );
}

function placeOf(location: Esbuild.Location | null, folder: string): BuildPlace | undefined {
  // The entry is a text without a file. Its errors are about the file itself.
  if (location === null || location.file.startsWith('<')) return undefined;
  const file = relative(process.cwd(), resolve(folder, location.file)) || basename(location.file);
  return { file, line: location.line, column: location.column + 1 };
}
