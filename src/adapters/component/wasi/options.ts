/**
 * The options of `virtualWasi`, checked when it is made: what a guest is given later is nothing then, and what it prints is
 * lost without a word.
 */
import { show } from '../abi/javascript-values.ts';
import { checkNames } from '../option-names.ts';
import { GRANTABLE } from './grantable.ts';
import type { VirtualWasiOptions } from './virtual-wasi.ts';

/** Checks one option that is given. @throws TypeError */
type Check = (name: string, value: unknown) => void;

/** By option, what it has to be. */
const CHECKS: { readonly [Name in keyof Required<VirtualWasiOptions>]: Check } = {
  grant: listOf('a list of interfaces', grantable),
  files: recordOf('an object of files by their paths', textOrBytes),
  writableFiles: be('true or false', (value) => typeof value === 'boolean'),
  arguments: listOf('a list of texts', text),
  environment: recordOf('an object of texts by their names', text),
  directory: text,
  stdin: textOrBytes,
  stdout: print,
  stderr: print,
};

/** @throws TypeError that names the option, what is expected and what was got. */
export function checkOptions(options: VirtualWasiOptions): void {
  checkNames('options', options, CHECKS);
  for (const [name, check] of Object.entries(CHECKS)) {
    const value: unknown = Reflect.get(options, name);
    if (value !== undefined) check(name, value);
  }
}

function text(name: string, value: unknown): void {
  if (typeof value !== 'string') throw unexpected(name, 'a text', value);
}

function textOrBytes(name: string, value: unknown): void {
  if (typeof value !== 'string' && !isOf(value, 'Uint8Array')) throw unexpected(name, 'a text or a Uint8Array', value);
}

/** A stream of Node is an object, and its `write` needs the end of the line. */
function print(name: string, value: unknown): void {
  if (typeof value !== 'function') throw unexpected(name, 'a function that takes a line, as console.log does', value);
}

function grantable(name: string, value: unknown): void {
  text(name, value);
  if (GRANTABLE.some((each) => each === value)) return;
  throw new TypeError(`${name}: ${show(value)} cannot be granted; there are ${GRANTABLE.join(', ')}`);
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

/** What holds its content in another way than in properties (a map, a promise) would be taken for an empty object. */
function recordOf(expected: string, member: Check): Check {
  return (name, value) => {
    if (!isOf(value, 'Object') && !isOf(value, 'Module')) throw unexpected(name, expected, value);
    for (const [key, each] of Object.entries(value as object)) member(`${name}[${show(key)}]`, each);
  };
}

/** By what it says that it is: it may be of another realm. */
function isOf(value: unknown, name: string): boolean {
  return Object.prototype.toString.call(value) === `[object ${name}]`;
}

function unexpected(name: string, expected: string, value: unknown): TypeError {
  return new TypeError(`${name}: expected ${expected}, got ${show(value)}`);
}
