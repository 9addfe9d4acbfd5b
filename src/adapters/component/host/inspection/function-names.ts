/** The names of a core module's functions. Source: *WebAssembly 3.0*, "Custom Sections / Name Section". */
import { Cursor } from '../metering/cursor.ts';
import type { Sections } from '../metering/sections.ts';

const FUNCTION_NAMES = 1;

/** Returns the names by the indices of the functions. The map is empty if the module has no names. */
export function functionNames(sections: Sections): ReadonlyMap<number, string> {
  const names = new Map<number, string>();
  const { names: content } = sections;
  if (content === undefined) return names;
  const cursor = new Cursor(content);
  cursor.skipName();
  while (cursor.at < content.length) {
    const id = cursor.byte();
    const end = cursor.unsigned() + cursor.at;
    if (id === FUNCTION_NAMES) {
      for (let count = cursor.unsigned(); count > 0 && cursor.at < Math.min(end, content.length); count--) {
        const index = cursor.unsigned();
        const length = cursor.unsigned();
        names.set(index, new TextDecoder().decode(content.subarray(cursor.at, cursor.at + length)));
        cursor.skip(length);
      }
    }
    cursor.at = end;
  }
  return names;
}
