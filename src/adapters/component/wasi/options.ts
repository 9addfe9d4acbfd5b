/**
 * Checks the options when `virtualWasi` is called. Otherwise a mistake would be noticed only when the guest uses the
 * option, or never, if its output is discarded silently.
 */

import { show } from '../abi/javascript-values.ts';
import { ArgumentError } from '../errors.ts';
import { checkNames } from '../option-names.ts';
import type { CommandLine } from './cli.ts';
import { type FileTree, isRecord, unexpected } from './given-files.ts';
import { GRANTABLE, type WasiInterface } from './grantable.ts';
import { checkPreopens, type Preopen } from './preopens.ts';
import { checkInput } from './stdin.ts';

/** The options of `virtualWasi`. They determine what a guest can observe. */
export interface VirtualWasiOptions extends CommandLine {
  /** The interfaces that the guest may call. {@link LANGUAGE_RUNTIME} contains all of them. @default [] */
  readonly grant?: readonly WasiInterface[] | undefined;
  /** Files in memory, below `/`. This option cannot be combined with `preopens`. @default {} */
  readonly files?: FileTree | undefined;
  /**
   * If true, the guest may create, change and remove files below `/`. This option cannot be combined with `preopens`.
   *
   * @default false
   */
  readonly writableFiles?: boolean | undefined;
  /**
   * The directories that the guest finds open, by their names in the guest, for example
   * `{ '/data': { files, writable: true } }`. All of them are in one file system.
   * @default one directory, `/`, with the option `files`
   */
  readonly preopens?: Readonly<Record<string, Preopen>> | undefined;
}

/** Checks one option that is not undefined. @throws ArgumentError */
type Check = (name: string, value: unknown) => void;

/** The check of each option. The files are checked while they are read. */
const CHECKS: { readonly [Name in keyof Required<VirtualWasiOptions>]: Check } = {
  grant: listOf('a list of interfaces', grantable),
  files: () => {},
  writableFiles: be('true or false', (value) => typeof value === 'boolean'),
  preopens: checkPreopens,
  arguments: listOf('a list of strings', text),
  environment: recordOf('an object of strings by their names', text),
  directory: text,
  stdin: checkInput,
  stdout: output,
  stderr: output,
};

/** Checks the options. @throws ArgumentError that names the option, the expected value and the given one. */
export function checkOptions(options: VirtualWasiOptions): void {
  checkNames('options', options, CHECKS);
  for (const [name, check] of Object.entries(CHECKS)) {
    const value: unknown = Reflect.get(options, name);
    if (value !== undefined) check(name, value);
  }
  const { files, writableFiles, preopens } = options;
  if (preopens === undefined || (files === undefined && writableFiles === undefined)) return;
  const name = files === undefined ? 'writableFiles' : 'files';
  throw new ArgumentError(
    name,
    `expected no value, because preopens is defined too; use preopens: { '/': { files, writable } }`,
  );
}

function text(name: string, value: unknown): void {
  if (typeof value !== 'string') throw unexpected(name, 'a string', value);
}

function output(name: string, value: unknown): void {
  if (typeof value === 'function') return;
  if (typeof value === 'object' && value !== null && typeof Reflect.get(value, 'write') === 'function') return;
  const expected =
    'a function that accepts a line, such as console.log, or an object with a method write that accepts bytes';
  throw unexpected(name, expected, value);
}

function grantable(name: string, value: unknown): void {
  text(name, value);
  if (GRANTABLE.some((each) => each === value)) return;
  throw new ArgumentError(name, `expected one of ${GRANTABLE.join(', ')}, got ${show(value)}`);
}

function be(expected: string, isSo: (value: unknown) => boolean): Check {
  return (name, value) => {
    if (!isSo(value)) throw unexpected(name, expected, value);
  };
}

function listOf(expected: string, element: Check): Check {
  return (name, value) => {
    if (!Array.isArray(value)) throw unexpected(name, expected, value);
    for (const [index, each] of value.entries()) element(`${name}[${index}]`, each);
  };
}

function recordOf(expected: string, member: Check): Check {
  return (name, value) => {
    if (!isRecord(value)) throw unexpected(name, expected, value);
    for (const [key, each] of Object.entries(value)) member(`${name}[${show(key)}]`, each);
  };
}
