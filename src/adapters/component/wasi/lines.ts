/** Output as lines: bytes are kept until a line ends, or grows too long. */
import type { Sink } from './io.ts';
import { MAX_LINE_BYTES } from './limits.ts';

const NEWLINE = 0x0a;

export function linesTo(print: (line: string) => void): Sink {
  const decoder = new TextDecoder();
  let rest: number[] = [];
  const end = (): void => {
    print(decoder.decode(Uint8Array.from(rest)));
    rest = [];
  };
  return (bytes) => {
    for (const byte of bytes) {
      if (byte === NEWLINE) end();
      else if (rest.push(byte) >= MAX_LINE_BYTES) end();
    }
  };
}
