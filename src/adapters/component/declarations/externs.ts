/**
 * Writes imports and exports in TypeScript: a namespace for each interface, which contains declarations in the form of
 * jco.
 */
import { toCamelCase, toPascalCase } from '../camel-case.ts';
import { isInterfaceName, parseResourceFunction } from '../linking/names.ts';
import type { ExternType, FunctionType, InstanceType, NamedExtern } from '../types.ts';
import { type Calling, parametersOf, signatureOf } from './functions.ts';
import { isReserved, namespaceName, propertyKey } from './identifiers.ts';
import { Scope } from './scope.ts';
import { typeDeclaration } from './values.ts';

/** One side of a component. It determines which functions return promises. */
export interface Side {
  readonly side: Calling['side'];
  isAsync(type: FunctionType, path: readonly string[]): boolean;
}

/** The declarations for a list of imports or exports, and the members of the JavaScript object for that list. */
export interface Declarations {
  readonly lines: string[];
  /** The members, in the form `name: type` or `name(parameters): type`. */
  readonly members: string[];
}

/** The result for a member that the namespace of its interface declares. */
const IN_NAMESPACE = Symbol('in the namespace');

/** Writes the declarations of one side. */
export class ExternWriter {
  readonly #side: Side;

  constructor(side: Side) {
    this.#side = side;
  }

  /** Writes the imports or exports of a component. Its functions are members of the object. */
  root(list: readonly NamedExtern[], scope: Scope): Declarations {
    const found: Declarations = { lines: [], members: [] };
    for (const extern of list) {
      const { name, type } = extern;
      const key = propertyKey(isInterfaceName(name) ? name : toCamelCase(name));
      if (type.kind === 'instance') {
        const value = this.#namespace(scope.names.unique(namespaceName(name)), name, type, scope, [name], found.lines);
        const member = this.#instanceMember(name, value);
        if (member !== undefined) found.members.push(member);
      } else if (type.kind === 'func') {
        if (parseResourceFunction(name) === undefined) {
          found.members.push(`${key}${signatureOf(type, this.#calling(type, [name]), scope)}`);
        }
      } else if (type.kind === 'type') {
        const declared = this.#type(extern, type, list, scope, [], found.lines);
        if (declared !== undefined) found.members.push(`${toPascalCase(name)}: typeof ${declared}`);
      } else found.members.push(`${key}: ${objectOf(type)}`);
    }
    return found;
  }

  #calling(type: FunctionType, path: readonly string[]): Calling {
    return { side: this.#side.side, isAsync: this.#side.isAsync(type, path) };
  }

  /**
   * Returns the member for an instance. An exported instance that has only types is an empty object. An imported
   * instance that has only types need not be passed.
   */
  #instanceMember(name: string, type: string | undefined): string | undefined {
    if (type === undefined && this.#side.side === 'import') return undefined;
    return `${propertyKey(isInterfaceName(name) ? name : toCamelCase(name))}: ${type ?? '{}'}`;
  }

  // Instances ------------------------------------------------------------------------------------------------------

  /** Writes a namespace. Returns the type of the object with its members, or undefined if it has no members. */
  #namespace(
    namespace: string,
    name: string,
    { exports }: InstanceType,
    around: Scope,
    path: readonly string[],
    lines: string[],
  ): string | undefined {
    const scope = new Scope(around.declared, `${around.path}${namespace}.`);
    const inner: string[] = [];
    const others: string[] = [];
    let hasValues = false;
    for (const extern of exports) {
      const member = this.#member(extern, exports, scope, path, inner);
      if (member === IN_NAMESPACE) hasValues = true;
      else if (member !== undefined) others.push(member);
    }
    const written = inner.length > 0 ? inner : ['export {};'];
    lines.push(`/** Interface ${name} */`, `export namespace ${namespace} {`, ...written.map(indented), '}');
    const own = hasValues ? [`typeof ${around.path}${namespace}`] : [];
    const all = others.length === 0 ? own : [...own, `{ ${others.map((other) => `${other};`).join(' ')} }`];
    return all.length === 0 ? undefined : all.join(' & ');
  }

  /** Writes one member. If a namespace cannot declare it, returns it as a member of an object type. */
  #member(
    extern: NamedExtern,
    list: readonly NamedExtern[],
    scope: Scope,
    path: readonly string[],
    lines: string[],
  ): string | typeof IN_NAMESPACE | undefined {
    const { name, type } = extern;
    const inner = [...path, name];
    switch (type.kind) {
      case 'type':
        return this.#type(extern, type, list, scope, path, lines) === undefined ? undefined : IN_NAMESPACE;
      case 'func':
        if (parseResourceFunction(name) !== undefined) return undefined;
        lines.push(
          ...functionDeclaration(toCamelCase(name), signatureOf(type, this.#calling(type, inner), scope), scope),
        );
        return IN_NAMESPACE;
      case 'instance': {
        const isPlain = !isInterfaceName(name) && !isReserved(toCamelCase(name));
        const namespace = scope.names.unique(isPlain ? toCamelCase(name) : namespaceName(name));
        const value = this.#namespace(namespace, name, type, scope, inner, lines);
        if (isPlain && value === `typeof ${scope.path}${namespace}`) return IN_NAMESPACE;
        return this.#instanceMember(name, value);
      }
      default:
        return `${propertyKey(toCamelCase(name))}: ${objectOf(type)}`;
    }
  }

  // Types ----------------------------------------------------------------------------------------------------------

  /** Writes a type. Returns the name of the class, if it is a resource type that has one. */
  #type(
    extern: NamedExtern,
    { type }: ExternType & { kind: 'type' },
    list: readonly NamedExtern[],
    scope: Scope,
    path: readonly string[],
    lines: string[],
  ): string | undefined {
    const { name } = extern;
    if (type.kind === 'value type') lines.push(...typeDeclaration(name, type.type, scope));
    if (type.kind !== 'resource') return undefined;
    const known = scope.nameOf(type);
    const declared = scope.declare(type, toPascalCase(name));
    if (known !== undefined) {
      lines.push(`export type ${declared} = ${known};`);
      return undefined;
    }
    const members = membersOf(name, list);
    const calling = (member: Member): Calling => this.#calling(member.type, [...path, member.name]);
    lines.push(
      ...(this.#side.side === 'export'
        ? classDeclaration(declared, members, calling, scope)
        : hostClassDeclaration(declared, members, calling, scope)),
    );
    return scope.path + declared;
  }
}

interface Member {
  /** The name in WIT, such as `[method]counter.get-it`. */
  readonly name: string;
  readonly form: 'constructor' | 'method' | 'static';
  /** The name in JavaScript, such as `getIt`. */
  readonly key: string;
  readonly type: FunctionType;
}

/** Returns the functions of a resource type. */
function membersOf(resource: string, list: readonly NamedExtern[]): Member[] {
  return list.flatMap(({ name, type }) => {
    const parsed = parseResourceFunction(name);
    if (type.kind !== 'func' || parsed?.resource !== resource) return [];
    return [{ name, form: parsed.form, key: propertyKey(toCamelCase(parsed.member)), type }];
  });
}

/** Writes the class for a resource type that the component defines. */
function classDeclaration(
  name: string,
  members: readonly Member[],
  calling: (member: Member) => Calling,
  scope: Scope,
): string[] {
  const construct = members.find(({ form }) => form === 'constructor');
  const lines = [`export class ${name} implements ${scope.declared.global('Disposable')} {`, '  #private;'];
  // A constructor that would return a promise cannot be called.
  if (construct === undefined || calling(construct).isAsync) lines.push('  private constructor();');
  else lines.push(`  constructor(${parametersOf(construct.type, scope)});`);
  // If the component has a static function `create`, that function keeps its name.
  const hasCreate = members.some(({ form, key }) => form === 'static' && key === 'create');
  const create = construct && (hasCreate ? propertyKey(construct.name) : 'create');
  if (construct) lines.push(`  static ${create}${signatureOf(construct.type, calling(construct), scope)};`);
  for (const member of members) {
    if (member.form === 'constructor') continue;
    const isMethod = member.form === 'method';
    lines.push(
      `  ${isMethod ? '' : 'static '}${member.key}${signatureOf(member.type, calling(member), scope, isMethod)};`,
    );
  }
  return [...lines, `  [${scope.declared.global('Symbol')}.dispose](): void;`, '}'];
}

/** Writes the interface of the class for a resource type that the host implements. */
function hostClassDeclaration(
  name: string,
  members: readonly Member[],
  calling: (member: Member) => Calling,
  scope: Scope,
): string[] {
  const methods = members.filter(({ form }) => form === 'method');
  const lines =
    methods.length === 0
      ? [`export type ${name} = object;`]
      : [
          `export interface ${name} {`,
          ...methods.map((each) => `  ${each.key}${signatureOf(each.type, calling(each), scope, true)};`),
          `  [${scope.declared.global('Symbol')}.dispose]?(): void;`,
          '}',
        ];
  const statics = members.flatMap((each) => {
    if (each.form === 'method') return [];
    if (each.form === 'constructor') return [`  new (${parametersOf(each.type, scope)}): ${name};`];
    return [`  ${each.key}${signatureOf(each.type, calling(each), scope)};`];
  });
  return [...lines, `export const ${name}: {`, `  readonly prototype: ${name};`, ...statics, '};'];
}

function functionDeclaration(name: string, signature: string, scope: Scope): string[] {
  if (!isReserved(name)) return [`export function ${scope.names.unique(name)}${signature};`];
  const local = scope.names.unique(`_${name}`);
  return [`function ${local}${signature};`, `export { ${local} as ${name} };`];
}

/** Returns the type of a core module or a component. TypeScript declares `WebAssembly.Module` for browsers only. */
function objectOf(type: ExternType): string {
  return type.kind === 'core module' ? 'object /* WebAssembly.Module */' : `object /* ${type.kind} */`;
}

function indented(line: string): string {
  return `  ${line}`;
}
