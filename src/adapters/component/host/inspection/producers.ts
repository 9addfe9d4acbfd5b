/** The custom section `producers`: the languages and tools that made a binary. Source: *tool-conventions*. */
import { Cursor } from '../metering/cursor.ts';

/** A language or a tool that took part in making the component. */
export interface Producer {
  /** The name of the field: `language`, `processed-by` or `sdk`. */
  readonly field: string;
  readonly name: string;
  /** The version of the producer, which may be empty. */
  readonly version: string;
}

const SECTION = 'producers';
const HEADER_LENGTH = 8;
/** The ids of the sections that contain a core module and a component. */
const CORE_MODULE = 1;
const COMPONENT = 4;
const CUSTOM = 0;
/** The maximum number of fields of a section. A larger count is treated as damage. */
const MOST = 1_000;

/**
 * Returns the producers of a component and of all modules and components in it, each once. A damaged section is
 * skipped.
 */
export function producersOf(component: Uint8Array): readonly Producer[] {
  const found = new Map<string, Producer>();
  collect(component, true, found);
  return [...found.values()];
}

function collect(binary: Uint8Array, isComponent: boolean, found: Map<string, Producer>): void {
  const cursor = new Cursor(binary, HEADER_LENGTH);
  while (cursor.at < binary.length) {
    const id = cursor.byte();
    const length = cursor.unsigned();
    const content = binary.subarray(cursor.at, cursor.at + length);
    if (id === CUSTOM) readProducers(content, found);
    else if (isComponent && (id === CORE_MODULE || id === COMPONENT)) collect(content, id === COMPONENT, found);
    cursor.skip(length);
  }
}

function readProducers(content: Uint8Array, found: Map<string, Producer>): void {
  const cursor = new Cursor(content);
  if (readName(cursor) !== SECTION) return;
  for (let fields = Math.min(cursor.unsigned(), MOST); fields > 0; fields--) {
    const field = readName(cursor);
    for (let values = Math.min(cursor.unsigned(), MOST); values > 0; values--) {
      const [name, version] = [readName(cursor), readName(cursor)];
      if (cursor.at > content.length) return;
      found.set(JSON.stringify([field, name, version]), { field, name, version });
    }
  }
}

function readName(cursor: Cursor): string {
  const length = cursor.unsigned();
  const bytes = cursor.bytes.subarray(cursor.at, cursor.at + length);
  cursor.skip(length);
  return new TextDecoder().decode(bytes);
}
