/** Checks that a component exports the interfaces of another contract. */
import type { Component, NamedExtern } from '../../index.ts';
import { interfaceProblems, misfit, resourcesOf } from '../fit.ts';

/** The functions of an interface, in the notation of WIT. The type of a resource type is `resource`. */
export type Members = Readonly<Record<string, string>>;

/** Returns the exported interface with this name. */
export function exportedInterface(component: Component, name: string): NamedExtern | undefined {
  return component.exports.find((extern) => extern.name === name && extern.type.kind === 'instance');
}

/**
 * Checks the interfaces of a component.
 *
 * @param interfaces the expected interfaces by their full names. The first one has the resource types.
 * @throws LinkError that shows all differences.
 */
export function fitContract(
  component: Component,
  contract: string,
  interfaces: Readonly<Record<string, Members>>,
): void {
  const [types = ''] = Object.keys(interfaces);
  const resources = resourcesOf(exportedInterface(component, types));
  const problems = Object.entries(interfaces).flatMap(([name, members]) =>
    interfaceProblems(name, members, exportedInterface(component, name), resources),
  );
  if (problems.length > 0) throw misfit(component, contract, problems);
}
