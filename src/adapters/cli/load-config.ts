/** Finds, loads and checks the configuration file. */
import { existsSync } from 'node:fs';
import { dirname, relative, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { Config, ConfigSystem } from './config.ts';
import { CommandLineError } from './failures.ts';

/** The default names of the configuration file, in the order in which they are tried. */
const FILE_NAMES: readonly string[] = [
  'decidable.config.ts',
  'decidable.config.mts',
  'decidable.config.js',
  'decidable.config.mjs',
];

/** The option that names the configuration. */
const CONFIG = '--config';

/** A configuration with the folder that its relative names refer to. */
export interface LoadedConfig extends Config {
  readonly folder: string;
}

/**
 * Returns the path of the configuration file, or `undefined` if no file is named and the folder has no configuration
 * file.
 */
export function findConfig(named: string | undefined): string | undefined {
  if (named === undefined) return FILE_NAMES.map((name) => resolve(name)).find(existsSync);
  const path = resolve(named);
  if (existsSync(path)) return path;
  throw new CommandLineError('config-not-found', `${named} does not exist; pass the module that exports the system`, {
    argument: CONFIG,
  });
}

/** Loads the configuration. @throws CommandLineError if the file is missing, cannot be run, or exports no system. */
export async function loadConfig(named: string | undefined): Promise<LoadedConfig> {
  const path = findConfig(named);
  if (path === undefined) {
    throw new CommandLineError(
      'config-not-found',
      `there is no ${FILE_NAMES[0]} in ${process.cwd()}; create one that exports the system, ` +
        '`export default defineConfig({ system, store })`, or pass another module with --config',
      { argument: CONFIG },
    );
  }
  const file = named ?? relative(process.cwd(), path);
  return { ...configOf(await importModule(path, file), file), folder: dirname(path) };
}

async function importModule(path: string, file: string): Promise<Record<string, unknown>> {
  try {
    return await import(pathToFileURL(path).href);
  } catch (cause) {
    const { code, message } = Object(cause) as NodeJS.ErrnoException;
    if (code === 'ERR_UNKNOWN_FILE_EXTENSION' && /\.[cm]?ts\b/.test(String(message))) {
      throw new CommandLineError(
        'typescript-unsupported',
        `${file} needs a version of Node that runs TypeScript, but this is ${process.version} without type stripping; use Node ` +
          '22.18 or newer, set NODE_OPTIONS=--experimental-strip-types, or compile the file and pass it with --config',
        { argument: CONFIG, cause },
      );
    }
    const reason = cause instanceof Error ? `${cause.name}: ${cause.message}` : String(cause);
    throw new CommandLineError('config-failed', `${file} cannot be loaded: ${reason}`, { argument: CONFIG, cause });
  }
}

/**
 * Returns the configuration. The default export is a configuration or a system. Otherwise the only exported system is
 * used.
 */
function configOf(module: Record<string, unknown>, file: string): Config {
  const { default: exported, ...others } = module;
  if (isSystem(exported)) return { system: exported };
  if (exported !== undefined) return checkedConfig(exported, file);
  const systems = Object.entries(others).filter((entry): entry is [string, ConfigSystem] => isSystem(entry[1]));
  const [only, ...rest] = systems;
  if (only !== undefined && rest.length === 0) return { system: only[1] };
  const found =
    only === undefined
      ? `it exports ${Object.keys(others).join(', ') || 'nothing'}, none of which is a system`
      : `it exports the systems ${systems.map(([name]) => name).join(', ')}, but no default export`;
  throw notASystem(file, found);
}

const FIELDS: readonly string[] = ['system', 'store', 'processors', 'start'] satisfies readonly (keyof Config)[];

function checkedConfig(exported: unknown, file: string): Config {
  if (typeof exported !== 'object' || exported === null)
    throw notASystem(file, `its default export is of type ${typeof exported}`);
  if (exported instanceof Promise) throw notASystem(file, 'its default export is a promise; await it');
  const { system, store, processors, start } = exported as Partial<Config>;
  if (!isSystem(system)) {
    const fields = Object.keys(exported).join(', ') || 'no fields';
    throw notASystem(file, `its default export is an object with ${fields}`);
  }
  const unknown = Object.keys(exported).find((name) => !FIELDS.includes(name));
  if (unknown !== undefined) {
    throw new CommandLineError('usage', `${file}: unknown field "${unknown}"; the fields are ${FIELDS.join(', ')}`, {
      argument: CONFIG,
    });
  }
  if (store !== undefined && typeof store !== 'string' && typeof store !== 'function') {
    throw new CommandLineError(
      'usage',
      `${file}: store must be the address of a store, or a function that opens one, not ${typeof store}`,
      {
        argument: CONFIG,
      },
    );
  }
  if (processors !== undefined && typeof processors !== 'string') {
    throw new CommandLineError(
      'usage',
      `${file}: processors must be the address of a store, not ${typeof processors}`,
      {
        argument: CONFIG,
      },
    );
  }
  return { system, store, processors, start };
}

function notASystem(file: string, found: string): CommandLineError {
  return new CommandLineError(
    'not-a-system',
    `${file} exports no system: ${found}. Expected \`export default defineConfig({ system })\`, or the value that ` +
      'defineSystem returns as the default or the only export',
    { argument: CONFIG },
  );
}

/**
 * Returns whether the value is a system. The check uses the members instead of the class, so that a system of another
 * copy of the package is recognized.
 */
function isSystem(value: unknown): value is ConfigSystem {
  if (typeof value !== 'object' || value === null) return false;
  const { name, start, ...parts } = value as Partial<ConfigSystem>;
  return (
    typeof name === 'string' &&
    typeof start === 'function' &&
    [parts.deciders, parts.processManagers, parts.readModels, parts.reactors].every(Array.isArray)
  );
}
