/** *Binary.md*, "Import and Export Definitions": names with their attributes. */
import { maxNameAttributes } from '../limits.ts';
import type { NameAttributes } from './definitions.ts';
import type { Reader } from './reader.ts';

const attributes = [
  ['implements', 'implements'],
  ['versionSuffix', 'versionsuffix'],
  ['externalId', 'external-id'],
] as const;

/** Reads `nameattributes`. Returns the name alone if it has no attributes. */
export function nameAttributes(reader: Reader): string | NameAttributes {
  const form = reader.u8('a component name');
  if (form > 2) reader.badByte('component name', form);
  const name = reader.name('a component name');
  if (form < 2) return name;
  const found: { -readonly [Key in keyof NameAttributes]: NameAttributes[Key] } = { name };
  const count = reader.count('name attributes', maxNameAttributes);
  for (let index = 0; index < count; index++) {
    const byte = reader.u8('a name option');
    const [key, keyword] = attributes[byte] ?? reader.badByte('name option', byte);
    if (key in found) found.duplicate = keyword;
    found[key] = reader.name('a name option');
  }
  return found;
}
