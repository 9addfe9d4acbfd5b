/// <reference lib="esnext.disposable" preserve="true" />
/**
 * `createEventSourcer`: the event sourcer (wit/event-sourcer.wit) over a store and modules. This file admits commands
 * and closes the event sourcer. `accept.ts` checks and decodes a command, and `command-loop.ts` decides it.
 */
import type { Message } from '../define/message.ts';
import type { CommandResult, EventSourcer, FoldedState } from '../event-sourcer.ts';
import type { Envelope } from '../messages.ts';
import type { CommandHandler } from '../worlds.ts';
import { acceptEnvelope, acceptMessage } from './accept.ts';
import { Admission } from './admission.ts';
import type { AnyModule, BoundModule } from './bound-module.ts';
import { CommandEnds } from './command-ends.ts';
import type { CommandInFlight } from './command-in-flight.ts';
import { CommandLoop } from './command-loop.ts';
import { configured, type EventSourcerConfiguration } from './configuration.ts';
import type { LiveState } from './live-state.ts';
import { Loader } from './loader.ts';
import { notify } from './observer.ts';
import { checkReadOptions, checkStateOptions, type DispatchOptions, type StateOptions } from './options.ts';
import { type DispatchResult, FoldedStreamState, ReadStateResult, type StreamState } from './results.ts';
import { Routes } from './routes.ts';
import { StateCache } from './state-cache.ts';
import { type ReadState, StateReader } from './state-reader.ts';
import { StateSnapshots } from './state-snapshots.ts';
import { StreamQueue } from './stream-queue.ts';

/** The commands that a module accepts as messages. The type is `never` for a component, whose commands are handles. */
export type DispatchableCommand<Module> =
  Module extends CommandHandler<infer _State, infer Command, infer _Event> ? Extract<Command, Message> : never;

/** The events of the module that accepts commands of this type. */
export type EventOfCommand<Module, Type extends string> =
  Module extends CommandHandler<infer _State, infer Command, infer Event>
    ? Type extends Extract<Command, Message>['type']
      ? Event
      : never
    : never;

/** The state of one of the event sourcer's modules. */
type StateOfModule<Module> = Module extends CommandHandler<infer State, infer _Command, infer _Event> ? State : never;

/** The event sourcer of the contract, with typed commands, events and states in addition. */
export interface ModuleEventSourcer<Module> extends EventSourcer, AsyncDisposable {
  /**
   * Decides a command in an envelope, and stores the decision. The envelope is copied before this function returns.
   *
   * @throws CommandFailure whose `payload` is a `CommandError`.
   */
  handleCommand(command: Envelope, options?: DispatchOptions): Promise<CommandResult>;

  /**
   * Decides a command that is a message of its module, `{ type, data }`, and stores the decision. The schema of its
   * type checks the message. A module whose commands are handles, such as a component, accepts only envelopes.
   *
   * @example
   * const reserve = concert.commands.Reserve({ concertId: '7', seats: 2 });
   * const result = await sourcer.dispatch(reserve, { commandId: 'order-1' });
   * if (result.outcome.tag === 'accepted') console.log(result.decided);
   *
   * @throws CommandFailure whose `payload` is a `CommandError`.
   */
  dispatch<const Type extends DispatchableCommand<Module>['type']>(
    command: DispatchableCommand<Module> & { readonly type: Type },
    options?: DispatchOptions,
  ): Promise<DispatchResult<EventOfCommand<Module, Type>>>;

  /**
   * Reads the encoded state of a stream, at the newest revision or at the given one.
   *
   * @throws CommandFailure whose `payload` is a `CommandError`.
   */
  readState(stream: string, options?: StateOptions): Promise<FoldedState>;

  /**
   * Reads the state of a stream as a value of its module, at the newest revision or at the given one. Later commands do
   * not change the value. If it is a handle into a component, release it with `module.types.state.drop`.
   *
   * @example const { state, revision } = await sourcer.state(concert, 'concert-7');
   *
   * @throws CommandFailure whose `payload` is a `CommandError`.
   */
  state<Source extends Module>(
    module: Source,
    stream: string,
    options?: Omit<StateOptions, 'module'>,
  ): Promise<StreamState<StateOfModule<Source>>>;

  /** Refuses later calls, waits for earlier ones, and releases every handle. */
  close(): Promise<void>;
}

/**
 * Makes an event sourcer over a store and modules.
 *
 * @example const sourcer = createEventSourcer({ store: createMemoryStore(), modules: [concert] });
 *
 * @throws DefinitionError if an option is invalid or unknown, a module is incomplete, or two modules have the same
 * name, the same command type, or an event of the same category and type without sharing its definition.
 */
export function createEventSourcer<const Modules extends readonly AnyModule[]>(
  configuration: EventSourcerConfiguration<Modules>,
): ModuleEventSourcer<Modules[number]> {
  return new Sourcer(configuration) as ModuleEventSourcer<Modules[number]>;
}

class Sourcer {
  readonly #routes: Routes;
  readonly #admission: Admission;
  readonly #cache: StateCache;
  readonly #reader: StateReader;
  readonly #loop: CommandLoop;
  readonly #ends: CommandEnds | undefined;
  readonly #closeStore: (() => Promise<void>) | undefined;
  #closing: Promise<void> | undefined;

  constructor(configuration: EventSourcerConfiguration) {
    const { store, modules, replayLimit, cachedStates, maxInFlight, maxAttempts, authorizer, observer, closeStore } =
      configured(configuration);
    this.#routes = new Routes(modules, (module, error) => notify(() => observer.releaseFailed?.(module, error)));
    this.#closeStore = closeStore;
    this.#admission = new Admission(maxInFlight);
    this.#cache = new StateCache(this.#routes.modules, cachedStates);
    const cache = this.#cache;
    const queue = new StreamQueue();
    const snapshots = new StateSnapshots(store, observer);
    const loader = new Loader(store, snapshots, replayLimit);
    const admission = this.#admission;
    this.#ends = CommandEnds.of(observer);
    const ends = this.#ends;
    this.#reader = new StateReader(loader, cache, queue);
    this.#loop = new CommandLoop({
      store,
      loader,
      snapshots,
      cache,
      queue,
      admission,
      authorizer,
      observer,
      ends,
      maxAttempts,
    });
  }

  handleCommand(command: Envelope, options?: DispatchOptions): Promise<CommandResult> {
    return this.#send(acceptEnvelope, command, options);
  }

  dispatch(command: unknown, options?: DispatchOptions): Promise<DispatchResult<unknown>> {
    // The loop returns a `DispatchResult` for a command that was accepted as a message.
    return this.#send(acceptMessage, command, options) as Promise<DispatchResult<unknown>>;
  }

  /**
   * Admits and accepts a command. The result is the loop's promise itself, because a second promise would cost as much
   * as the queue.
   */
  #send<Sent>(
    accept: (routes: Routes, command: Sent, options: DispatchOptions | undefined, since: number) => CommandInFlight,
    command: Sent,
    options: DispatchOptions | undefined,
  ): Promise<CommandResult> {
    const since = this.#ends === undefined ? 0 : performance.now();
    let isAdmitted = false;
    let inFlight: CommandInFlight;
    try {
      this.#admission.enterCommand();
      isAdmitted = true;
      inFlight = accept(this.#routes, command, options, since);
    } catch (error) {
      if (isAdmitted) this.#admission.leaveCommand();
      this.#ends?.refused(command, since, error);
      return Promise.reject(error);
    }
    return this.#loop.run(inFlight);
  }

  async readState(stream: string, options: StateOptions = {}): Promise<FoldedState> {
    this.#admission.enterRead();
    try {
      checkReadOptions(stream, options);
      return await this.#read(this.#routes.ofName(options.module), stream, options, readStateResult);
    } finally {
      this.#admission.leaveRead();
    }
  }

  async state(
    source: AnyModule,
    stream: string,
    options: Omit<StateOptions, 'module'> = {},
  ): Promise<StreamState<unknown>> {
    this.#admission.enterRead();
    try {
      checkStateOptions(stream, options);
      const module = this.#routes.ofSource(source);
      // The loop keeps its handle and evolves it. The caller gets a new handle, decoded from the same bytes.
      const { state, revision } = await this.#read(module, stream, options, readStateResult);
      return new FoldedStreamState(stream, module.name, module.types.state.fromBytes(state), revision);
    } finally {
      this.#admission.leaveRead();
    }
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #close(): Promise<void> {
    await this.#admission.close();
    this.#cache.clear();
    await this.#closeStore?.();
  }

  #read<Result>(
    module: BoundModule,
    stream: string,
    { revision, signal }: StateOptions,
    read: ReadState<Result>,
  ): Promise<Result> {
    if (revision === undefined) return this.#reader.newest(module, stream, signal, read);
    return this.#reader.at(module, stream, revision, signal, read);
  }
}

function readStateResult({ module, handle, revision }: LiveState): ReadStateResult {
  const { name, contentType, identity, types } = module;
  return new ReadStateResult({
    module: name,
    moduleVersion: identity.version,
    contentType,
    state: types.state.toBytes(handle),
    revision,
  });
}
