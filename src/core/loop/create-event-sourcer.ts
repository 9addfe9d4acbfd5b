/// <reference lib="esnext.disposable" preserve="true" />
/**
 * `createEventSourcer`: the event sourcer (wit/event-sourcer.wit) over a store and modules. What happens to a command is in
 * `loop/command-loop.ts`; here is who may call it, with what, and how it is closed.
 */

import type { Message } from '../define/message.ts';
import type { CommandResult, EventSourcer, FoldedState } from '../event-sourcer.ts';
import { commandUuid } from '../ids.ts';
import type { Envelope } from '../messages.ts';
import { drawnUuid } from '../uuid.ts';
import type { CommandHandler } from '../worlds.ts';
import { Admission } from './admission.ts';
import type { AnyModule, BoundModule } from './bound-module.ts';
import { Cancellation } from './cancellation.ts';
import { CommandLoop } from './command-loop.ts';
import { decodeCommand, encodeCommand, streamOf } from './command-of.ts';
import { configured, type EventSourcerConfiguration } from './configuration.ts';
import { invalidArgument } from './failures.ts';
import { Job } from './job.ts';
import type { LiveState } from './live-state.ts';
import { Loader } from './loader.ts';
import { tell } from './observer.ts';
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
import { type Route, Routes } from './routes.ts';
import { Snapshots } from './snapshots.ts';
import { StateCache } from './state-cache.ts';
import { StateReader } from './state-reader.ts';
import { StreamQueue } from './stream-queue.ts';

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

class Sourcer<Command> implements ModuleEventSourcer<Command> {
  readonly #routes: Routes;
  readonly #admission: Admission;
  readonly #cache: StateCache;
  readonly #reader: StateReader;
  readonly #loop: CommandLoop;
  readonly #closeStore: (() => Promise<void>) | undefined;
  #closing: Promise<void> | undefined;

  constructor(configuration: EventSourcerConfiguration) {
    const { store, modules, replayLimit, cachedStates, maxInFlight, maxAttempts, authorizer, observer, closeStore } =
      configured(configuration);
    this.#routes = new Routes(modules, (module, error) => tell(() => observer.releaseFailed?.(module, error)));
    this.#closeStore = closeStore;
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

  handleCommand(command: Envelope, options?: SendOptions): Promise<CommandResult> {
    try {
      this.#admission.enterCommand();
    } catch (error) {
      return Promise.reject(error);
    }
    let job: Job;
    try {
      const request = requestOf(options);
      const envelope = envelopeOf(command);
      job = receivedJob(this.#routes.ofCommand(envelope.type), envelope, request);
    } catch (error) {
      this.#admission.leaveCommand();
      return Promise.reject(error);
    }
    // The loop's own promise, and no other one around it.
    return this.#loop.run(job);
  }

  dispatch(command: Command, options?: SendOptions): Promise<CommandResult> {
    try {
      this.#admission.enterCommand();
    } catch (error) {
      return Promise.reject(error);
    }
    let job: Job;
    try {
      const request = requestOf(options);
      const message = messageOf(command);
      job = typedJob(this.#routes.ofCommand(message.type), message, request);
    } catch (error) {
      this.#admission.leaveCommand();
      return Promise.reject(error);
    }
    return this.#loop.run(job);
  }

  async readState(stream: string, options: ReadOptions = {}): Promise<FoldedState> {
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
    options: Omit<ReadOptions, 'module'> = {},
  ): Promise<State> {
    this.#admission.enterRead();
    try {
      checkStateOptions(stream, options);
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
function receivedJob(route: Route, envelope: Envelope, request: CommandRequest): Job {
  const commandId = commandIdOf(route, request);
  const command = decodeCommand(route.module, envelope);
  try {
    return new Job(
      route,
      streamOf(route, command),
      envelope,
      commandId,
      command,
      true,
      request,
      cancellationOf(route, request),
    );
  } catch (error) {
    route.module.releaseCommand(command);
    throw error;
  }
}

/** A command that came as a message. What is decided on is what is recorded: the message as its bytes will give it back. */
function typedJob(route: Route, message: Message, request: CommandRequest): Job {
  const commandId = commandIdOf(route, request);
  const settled = route.settle?.(message);
  const { module } = route;
  if (settled === undefined && module.types.command.drop !== undefined)
    throw invalidArgument(
      'command',
      `cannot be dispatched: ${module.name} keeps its commands behind handles; send an envelope to handleCommand`,
    );
  const envelope = encodeCommand(module, settled ?? message);
  if (settled === undefined) return receivedJob(route, envelope, request);
  return new Job(
    route,
    streamOf(route, settled),
    envelope,
    commandId,
    settled,
    false,
    request,
    cancellationOf(route, request),
  );
}

function commandIdOf({ module }: Route, { commandId }: CommandRequest): string {
  if (commandId !== undefined) return commandUuid(commandId);
  return drawnUuid(module.knowsCommandId ? Date.now() : undefined);
}

function cancellationOf({ commandType }: Route, { signal, deadline }: CommandRequest): Cancellation | undefined {
  if (signal === undefined && deadline === undefined) return undefined;
  return new Cancellation(signal, deadline, `command ${commandType}`);
}

function bytesOf({ module, handle }: LiveState): Uint8Array {
  return module.types.state.toBytes(handle);
}

function foldedState(live: LiveState): FoldedState {
  const { module, revision } = live;
  const { name, contentType } = module;
  return { module: name, moduleVersion: module.identity.version, contentType, state: bytesOf(live), revision };
}
