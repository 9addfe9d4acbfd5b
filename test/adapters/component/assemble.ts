/**
 * Component text to binary, by the assembler in jco. It encodes without validating, so that invalid components come out
 * as binaries too.
 */
import { parse } from '@bytecodealliance/jco';

const assembled = new Map<string, Promise<Uint8Array>>();

/** The binary of a component in the text format. */
export function assemble(text: string): Promise<Uint8Array> {
  let found = assembled.get(text);
  if (found === undefined) {
    found = parse(text);
    assembled.set(text, found);
  }
  return found;
}
