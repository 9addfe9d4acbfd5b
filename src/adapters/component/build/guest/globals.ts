/**
 * Prepares the globals of a guest before its module is evaluated.
 *
 * The engine has the language, but not the platform. This file adds the pure functions that modules and their libraries
 * expect (`TextEncoder`, `TextDecoder`, `atob`, `btoa`, a silent `console`), and refuses everything that depends on the
 * time, on randomness or on the machine. A refused function throws an error that names it. The call of the host then
 * ends with a fault, even if a library catches the error.
 */
import { guardOf, type Refusal } from './guard.ts';
import { decodeUtf8, encodeUtf8 } from './utf8.ts';

const guard = guardOf();

type Refuse = () => never;

function refusing(name: string, remedy: string, isIndeterminate = false): Refuse {
  const message = `${name} is not available in a component, because a decision depends on its arguments alone; ${remedy}`;
  const refusal: Refusal = { name, message, isIndeterminate };
  return () => {
    guard.refused ??= refusal;
    throw new Error(message);
  };
}

const TIME = 'pass the time in the message, or use the time at which an event was recorded';
const CHANCE = 'pass the value in the message';
const LOCALE = 'format and compare texts outside of the module, or compare them with < and >';
const ELSEWHERE = 'do this outside of the module, and pass the result in the message';

/** Defines a global or a member. It is not enumerable, as in the language. */
function define(target: object, name: string, value: unknown): void {
  Object.defineProperty(target, name, { value, writable: true, configurable: true, enumerable: false });
}

/** Returns a class that refuses to make instances. */
function refusedClass(name: string, remedy: string): object {
  const refuse = refusing(`new ${name}()`, remedy);
  return new Proxy(function refused() {}, { construct: refuse, apply: refuse });
}

function refuseTime(): void {
  const Native = Date;
  const now = refusing('Date.now()', TIME, true);
  const current = refusing('new Date()', TIME, true);
  const asFunction = refusing('Date()', TIME, true);
  // This is a function and not a proxy, because every message needs `instanceof Date`, which is slow for a proxy.
  function guarded(...args: []): Date {
    if (new.target === undefined) return asFunction();
    return args.length === 0 ? current() : Reflect.construct(Native, args, new.target);
  }
  define(guarded, 'name', 'Date');
  guarded.prototype = Native.prototype;
  define(guarded, 'parse', Native.parse);
  define(guarded, 'UTC', Native.UTC);
  define(guarded, 'now', now);
  define(Native.prototype, 'constructor', guarded);
  define(globalThis, 'Date', guarded);
  define(globalThis, 'performance', { now: refusing('performance.now()', TIME, true) });
  for (const name of ['setTimeout', 'setInterval', 'setImmediate']) {
    define(globalThis, name, refusing(`${name}()`, 'schedule a command with a process manager'));
  }
}

function refuseRandomness(): void {
  define(Math, 'random', refusing('Math.random()', CHANCE, true));
  const names = ['getRandomValues', 'randomUUID'];
  define(
    globalThis,
    'crypto',
    Object.fromEntries(names.map((name) => [name, refusing(`crypto.${name}()`, CHANCE, true)])),
  );
}

function refuseLocales(): void {
  const members: readonly (readonly [object, string, readonly string[]])[] = [
    [String.prototype, 'String', ['localeCompare', 'toLocaleLowerCase', 'toLocaleUpperCase']],
    [Number.prototype, 'Number', ['toLocaleString']],
    [BigInt.prototype, 'BigInt', ['toLocaleString']],
    [Array.prototype, 'Array', ['toLocaleString']],
    [Date.prototype, 'Date', ['toLocaleString', 'toLocaleDateString', 'toLocaleTimeString']],
  ];
  for (const [prototype, type, names] of members) {
    for (const name of names) define(prototype, name, refusing(`${type}.prototype.${name}()`, LOCALE));
  }
  const refusedMember = (_: object, key: PropertyKey) =>
    typeof key === 'symbol' ? undefined : refusedClass(`Intl.${String(key)}`, LOCALE);
  define(globalThis, 'Intl', new Proxy({}, { get: refusedMember }));
}

function refusePlatform(): void {
  define(globalThis, 'fetch', refusing('fetch()', ELSEWHERE));
  define(globalThis, 'structuredClone', refusing('structuredClone()', 'copy the value in the module'));
  for (const name of ['URL', 'URLSearchParams', 'WebSocket', 'Worker']) {
    define(globalThis, name, refusedClass(name, ELSEWHERE));
  }
}

/** Returns whether the character at `index` is the second half of a surrogate pair. */
function isLowSurrogate(text: string, index: number): boolean {
  return index > 0 && text.codePointAt(index - 1)! > 0xffff;
}

class Encoder {
  readonly encoding = 'utf-8';

  encode(text = ''): Uint8Array {
    return encodeUtf8(String(text));
  }

  /** Encodes as many characters as fit completely. */
  encodeInto(text: string, target: Uint8Array): { read: number; written: number } {
    const whole = String(text);
    let bytes = encodeUtf8(whole);
    let read = whole.length;
    while (bytes.length > target.length) {
      read -= isLowSurrogate(whole, read - 1) ? 2 : 1;
      bytes = encodeUtf8(whole.slice(0, read));
    }
    target.set(bytes);
    return { read, written: bytes.length };
  }
}

class Decoder {
  readonly encoding = 'utf-8';
  readonly fatal: boolean;
  readonly ignoreBOM: boolean;

  constructor(label = 'utf-8', { fatal = false, ignoreBOM = false } = {}) {
    if (!/^utf-?8$/i.test(label)) refusing(`new TextDecoder(${JSON.stringify(label)})`, 'use UTF-8')();
    this.fatal = fatal;
    this.ignoreBOM = ignoreBOM;
  }

  decode(input: Uint8Array | ArrayBuffer = new Uint8Array(0)): string {
    const bytes = input instanceof ArrayBuffer ? new Uint8Array(input) : input;
    const text = decodeUtf8(bytes, this.fatal);
    return !this.ignoreBOM && text.charCodeAt(0) === 0xfeff ? text.slice(1) : text;
  }
}

const DIGITS = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/';

/** Decodes base64. Source: *HTML*, "Base64 utility methods"; *Infra*, "forgiving-base64 decode". */
function decodeBase64(input: string): string {
  let text = String(input).replace(/[\t\n\f\r ]/g, '');
  if (text.length % 4 === 0) text = text.replace(/={1,2}$/, '');
  if (text.length % 4 === 1 || /[^A-Za-z0-9+/]/.test(text)) throw new Error('the string is not base64');
  let [decoded, bits, count] = ['', 0, 0];
  for (let index = 0; index < text.length; index++) {
    bits = ((bits << 6) | DIGITS.indexOf(text[index]!)) & 0xffff;
    count += 6;
    if (count < 8) continue;
    count -= 8;
    decoded += String.fromCharCode((bits >> count) & 0xff);
  }
  return decoded;
}

function encodeBase64(input: string): string {
  const text = String(input);
  let [encoded, bits, count] = ['', 0, 0];
  for (let index = 0; index < text.length; index++) {
    const code = text.charCodeAt(index);
    if (code > 0xff) throw new Error('the string has characters beyond U+00FF');
    bits = ((bits << 8) | code) & 0xffff;
    for (count += 8; count >= 6; ) {
      count -= 6;
      encoded += DIGITS[(bits >> count) & 0x3f];
    }
  }
  if (count > 0) encoded += DIGITS[(bits << (6 - count)) & 0x3f];
  return encoded.padEnd(Math.ceil(encoded.length / 4) * 4, '=');
}

/** Output is not a result of a decision, so it is discarded. */
const silent = (): void => undefined;
const CONSOLE = ['assert', 'debug', 'dir', 'error', 'group', 'groupEnd', 'info', 'log', 'table', 'trace', 'warn'];

function addPlatform(): void {
  define(globalThis, 'TextEncoder', Encoder);
  define(globalThis, 'TextDecoder', Decoder);
  define(globalThis, 'atob', decodeBase64);
  define(globalThis, 'btoa', encodeBase64);
  define(globalThis, 'console', Object.fromEntries(CONSOLE.map((name) => [name, silent])));
}

/** Adds the missing functions to the globals, and replaces the functions that a decision must not call. */
export function prepareGlobals(): void {
  addPlatform();
  refuseTime();
  refuseRandomness();
  refuseLocales();
  refusePlatform();
}
