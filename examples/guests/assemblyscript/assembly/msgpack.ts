/**
 * The part of canonical MessagePack (docs/encoding.md) that the bank needs: integers of up to 64 bits in their shortest
 * form, strings and maps. The reader accepts any valid MessagePack. The writer produces the canonical form.
 */
import { Refusal } from './refusal';

/** Texts stay UTF-8, because the bank does not read their characters. */
export type Bytes = StaticArray<u8>;
export const EMPTY: Bytes = new StaticArray<u8>(0);

/** UTF-8 text in borrowed memory. */
export class Text {
  constructor(
    public at: usize,
    public length: usize,
  ) {}

  static of(bytes: Bytes): Text {
    return new Text(changetype<usize>(bytes), bytes.length);
  }

  /** Returns whether the text equals this ASCII text. */
  is(text: string): bool {
    if (usize(text.length) != this.length) return false;
    for (let i = 0; i < text.length; i++) if (u16(load<u8>(this.at + i)) != text.charCodeAt(i)) return false;
    return true;
  }
}

/** Writes into separate memory, which the caller frees. The caller makes sure that `capacity` suffices. */
export class Writer {
  start: usize;
  at: usize;

  constructor(capacity: usize) {
    this.start = heap.alloc(capacity);
    this.at = this.start;
  }

  /** Writes the head of a map. It has at most 15 entries, which is enough for every type of the bank. */
  map(entries: i32): void {
    this.byte(0x80 | u8(entries));
  }

  /** Writes a short ASCII text. */
  key(text: string): void {
    this.byte(0xa0 | u8(text.length));
    for (let i = 0; i < text.length; i++) this.byte(u8(text.charCodeAt(i)));
  }

  text(text: Bytes): void {
    const length = text.length;
    if (length < 32) this.byte(0xa0 | u8(length));
    else if (length <= 0xff) this.head(0xd9, length, 1);
    else if (length <= 0xffff) this.head(0xda, length, 2);
    else this.head(0xdb, length, 4);
    memory.copy(this.at, changetype<usize>(text), length);
    this.at += length;
  }

  integer(value: i64): void {
    if (value >= -32 && value < 0x80) this.byte(u8(value));
    else if (value >= 0) {
      if (value <= 0xff) this.head(0xcc, value, 1);
      else if (value <= 0xffff) this.head(0xcd, value, 2);
      else if (value <= 0xffffffff) this.head(0xce, value, 4);
      else this.head(0xcf, value, 8);
    } else if (value >= i8.MIN_VALUE) this.head(0xd0, value, 1);
    else if (value >= i16.MIN_VALUE) this.head(0xd1, value, 2);
    else if (value >= i32.MIN_VALUE) this.head(0xd2, value, 4);
    else this.head(0xd3, value, 8);
  }

  private byte(value: u8): void {
    store<u8>(this.at++, value);
  }

  private head(tag: u8, value: i64, bytes: i32): void {
    this.byte(tag);
    for (let shift = 8 * (bytes - 1); shift >= 0; shift -= 8) this.byte(u8(value >> shift));
  }
}

/** After a failure, `failed` names the expected value, and `at` is the place. Later results are meaningless. */
export class Reader {
  failed: string = '';
  /** True if the last value had the requested type. */
  present: bool = false;
  private start: usize;
  private end: usize;

  constructor(
    private at: usize,
    length: usize,
  ) {
    this.start = at;
    this.end = at + length;
  }

  fault(): Refusal {
    return new Refusal('undecodable-payload', this.failed).with('offset', this.at - this.start);
  }

  /**
   * Returns the number of entries of a map. A value of another kind is skipped, here and below, because it has the
   * wrong shape but can be read.
   */
  map(): u64 {
    const tag = this.peek();
    if (tag >= 0x80 && tag <= 0x8f) {
      this.at++;
      return tag & 0x0f;
    }
    if (tag == 0xde) return this.sized(2);
    if (tag == 0xdf) return this.sized(4);
    this.skip();
    return 0;
  }

  key(): Text {
    const bytes = this.lent();
    if (!this.present) this.fail('expected a string as the key of a map');
    return bytes;
  }

  text(): Bytes {
    const lent = this.lent();
    if (lent.length == 0) return EMPTY;
    const copy = new StaticArray<u8>(i32(lent.length));
    memory.copy(changetype<usize>(copy), lent.at, lent.length);
    return copy;
  }

  /**
   * Reads an integer of at most this magnitude. A float without a fraction is an integer, as everywhere in the
   * encoding.
   */
  integer(most: i64): i64 {
    const tag = this.peek();
    let value: i64 = 0;
    this.present = true;
    if ((tag >= 0 && tag < 0x80) || tag >= 0xe0) {
      this.at++;
      value = i64(i8(tag));
    } else if (tag >= 0xcc && tag <= 0xcf) {
      const magnitude = this.sized(1 << (tag - 0xcc));
      this.present = magnitude <= u64(most);
      value = i64(magnitude);
    } else if (tag >= 0xd0 && tag <= 0xd3) {
      const bytes = 1 << (tag - 0xd0);
      const unused = 64 - 8 * bytes;
      value = i64(this.sized(bytes) << unused) >> unused;
    } else if (tag == 0xca || tag == 0xcb) {
      const float = tag == 0xca ? f64(reinterpret<f32>(u32(this.sized(4)))) : reinterpret<f64>(this.sized(8));
      this.present = float == Math.trunc(float) && Math.abs(float) <= f64(most);
      value = this.present ? i64(float) : 0;
    } else {
      this.present = false;
      this.skip();
    }
    this.present = this.present && value <= most && value >= -most;
    return this.present ? value : 0;
  }

  /** Counts the remaining values instead of recursing, so that input cannot exhaust the stack. */
  skip(): void {
    for (let open: u64 = 1; open > 0 && this.failed == ''; open--) {
      const tag = this.peek();
      if (tag < 0 || tag == 0xc1) this.fail('expected a value');
      else if (tag < 0x80 || tag >= 0xe0 || tag == 0xc0 || tag == 0xc2 || tag == 0xc3) this.at++;
      else if (tag <= 0x8f) open += 2 * (this.byte() & 0x0f);
      else if (tag <= 0x9f) open += this.byte() & 0x0f;
      else if (tag <= 0xbf) this.advance(1 + u64(tag & 0x1f));
      else if (tag <= 0xc6) this.advance(this.sized(1 << (tag - 0xc4)));
      else if (tag <= 0xc9) this.advance(1 + this.sized(1 << (tag - 0xc7)));
      else if (tag <= 0xcb) this.advance(1 + u64(4 << (tag - 0xca)));
      else if (tag <= 0xcf) this.advance(1 + u64(1 << (tag - 0xcc)));
      else if (tag <= 0xd3) this.advance(1 + u64(1 << (tag - 0xd0)));
      else if (tag <= 0xd8) this.advance(2 + u64(1 << (tag - 0xd4)));
      else if (tag <= 0xdb) this.advance(this.sized(1 << (tag - 0xd9)));
      else if (tag <= 0xdd) open += this.sized(2 << (tag - 0xdc));
      else open += 2 * this.sized(2 << (tag - 0xde));
    }
  }

  /** Returns `seen` with the field's bit. Fails if the field was read before. */
  once(seen: i32, bit: i32): i32 {
    if ((seen & bit) != 0) this.fail('expected each key of a map once');
    return seen | bit;
  }

  /** Fails if bytes are left. */
  finish(): void {
    if (this.at != this.end) this.fail('expected the end of the payload');
  }

  private fail(expected: string): void {
    if (this.failed == '') this.failed = expected;
  }

  private peek(): i32 {
    return this.failed != '' || this.at == this.end ? -1 : load<u8>(this.at);
  }

  private byte(): u64 {
    return load<u8>(this.at++);
  }

  private advance(count: u64): void {
    if (u64(this.end - this.at) < count) this.fail('expected more bytes');
    else this.at += usize(count);
  }

  /** Writes a tag, followed by an unsigned integer of this many bytes. */
  private sized(bytes: i32): u64 {
    if (this.end - this.at < usize(1 + bytes)) {
      this.fail('expected more bytes');
      return 0;
    }
    this.at++;
    let value: u64 = 0;
    while (bytes-- > 0) value = (value << 8) | this.byte();
    return value;
  }

  private lent(): Text {
    const tag = this.peek();
    this.present = true;
    let length: u64 = 0;
    if (tag >= 0xa0 && tag <= 0xbf) length = this.byte() & 0x1f;
    else if (tag >= 0xd9 && tag <= 0xdb) length = this.sized(1 << (tag - 0xd9));
    else {
      this.present = false;
      this.skip();
      return new Text(this.at, 0);
    }
    const at = this.at;
    this.advance(length);
    if (this.failed != '') return new Text(at, 0);
    if (!validUtf8(at, this.at)) this.fail('expected valid UTF-8');
    return new Text(at, usize(length));
  }
}

/** Returns whether the bytes are UTF-8 (RFC 3629): no overlong forms, no surrogates, nothing above U+10FFFF. */
function validUtf8(at: usize, end: usize): bool {
  while (at < end) {
    const lead = load<u8>(at++);
    if (lead < 0x80) continue;
    if (lead < 0xc2 || lead > 0xf4) return false;
    let more: usize = lead >= 0xf0 ? 3 : lead >= 0xe0 ? 2 : 1;
    if (end - at < more) return false;
    const low: u8 = lead == 0xe0 ? 0xa0 : lead == 0xf0 ? 0x90 : 0x80;
    const high: u8 = lead == 0xed ? 0x9f : lead == 0xf4 ? 0x8f : 0xbf;
    const second = load<u8>(at++);
    if (second < low || second > high) return false;
    while (--more > 0) if ((load<u8>(at++) & 0xc0) != 0x80) return false;
  }
  return true;
}
