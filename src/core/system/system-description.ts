/** `describe(system)`: the parts of a system and the messages that flow between them, as plain data. */
import { isInline } from '../define/inline.ts';
import type { EventName, EventSource, WritePrecondition } from '../messages.ts';
import { type AnySystemDefinition, isTables } from '../processors/system-parts.ts';

/** A decider of a system. */
export interface DeciderDescription {
  readonly name: string;
  readonly version: string;
  /** The content type of the decider's payloads and stored states. */
  readonly contentType: string;
  /** The category of the decider's streams. */
  readonly category: string;
  /** The commands that the decider accepts. */
  readonly commands: readonly {
    readonly type: string;
    readonly schemaVersion: number;
    readonly precondition: WritePrecondition;
  }[];
  /** The events that the decider produces and folds. */
  readonly events: readonly { readonly type: string; readonly schemaVersion: number }[];
}

/** A process manager of a system. */
export interface ProcessManagerDescription {
  readonly name: string;
  readonly version: string;
  /** The events that the part reads. */
  readonly events: readonly EventName[];
  /** The commands that the process manager sends, each with the decider that accepts it. */
  readonly commands: readonly { readonly type: string; readonly decider: string }[];
}

/** A read model or a reactor of a system. */
export interface ReaderDescription {
  readonly kind: 'documents' | 'tables' | 'reactor';
  readonly name: string;
  readonly version: string;
  /** The events that the part reads. */
  readonly events: readonly EventName[];
}

/** A read model of a system. */
export interface ReadModelDescription extends ReaderDescription {
  readonly kind: 'documents' | 'tables';
  /** True if the read model is updated in the transaction of each append. */
  readonly isInline: boolean;
}

/** A message that one part sends to another. */
export interface MessageFlow {
  /** The name of the part that sends the message. */
  readonly from: string;
  /** The type of the command or event. */
  readonly message: string;
  /** The name of the part that receives the message. */
  readonly to: string;
}

/** A system as plain data, which can be written as JSON. */
export interface SystemDescription {
  readonly name: string;
  readonly deciders: readonly DeciderDescription[];
  readonly processManagers: readonly ProcessManagerDescription[];
  readonly readModels: readonly ReadModelDescription[];
  readonly reactors: readonly ReaderDescription[];
  /** The messages that pass from one part to another. */
  readonly flows: readonly MessageFlow[];
}

/**
 * Describes a system as plain data. The command line, the catalog and telemetry use it.
 *
 * @example
 * const { flows } = describe(bank);
 * // [{ from: 'transfers', message: 'Withdraw', to: 'account' }, …]
 */
export function describe(system: AnySystemDefinition): SystemDescription {
  const { name } = system;
  const deciders = system.deciders.map(({ routing }) => {
    const { name, version, contentType, category, commands, events } = routing.describe();
    return {
      name,
      version,
      contentType,
      category,
      commands: commands.map(({ type, schemaVersion, precondition }) => ({ type, schemaVersion, precondition })),
      events: events.map(({ type, schemaVersion }) => ({ type, schemaVersion })),
    };
  });
  const takerOf = (type: string): string =>
    deciders.find(({ commands }) => commands.some((command) => command.type === type))?.name ?? '';
  const processManagers = system.processManagers.map(({ eventHandler }) => {
    const { name, version, events, commands } = eventHandler.describe();
    return {
      name,
      version,
      events: namesOf(events),
      commands: commands.map((type) => ({ type, decider: takerOf(type) })),
    };
  });
  const readModels = system.readModels.map((model): ReadModelDescription => {
    const [kind, { name, version }, events] = isTables(model)
      ? (['tables', model, model.sources] as const)
      : (['documents', model.projector.describe(), model.projector.describe().events] as const);
    return { kind, name, version, events: namesOf(events), isInline: isInline(model) };
  });
  const reactors = system.reactors.map(
    ({ name, version, sources }): ReaderDescription => ({
      kind: 'reactor',
      name,
      version,
      events: namesOf(sources),
    }),
  );
  const makersOf = ({ category, type }: EventName): readonly string[] =>
    deciders
      .filter((decider) => decider.category === category && decider.events.some((event) => event.type === type))
      .map(({ name }) => name);
  const flows: MessageFlow[] = [];
  for (const { name: to, events } of [...processManagers, ...readModels, ...reactors]) {
    for (const event of events) for (const from of makersOf(event)) flows.push({ from, message: event.type, to });
  }
  for (const { name: from, commands } of processManagers) {
    for (const { type: message, decider: to } of commands) flows.push({ from, message, to });
  }
  return { name, deciders, processManagers, readModels, reactors, flows };
}

function namesOf(sources: readonly EventSource[]): readonly EventName[] {
  return sources.map(({ category, type }) => ({ category, type }));
}
