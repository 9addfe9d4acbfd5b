/** Component binaries written by hand. */

/** Bytes from hexadecimal pairs; everything from `;` to the end of a line is a comment, `"text"` stands for its bytes. */
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

/** A component of the given sections. */
export function componentOf(sections: string): Uint8Array {
  return bytes(`${preamble}\n${sections}`);
}
