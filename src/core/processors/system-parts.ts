/** Makes the parts of a running system from its definition: the modules of its event sourcer, and its processors. */
import { isInline, isSameModel } from '../define/inline.ts';
import type { EventSourcer } from '../event-sourcer.ts';
import type { EventStore } from '../event-store.ts';
import type { AnyModule } from '../loop/bound-module.ts';
import type { EventSource } from '../messages.ts';
import type { ReadModel } from '../worlds.ts';
import { definitionText } from './definition-text.ts';
import { Dispatcher } from './dispatcher.ts';
import { type AnyReadModel, Documents } from './documents.ts';
import { ModelDocuments } from './documents-reader.ts';
import { EventReading } from './event-reading.ts';
import { type InlineProcessor, inlineProjection } from './inline-projection.ts';
import { ProcessManagerProcessor } from './process-manager.ts';
import { type AnyProcessManager, processModule } from './process-module.ts';
import type { Processor } from './processor.ts';
import type { InlineProjection, ProcessorStore, SubscriptionId } from './processor-store.ts';
import { type AnyReactor, ReactorProcessor } from './reactor.ts';

/** A read model of documents or of tables. */
export type AnyPart = AnyReadModel | AnyTables;

/** A table read model of `defineTables`, which makes its own processor and reader. */
export interface AnyTables {
  readonly kind: 'tables';
  readonly name: string;
  readonly version: string;
  readonly tables: readonly string[];
  /**
   * Makes the processor of the read model on a store.
   * @param replacement the subscription and the tables that are built to replace the current ones.
   */
  processor(processors: ProcessorStore, reading: EventReading, replacement?: Replacement): InlineProcessor;
  /** Makes the reader that `readModel` returns. */
  reader(processors: ProcessorStore): unknown;
  /** The events that the read model reads, with their categories. */
  readonly sources: readonly EventSource[];
}

/** A second build of a version of a read model, which will replace the first build. */
export interface Replacement {
  readonly subscription: SubscriptionId;
  /** A unique id, because the new tables and indexes need names that differ from the current ones. */
  readonly id: string;
}

/** The dependencies of processors. */
export interface ProcessorFactory {
  readonly store: EventStore;
  readonly processors: ProcessorStore;
  readonly deciders: Pick<EventSourcer, 'handleCommand'>;
  /** The maximum number of commands that the deciders' event sourcer accepts at the same time. */
  readonly maxInFlight: number;
  /** Makes the event sourcer of a process module. */
  processes(module: AnyModule): Pick<EventSourcer, 'handleCommand'>;
}

/** A definition without its types. */
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
  /** Makes the processors, each with the name of its part. */
  processors(factory: ProcessorFactory): readonly (readonly [part: string, processor: Processor])[];
  readerOf(model: AnyPart, processors: ProcessorStore): unknown;
  /** Makes the projections of the inline read models. */
  inlineProjections(
    processors: ProcessorStore,
    now: () => number,
    accepted: readonly string[],
  ): readonly InlineProjection[];
  /** Makes the processor of a read model or its replacement. Returns `undefined` if the model is not in the system. */
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
        const module = processModule(manager) as AnyModule;
        const sourcer = factory.processes(module);
        const reading = new EventReading(descriptor.events);
        made.push([
          descriptor.name,
          new ProcessManagerProcessor(manager, sourcer, definitionText(descriptor, manager), reading),
        ]);
        const { store, deciders: target, maxInFlight } = factory;
        const { name: handler, version } = descriptor;
        const { events } = reading;
        const sending = { handler, version, events, store, processes: sourcer, deciders: target, maxInFlight };
        made.push([handler, new Dispatcher(sending)]);
      }
      for (const model of readModels) made.push([nameOf(model), readModelProcessor(model, factory.processors)]);
      for (const reactor of reactors) {
        const { sources } = reactor;
        const reading = new EventReading(sources);
        made.push([reactor.name, new ReactorProcessor(reactor, definitionText({ events: sources }), reading)]);
      }
      return made;
    },
    readerOf: (model, processors) => {
      if (!readModels.some((one) => isSameModel(one, model))) return undefined;
      return isTables(model)
        ? model.reader(processors)
        : new ModelDocuments(model as ReadModel<unknown, never, unknown>, processors);
    },
    inlineProjections: (processors, now, accepted) =>
      readModels.filter(isInline).map((model) => {
        return inlineProjection(readModelProcessor(model, processors), now, accepted.includes(nameOf(model)));
      }),
    readModelProcessor: (model, processors, replacement) =>
      readModels.some((one) => isSameModel(one, model))
        ? readModelProcessor(model, processors, replacement)
        : undefined,
  };
}

function readModelProcessor(model: AnyPart, processors: ProcessorStore, replacement?: Replacement): InlineProcessor {
  if (isTables(model)) {
    return model.processor(processors, new EventReading(model.sources), replacement);
  }
  const descriptor = model.projector.describe();
  const reading = new EventReading(descriptor.events);
  return new Documents(model, processors, definitionText(descriptor, model), reading, replacement?.subscription);
}

function nameOf(model: AnyPart): string {
  return isTables(model) ? model.name : model.projector.describe().name;
}

export function isTables(model: AnyPart): model is AnyTables {
  return 'kind' in model && model.kind === 'tables';
}
