/** Returns a name of a table or a schema as a part of a statement in SQL. */
export function quoted(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}
