/**
 * UUIDs (RFC 9562) and hexadecimal text.
 *
 * `crypto.randomUUID` concatenates its string from twenty pieces, and the engine has to flatten it on the first read,
 * which costs 0.3 µs and half a kilobyte of garbage for each command. One call of `String.fromCharCode` with all 36
 * characters takes 0.1 µs.
 */
import { sha1 } from '@noble/hashes/legacy.js';

/**
 * The length of a UUID's string form (RFC 9562 §4). Any version and variant is accepted, because callers generate ids
 * in many ways.
 */
export const UUID_LENGTH = 36;
const UUID_BYTES = 16;
const HYPHEN = 0x2d;

/** The character codes of the two digits of each byte. */
const HIGH = new Uint8Array(256);
const LOW = new Uint8Array(256);
for (let byte = 0; byte < 256; byte++) {
  const digits = byte.toString(16).padStart(2, '0');
  HIGH[byte] = digits.charCodeAt(0);
  LOW[byte] = digits.charCodeAt(1);
}

/** Returns the bytes as hexadecimal digits in lower case, two for each byte. */
export function toHex(bytes: Uint8Array): string {
  let text = '';
  for (const byte of bytes) text += String.fromCharCode(HIGH[byte]!, LOW[byte]!);
  return text;
}

/** Returns the value of a hexadecimal digit of either case. Letters have bit 6 set, and `a` ends in 1. */
export function hexDigit(code: number): number {
  return (code & 15) + (code >> 6) * 9;
}

/**
 * The UUID in lower case that was read or made last, and its bytes. The id of a command is made, checked, looked up and
 * written, and each of these steps would read its 36 characters again, which takes 0.08 µs.
 */
let last: string | undefined;
const lastBytes = new Uint8Array(UUID_BYTES);

/** Returns whether `text` is a UUID in lower case, the only form that this package writes. */
export function isUuid(text: string): boolean {
  return text === last || (text.length === UUID_LENGTH && parse(text));
}

/** The value of each digit in lower case by its character code, and 255 for other characters. */
const DIGITS = new Uint8Array(256).fill(255);
for (let digit = 0; digit < 16; digit++) DIGITS[digit.toString(16).charCodeAt(0)] = digit;

/** Reads a text of 36 characters. Returns false if it is not a UUID in lower case. */
function parse(text: string): boolean {
  last = undefined;
  let digits = 0;
  for (let byte = 0, at = 0; byte < UUID_BYTES; byte++) {
    if (isAfterHyphen(byte) && text.charCodeAt(at++) !== HYPHEN) return false;
    const high = text.charCodeAt(at++);
    const low = text.charCodeAt(at++);
    if ((high | low) > 255) return false;
    const first = DIGITS[high]!;
    const second = DIGITS[low]!;
    digits |= first | second;
    lastBytes[byte] = (first << 4) | second;
  }
  if (digits > 15) return false;
  last = text;
  return true;
}

/** Returns whether a hyphen of xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx precedes a byte. */
function isAfterHyphen(byte: number): boolean {
  return byte === 4 || byte === 6 || byte === 8 || byte === 10;
}

/** Writes the 16 bytes of a UUID string to `into`, from the index `at`. */
export function writeUuid(uuid: string, into: Uint8Array, at: number): void {
  if (isUuid(uuid)) {
    for (let byte = 0; byte < UUID_BYTES; byte++) into[at + byte] = lastBytes[byte]!;
    return;
  }
  for (let byte = 0, digit = 0; byte < UUID_BYTES; byte++, digit += 2) {
    if (isAfterHyphen(byte)) digit++;
    into[at + byte] = (hexDigit(uuid.charCodeAt(digit)) << 4) | hexDigit(uuid.charCodeAt(digit + 1));
  }
}

/** Returns the string form of the UUID whose 16 bytes begin at the index `at`. */
export function readUuid(bytes: Uint8Array, at: number): string {
  const a = bytes[at]!;
  const b = bytes[at + 1]!;
  const c = bytes[at + 2]!;
  const d = bytes[at + 3]!;
  const e = bytes[at + 4]!;
  const f = bytes[at + 5]!;
  const g = bytes[at + 6]!;
  const h = bytes[at + 7]!;
  const i = bytes[at + 8]!;
  const j = bytes[at + 9]!;
  const k = bytes[at + 10]!;
  const l = bytes[at + 11]!;
  const m = bytes[at + 12]!;
  const n = bytes[at + 13]!;
  const o = bytes[at + 14]!;
  const p = bytes[at + 15]!;
  // biome-ignore format: each line is one group of the UUID.
  return String.fromCharCode(
    HIGH[a]!, LOW[a]!, HIGH[b]!, LOW[b]!, HIGH[c]!, LOW[c]!, HIGH[d]!, LOW[d]!, HYPHEN,
    HIGH[e]!, LOW[e]!, HIGH[f]!, LOW[f]!, HYPHEN,
    HIGH[g]!, LOW[g]!, HIGH[h]!, LOW[h]!, HYPHEN,
    HIGH[i]!, LOW[i]!, HIGH[j]!, LOW[j]!, HYPHEN,
    HIGH[k]!, LOW[k]!, HIGH[l]!, LOW[l]!, HIGH[m]!, LOW[m]!, HIGH[n]!, LOW[n]!, HIGH[o]!, LOW[o]!, HIGH[p]!, LOW[p]!,
  );
}

/** Random bytes for many ids. One large request to the platform is cheaper than many small ones. */
const pool = new Uint8Array(256 * UUID_BYTES);
let used = pool.length;

/** Returns the index of 16 bytes of the pool that no other id has used. */
function takeRandomBytes(): number {
  if (used === pool.length) {
    globalThis.crypto.getRandomValues(pool);
    used = 0;
  }
  used += UUID_BYTES;
  return used - UUID_BYTES;
}

/** Returns a random UUID (RFC 9562 §5.4). Its bits come from the platform's secure generator. */
export function uuidV4(): string {
  const at = takeRandomBytes();
  setVersion(pool, at, 4);
  const text = readUuid(pool, at);
  for (let byte = 0; byte < UUID_BYTES; byte++) lastBytes[byte] = pool[at + byte]!;
  last = text;
  return text;
}

/**
 * Returns a random UUID that begins with a time (RFC 9562 §5.7).
 *
 * @param time milliseconds since the Unix epoch.
 */
export function uuidV7(time: number): string {
  const at = takeRandomBytes();
  // 48 bits, big-endian. A `Uint8Array` keeps the lowest eight bits of a number.
  for (let byte = 5, rest = time; byte >= 0; byte--, rest = Math.floor(rest / 256)) pool[at + byte] = rest;
  setVersion(pool, at, 7);
  return readUuid(pool, at);
}

// Creating a hash object takes longer than hashing two dozen bytes, so one object is cloned.
const START = sha1.create();
const hasher = sha1.create();
const space = new Uint8Array(UUID_BYTES);
const hash = new Uint8Array(20);

/** Returns the UUIDv5 (RFC 9562 §5.5) of a name in the namespace of a UUID. */
export function uuidV5(namespace: string, name: Uint8Array): string {
  writeUuid(namespace, space, 0);
  START._cloneInto(hasher).update(space).update(name).digestInto(hash);
  setVersion(hash, 0, 5);
  return readUuid(hash, 0);
}

function setVersion(bytes: Uint8Array, at: number, version: number): void {
  bytes[at + 6] = (bytes[at + 6]! & 0x0f) | (version << 4);
  bytes[at + 8] = (bytes[at + 8]! & 0x3f) | 0x80; // the variant
}
