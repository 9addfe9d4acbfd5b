/** Components that the tests build. A build takes seconds, so each is built once in a test file. */
import { fileURLToPath } from 'node:url';
import { type BuiltComponent, buildComponent } from 'decidable/build';

const components = new Map<string, Promise<BuiltComponent>>();

/** Builds an export of a file. */
export function built(file: URL, exportName: string): Promise<BuiltComponent> {
  const key = `${file.href}#${exportName}`;
  const known = components.get(key);
  if (known !== undefined) return known;
  const component = buildComponent(fileURLToPath(file), { export: exportName });
  components.set(key, component);
  return component;
}
