/** `componentTypes`: the TypeScript declarations of a component's imports and exports. */

import type { OptionNames } from '../../../core/unknown-names.ts';
import { propertyOf, show } from '../abi/javascript-values.ts';
import { decode } from '../binary/decode.ts';
import { toPascalCase } from '../camel-case.ts';
import { type BufferSource, bytesOfComponent, type Component } from '../compile.ts';
import { ArgumentError } from '../errors.ts';
import { AsyncImports } from '../linking/async-imports.ts';
import { checkNames } from '../option-names.ts';
import { describeExterns } from '../types/describe.ts';
import type { FunctionType, NamedExtern } from '../types.ts';
import { validate } from '../validation/validate.ts';
import { ExternWriter, type Side } from './externs.ts';
import { namespaceName } from './identifiers.ts';
import { DeclaredTypes, Scope } from './scope.ts';

/** The options of {@link componentTypes}. */
export interface ComponentTypesOptions {
  /**
   * The name of the interface of the exports.
   *
   * @default 'Root'
   */
  readonly name?: string | undefined;
  /**
   * The imports that return promises, as in the option of `instantiate`. All exports then return promises. They also
   * return promises if the component imports an `async` function.
   *
   * @default []
   */
  readonly asyncImports?: readonly string[] | undefined;
}

const OPTION_NAMES: OptionNames<ComponentTypesOptions> = { name: true, asyncImports: true };

/**
 * Writes a `.d.ts` file for a component: `ImportObject` for its imports, `Root` for the exports of its instances, and
 * the types that both use. The declarations have the form of those that jco's `types` writes. They are correct for
 * `resources: 'objects'`.
 *
 * @param source the bytes of the component, or a compiled one. Bytes are not compiled.
 * @throws ArgumentError if `source` is another value, or an option is unknown or invalid.
 * @throws MalformedError | InvalidError | UnsupportedError as `compile` does.
 *
 * @example
 * await writeFile('bank.d.ts', componentTypes(await readFile('bank.wasm')));
 *
 * // elsewhere
 * import type { ImportObject, Root } from './bank.d.ts';
 * const imports: ImportObject = { … };
 * const { exports } = await instantiate<Root>(component, imports);
 */
export function componentTypes(source: BufferSource | Component, options: ComponentTypesOptions = {}): string {
  checkNames('options', options, OPTION_NAMES);
  const { name = 'Root', asyncImports = [] } = options;
  if (!/^[A-Za-z_$][\w$]*$/.test(name))
    throw new ArgumentError('name', `expected the name of an interface, got ${show(name)}`);
  const declaredAsync = new AsyncImports(asyncImports);
  const { imports, exports } = externsOf(source);

  let mayWait = false;
  const importing: Side = {
    side: 'import',
    isAsync(type, path) {
      const isAsync = declaredAsync.has(path) || type.async;
      mayWait ||= isAsync;
      return isAsync;
    },
  };
  const exporting: Side = { side: 'export', isAsync: (type: FunctionType) => mayWait || type.async };

  const declared = new DeclaredTypes();
  hideNames([...imports, ...exports], declared);
  const helpers = [declared.helperName('Option'), declared.helperName('Result')];
  const scope = new Scope(declared, '', ['ImportObject', name, ...helpers]);
  const given = new ExternWriter(importing).root(imports, scope);
  declaredAsync.check();
  const made = new ExternWriter(exporting).root(exports, scope);
  return [
    ...given.lines,
    ...made.lines,
    ...objectInterface('ImportObject', given.members),
    ...objectInterface(name, made.members),
    ...helperTypes(declared),
    '',
  ].join('\n');
}

function externsOf(source: BufferSource | Component): {
  readonly imports: readonly NamedExtern[];
  readonly exports: readonly NamedExtern[];
} {
  if (propertyOf(source, 'plan') !== undefined) return source as Component;
  const { imports, exports } = validate(decode(bytesOfComponent(source as BufferSource)));
  return { imports: describeExterns(imports), exports: describeExterns(exports) };
}

/** Records the names of all types, so that no type of the component hides a global type that the declarations use. */
function hideNames(externs: readonly NamedExtern[], declared: DeclaredTypes): void {
  for (const { name, type } of externs) {
    if (type.kind === 'instance') {
      declared.hide(namespaceName(name));
      hideNames(type.exports, declared);
    }
    if (type.kind !== 'type') continue;
    declared.hide(toPascalCase(name));
    if (type.type.kind !== 'value type' || type.type.type.kind !== 'variant') continue;
    for (const each of type.type.type.cases) declared.hide(toPascalCase(name) + toPascalCase(each.name));
  }
}

function objectInterface(name: string, members: readonly string[]): string[] {
  return [`export interface ${name} {`, ...members.map((member) => `  ${member},`), '}'];
}

function helperTypes(declared: DeclaredTypes): string[] {
  const lines: string[] = [];
  if (declared.helpers.has('Option')) {
    lines.push(`export type ${declared.helperName('Option')}<T> = { tag: 'none' } | { tag: 'some', val: T };`);
  }
  if (declared.helpers.has('Result')) {
    lines.push(`export type ${declared.helperName('Result')}<T, E> = { tag: 'ok', val: T } | { tag: 'err', val: E };`);
  }
  return lines;
}
