/**
 * Converts component text to a binary with the assembler in jco. It does not validate, so it encodes invalid components
 * too.
 */
import { parse } from '@bytecodealliance/jco';

const assembled = new Map<string, Promise<Uint8Array>>();

/** Returns the binary of a component in the text format. */
export function assemble(text: string): Promise<Uint8Array> {
  let found = assembled.get(text);
  if (found === undefined) {
    found = parse(text);
    assembled.set(text, found);
  }
  return found;
}
