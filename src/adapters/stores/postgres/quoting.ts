/** Quotes text for statements that have no parameters, such as those that create functions. */

/**
 * The quotes of the body of a function, which contains the name of the schema. A name has at most 63 bytes, so it
 * cannot contain these 64 letters.
 */
export const BODY: string = `$${'body'.repeat(16)}$`;

/** Returns text as a literal, for any setting of `standard_conforming_strings`. */
export function literal(text: string): string {
  return `E'${text.replaceAll('\\', '\\\\').replaceAll("'", "''")}'`;
}
