/// <reference lib="esnext.disposable" preserve="true" />
/**
 * `createEventSourcer`: the event sourcer (wit/event-sourcer.wit) over a store and modules. What happens to a command is in
 * `loop/command-loop.ts`; here is who may call it, with what, and how it is closed.
 */

import type { Message } from '../define/message.ts';
import { DefinitionError } from '../errors.ts';
import type { CommandResult, EventSourcer, FoldedState } from '../event-sourcer.ts';
import type { EventStore } from '../event-store.ts';
import { commandUuid } from '../ids.ts';
import { DEFAULT_CACHED_STATES, DEFAULT_MAX_ATTEMPTS, DEFAULT_REPLAY_LIMIT } from '../limits.ts';
import type { Envelope } from '../messages.ts';
import type { ExclusiveAppend } from '../storage/exclusive-append.ts';
import { drawnUuid } from '../uuid.ts';
import type { CommandHandler } from '../worlds.ts';
import { Admission } from './admission.ts';
import type { Authorizer } from './authorization.ts';
import type { AnyModule, BoundModule } from './bound-module.ts';
import { Cancellation } from './cancellation.ts';
import { CommandLoop } from './command-loop.ts';
import { decodeCommand, encodeCommand, streamOf } from './command-of.ts';
import { invalidArgument } from './failures.ts';
import { Job } from './job.ts';
import type { LiveState } from './live-state.ts';
import { Loader } from './loader.ts';
import { type EventSourcerObserver, tell } from './observer.ts';
import { checkEnvelope, checkReadOptions, checkSendOptions, type ReadOptions, type SendOptions } from './options.ts';
import { type Route, Routes } from './routes.ts';
import { Snapshots } from './snapshots.ts';
import { StateCache } from './state-cache.ts';
import { StateReader } from './state-reader.ts';
import { StreamQueue } from './stream-queue.ts';

/** What an event sourcer is made of. */
export interface EventSourcerConfiguration<Modules extends readonly AnyModule[] = readonly AnyModule[]> {
  readonly store: EventStore & ExclusiveAppend & { close?(): Promise<void> };
  /** Each command type belongs to one of them. Several may share streams, if they skip each other's events. */
  readonly modules: Modules;
  /**
   * How often a command is decided at most while others write to its stream.
   * @default 8 for a command without a deadline. A command with a deadline is decided again until the deadline passes.
   */
  readonly maxAttempts?: number | undefined;
  /** How many events a command may replay at most. Undefined: 1,000,000. */
  readonly replayLimit?: number | undefined;
  /** How many states are kept in memory, of all modules together. 0: none. Undefined: 10,000. */
  readonly cachedStates?: number | undefined;
  /** How many commands may be in flight, waiting ones included; one more is refused as `overloaded`. Undefined: no limit. */
  readonly maxInFlight?: number | undefined;
  /** Whether a command may be sent. Undefined: everyone may send everything. */
  readonly authorize?: Authorizer | undefined;
  readonly observer?: EventSourcerObserver | undefined;
  /** Whether closing the event sourcer closes the store. Undefined: the store stays open, for whoever opened it. */
  readonly closeStore?: boolean | undefined;
}

/** The commands that a module takes as plain messages; none, where commands are handles. */
export type DispatchableCommand<Module> =
  Module extends CommandHandler<infer _State, infer Command, infer _Event> ? Extract<Command, Message> : never;

/** The event sourcer, with what typed callers in the process need besides. */
export interface ModuleEventSourcer<Command> extends EventSourcer, AsyncDisposable {
  /**
   * Decides the command and stores what comes of it. The payload's bytes must stay as they are until the promise settles.
   * @throws CommandFailure whose `payload` is a `CommandError`.
   */
  handleCommand(command: Envelope, options?: SendOptions): Promise<CommandResult>;

  /**
   * The same for a command as its module writes it: `Deposit({ … })`. It is checked, and recorded in the bytes that its
   * module makes of it. A module that keeps its commands behind handles, as a component does, takes envelopes alone.
   * @throws CommandFailure whose `payload` is a `CommandError`.
   */
  dispatch(command: Command, options?: SendOptions): Promise<CommandResult>;

  /**
   * The state of a stream in its module's bytes, folded to the newest revision or to the one that is named.
   * @throws CommandFailure whose `payload` is a `CommandError`.
   */
  readState(stream: string, options?: ReadOptions): Promise<FoldedState>;

  /**
   * The newest state of a stream, as the module's own value: a copy, which stays as it is. A handle has to be released
   * (`module.types.state.drop`).
   * @throws CommandFailure whose `payload` is a `CommandError`.
   */
  state<State, Cmd, Event>(
    module: CommandHandler<State, Cmd, Event>,
    stream: string,
    options?: Omit<ReadOptions, 'module'>,
  ): Promise<State>;

  /** Refuses what comes from now on, finishes what came before, and releases every handle. */
  close(): Promise<void>;
}

/**
 * Makes an event sourcer.
 *
 * @throws DefinitionError where a module is none, or two claim the same name or command type, or an option cannot be meant.
 */
export function createEventSourcer<const Modules extends readonly AnyModule[]>(
  configuration: EventSourcerConfiguration<Modules>,
): ModuleEventSourcer<DispatchableCommand<Modules[number]>> {
  return new Sourcer(configuration);
}

const NO_OPTIONS: SendOptions = {};

class Sourcer<Command> implements ModuleEventSourcer<Command> {
  readonly #routes: Routes;
  readonly #admission: Admission;
  readonly #cache: StateCache;
  readonly #reader: StateReader;
  readonly #loop: CommandLoop;
  readonly #closeStore: (() => Promise<void>) | undefined;
  #closing: Promise<void> | undefined;

  constructor(configuration: EventSourcerConfiguration) {
    const { store, authorize: authorizer, observer = {} } = configuration;
    const maxAttempts =
      configuration.maxAttempts === undefined
        ? undefined
        : bound(configuration, 'maxAttempts', 1, DEFAULT_MAX_ATTEMPTS);
    const replayLimit = bound(configuration, 'replayLimit', 0, DEFAULT_REPLAY_LIMIT);
    const cachedStates = bound(configuration, 'cachedStates', 0, DEFAULT_CACHED_STATES);
    const maxInFlight = bound(configuration, 'maxInFlight', 1, Number.POSITIVE_INFINITY);
    this.#routes = new Routes(configuration.modules, (module, error) =>
      tell(() => observer.releaseFailed?.(module, error)),
    );
    this.#closeStore = closerOf(configuration);
    this.#admission = new Admission(maxInFlight);
    this.#cache = new StateCache(this.#routes.modules, cachedStates);
    const cache = this.#cache;
    const queue = new StreamQueue();
    const snapshots = new Snapshots(store, observer);
    const loader = new Loader(store, snapshots, replayLimit);
    const admission = this.#admission;
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
      maxAttempts,
    });
  }

  handleCommand(command: Envelope, options: SendOptions = NO_OPTIONS): Promise<CommandResult> {
    try {
      this.#admission.enterCommand();
    } catch (error) {
      return Promise.reject(error);
    }
    let job: Job;
    try {
      checkSendOptions(options);
      checkEnvelope(command);
      job = receivedJob(this.#routes.ofCommand(command.type), command, options);
    } catch (error) {
      this.#admission.leaveCommand();
      return Promise.reject(error);
    }
    // The loop's own promise, and no other one around it.
    return this.#loop.run(job);
  }

  dispatch(command: Command, options: SendOptions = NO_OPTIONS): Promise<CommandResult> {
    try {
      this.#admission.enterCommand();
    } catch (error) {
      return Promise.reject(error);
    }
    let job: Job;
    try {
      checkSendOptions(options);
      const message = checkMessage(command);
      job = typedJob(this.#routes.ofCommand(message.type), message, options);
    } catch (error) {
      this.#admission.leaveCommand();
      return Promise.reject(error);
    }
    return this.#loop.run(job);
  }

  async readState(stream: string, options: ReadOptions = NO_OPTIONS): Promise<FoldedState> {
    this.#admission.enterRead();
    try {
      checkReadOptions(stream, options);
      return await this.#read(this.#routes.ofName(options.module), stream, options, foldedState);
    } finally {
      this.#admission.leaveRead();
    }
  }

  async state<State, Cmd, Event>(
    module: CommandHandler<State, Cmd, Event>,
    stream: string,
    options: Omit<ReadOptions, 'module'> = NO_OPTIONS,
  ): Promise<State> {
    this.#admission.enterRead();
    try {
      checkReadOptions(stream, options);
      // The loop keeps its handle, and evolves it: what leaves is another, made of the same bytes.
      const bytes = await this.#read(this.#routes.ofSource(module), stream, options, bytesOf);
      return module.types.state.fromBytes(bytes);
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

/** A command that came as bytes: decoded here, and the handle is ours. */
function receivedJob(route: Route, envelope: Envelope, options: SendOptions): Job {
  const commandId = commandIdOf(route, options);
  const command = decodeCommand(route.module, envelope);
  try {
    return new Job(
      route,
      streamOf(route, command),
      envelope,
      commandId,
      command,
      true,
      options,
      cancellationOf(route, options),
    );
  } catch (error) {
    route.module.releaseCommand(command);
    throw error;
  }
}

/** A command that came as a message. What is decided on is what is recorded: the message as its bytes will give it back. */
function typedJob(route: Route, message: Message, options: SendOptions): Job {
  const commandId = commandIdOf(route, options);
  const settled = route.settle?.(message);
  const { module } = route;
  if (settled === undefined && module.types.command.drop !== undefined)
    throw invalidArgument(
      'command',
      `cannot be dispatched: ${module.name} keeps its commands behind handles; send an envelope to handleCommand`,
    );
  const envelope = encodeCommand(module, settled ?? message);
  if (settled === undefined) return receivedJob(route, envelope, options);
  return new Job(
    route,
    streamOf(route, settled),
    envelope,
    commandId,
    settled,
    false,
    options,
    cancellationOf(route, options),
  );
}

function commandIdOf({ module }: Route, { commandId }: SendOptions): string {
  if (commandId !== undefined) return commandUuid(commandId);
  return drawnUuid(module.knowsCommandId ? Date.now() : undefined);
}

function cancellationOf({ commandType }: Route, { signal, deadline }: SendOptions): Cancellation | undefined {
  if (signal === undefined && deadline === undefined) return undefined;
  return new Cancellation(signal, deadline, `command ${commandType}`);
}

function checkMessage(command: unknown): Message {
  if (typeof command === 'object' && command !== null && 'type' in command && 'data' in command) {
    const { type, data } = command;
    if (typeof type === 'string') return { type, data };
  }
  throw invalidArgument('command', 'must be a message, as in { type, data }; bytes go to handleCommand');
}

/** `maxAttempts`, … as configured. @throws DefinitionError where it is no whole number from `least`. */
function bound(
  configuration: EventSourcerConfiguration,
  name: 'maxAttempts' | 'replayLimit' | 'cachedStates' | 'maxInFlight',
  least: number,
  absent: number,
): number {
  const value = configuration[name] ?? absent;
  if ((Number.isInteger(value) || value === Number.POSITIVE_INFINITY) && value >= least) return value;
  throw new DefinitionError(name, `must be a whole number from ${least}, not ${String(value)}`);
}

function closerOf({ store, closeStore }: EventSourcerConfiguration): (() => Promise<void>) | undefined {
  if (closeStore !== true) return undefined;
  if (typeof store.close !== 'function') throw new DefinitionError('closeStore', 'the store has no `close`');
  return () => store.close?.() ?? Promise.resolve();
}

function bytesOf({ module, handle }: LiveState): Uint8Array {
  return module.types.state.toBytes(handle);
}

function foldedState(live: LiveState): FoldedState {
  const { module, revision } = live;
  const { name, contentType } = module;
  return { module: name, moduleVersion: module.identity.version, contentType, state: bytesOf(live), revision };
}
