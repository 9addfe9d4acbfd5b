/** `componentSourcer` converts a component of the world `event-sourcing` to an event sourcer. */
import { CommandFailure, DefinitionError } from '../../../core/errors.ts';
import type { CommandError, CommandResult, EventSourcer, FoldedState } from '../../../core/event-sourcer.ts';
import type { EventStore } from '../../../core/event-store.ts';
import { commandUuid } from '../../../core/ids.ts';
import type { AnyModule, BoundModule } from '../../../core/loop/bound-module.ts';
import { checkModules, checkStore } from '../../../core/loop/configuration.ts';
import {
  asCommandFailure,
  conflictFailure,
  invalidArgument,
  moduleFailure,
  refused,
} from '../../../core/loop/failures.ts';
import {
  checkedEnvelope,
  checkedOptions,
  checkReadOptions,
  type DispatchOptions,
  type StateOptions,
} from '../../../core/loop/options.ts';
import { Routes } from '../../../core/loop/routes.ts';
import type { Envelope } from '../../../core/messages.ts';
import type { OptionNames } from '../../../core/unknown-names.ts';
import { uuidV7 } from '../../../core/uuid.ts';
import { engine } from '../engine/web-assembly.ts';
import { type BufferSource, type Component, isComponentError, isTrap, LinkError } from '../index.ts';
import { checkNames } from '../option-names.ts';
import { type CallInProgress, callInProgress, moduleImports, storeImport } from './module-imports.ts';
import { InstanceEnded, type Service, ServiceSource } from './service.ts';
import { inJavaScript, messageOf } from './service-errors.ts';
import { checkServiceOptions, SERVICE_OPTION_NAMES, type ServiceOptions } from './service-options.ts';

/** The options of {@link componentSourcer}. */
export interface ComponentSourcerOptions extends ServiceOptions {
  /** The store of the event sourcer. */
  readonly store: EventStore;
  /**
   * The modules of the event sourcer: components, or values of `defineDecider`. Each command type belongs to one of
   * them. The component has one instance for each module, because its world imports one.
   */
  readonly modules: readonly AnyModule[];
}

const NAMES: OptionNames<ComponentSourcerOptions> = { store: true, modules: true, ...SERVICE_OPTION_NAMES };
const PLACE = 'componentSourcer';

/** The options of one command. The other options of `createEventSourcer` need its loop. */
export type ComponentCommandOptions = Omit<DispatchOptions, 'signal' | 'principal'>;

/** An event sourcer in a component. */
export interface ComponentSourcer extends EventSourcer, AsyncDisposable {
  /** The compiled component. `componentSourcer(sourcer.component, …)` does not compile it again. */
  readonly component: Component;
  /** The number of instances that were created: one for each module, and one for each that ended. */
  readonly instances: number;
  /**
   * Decides a command in an envelope, and stores the decision. Without a command id, the host generates a UUIDv7,
   * because a component has no randomness.
   *
   * @throws CommandFailure whose `payload` is a `CommandError`.
   */
  handleCommand(command: Envelope, options?: ComponentCommandOptions): Promise<CommandResult>;
  /**
   * Reads the encoded state of a stream, at the newest revision or at the given one.
   *
   * @throws CommandFailure whose `payload` is a `CommandError`.
   */
  readState(stream: string, options?: Omit<StateOptions, 'signal'>): Promise<FoldedState>;
  /** Refuses later calls, waits for earlier ones, and ends the instances. The store stays open. */
  close(): Promise<void>;
}

/**
 * Makes an event sourcer of a component that exports `event-sourcer` of `wit/event-sourcer.wit`. Its imports are the
 * store and the modules of the options. Both may be components or TypeScript.
 *
 * The component is suspended while it waits for the store, which needs an engine with JavaScript promise integration,
 * such as that of Node 24. Commands of one module run one after another. If the component traps, the command fails with
 * `trap`, or with `unknown-outcome` of the store after an append, and the next command gets a new instance.
 *
 * @example
 * await using sourcer = await componentSourcer(await readFile('event-sourcer.wasm'), { store, modules: [account] });
 * const result = await sourcer.handleCommand(envelope, { commandId: 'order-1' });
 *
 * @param source the bytes of a component, or a compiled one.
 * @throws MalformedError | InvalidError | UnsupportedError if the bytes are not a component that can be loaded.
 * @throws ArgumentError if `source` is another value, or an option is unknown or invalid.
 * @throws DefinitionError if the store or a module is incomplete, or two modules claim the same name, command type, or
 *   event.
 * @throws LinkError if the exports do not match the world, an import is missing, or the engine has no promise
 *   integration.
 * @throws Trap if a start function traps, or the component needs more memory than the limit allows.
 */
export async function componentSourcer(
  source: BufferSource | Component,
  options: ComponentSourcerOptions,
): Promise<ComponentSourcer> {
  checkNames('options', options, NAMES);
  checkServiceOptions(options);
  const { store, modules, now = Date.now } = options;
  checkStore(store, `${PLACE}.store`);
  checkModules(modules, PLACE);
  if (engine.promising === undefined) {
    throw new LinkError(
      'an event sourcer in a component waits for its store, but this engine has no JavaScript promise integration; use ' +
        'Node 24 or later, or createEventSourcer',
    );
  }
  refuseRollouts(modules);
  const routes = new Routes(modules, () => {}, PLACE);
  const world = { world: 'event-sourcing', interfaceName: 'event-sourcer' } as const;
  const compiled = await ServiceSource.of(source, options, world);
  const members = new Map<BoundModule, Member>();
  for (const module of routes.modules) members.set(module, await Member.start(compiled, module, store));
  return new Sourcer(compiled.component, routes, members, now);
}

/** Refuses rollouts, because a component cannot choose a module. @throws DefinitionError */
function refuseRollouts(modules: readonly AnyModule[]): void {
  const index = modules.findIndex((module) => Object(module).rollout !== undefined);
  if (index === -1) return;
  throw new DefinitionError(
    `${PLACE}.modules[${index}]`,
    'is a rollout, which an event sourcer in a component does not support; use createEventSourcer, or pass one version',
  );
}

/** The instance of the event sourcer for one module. */
class Member {
  readonly module: BoundModule;
  readonly service: Service<EventSourcer>;
  readonly #start: (progress: CallInProgress) => void;

  private constructor(module: BoundModule, service: Service<EventSourcer>, start: (progress: CallInProgress) => void) {
    this.module = module;
    this.service = service;
    this.#start = start;
  }

  static async start(compiled: ServiceSource, module: BoundModule, store: EventStore): Promise<Member> {
    let current = callInProgress(undefined);
    const progress = (): CallInProgress => current;
    const imports = (): object => ({ ...moduleImports(module, progress), ...storeImport(store, progress) });
    const service = await compiled.start<EventSourcer>({ imports, isReplaceable: true });
    return new Member(module, service, (progress) => {
      current = progress;
    });
  }

  /** Calls the component. @throws CommandFailure */
  async call<Result>(commandId: string | undefined, use: (sourcer: EventSourcer) => Promise<Result>): Promise<Result> {
    const progress = callInProgress(commandId);
    try {
      return await this.service.call((sourcer) => {
        this.#start(progress);
        return use(sourcer);
      });
    } catch (error) {
      throw failureOf(error, progress, this.module);
    }
  }
}

class Sourcer implements ComponentSourcer {
  readonly component: Component;
  readonly #routes: Routes;
  readonly #members: ReadonlyMap<BoundModule, Member>;
  readonly #now: () => number;
  #closing: Promise<void> | undefined;

  constructor(component: Component, routes: Routes, members: ReadonlyMap<BoundModule, Member>, now: () => number) {
    this.component = component;
    this.#routes = routes;
    this.#members = members;
    this.#now = now;
  }

  get instances(): number {
    return [...this.#members.values()].reduce((sum, { service }) => sum + service.instances, 0);
  }

  async handleCommand(command: Envelope, options: ComponentCommandOptions = {}): Promise<CommandResult> {
    this.#checkOpen();
    refuseSignal(options);
    const { signal: _signal, principal: _principal, ...checked } = checkedOptions(options);
    const envelope = checkedEnvelope(command);
    const { module } = this.#routes.ofCommand(envelope.type);
    const commandId = checked.commandId ?? uuidV7(this.#now());
    const id = commandUuid(commandId);
    return this.#members.get(module)!.call(id, (sourcer) => sourcer.handleCommand(envelope, { ...checked, commandId }));
  }

  async readState(stream: string, options: Omit<StateOptions, 'signal'> = {}): Promise<FoldedState> {
    this.#checkOpen();
    refuseSignal(options);
    checkReadOptions(stream, options);
    const { module, revision } = options;
    const member = this.#members.get(this.#routes.ofName(module))!;
    return member.call(undefined, (sourcer) => sourcer.readState(stream, { module, revision }));
  }

  close(): Promise<void> {
    this.#closing ??= Promise.all([...this.#members.values()].map(({ service }) => service.close())).then(() => {});
    return this.#closing;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  #checkOpen(): void {
    if (this.#closing === undefined) return;
    throw refused('closed', 'event-sourcer', 'the event sourcer is closing or closed, and nothing was recorded');
  }
}

/** Refuses the options that only `createEventSourcer` supports. @throws CommandFailure `invalid-argument`. */
function refuseSignal(options: object): void {
  for (const name of ['signal', 'principal']) {
    if (Reflect.get(Object(options), name) === undefined) continue;
    throw invalidArgument(`options.${name}`, 'is not supported by an event sourcer in a component; omit it');
  }
}

/** Converts the error of a call of the component to the failure of a command. */
function failureOf(error: unknown, { commit, failure }: CallInProgress, module: BoundModule): unknown {
  if (isComponentError(error)) {
    const payload = inJavaScript(error.payload as CommandError);
    if (payload.tag === 'conflict') return conflictFailure(payload.val, 1, error);
    return new CommandFailure(payload, messageOf(payload), { cause: error });
  }
  if (!(error instanceof InstanceEnded)) return error;
  if (failure?.of === 'module') module.noteFailure(failure.error);
  if (commit !== 'none') {
    const message =
      `the event sourcer ended after it had called append: ${error.message}; the decision may be recorded, so send the ` +
      'command again with the same command id';
    return new CommandFailure({ tag: 'store', val: { code: 'unknown-outcome', message } }, message, { cause: error });
  }
  if (failure?.of === 'store') return asCommandFailure(failure.error, failure.work === 'appending');
  if (failure?.of === 'module') {
    return moduleFailure(failure.error, `module ${module.name} ${failure.work}`, [['module', module.name]]);
  }
  const { cause } = error;
  const code = isTrap(cause) ? cause.code : 'unexpected-exception';
  const message = `the event sourcer ended abnormally: ${error.message}`;
  return new CommandFailure({ tag: 'trap', val: { code, message, details: [] } }, message, { cause });
}
