/**
 * Evaluates the scripts of a guest in this process, to find the kind of its definition, and the line of an error. The
 * engine of the guest has no source map.
 *
 * The context has the same globals as the guest. It is not a sandbox, because a build runs the code of
 * its module, as a test does.
 */
import { SourceMap } from 'node:module';
import { dirname, relative, resolve } from 'node:path';
import { createContext, Script } from 'node:vm';
import { type Bundle, GUEST } from './bundle.ts';
import { BuildError, type BuildPlace, placeText } from './errors.ts';
import type { Guest, NoGuest } from './guest/exports.ts';
import type { Guard, Refusal } from './guest/guard.ts';

/** The maximum time to evaluate a module, in milliseconds. */
const TIME_LIMIT = 30_000;
const MODULE = 'decidable:module';

/**
 * Evaluates the module.
 * @throws BuildError `load-failed` or `indeterminate-load`, with the place; `no-definition`.
 */
export function evaluate(file: string, scripts: Bundle, exportName: string | undefined): Guest {
  const context = createContext();
  const guard = (): Guard => new Script("globalThis[Symbol.for('decidable/guest/guard')]").runInContext(context);
  new Script(scripts.globals).runInContext(context);
  let guest: Guest | NoGuest;
  try {
    new Script(scripts.module, { filename: MODULE }).runInContext(context, { timeout: TIME_LIMIT });
    guest = new Script(GUEST).runInContext(context);
  } catch (error) {
    throw loadError(error, guard(), file, scripts);
  }
  if (guest.world !== undefined) return guest;
  throw guest.read === undefined ? noDefinition(guest, file, exportName) : indeterminate(guest.read, file, undefined);
}

function loadError(error: unknown, { refused }: Guard, file: string, scripts: Bundle): BuildError {
  // The error comes from another realm, so it is not an instance of this realm's classes.
  const { message = String(error), stack = '' } = Object(error) as { message?: string; stack?: string };
  const place = placeOf(stack, file, scripts);
  if (refused?.isIndeterminate) return indeterminate(refused, file, place);
  const at = place === undefined ? relative(process.cwd(), file) : placeText(place);
  return new BuildError(
    'load-failed',
    { file, place, subject: refused?.name },
    `${at}: the module threw an error while it was loaded: ${message}`,
    { cause: error },
  );
}

function indeterminate({ name, message }: Refusal, file: string, place: BuildPlace | undefined): BuildError {
  const at = place === undefined ? relative(process.cwd(), file) : placeText(place);
  return new BuildError('indeterminate-load', { file, place, subject: name }, `${at}: ${message}`);
}

/** Returns the place of the first line of the stack that is in a file of the module. */
function placeOf(stack: string, file: string, { sourceMap }: Bundle): BuildPlace | undefined {
  const map = new SourceMap(JSON.parse(sourceMap));
  for (const [, line, column] of stack.matchAll(new RegExp(`${MODULE}:(\\d+):(\\d+)`, 'g'))) {
    const entry = map.findEntry(Number(line) - 1, Number(column) - 1);
    if (!('originalSource' in entry) || entry.originalSource.startsWith('<')) continue;
    const source = relative(process.cwd(), resolve(dirname(file), entry.originalSource));
    return { file: source, line: entry.originalLine + 1, column: entry.originalColumn + 1 };
  }
  return undefined;
}

function noDefinition({ exported, definitions }: NoGuest, file: string, exportName: string | undefined): BuildError {
  const name = relative(process.cwd(), file);
  const list = (names: readonly string[]): string => (names.length === 0 ? 'nothing' : names.join(', '));
  let problem = `it exports ${list(exported)}, and no definition; export the result of defineDecider, defineEventHandler or defineProjector`;
  if (exportName !== undefined) {
    problem = exported.includes(exportName)
      ? `the export ${exportName} is not a definition; its definitions are ${list(definitions)}`
      : `it does not export ${exportName}; its definitions are ${list(definitions)}`;
  } else if (definitions.length > 1) {
    problem = `it exports several definitions, ${list(definitions)}; choose one by its name, with --export or the option export`;
  }
  return new BuildError('no-definition', { file, subject: exportName }, `${name}: ${problem}`);
}
