/** From the definition of a system to what runs it: the modules of its event sourcer, and its processors. */
import { type Definition, storedNames } from '../define/message.ts';
import type { EventSourcer } from '../event-sourcer.ts';
import type { EventStore } from '../event-store.ts';
import type { AnyModule } from '../loop/bound-module.ts';
import { toHex } from '../uuid.ts';
import type { ReadModel } from '../worlds.ts';
import { Dispatcher } from './dispatcher.ts';
import { type AnyReadModel, Documents } from './documents.ts';
import { ModelDocuments } from './documents-reader.ts';
import { ProcessManagerProcessor } from './process-manager.ts';
import { type AnyProcessManager, processModule } from './process-module.ts';
import type { Processor } from './processor.ts';
import type { ProcessorStore, SubscriptionId } from './processor-store.ts';
import { type AnyReactor, ReactorProcessor } from './reactor.ts';

/** A part of a system, of whatever kind. */
export type AnyPart = AnyReadModel | AnyTables;

/** A table read model, as `defineTables` makes it: it brings its own processor and its own reader. */
export interface AnyTables {
  readonly kind: 'tables';
  readonly name: string;
  readonly version: string;
  /**
   * The processor that runs it on a store.
   * @param replacement the subscription and the tables that are built next to the present ones, to take their place.
   */
  processor(processors: ProcessorStore, filter: EventFilter, replacement?: Replacement): Processor;
  /** What `readModel` returns. */
  reader(processors: ProcessorStore): unknown;
  readonly events: Readonly<Record<string, Definition>>;
}

/** The events that a part reads. */
export interface EventFilter {
  readonly categories: readonly string[];
  readonly eventTypes: readonly string[];
}

/** A second build of a version of a read model, which will take its place. */
export interface Replacement {
  readonly subscription: SubscriptionId;
  /** Unique: tables and indexes that are built next to others need names of their own. */
  readonly id: string;
}

/** The parts from which processors are made. */
export interface ProcessorFactory {
  readonly store: EventStore;
  readonly processors: ProcessorStore;
  readonly deciders: Pick<EventSourcer, 'handleCommand'>;
  /** Makes the event sourcer of a process module. */
  processes(module: AnyModule): Pick<EventSourcer, 'handleCommand'>;
}

/** A definition, with the types forgotten. */
export interface AnySystemDefinition {
  readonly name: string;
  readonly deciders: readonly AnyModule[];
  readonly processManagers: readonly AnyProcessManager[];
  readonly readModels: readonly AnyPart[];
  readonly reactors: readonly AnyReactor[];
}

/** The parts of a definition that a running system needs. */
export interface SystemParts {
  readonly name: string;
  readonly deciders: readonly AnyModule[];
  /** Each processor with the name of the part that it belongs to. */
  processors(factory: ProcessorFactory): readonly (readonly [part: string, processor: Processor])[];
  readerOf(model: AnyPart, processors: ProcessorStore): unknown;
  /** The processor of a read model, or of its replacement; `undefined` if the model is not part of the system. */
  readModelProcessor(model: AnyPart, processors: ProcessorStore, replacement?: Replacement): Processor | undefined;
}

export function partsOf(definition: AnySystemDefinition): SystemParts {
  const { name, deciders, processManagers, readModels, reactors } = definition;
  return {
    name,
    deciders,
    processors: (factory) => {
      const made: (readonly [string, Processor])[] = [];
      for (const manager of processManagers) {
        const descriptor = manager.eventHandler.describe();
        const module = processModule(manager) as unknown as AnyModule;
        const sourcer = factory.processes(module);
        const filter = { categories: [], eventTypes: descriptor.events };
        made.push([descriptor.name, new ProcessManagerProcessor(manager, sourcer, definitionOf(descriptor), filter)]);
        const { store, deciders: target } = factory;
        const { name: handler, version } = descriptor;
        made.push([handler, new Dispatcher({ handler, version, store, processes: sourcer, deciders: target })]);
      }
      for (const model of readModels) made.push([nameOf(model), readModelProcessor(model, factory.processors)]);
      for (const reactor of reactors) {
        const filter = { categories: [], eventTypes: storedNames(Object.values(reactor.events)) };
        made.push([reactor.name, new ReactorProcessor(reactor, definitionOf({ events: filter.eventTypes }), filter)]);
      }
      return made;
    },
    readerOf: (model, processors) => {
      if (!readModels.includes(model)) return undefined;
      return isTables(model)
        ? model.reader(processors)
        : new ModelDocuments(model as ReadModel<unknown, never, unknown>, processors);
    },
    readModelProcessor: (model, processors, replacement) =>
      readModels.includes(model) ? readModelProcessor(model, processors, replacement) : undefined,
  };
}

function readModelProcessor(model: AnyPart, processors: ProcessorStore, replacement?: Replacement): Processor {
  if (isTables(model)) {
    const filter = { categories: [], eventTypes: storedNames(Object.values(model.events)) };
    return model.processor(processors, filter, replacement);
  }
  const descriptor = model.projector.describe();
  const filter = { categories: [], eventTypes: descriptor.events };
  return new Documents(model, processors, definitionOf(descriptor), filter, replacement?.subscription);
}

function nameOf(model: AnyPart): string {
  return isTables(model) ? model.name : model.projector.describe().name;
}

export function isTables(model: AnyPart): model is AnyTables {
  return 'kind' in model && model.kind === 'tables';
}

/** A descriptor as JSON, with its names sorted: equal definitions give equal texts. */
function definitionOf(descriptor: object): string {
  return JSON.stringify(descriptor, (_, value: unknown) => {
    if (value instanceof Uint8Array) return toHex(value);
    if (typeof value !== 'object' || value === null || Array.isArray(value)) return value;
    return Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)));
  });
}
