/** `componentStore` converts a component of the world `event-storage` to an event store. */
import { AppendFailure, StoreFailure } from '../../../core/errors.ts';
import type { AppendError, EventStore, StoreError } from '../../../core/event-store.ts';
import { conflict, duplicate, usedAfterClose } from '../../../core/storage/arguments.ts';
import { awaitEventsAfter, CommitSignal } from '../../../core/storage/commit-signal.ts';
import { copyOfDecision, copyOfEvents, copyOfPrecondition } from '../../../core/storage/copies.ts';
import { type BareStore, GuardedStore } from '../../../core/storage/guarded-store.ts';
import type { OptionNames } from '../../../core/unknown-names.ts';
import { type BufferSource, type Component, isComponentError } from '../index.ts';
import { checkNames } from '../option-names.ts';
import { checkOneOf } from './options.ts';
import { InstanceEnded, type Service, ServiceSource } from './service.ts';
import { inJavaScript, messageOf } from './service-errors.ts';
import { checkServiceOptions, SERVICE_OPTION_NAMES, type ServiceOptions } from './service-options.ts';
import { checkedStreamPage } from './stream-page.ts';

/** The options of {@link componentStore}. */
export interface ComponentStoreOptions extends ServiceOptions {
  /**
   * The place of the component's data.
   *
   * - `'instance'`: the memory of its instance. If the instance traps, its data is lost. The store then refuses every
   *   later call with the code `io`, because a new instance would look like a store without events.
   * - `'imports'`: outside of the component, reached by its imports. After a trap, the next call makes a new instance.
   *
   * @default 'instance'
   */
  readonly data?: 'instance' | 'imports' | undefined;
}

const NAMES: OptionNames<ComponentStoreOptions> = { data: true, ...SERVICE_OPTION_NAMES };

/**
 * Makes an event store of a component that exports `event-store` of `wit/event-store.wit`.
 *
 * Calls run one after another. Each argument is checked before it reaches the component. If the component traps, its
 * instance ends. A call that writes then fails with the code `unknown-outcome`, and a call that reads with `io`. A page
 * of a stream with a gap, a duplicate or an event of another stream is refused with the code `corrupt`.
 *
 * The store has only the functions of the contract. It cannot reserve streams, and its hash chain cannot be verified.
 * The host implements `awaitEvents`, because a component that waits could not serve an append. Only appends through the
 * returned object wake a caller of `awaitEvents`.
 *
 * @example
 * await using store = await componentStore(await readFile('event-store.wasm'));
 * const sourcer = createEventSourcer({ store, modules: [account] });
 *
 * @param source the bytes of a component, or a compiled one.
 * @throws MalformedError | InvalidError | UnsupportedError if the bytes are not a component that can be loaded.
 * @throws ArgumentError if `source` is another value, or an option is unknown or invalid.
 * @throws LinkError if the exports do not match the world, or an import is missing. It shows the expected and the found
 *   types.
 * @throws Trap if a start function traps, or the component needs more memory than the limit allows.
 */
export async function componentStore(
  source: BufferSource | Component,
  options: ComponentStoreOptions = {},
): Promise<ComponentStore> {
  checkNames('options', options, NAMES);
  const { data = 'instance' } = options;
  checkOneOf('data', data, ['instance', 'imports']);
  checkServiceOptions(options);
  const world = { world: 'event-storage', interfaceName: 'event-store' } as const;
  const compiled = await ServiceSource.of(source, options, world);
  return new ComponentStore(compiled.component, await compiled.start({ isReplaceable: data === 'imports' }));
}

/** An event store in a component. It is closed with `close`, which ends its instance. */
export class ComponentStore extends GuardedStore {
  /** The compiled component. `componentStore(store.component)` does not compile it again. */
  readonly component: Component;
  readonly #service: Service<EventStore>;

  /** @internal Use {@link componentStore}. */
  constructor(component: Component, service: Service<EventStore>) {
    super(operations(service));
    this.component = component;
    this.#service = service;
  }

  /** The number of instances that were created. */
  get instances(): number {
    return this.#service.instances;
  }
}

/**
 * Implements the operations by calls of the component. The arguments are valid. They are copied, because a call may
 * wait for earlier calls, and the caller may change its objects in the meantime.
 */
function operations(service: Service<EventStore>): BareStore {
  const commits = new CommitSignal();

  const read = async <Result>(call: (store: EventStore) => Promise<Result>): Promise<Result> => {
    try {
      return await service.call(call);
    } catch (error) {
      throw storeFailure(error, 'io');
    }
  };
  const write = async (call: (store: EventStore) => Promise<void>): Promise<void> => {
    try {
      await service.call(call);
    } catch (error) {
      throw storeFailure(error, 'unknown-outcome');
    }
  };
  const lastPosition = async (): Promise<bigint | undefined> => {
    const options = { direction: 'backward', limit: 1, categories: [], eventTypes: [], events: [] } as const;
    const [last] = await read((store) => store.readAll(options));
    return last?.context.position;
  };

  return {
    append: async (stream, events, precondition, decision) => {
      const [own, guard, record] = [copyOfEvents(events), copyOfPrecondition(precondition), copyOfDecision(decision)];
      try {
        return await service.call((store) => store.append(stream, own, guard, record));
      } catch (error) {
        throw appendFailure(error);
      } finally {
        commits.notify();
      }
    },
    readStream: async (stream, options) => {
      const own = { ...options };
      return checkedStreamPage(stream, own, await read((store) => store.readStream(stream, own)));
    },
    readAll: (options) => {
      const { categories, eventTypes, events } = options;
      const own = { ...options, categories: [...categories], eventTypes: [...eventTypes], events: [...events] };
      return read((store) => store.readAll(own));
    },
    awaitEvents: (afterPosition, signal) => awaitEventsAfter(lastPosition, commits, afterPosition, signal),
    findDecision: (commandId) => read((store) => store.findDecision(commandId)),
    loadSnapshot: (key) => {
      const own = { ...key };
      return read((store) => store.loadSnapshot(own));
    },
    saveSnapshot: (key, snapshot) => {
      const [ownKey, own] = [{ ...key }, { ...snapshot, state: new Uint8Array(snapshot.state) }];
      return write((store) => store.saveSnapshot(ownKey, own));
    },
    dropSnapshot: (key) => {
      const own = { ...key };
      return write((store) => store.dropSnapshot(own));
    },
    close: () => {
      commits.close(usedAfterClose);
      return service.close();
    },
  };
}

function appendFailure(error: unknown): unknown {
  if (isComponentError(error)) {
    const payload = inJavaScript(error.payload as AppendError);
    if (payload.tag === 'conflict') return conflict(payload.val.stream, payload.val.precondition, payload.val.actual);
    if (payload.tag === 'duplicate') return duplicate(payload.val);
    return new AppendFailure(payload, messageOf(payload), { cause: error });
  }
  const fault = faultOf(error, 'unknown-outcome');
  return fault === undefined ? error : new AppendFailure(fault, fault.val.message, { cause: error });
}

function storeFailure(error: unknown, code: string): unknown {
  if (isComponentError(error)) {
    const payload = inJavaScript(error.payload as StoreError);
    return new StoreFailure(payload, messageOf(payload), { cause: error });
  }
  const fault = faultOf(error, code);
  return fault === undefined ? error : new StoreFailure(fault, fault.val.message, { cause: error });
}

/** Returns the failure for an instance that ended, or undefined if the error is another one. */
function faultOf(error: unknown, code: string): Extract<StoreError, { tag: 'failure' }> | undefined {
  if (!(error instanceof InstanceEnded)) return undefined;
  const { message } = error;
  if (error.wasEnded) {
    const lost = `the instance of the store ended before this call, and its data is lost: ${message}`;
    return { tag: 'failure', val: { code: 'io', message: lost } };
  }
  const advice = code === 'unknown-outcome' ? '; it may have written before, so read before you write again' : '';
  return { tag: 'failure', val: { code, message: `the instance of the store ended: ${message}${advice}` } };
}
