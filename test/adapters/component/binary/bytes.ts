/** Component binaries written by hand. */

/**
 * Returns bytes from hexadecimal pairs. `;` begins a comment, which ends with the line. `"text"` stands for the bytes
 * of the text.
 */
export function bytes(text: string): Uint8Array {
  const out: number[] = [];
  for (const [token] of text.replaceAll(/;.*$/gm, '').matchAll(/"[^"]*"|[^\s"]+/g)) {
    if (token.startsWith('"')) out.push(...new TextEncoder().encode(token.slice(1, -1)));
    else out.push(Number.parseInt(token, 16));
  }
  return new Uint8Array(out);
}

/** The preamble of a component, 8 bytes. */
export const preamble = '00 "asm" 0d 00 01 00';

/** Returns a component with these sections. */
export function componentOf(sections: string): Uint8Array {
  return bytes(`${preamble}\n${sections}`);
}

/** Encodes an unsigned LEB128 number. */
export function leb(value: number): number[] {
  return value < 0x80 ? [value] : [(value & 0x7f) | 0x80, ...leb(Math.floor(value / 0x80))];
}

/** Encodes a `vec`. `elements` returns each element. */
export function vec(count: number, elements: (index: number) => readonly number[]): number[] {
  const out = leb(count);
  for (let index = 0; index < count; index++) for (const byte of elements(index)) out.push(byte);
  return out;
}

/** Encodes a section of a component or core module. */
export function section(id: number, content: Iterable<number>): number[] {
  const bytes = [...content];
  return [id, ...leb(bytes.length)].concat(bytes);
}

/** Returns a component with sections of {@link section}. */
export function componentOfSections(...sections: readonly number[][]): Uint8Array {
  return new Uint8Array([0, 0x61, 0x73, 0x6d, 0x0d, 0, 1, 0].concat(...sections));
}

/** Encodes a core module section with a module that has these sections. */
export function moduleSection(...sections: readonly number[][]): number[] {
  return section(1, [0, 0x61, 0x73, 0x6d, 1, 0, 0, 0].concat(...sections));
}
