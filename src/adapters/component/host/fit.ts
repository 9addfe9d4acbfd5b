/**
 * Checks that a component has the exports of a world. One error lists all differences, each with the type in the
 * contract and the type in the component.
 */
import type { Component, ExternType, FunctionType, NamedExtern, ResourceType, ValueType } from '../index.ts';
import { LinkError } from '../index.ts';
import { INTERFACES, type InterfaceName, PACKAGE, VERSION, WORLDS, type WorldName } from './worlds.ts';

/** The full names under which the component exports the interfaces of the world. */
export type InterfaceNames = Readonly<Partial<Record<InterfaceName, string>>>;

/**
 * Returns the interfaces of the world that the component exports.
 *
 * @throws LinkError that shows the expected and the found type of each function that is missing or has another type.
 */
export function fitWorld(component: Component, world: WorldName): InterfaceNames {
  const problems = worldProblems(component, world);
  if (problems.length > 0) throw misfit(component, `world ${world} of ${PACKAGE}@${VERSION}`, problems);
  return Object.fromEntries(WORLDS[world].map((name) => [name, exportOf(component, name)?.name]));
}

/** Returns the differences between the exports of a component and a world. The list is empty if the component fits. */
export function worldProblems(component: Component, world: WorldName): readonly WorldProblem[] {
  const found = WORLDS[world].map((name) => ({ name, extern: exportOf(component, name) }));
  const resources = resourcesOf(found.find(({ name }) => name === 'types')?.extern);
  return found.flatMap(({ name, extern }) =>
    interfaceProblems(`${PACKAGE}/${name}@${VERSION}`, INTERFACES[name], extern, resources),
  );
}

/** Returns the export for an interface of this version of the contract, or of a later patch of it. */
function exportOf(component: Component, name: InterfaceName): NamedExtern | undefined {
  const pattern = new RegExp(`^${PACKAGE}/${name}@${VERSION.split('.', 2).join('\\.')}\\.\\d+$`);
  return component.exports.find((extern) => extern.type.kind === 'instance' && pattern.test(extern.name));
}

/**
 * Returns the resource types of the interface `types`, by identity. Other interfaces must use the same resource types.
 */
export function resourcesOf(extern: NamedExtern | undefined): ReadonlyMap<ResourceType, string> {
  const resources = new Map<ResourceType, string>();
  for (const { name, type } of membersOf(extern)) {
    if (type.kind === 'type' && type.type.kind === 'resource') resources.set(type.type, name);
  }
  return resources;
}

function membersOf(extern: NamedExtern | undefined): readonly NamedExtern[] {
  return extern?.type.kind === 'instance' ? extern.type.exports : [];
}

/** An export that is missing from a component, or has a type other than that of the world. */
export interface WorldProblem {
  /** The name of the interface, followed by the name of the function. */
  readonly path: readonly string[];
  /** The type in the contract, in the notation of WIT. */
  readonly expected: string;
  /** The type in the component, or `nothing`. */
  readonly found: string;
}

/**
 * Returns the differences between an exported interface and the expected one.
 *
 * @param full the name of the expected interface.
 * @param expectedMembers the types of its functions, in the notation of WIT.
 */
export function interfaceProblems(
  full: string,
  expectedMembers: Readonly<Record<string, string>>,
  extern: NamedExtern | undefined,
  resources: ReadonlyMap<ResourceType, string>,
): WorldProblem[] {
  if (extern === undefined) return [{ path: [full], expected: 'an interface', found: 'nothing' }];
  const members = new Map(membersOf(extern).map((member) => [member.name, member.type]));
  return Object.entries(expectedMembers).flatMap(([member, expected]) => {
    const type = members.get(member);
    const found = type === undefined ? 'nothing' : describeExtern(type, resources);
    return found === expected ? [] : [{ path: [full, member], expected, found }];
  });
}

/** Returns the error for a component that does not fit, with all differences. */
export function misfit(component: Component, expected: string, problems: readonly WorldProblem[]): LinkError {
  const lines = problems.map(
    ({ path, expected, found }) => `  ${path.join('#')}\n    expected: ${expected}\n    found:    ${found}`,
  );
  const exported = component.exports.map((extern) => extern.name).join(', ');
  return new LinkError(
    `the component does not fit ${expected}:\n${lines.join('\n')}\n` +
      `  it exports: ${exported === '' ? 'nothing' : exported}`,
    problems[0]?.path ?? [],
  );
}

// Types in the notation of WIT --------------------------------------------------------------------------------------

function describeExtern(type: ExternType, resources: ReadonlyMap<ResourceType, string>): string {
  if (type.kind === 'func') return describeFunction(type, resources);
  return type.kind === 'type' ? type.type.kind : type.kind;
}

function describeFunction(type: FunctionType, resources: ReadonlyMap<ResourceType, string>): string {
  const params = type.params.map((param) => `${param.name}: ${describe(param.type, resources)}`).join(', ');
  const result = type.result === undefined ? '' : ` -> ${describe(type.result, resources)}`;
  return `${type.async ? 'async ' : ''}func(${params})${result}`;
}

function describe(type: ValueType, resources: ReadonlyMap<ResourceType, string>): string {
  const of = (inner: ValueType): string => describe(inner, resources);
  const orNothing = (inner: ValueType | undefined): string => (inner === undefined ? '_' : of(inner));
  const nameOf = (resource: ResourceType): string =>
    resources.get(resource) ?? `${resource.name ?? 'a resource'} of another type`;
  switch (type.kind) {
    case 'record':
      return `record { ${type.fields.map((field) => `${field.name}: ${of(field.type)}`).join(', ')} }`;
    case 'variant':
      return `variant { ${type.cases.map((each) => each.name + (each.type === undefined ? '' : `(${of(each.type)})`)).join(', ')} }`;
    case 'list':
      return `list<${of(type.element)}${type.length === undefined ? '' : `, ${type.length}`}>`;
    case 'tuple':
      return `tuple<${type.elements.map(of).join(', ')}>`;
    case 'flags':
    case 'enum':
      return `${type.kind} { ${type.labels.join(', ')} }`;
    case 'option':
      return `option<${of(type.value)}>`;
    case 'result':
      return `result<${orNothing(type.ok)}, ${orNothing(type.error)}>`;
    case 'map':
      return `map<${of(type.key)}, ${of(type.value)}>`;
    case 'own':
      return nameOf(type.resource);
    case 'borrow':
      return `borrow<${nameOf(type.resource)}>`;
    case 'stream':
    case 'future':
      return `${type.kind}<${orNothing(type.element)}>`;
    default:
      return type.kind;
  }
}
