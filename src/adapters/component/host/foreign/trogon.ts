/**
 * Adapts components of the contract `trogon:decider@0.3.0` (TrogonStack/trogonai). A session of the guest is a state.
 * It folds events in place, so the state that `evolve` consumes and the state that it returns are the same session.
 */
import { DefinitionError } from '../../../../core/errors.ts';
import type { Fault, SnapshotPolicy, WritePrecondition } from '../../../../core/messages.ts';
import type { CommandDescriptor } from '../../../../core/routing.ts';
import type { OptionNames } from '../../../../core/unknown-names.ts';
import { type BufferSource, type Component, ComponentError, isComponentError } from '../../index.ts';
import { checkNames } from '../../option-names.ts';
import { compileSource } from '../component-source.ts';
import { GuestFault } from '../failures.ts';
import type { BoundExports, Handle } from '../guest.ts';
import { DEFAULT_MAX_HANDLES } from '../limits.ts';
import { type ComponentCommandHandler, digestOf, moduleOf } from '../load-module.ts';
import { checkOptions } from '../options.ts';
import { fitContract } from './fit-contract.ts';
import { checkForeign, FOREIGN_NAMES, type ForeignDescriptor, type ForeignOptions, fault } from './foreign-options.ts';
import { keptMessages } from './kept-messages.ts';
import { type KeptMessage, KeptValues, SCHEMA_VERSION } from './kept-values.ts';

/** The options of {@link trogonDecider}. */
export type TrogonDeciderOptions = ForeignOptions;

const HANDLER = 'trogon:decider/handler@0.3.0';
const PLACE = 'trogonDecider';

const MESSAGE = 'record { type: string, payload: list<u8> }';
const ERROR = 'record { code: string, message: string, details: list<tuple<string, string>> }';
const COMMAND_SPEC =
  'record { command-type: string, write-precondition: variant { stream-unchanged, no-stream, stream-exists, any }, ' +
  'snapshot-policy: variant { no-snapshot, frequency(u64) } }';
const MEMBERS = {
  session: 'resource',
  descriptor: `func() -> record { name: string, version: string, commands: list<${COMMAND_SPEC}> }`,
  'stream-id': `func(command: ${MESSAGE}) -> result<string, ${ERROR}>`,
  '[constructor]session': 'func(snapshot: option<list<u8>>) -> session',
  '[method]session.evolve': `func(self: borrow<session>, events: list<${MESSAGE}>) -> result<_, ${ERROR}>`,
  '[method]session.decide':
    `func(self: borrow<session>, command: ${MESSAGE}) -> ` +
    `result<list<${MESSAGE}>, variant { rejected(${ERROR}), faulted(${ERROR}) }>`,
  '[method]session.snapshot': 'func(self: borrow<session>) -> option<list<u8>>',
};

/** The exported interface, as the loader exports it with resources as handles. */
interface TrogonHandler {
  descriptor(): {
    readonly name: string;
    readonly version: string;
    readonly commands: readonly {
      readonly commandType: string;
      readonly writePrecondition: { readonly tag: WritePrecondition };
      readonly snapshotPolicy: { readonly tag: 'no-snapshot' } | { readonly tag: 'frequency'; readonly val: bigint };
    }[];
  };
  streamId(command: KeptMessage): string;
  readonly session: {
    create(snapshot: Uint8Array | undefined): Handle;
    evolve(session: Handle, events: readonly KeptMessage[]): void;
    decide(session: Handle, command: KeptMessage): readonly KeptMessage[];
    snapshot(session: Handle): Uint8Array | undefined;
    drop(session: Handle): void;
  };
}

/** The payload of the errors of `decide`. */
interface DecideError {
  readonly tag: 'rejected' | 'faulted';
  readonly val: Fault;
}

/**
 * Loads a component that was built for `trogon:decider@0.3.0` as a decider. The component declares its name, its
 * version, its commands, their preconditions and their snapshots. The options declare the rest.
 *
 * A state is a session of the component. If its `snapshot` returns nothing, states cannot be read (`readState`), and
 * the module cannot run with `isolation: 'fresh'`. A decision without events, which that contract forbids, is a fault.
 *
 * @example
 * const account = await trogonDecider(await readFile('account.wasm'), { category: 'account', events: ['Opened'] });
 * const sourcer = createEventSourcer({ store, modules: [account] });
 *
 * @param source the bytes of a component, or a compiled one.
 * @throws MalformedError | InvalidError | UnsupportedError if the bytes are not a component that can be loaded.
 * @throws ArgumentError if `source` is another value, or an option is unknown or invalid.
 * @throws DefinitionError if an option of the descriptor or the descriptor of the component is invalid.
 * @throws LinkError if the exports do not match the contract, or an import is missing or asynchronous.
 * @throws Trap if a start function traps, or the guest needs more memory than the limit allows.
 */
export async function trogonDecider(
  source: BufferSource | Component,
  options: TrogonDeciderOptions,
): Promise<ComponentCommandHandler> {
  checkNames('options', options, FOREIGN_NAMES satisfies OptionNames<TrogonDeciderOptions>);
  const { category, events, contentType, foreignEvents, ...loading } = options;
  const described = checkForeign({ category, events, contentType, foreignEvents }, PLACE);
  checkOptions(loading);
  const digest = digestOf(source, loading.digest);
  const { component, bounds } = await compileSource(source, loading);
  fitContract(component, 'the contract trogon:decider@0.3.0', { [HANDLER]: MEMBERS });
  const bind = (exports: Record<string, unknown>): BoundExports =>
    bindHandler(exports[HANDLER] as TrogonHandler, described, loading.maxHandles);
  return moduleOf({ ...loading, digest, component, bounds, interfaceNames: {}, bind }, 'command-handler');
}

function bindHandler(
  handler: TrogonHandler,
  described: ForeignDescriptor,
  maxHandles: number = DEFAULT_MAX_HANDLES,
): BoundExports {
  const { session } = handler;
  const { name, version, commands: specs } = handler.descriptor();
  const commands = specs.map(commandOf);
  const commandTypes = new Set(commands.map(({ type }) => type));
  const eventTypes = new Set(described.events.map(({ type }) => type));
  const keptCommands = new KeptValues<KeptMessage>('command', maxHandles);
  const keptEvents = new KeptValues<KeptMessage>('event', maxHandles);
  return {
    command: keptMessages(keptCommands, commandTypes, (message) => message),
    event: keptMessages(keptEvents, eventTypes, (message) => message),
    state: {
      fromBytes: (bytes) => session.create(bytes),
      toBytes: (state) => {
        const bytes = session.snapshot(state);
        if (bytes === undefined) throw fault('no-snapshot', `module ${name} returned no snapshot of its state`);
        return bytes;
      },
      drop: (state) => session.drop(state),
    },
    decider: {
      initialState: () => session.create(undefined),
      evolve: (state, event) => {
        const message = keptEvents.get(event);
        try {
          session.evolve(state, [message]);
          return state;
        } catch (error) {
          // The state is consumed. A trap has ended its instance, so that there is nothing to drop.
          if (isComponentError(error)) session.drop(state);
          throw error;
        }
      },
      decide: (state, command) => {
        const message = keptCommands.get(command);
        const events = decided(() => session.decide(state, message));
        if (events.length === 0) {
          throw fault(
            'empty-decision',
            `module ${name} decided ${message.type} without events, which its contract forbids`,
          );
        }
        return events.map((event) => keptEvents.keep(event));
      },
    },
    routing: {
      describe: () => ({ ...described, name, version, digest: undefined, commands }),
      streamId: (command) => handler.streamId(keptCommands.get(command)),
    },
    keptHandles: () => keptCommands.size + keptEvents.size,
  };
}

/** Converts the errors of `decide`. They have one case for rejections and one for faults. */
function decided(decide: () => readonly KeptMessage[]): readonly KeptMessage[] {
  try {
    return decide();
  } catch (error) {
    if (!isComponentError(error)) throw error;
    const { tag, val } = error.payload as DecideError;
    throw tag === 'rejected' ? new ComponentError(val, val.message) : new GuestFault(val);
  }
}

type CommandSpec = ReturnType<TrogonHandler['descriptor']>['commands'][number];

function commandOf({ commandType, writePrecondition, snapshotPolicy }: CommandSpec): CommandDescriptor {
  return {
    type: commandType,
    schemaVersion: SCHEMA_VERSION,
    precondition: writePrecondition.tag,
    snapshot: snapshotOf(commandType, snapshotPolicy),
  };
}

const MOST_EVENTS = 2 ** 32 - 1;

function snapshotOf(commandType: string, policy: CommandSpec['snapshotPolicy']): SnapshotPolicy {
  if (policy.tag === 'no-snapshot') return { tag: 'never' };
  if (policy.val === 0n) {
    throw new DefinitionError(`${PLACE}.${commandType}`, 'its snapshot policy is frequency(0); expected at least 1');
  }
  return { tag: 'every', val: Math.min(Number(policy.val), MOST_EVENTS) };
}
