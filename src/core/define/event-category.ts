/**
 * The category of an event's definition. An event is identified by its category and its type, so an order's `Cancelled`
 * is not a subscription's `Cancelled` (docs/architecture.md, "Names").
 */
import { DefinitionError } from '../errors.ts';
import { mustBe } from '../predicates.ts';
import { checkCategory } from '../stream-name.ts';
import {
  type Definition,
  definition as define,
  type EventDefinition,
  type EventFields,
  type OwnedEventDefinition,
  storedNames,
} from './message.ts';
import type { MessageEntry, MessageTable } from './message-table.ts';
import type { StandardSchema } from './schema.ts';

/** The copy of a definition in each category. Two deciders that share a definition share the copy too. */
const copies = new WeakMap<object, Map<string, Definition>>();

/**
 * Adds a category to an event's definition, so that a reader can read the event. A decider does this for its own
 * events. Call this function for an event of a component or of another program. Calls with the same definition and
 * category return the same object.
 *
 * @example
 * const Deposited = withCategory(defineEvent('Deposited', z.object({ amount: z.bigint() })), 'account');
 *
 * @throws DefinitionError if the category is invalid, or the definition belongs to another category.
 */
export function withCategory<Type extends string, Schema extends StandardSchema>(
  definition: EventDefinition<Type, Schema>,
  category: string,
): OwnedEventDefinition<Type, Schema> {
  if (Object(definition).kind !== 'event') {
    throw new DefinitionError('withCategory', mustBe('the definition of an event, made by defineEvent', definition));
  }
  checkedCategory(category, 'withCategory.category');
  return inCategory(definition, category, 'withCategory') as OwnedEventDefinition<Type, Schema>;
}

/** Returns the category unchanged. @throws DefinitionError if it is invalid. */
export function checkedCategory(category: string, place: string): string {
  const problem = checkCategory(category);
  if (problem === undefined) return category;
  throw new DefinitionError(
    place,
    `the category ${problem}; a category is a stream name without "-", such as "account"`,
  );
}

/**
 * Returns the table of a decider's events, with its category in each definition.
 *
 * @throws DefinitionError that names the entry.
 */
export function ownedEvents(table: MessageTable, category: string, place: string): MessageTable {
  const owned = ([type, entry]: [string, MessageEntry]): [string, MessageEntry] => [
    type,
    { ...entry, definition: inCategory(entry.definition, category, `${place}.${type}`) },
  ];
  return new Map([...table].map(owned));
}

function inCategory(definition: Definition, category: string, place: string): Definition {
  const { category: present } = definition as EventFields<string, StandardSchema>;
  if (present === category) return definition;
  if (present !== undefined) {
    throw new DefinitionError(
      place,
      `is the event ${definition.type} of the category ${JSON.stringify(present)}, expected one of the category ` +
        `${JSON.stringify(category)}; to use one definition in both, define it with defineEvent and pass it to both`,
    );
  }
  let byCategory = copies.get(definition);
  if (byCategory === undefined) copies.set(definition, (byCategory = new Map()));
  let copy = byCategory.get(category);
  if (copy === undefined) byCategory.set(category, (copy = define(definition.type, { ...definition, category })));
  return copy;
}

/** A module with the definitions of its events, such as one of `defineDecider`. A component has no definitions. */
export interface EventOwner {
  readonly events?: Readonly<Record<string, Definition>> | undefined;
}

/** Finds the owner of each event. A category and a type have one definition, even if several modules use it. */
export class EventOwners {
  readonly #owners = new Map<string, { readonly name: string; readonly definition: Definition | undefined }>();

  /**
   * Adds the events of a module.
   *
   * @throws DefinitionError if another module has an event of the same category and type, with another definition.
   */
  add(
    { events }: EventOwner,
    { name, category, events: described }: { name: string; category: string; events: readonly { type: string }[] },
    place: string,
  ): void {
    const definitions = new Map(
      Object.values(events ?? {}).flatMap((definition) =>
        storedNames([definition]).map((type): [string, Definition] => [type, definition]),
      ),
    );
    for (const { type } of described) {
      const key = `${category}-${type}`;
      const definition = definitions.get(type);
      const owner = this.#owners.get(key);
      if (owner === undefined) this.#owners.set(key, { name, definition });
      else if (definition === undefined || definition !== owner.definition) {
        throw new DefinitionError(
          place,
          `the event ${category}.${type} belongs to both ${owner.name} and ${name}; an event is identified by its category and ` +
            'type, so rename one of the two, give one module another category, or share one defineEvent between them',
          { names: [`${category}.${type}`, owner.name, name] },
        );
      }
    }
  }
}
