/**
 * Drawing a command's id, a UUIDv4 (RFC 9562 §5.4), or a UUIDv7 (§5.7) that tells the time, where the caller named none. `crypto.randomUUID` puts its text together
 * from twenty pieces, which whoever reads it has to join: 0.3 µs and half a kilobyte of garbage for each command. From all
 * 36 characters at once it takes 0.1 µs. The bytes are the platform's secure ones, drawn for many ids together.
 */
const ID_BYTES = 16;
const pool = new Uint8Array(256 * ID_BYTES);
let next = pool.length;

/** The two digits of each byte. */
const HIGH = new Uint8Array(256);
const LOW = new Uint8Array(256);
for (let byte = 0; byte < 256; byte++) {
  const digits = byte.toString(16).padStart(2, '0');
  HIGH[byte] = digits.charCodeAt(0);
  LOW[byte] = digits.charCodeAt(1);
}
const HYPHEN = 0x2d;

/**
 * A UUIDv4 that nobody has drawn before, in lower-case text. With a time, in milliseconds since the Unix epoch, it is a
 * UUIDv7 that begins with it: only where someone wants to know, because asking the clock takes as long as drawing.
 */
export function drawnUuid(time?: number): string {
  if (next === pool.length) {
    globalThis.crypto.getRandomValues(pool);
    next = 0;
  }
  const at = next;
  next += ID_BYTES;
  let version = 0x40;
  if (time !== undefined) {
    version = 0x70;
    // 48 bits, big-endian; a `Uint8Array` takes the lowest eight of what it is given.
    for (let byte = 5, rest = time; byte >= 0; byte--, rest = Math.floor(rest / 256)) pool[at + byte] = rest;
  }
  pool[at + 6] = (pool[at + 6]! & 0x0f) | version;
  pool[at + 8] = (pool[at + 8]! & 0x3f) | 0x80; // the variant
  return String.fromCharCode(
    high(at),
    low(at),
    high(at + 1),
    low(at + 1),
    high(at + 2),
    low(at + 2),
    high(at + 3),
    low(at + 3),
    HYPHEN,
    high(at + 4),
    low(at + 4),
    high(at + 5),
    low(at + 5),
    HYPHEN,
    high(at + 6),
    low(at + 6),
    high(at + 7),
    low(at + 7),
    HYPHEN,
    high(at + 8),
    low(at + 8),
    high(at + 9),
    low(at + 9),
    HYPHEN,
    high(at + 10),
    low(at + 10),
    high(at + 11),
    low(at + 11),
    high(at + 12),
    low(at + 12),
    high(at + 13),
    low(at + 13),
    high(at + 14),
    low(at + 14),
    high(at + 15),
    low(at + 15),
  );
}

function high(at: number): number {
  return HIGH[pool[at]!]!;
}

function low(at: number): number {
  return LOW[pool[at]!]!;
}
