/** `decidable describe`: prints the parts of the system and how their messages connect them. */

import type { EventName } from '../../../core/messages.ts';
import { describe, type SystemDescription } from '../../../core/system/system-description.ts';
import { DONE } from '../exit-codes.ts';
import type { Output } from '../output.ts';
import type { Session } from '../session.ts';

export interface DescribeOptions {
  readonly mermaid?: boolean | undefined;
}

export async function describeSystem(session: Session, { mermaid }: DescribeOptions): Promise<number> {
  const { system } = await session.config();
  const description = describe(system);
  const { output } = session;
  if (output.isJson) await output.document(description);
  else if (mermaid) await output.text(...mermaidOf(description));
  else await output.text(...textOf(description, output));
  return DONE;
}

function textOf(system: SystemDescription, output: Output): readonly string[] {
  const heading = (text: string): string => output.styled('bold', text);
  const types = (messages: readonly { readonly type: string }[]): string => messages.map(({ type }) => type).join(', ');
  const names = (events: readonly EventName[]): string =>
    events.map(({ category, type }) => `${category}.${type}`).join(', ');
  const lines = [heading(`System ${system.name}`)];
  const section = (title: string, parts: readonly (readonly string[])[]): void => {
    if (parts.length > 0) lines.push('', heading(title), ...parts.flat());
  };
  section(
    'Deciders',
    system.deciders.map(({ name, version, contentType, category, commands, events }) => [
      `  ${name} ${version}  ${output.styled('dim', `streams ${category}-…, ${contentType}`)}`,
      `    takes  ${types(commands)}`,
      `    makes  ${types(events)}`,
    ]),
  );
  section(
    'Process managers',
    system.processManagers.map(({ name, version, events, commands }) => [
      `  ${name} ${version}`,
      `    reads  ${names(events)}`,
      `    sends  ${commands.map(({ type, decider }) => `${type} → ${decider}`).join(', ')}`,
    ]),
  );
  section(
    'Read models',
    system.readModels.map(({ kind, name, version, events, isInline }) => [
      `  ${name} ${version}  ${output.styled('dim', isInline ? `${kind}, inline` : kind)}`,
      `    reads  ${names(events)}`,
    ]),
  );
  section(
    'Reactors',
    system.reactors.map(({ name, version, events }) => [`  ${name} ${version}`, `    reads  ${names(events)}`]),
  );
  return lines;
}

/** Returns a flow chart in the language of https://mermaid.js.org. Parts are boxes, and messages are arrows. */
function mermaidOf(system: SystemDescription): readonly string[] {
  const parts = [
    ...system.deciders.map(({ name }) => [name, '["', '"]'] as const),
    ...system.processManagers.map(({ name }) => [name, '{{"', '"}}'] as const),
    ...system.readModels.map(({ name }) => [name, '[("', '")]'] as const),
    ...system.reactors.map(({ name }) => [name, '(["', '"])'] as const),
  ];
  const ids = new Map(parts.map(([name], index) => [name, `p${index}`]));
  // Several messages between two parts share an arrow.
  const arrows = new Map<string, string[]>();
  for (const { from, message, to } of system.flows) {
    const arrow = `${ids.get(from)} ${ids.get(to)}`;
    arrows.set(arrow, [...(arrows.get(arrow) ?? []), message]);
  }
  return [
    'flowchart LR',
    ...parts.map(([name, open, close]) => `  ${ids.get(name)}${open}${escaped(name)}${close}`),
    ...[...arrows].map(([arrow, messages]) => {
      const [from, to] = arrow.split(' ');
      return `  ${from} -- "${messages.map(escaped).join('<br>')}" --> ${to}`;
    }),
  ];
}

/** Escapes special characters, which Mermaid writes as entities. */
function escaped(text: string): string {
  return text.replaceAll(/[^\p{L}\p{N} ._:/-]/gu, (character) => `#${character.codePointAt(0)};`);
}
