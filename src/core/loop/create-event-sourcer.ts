/// <reference lib="esnext.disposable" preserve="true" />
/**
 * `createEventSourcer`: the event sourcer (wit/event-sourcer.wit) over a store and modules. What happens to a command is in
 * `loop/command-loop.ts`; here is who may call it, with what, and how it is closed.
 */

import type { CanonicalCommand } from '../define/canonical-commands.ts';
import type { Message } from '../define/message.ts';
import type { CommandResult, EventSourcer, FoldedState } from '../event-sourcer.ts';
import { commandUuid } from '../ids.ts';
import type { Envelope } from '../messages.ts';
import { uuidV4, uuidV7 } from '../uuid.ts';
import type { CommandHandler } from '../worlds.ts';
import { Admission } from './admission.ts';
import type { AnyModule, BoundModule } from './bound-module.ts';
import { Cancellation } from './cancellation.ts';
import { CommandEnds } from './command-ends.ts';
import { CommandLoop } from './command-loop.ts';
import { canonicalCommand, decodeCommand, encodeCommand, streamOf } from './command-of.ts';
import { configured, type EventSourcerConfiguration } from './configuration.ts';
import { invalidArgument } from './failures.ts';
import { Job } from './job.ts';
import type { LiveState } from './live-state.ts';
import { Loader } from './loader.ts';
import { notify } from './observer.ts';
import {
  type CommandRequest,
  checkReadOptions,
  checkStateOptions,
  envelopeOf,
  messageOf,
  type ReadOptions,
  requestOf,
  type SendOptions,
} from './options.ts';
import { type DispatchResult, FoldedStreamState, ReadStateResult, type StreamState } from './results.ts';
import { type Route, Routes } from './routes.ts';
import { Snapshots } from './snapshots.ts';
import { StateCache } from './state-cache.ts';
import { StateReader } from './state-reader.ts';
import { StreamQueue } from './stream-queue.ts';

/** The commands that a module takes as messages. `never` if its commands are handles, as those of a component are. */
export type DispatchableCommand<Module> =
  Module extends CommandHandler<infer _State, infer Command, infer _Event> ? Extract<Command, Message> : never;

/** The events of the module that takes commands of this type. */
export type EventOfCommand<Module, Type extends string> =
  Module extends CommandHandler<infer _State, infer Command, infer Event>
    ? Type extends Extract<Command, Message>['type']
      ? Event
      : never
    : never;

/** The state of one of the event sourcer's modules. */
type StateOfModule<Module> = Module extends CommandHandler<infer State, infer _Command, infer _Event> ? State : never;

/** The event sourcer of the contract, with typed commands, events and states for callers in the process. */
export interface ModuleEventSourcer<Module> extends EventSourcer, AsyncDisposable {
  /**
   * Decides a command that came as bytes, and stores the decision. The envelope is copied before this function returns.
   *
   * @throws CommandFailure whose `payload` is a `CommandError`.
   */
  handleCommand(command: Envelope, options?: SendOptions): Promise<CommandResult>;

  /**
   * Decides a command that is a message of its module, `{ type, data }`, and stores the decision. The message is checked by
   * the schema of its type. A module that keeps its commands behind handles, as a component does, takes envelopes only.
   *
   * @example
   * const result = await sourcer.dispatch(concert.commands.Reserve({ concertId: '7', seats: 2 }), { commandId: 'order-1' });
   * if (result.outcome.tag === 'accepted') console.log(result.decided);
   *
   * @throws CommandFailure whose `payload` is a `CommandError`.
   */
  dispatch<const Type extends DispatchableCommand<Module>['type']>(
    command: DispatchableCommand<Module> & { readonly type: Type },
    options?: SendOptions,
  ): Promise<DispatchResult<EventOfCommand<Module, Type>>>;

  /**
   * Reads the state of a stream in its module's bytes, at the newest revision or at a named one.
   *
   * @throws CommandFailure whose `payload` is a `CommandError`.
   */
  readState(stream: string, options?: ReadOptions): Promise<FoldedState>;

  /**
   * Reads the state of a stream as a value of its module, at the newest revision or at a named one. The value is a copy, and
   * stays as it is. A handle has to be released with `module.types.state.drop`.
   *
   * @example const { state, revision } = await sourcer.state(concert, 'concert-7');
   *
   * @throws CommandFailure whose `payload` is a `CommandError`.
   */
  state<Source extends Module>(
    module: Source,
    stream: string,
    options?: Omit<ReadOptions, 'module'>,
  ): Promise<StreamState<StateOfModule<Source>>>;

  /** Refuses later calls, finishes earlier ones, and releases every handle. */
  close(): Promise<void>;
}

/**
 * Makes an event sourcer.
 *
 * @example const sourcer = createEventSourcer({ store: createMemoryStore(), modules: [concert] });
 *
 * @throws DefinitionError if an option is invalid or unknown, a module is incomplete, or two modules claim the same name, the
 * same command type, or an event of the same category and type without sharing its definition.
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
    const snapshots = new Snapshots(store, observer);
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

  handleCommand(command: Envelope, options?: SendOptions): Promise<CommandResult> {
    return this.#send(command, () => {
      const request = requestOf(options);
      const envelope = envelopeOf(command);
      return receivedJob(this.#routes.ofCommand(envelope.type), envelope, request);
    });
  }

  dispatch(command: unknown, options?: SendOptions): Promise<DispatchResult<unknown>> {
    const sent = this.#send(command, () => {
      const request = requestOf(options);
      const message = messageOf(command);
      const job = typedJob(this.#routes.ofCommand(message.type), message, request);
      job.wantsValues = true;
      return job;
    });
    // `wantsValues` makes the loop's result one of these.
    return sent as Promise<DispatchResult<unknown>>;
  }

  /** Lets a command in. Returns the loop's own promise, because another one around it would cost as much as the queue. */
  #send(command: unknown, accept: () => Job): Promise<CommandResult> {
    const since = this.#ends === undefined ? 0 : performance.now();
    let job: Job;
    try {
      this.#admission.enterCommand();
    } catch (error) {
      this.#ends?.refused(command, since, error);
      return Promise.reject(error);
    }
    try {
      job = accept();
    } catch (error) {
      this.#admission.leaveCommand();
      this.#ends?.refused(command, since, error);
      return Promise.reject(error);
    }
    job.since = since;
    return this.#loop.run(job);
  }

  async readState(stream: string, options: ReadOptions = {}): Promise<FoldedState> {
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
    options: Omit<ReadOptions, 'module'> = {},
  ): Promise<StreamState<unknown>> {
    this.#admission.enterRead();
    try {
      checkStateOptions(stream, options);
      const module = this.#routes.ofSource(source);
      // The loop keeps its handle, and evolves it. The caller gets another one, made of the same bytes.
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
    { revision, signal }: ReadOptions,
    use: (live: LiveState) => Result,
  ): Promise<Result> {
    if (revision === undefined) return this.#reader.newest(module, stream, signal, use);
    return this.#reader.at(module, stream, revision, signal, use);
  }
}

/**
 * A command that came as bytes: decoded here, and the handle is ours. A module in the process takes in the message that it
 * reads, so that its record holds what was decided on; another module's record holds the bytes as they came.
 */
function receivedJob(route: Route, envelope: Envelope, request: CommandRequest): Job {
  const { module } = route;
  const commandId = commandIdOf(route, request);
  const command = decodeCommand(module, envelope);
  try {
    const entered = canonicalCommand(module, command as Message);
    if (entered !== undefined) return enteredJob(route, entered, commandId, request);
    const stream = streamOf(route, command);
    return new Job(route, stream, envelope, commandId, command, true, request, cancellationOf(route, request));
  } catch (error) {
    module.releaseCommand(command);
    throw error;
  }
}

/** A command that came as a message. */
function typedJob(route: Route, message: Message, request: CommandRequest): Job {
  const { module } = route;
  const entered = canonicalCommand(module, message);
  if (entered !== undefined) return enteredJob(route, entered, commandIdOf(route, request), request);
  if (module.types.command.drop !== undefined)
    throw invalidArgument(
      'command',
      `cannot be dispatched, because the commands of ${module.name} are handles; send an envelope to handleCommand`,
    );
  return receivedJob(route, encodeCommand(module, message), request);
}

function enteredJob(
  route: Route,
  { command, envelope }: CanonicalCommand<unknown>,
  commandId: string,
  request: CommandRequest,
): Job {
  const stream = streamOf(route, command);
  return new Job(route, stream, envelope, commandId, command, false, request, cancellationOf(route, request));
}

function commandIdOf({ module }: Route, { commandId }: CommandRequest): string {
  if (commandId !== undefined) return commandUuid(commandId);
  // Asking the clock takes as long as making an id, so only modules that use the time pay for it.
  return module.knowsCommandId ? uuidV7(Date.now()) : uuidV4();
}

function cancellationOf({ commandType }: Route, { signal, deadline }: CommandRequest): Cancellation | undefined {
  if (signal === undefined && deadline === undefined) return undefined;
  return new Cancellation(signal, deadline, `command ${commandType}`);
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
