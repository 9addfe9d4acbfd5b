/**
 * A system that runs in memory for one test. Only the test moves its clock, the events of its reactors are recorded,
 * and the rows of its tables are computed when a test expects them.
 */

import { withoutInline } from '../../core/define/inline.ts';
import type {
  AnyModule,
  Clock,
  CommandResult,
  Descriptor,
  Envelope,
  EventStore,
  Message,
  ProcessorStore,
  RecordedEvent,
} from '../../core/index.ts';
import { readEvents } from '../../core/index.ts';
import type { Processor } from '../../core/processors/processor.ts';
import type { StoredDeadline } from '../../core/processors/processor-store.ts';
import type { AnyReactor } from '../../core/processors/reactor.ts';
import { SystemRun } from '../../core/processors/running-system.ts';
import {
  type AnySystemDefinition,
  type AnyTables,
  isTables,
  type ProcessorFactory,
  partsOf,
} from '../../core/processors/system-parts.ts';
import { lastPosition } from '../../core/storage/read-events.ts';
import { createMemoryStore } from '../stores/memory/index.ts';
import { decision } from './builders.ts';
import { envelopesOf, type StoredEvent } from './stored-event.ts';
import { loadDatabase, type Row, rowsAfter } from './tables-engine.ts';
import { type Duration, millisecondsOf, TestClock } from './test-clock.ts';

/** The events of a stream before the commands of a test. */
export interface GivenEvents {
  readonly 'decidable/given-events': true;
  readonly stream: string;
  readonly events: readonly (Message | StoredEvent)[];
}

/** An event that a reactor has received. */
interface Reacted {
  readonly reactor: AnyReactor;
  readonly event: Envelope;
}

/** The behaviour of a system's reactors in a test. */
export type ReactorMode = 'record' | 'run';

/** A lease that never expires when the clock jumps, because the system is the only member of its group. */
const LEASE = 2 ** 50;

/** The dependencies of a scene. */
export interface SceneParts {
  readonly system: AnySystemDefinition;
  /**
   * The deciders that decode and encode the messages of the test. They are those of the system, unless these are
   * components.
   */
  readonly modules: readonly AnyModule[];
  readonly reactors: ReactorMode;
  readonly start: Date | number | undefined;
}

export class Scene implements AsyncDisposable {
  readonly clock: TestClock;
  readonly reacted: Reacted[] = [];
  readonly #parts: SceneParts;
  readonly #store: EventStore & { readonly processors: ProcessorStore; close(): Promise<void> };
  #running: SystemRun | undefined;
  #commands = 0;

  constructor(parts: SceneParts) {
    this.#parts = parts;
    this.clock = new TestClock(parts.start);
    this.#store = createMemoryStore({ now: () => this.clock.now() });
  }

  async start(): Promise<void> {
    const { system, reactors } = this.#parts;
    const recorded = system.reactors.map((reactor) => recording(reactor, reactors, this.reacted));
    const definition: AnySystemDefinition = {
      ...system,
      // After each step the system has settled, so an inline read model has the same contents as any other.
      readModels: system.readModels.filter((model) => !isTables(model)).map(withoutInline),
      reactors: recorded,
    };
    const clock: Clock = this.clock;
    // A retry would wait for a clock that does not move, so the first failure ends the test.
    const options = { store: this.#store, clock, lease: LEASE, failurePolicy: { retries: 0 } };
    this.#running = await SystemRun.start(partsOf(definition), options);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#running?.stop();
    await this.#store.close();
  }

  /** Sends a command, and waits until all its effects are processed. */
  async send(command: Message): Promise<CommandResult> {
    const envelope = this.commandModuleOf(command.type).types.command.toEnvelope(command);
    const result = await this.#run.handleCommand(envelope, { commandId: `test command ${this.#commands++}` });
    await this.waitUntilSettled();
    return result;
  }

  /** Stores events without a decision. */
  async store({ stream, events }: GivenEvents): Promise<void> {
    const envelopes = events.flatMap((event) => {
      if ('decidable/stored-event' in event) return envelopesOf(NO_TYPE, [event]);
      return [this.eventModuleOf(stream, event.type).types.event.toEnvelope(event)];
    });
    const { contentType } = this.#parts.modules[0]!.routing.describe();
    const commandId = `00000000-0000-4000-8000-${String(this.#commands++).padStart(12, '0')}`;
    const record = decision({ commandId, correlationId: commandId, contentType });
    await this.#store.append(stream, envelopes, { tag: 'any' }, record);
    await this.waitUntilSettled();
  }

  /**
   * Moves the clock from deadline to deadline, because the effects of a deadline can set another one that falls due
   * within the duration.
   */
  async advance(duration: Duration): Promise<void> {
    const end = this.clock.now() + millisecondsOf(duration);
    for (;;) {
      const [next] = await this.deadlines();
      if (next === undefined || next.dueAt > end) break;
      this.clock.set(Math.max(next.dueAt, this.clock.now()));
      await this.waitUntilSettled();
    }
    this.clock.set(end);
    await this.waitUntilSettled();
  }

  async waitUntilSettled(): Promise<void> {
    await this.#run.settled();
  }

  /** Returns the deadlines that are not due yet, the earliest first. */
  async deadlines(): Promise<readonly StoredDeadline[]> {
    const lists = this.#parts.system.processManagers.map(({ eventHandler }) => {
      const { name, version } = eventHandler.describe();
      return this.#store.processors.listDeadlines({ name: `${name}/commands`, version }, { limit: 1_000 });
    });
    return (await Promise.all(lists)).flat().sort((one, other) => one.dueAt - other.dueAt);
  }

  /** Returns the position of the last event, or undefined if the store has no events. */
  head(): Promise<bigint | undefined> {
    return lastPosition(this.#store);
  }

  /** Returns the events of the deciders after a position, in the order in which they were stored. */
  async eventsAfter(position: bigint | undefined): Promise<readonly RecordedEvent[]> {
    const processes = this.#parts.system.processManagers.map(({ eventHandler }) => `${eventHandler.describe().name}-`);
    const events: RecordedEvent[] = [];
    for await (const event of readEvents(this.#store, { afterPosition: position })) {
      if (!processes.some((prefix) => event.context.stream.startsWith(prefix))) events.push(event);
    }
    return events;
  }

  readModel(model: AnySystemDefinition['readModels'][number]): unknown {
    return this.#run.readModel(model);
  }

  async rows(model: AnyTables, table: string): Promise<readonly Row[]> {
    const processor = this.#processorOf(model);
    const { events: names } = processor;
    const events: RecordedEvent[] = [];
    for await (const event of readEvents(this.#store, { events: names })) events.push(event);
    return rowsAfter(await loadDatabase(), processor, events, table);
  }

  /**
   * Returns the decider that accepts a command.
   * @throws TypeError if the system has no such decider, or it is a component and the test has no definitions.
   */
  commandModuleOf(type: string): AnyModule {
    return this.#messageModule(`the command ${type}`, ({ commands }) =>
      commands.some((command) => command.type === type),
    );
  }

  /**
   * Returns the decider that owns an event of a stream. A category and a type identify an event.
   * @throws TypeError if the system has no such decider, or it is a component and the test has no definitions.
   */
  eventModuleOf(stream: string, type: string): AnyModule {
    return this.#messageModule(
      `the event ${type} in the stream ${stream}`,
      ({ category, events }) => stream.startsWith(`${category}-`) && events.some((event) => event.type === type),
    );
  }

  #messageModule(subject: string, hasMessage: (descriptor: Descriptor) => boolean): AnyModule {
    const module = this.#parts.modules.find(({ routing }) => hasMessage(routing.describe()));
    if (module === undefined) throw new TypeError(`no decider of ${this.#parts.system.name} has ${subject}`);
    if (module.types.command.drop === undefined) return module;
    throw new TypeError(
      `${module.routing.describe().name} is a component, whose messages are handles; pass deciders in TypeScript, ` +
        'as in testSystem(system, { messages: [account, transfer] })',
    );
  }

  get #run(): SystemRun {
    if (this.#running === undefined) throw new Error('start() has not been called');
    return this.#running;
  }

  /** Returns the processor that a system would run, with the same filter. */
  #processorOf(model: AnyTables): Processor {
    const alone = { ...this.#parts.system, processManagers: [], readModels: [model], reactors: [] };
    const factory: ProcessorFactory = {
      store: this.#store,
      processors: this.#store.processors,
      deciders: this.#run.sourcer,
      maxInFlight: Number.POSITIVE_INFINITY,
      processes: () => this.#run.sourcer,
    };
    const [[, processor]] = partsOf(alone).processors(factory) as [[string, Processor]];
    return processor;
  }
}

/** The event type for stored events, which already have envelopes. */
const NO_TYPE = { fromEnvelope: () => undefined, toEnvelope: () => undefined as never };

function recording(reactor: AnyReactor, mode: ReactorMode, reacted: Reacted[]): AnyReactor {
  return {
    ...reactor,
    react: async (event, context) => {
      if (mode === 'run') await reactor.react(event, context);
      reacted.push({ reactor, event: reactor.eventType.toEnvelope(event) });
    },
  };
}
