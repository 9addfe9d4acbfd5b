/**
 * The map `events` of a reader: a process manager, a read model or a reactor. Its keys are the reader's own names, and
 * its values are definitions that have a category. So a reader can read events of one type and several categories.
 */
import { DefinitionError } from '../errors.ts';
import type { EventSource } from '../messages.ts';
import {
  type Definition,
  definition as define,
  type EventFields,
  type MessageMaker,
  type SchemaOf,
  storedNames,
} from './message.ts';
import { type MessageEntry, type MessageTable, messageEntry } from './message-table.ts';
import type { OutputOf, StandardSchema } from './schema.ts';

/** The definition of an event under its reader's name. Call it to make a message with that name. */
type ReadEventDefinition<Name extends string, Schema extends StandardSchema> = EventFields<string, Schema> & {
  readonly category: string;
} & MessageMaker<Name, OutputOf<Schema>>;

/** The definitions of a reader's events, by the reader's names. */
export type ReadEventDefinitions<Sources> = {
  readonly [Name in keyof Sources & string]: ReadEventDefinition<Name, SchemaOf<Sources[Name]>>;
};

/** The type of a reader's `events`: definitions of events that have a category. */
export type CheckedEventSources<Sources> = {
  [Name in keyof Sources]: Sources[Name] extends { readonly kind: 'event'; readonly category: string }
    ? unknown
    : {
        readonly 'expected an event of a decider, such as account.events.Deposited, or the result of withCategory': never;
      };
};

/**
 * Makes the table of the events that a reader reads, by the reader's names.
 * @throws DefinitionError that names the entry.
 */
export function eventSourceTable(sources: Readonly<Record<string, unknown>>, place: string): MessageTable {
  if (typeof sources !== 'object' || sources === null)
    throw new DefinitionError(place, 'must be an object of definitions');
  const entries = Object.entries(sources).map(([name, source]): [string, MessageEntry] => {
    const at = `${place}.${name}`;
    return [name, messageEntry('event', name, ownedDefinition(source, at), at)];
  });
  const readers = new Map<string, string>();
  for (const [name, { definition }] of entries) {
    for (const type of storedNames([definition])) {
      const event = `${categoryOf(definition)}.${type}`;
      const other = readers.get(event);
      if (other !== undefined)
        throw new DefinitionError(
          `${place}.${name}`,
          `is the event ${event}, which is also the entry ${other}; remove one of the two`,
        );
      readers.set(event, name);
    }
  }
  return new Map(entries);
}

function ownedDefinition(source: unknown, place: string): Definition {
  const { kind, category }: Partial<EventFields<string, StandardSchema>> = Object(source);
  if (kind === 'event' && category !== undefined) return source as Definition;
  const remedy =
    'pass the event of the decider that owns it, as in account.events.Deposited, or add the category with withCategory';
  throw new DefinitionError(
    place,
    kind === 'event'
      ? `is an event without a category, so its streams are unknown: ${remedy}`
      : `must be the definition of an event: ${remedy}`,
  );
}

function categoryOf(definition: Definition): string {
  return (definition as EventFields<string, StandardSchema>).category!; // Checked by `ownedDefinition`.
}

/** Returns the events of a table for its reader's descriptor, former names included. */
export function eventSources(table: MessageTable): readonly EventSource[] {
  return [...table].flatMap(([name, { definition }]) =>
    storedNames([definition]).map((type) => ({
      category: categoryOf(definition),
      type,
      name: name === type ? undefined : name,
    })),
  );
}

/** Returns the definitions of a table as the public map of its reader. */
export function readDefinitions(table: MessageTable): Record<string, Definition> {
  const shown = [...table].map(([name, { definition }]) => [
    name,
    name === definition.type ? definition : define(name, { ...definition }),
  ]);
  return Object.freeze(Object.fromEntries(shown));
}
