/** Failures of the command line: exit codes, texts for people, and JSON for programs. */
import { CopyError } from '../../core/copying/copy-error.ts';
import { DecidableError, isCommandFailure, isStoreFailure } from '../../core/errors.ts';
import { toJson } from '../../core/json.ts';
import { DAMAGED, FAILED, NOT_FOUND, USAGE } from './exit-codes.ts';

/** The codes of {@link CommandLineError}. */
export type CommandLineErrorCode =
  /** The configuration file does not exist. */
  | 'config-not-found'
  /** The configuration file, or a module that it imports, threw an error. */
  | 'config-failed'
  /** The configuration file does not export a system. */
  | 'not-a-system'
  /** This version of Node does not run TypeScript. */
  | 'typescript-unsupported'
  /** Neither the configuration nor an option names a store. */
  | 'no-store'
  /** The store does not exist. */
  | 'store-not-found'
  /** The store does not support the command. */
  | 'unsupported'
  /** An argument or an option is invalid. */
  | 'usage'
  /** The stream, decision, read model, document, subscription or module does not exist. */
  | 'not-found';

/** A command cannot be executed. */
export class CommandLineError extends Error {
  override readonly name: string = 'CommandLineError';
  readonly code: CommandLineErrorCode;
  /** The invalid argument or option, as the help names it, for example `key` or `--store`. */
  readonly argument: string | undefined;

  /** The command, if the error was found before it ran. */
  readonly place: string | undefined;

  constructor(code: CommandLineErrorCode, message: string, { argument, place, ...options }: CommandLineErrorOptions) {
    super(message, options);
    this.code = code;
    this.argument = argument;
    this.place = place;
  }
}

/** The further parts of a {@link CommandLineError}. */
export interface CommandLineErrorOptions extends ErrorOptions {
  readonly argument: string | undefined;
  readonly place?: string | undefined;
}

/** The codes of the event sourcer for mistakes of the caller. */
const USAGE_CODES = ['invalid-argument', 'unroutable', 'command-id-reused'] as const;

const NOT_FOUND_CODES: readonly CommandLineErrorCode[] = ['not-found', 'store-not-found'];

/** Returns the exit code of a command that threw this error. */
export function exitCodeOf(error: unknown): number {
  if (error instanceof CommandLineError) return NOT_FOUND_CODES.includes(error.code) ? NOT_FOUND : USAGE;
  // The addresses of stores, missing packages and wrong options are of this family.
  if (error instanceof DecidableError && error.family === 'decidable/definition') return USAGE;
  if (error instanceof CopyError && error.code === 'copy-differs') return DAMAGED;
  if (isStoreFailure(error, 'invalid-argument')) return USAGE;
  return USAGE_CODES.some((code) => isCommandFailure(error, code)) ? USAGE : FAILED;
}

/**
 * Returns the error for programs: its fields, and the `place`, `path` and `argument` of itself or of the nearest cause
 * that has them.
 */
export function jsonOf(error: unknown): object {
  const places = new Map<string, string>();
  for (let at = error; at instanceof Error; at = at.cause) {
    if (at instanceof CommandLineError) {
      for (const [name, text] of Object.entries({ place: at.place, argument: at.argument })) {
        if (text !== undefined) places.set(name, text);
      }
    }
    for (const [name, text] of placesOf(Reflect.get(at, 'payload'))) if (!places.has(name)) places.set(name, text);
  }
  return { ...Object(toJson(error)), ...Object.fromEntries(places) };
}

/** Returns the places that the payload of an error names. */
function placesOf(payload: unknown): readonly (readonly [name: string, text: string])[] {
  const { part, place = part, val, details: own } = Object(payload) as Payload;
  const { argument, details = own } = Object(val) as NonNullable<Payload['val']>;
  const path = Array.isArray(details) ? pathIn(details) : undefined;
  return Object.entries({ place, path, argument }).flatMap(([name, text]) =>
    typeof text === 'string' ? [[name, text] as const] : [],
  );
}

/** Returns the path in the details of a fault. A value that a schema refused has its path as the name of a detail. */
function pathIn(details: NonNullable<Payload['details']>): string | undefined {
  return details.find(([name]) => name === 'path')?.[1] ?? details.find(([name]) => /\.data(?![^.[])/.test(name))?.[0];
}

/** The payloads of errors that name a place. */
interface Payload {
  readonly place?: string;
  /** The part of an address. */
  readonly part?: string;
  readonly details?: readonly (readonly [name: string, text: string])[];
  readonly val?: { readonly argument?: string; readonly details?: Payload['details'] };
}

/**
 * Returns the text for people. An error without a code is a bug in this package or in the modules of the system, so its
 * stack is shown.
 */
export function textOf(error: unknown): string {
  if (!(error instanceof Error)) return `error: ${String(error)}`;
  const isExpected = typeof Reflect.get(error, 'code') === 'string';
  const lines = [isExpected ? `error: ${error.message}` : `error: ${error.stack ?? error.message}`];
  for (let { cause } = error; cause instanceof Error; { cause } = cause) {
    if (!lines.some((line) => line.includes((cause as Error).message))) lines.push(`  because: ${cause.message}`);
  }
  return lines.join('\n');
}
