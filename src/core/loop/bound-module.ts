/**
 * A module of the event sourcer: its checked descriptor, and functions that decide and release handles.
 */
import type { CanonicalCommands } from '../define/canonical-commands.ts';
import type { CommandIdAware } from '../define/command-id-aware.ts';
import type { EventOwner } from '../define/event-category.ts';
import type { StateFingerprint } from '../define/state-fingerprint.ts';
import { DefinitionError } from '../errors.ts';
import type { ModuleIdentity, WritePrecondition } from '../messages.ts';
import { isPositiveU32, isText, mustBe } from '../predicates.ts';
import type { CommandDescriptor, Descriptor, EventDescriptor } from '../routing.ts';
import { checkCategory } from '../stream-name.ts';
import { toHex } from '../uuid.ts';
import type { CommandHandler } from '../worlds.ts';
import { isInstanceTrap } from './failures.ts';

/** A module with any type parameters. The loop passes its values on and never inspects them. */
export type AnyModule = CommandHandler<unknown, unknown, unknown> &
  CanonicalCommands<unknown> &
  CommandIdAware<unknown, unknown, unknown> &
  EventOwner &
  StateFingerprint & {
    /** The other version of the module, and the share of the streams that belong to it. */
    readonly rollout?: Rollout | undefined;
  };

/** The control of a rollout. */
export interface Rollout {
  /** The module that decides the commands of the candidate's streams. */
  readonly candidate: AnyModule;
  /** The share of the streams that belong to the candidate, from 0 to 1. */
  readonly share: number;
  /**
   * Moves the share up or down. Commands that were accepted before are decided by the version that they were accepted
   * for.
   * @param share from 0 (the current version decides everything) to 1 (the candidate decides everything).
   * @throws DefinitionError if the share is not between 0 and 1.
   */
  move(share: number): void;
  /** Returns whether the candidate decides the commands of this stream. */
  takes(stream: string): boolean;
}

const PRECONDITIONS: readonly WritePrecondition[] = ['stream-unchanged', 'no-stream', 'stream-exists', 'any'];

export class BoundModule {
  readonly types: AnyModule['types'];
  readonly decider: AnyModule['decider'];
  readonly routing: AnyModule['routing'];
  /** The value that was passed to `createEventSourcer`. */
  readonly source: AnyModule;
  readonly descriptor: Descriptor;
  readonly name: string;
  readonly contentType: string;
  /**
   * The content type of the module's snapshots. Its parameter identifies the code that made the state: the fingerprint
   * of a module in the process, or the digest of a component. A snapshot of different code has a different content
   * type, and is not used.
   */
  readonly snapshotContentType: string;
  /** The identity in the module's decision records. All records share this object. */
  readonly identity: ModuleIdentity;
  /** The event types of the descriptor. The module may append and fold only these. */
  readonly eventTypes: ReadonlySet<string>;
  readonly skipsForeignEvents: boolean;
  /** True if a command type stores snapshots. Otherwise the loader does not look for snapshots. */
  readonly takesSnapshots: boolean;
  /** True if the module has `decideWithCommandId`. */
  readonly usesCommandId: boolean;
  /**
   * The number of instances of the module that have ended. A handle of an older generation belongs to an instance that
   * has ended.
   *
   * The component host checks its handles too, and throws `StaleHandle` if a handle of an ended instance is used. Both
   * mechanisms are needed. The host's check protects every caller at the moment of use. With the generation, the loop
   * drops cached states before they are used. Without it, after a trap one command of each cached stream would fail and
   * load again. The generation also works for modules of other hosts.
   */
  generation: number = 0;
  readonly #releaseFailed: (error: unknown) => void;

  /**
   * Checks a module and its descriptor.
   * @throws DefinitionError if the value is not a module, or its descriptor is invalid.
   */
  constructor(source: AnyModule, place: string, releaseFailed: (module: string, error: unknown) => void) {
    checkParts(source, place);
    this.source = source;
    this.types = source.types;
    this.decider = source.decider;
    this.routing = source.routing;
    this.descriptor = describe(source, place);
    checkDescriptor(this.descriptor, place);
    this.name = this.descriptor.name;
    this.contentType = this.descriptor.contentType;
    const { version, digest } = this.descriptor;
    this.identity = { name: this.name, version, digest };
    this.eventTypes = new Set(this.descriptor.events.map((event) => event.type));
    this.skipsForeignEvents = this.descriptor.foreignEvents === 'skip';
    this.takesSnapshots = this.descriptor.commands.some((command) => command.snapshot.tag === 'every');
    const madeBy = this.takesSnapshots ? (source.stateFingerprint ?? (digest && toHex(digest))) : undefined;
    this.snapshotContentType = madeBy === undefined ? this.contentType : `${this.contentType}; made-by=${madeBy}`;
    this.usesCommandId = source.decideWithCommandId !== undefined;
    this.#releaseFailed = (error) => {
      this.noteFailure(error);
      releaseFailed(this.name, error);
    };
  }

  /** Calls the module's `decide`. Its errors are thrown unchanged. */
  decide(commandId: string, state: unknown, command: unknown): readonly unknown[] {
    return this.source.decideWithCommandId === undefined
      ? this.decider.decide(state, command)
      : this.source.decideWithCommandId(commandId, state, command);
  }

  /** Handles an error of the module outside a decision. If an instance ended, its handles become invalid. */
  noteFailure(error: unknown): void {
    if (isInstanceTrap(error)) this.generation++;
  }

  // A release can fail if the instance of the handle has trapped. Such a failure must not hide an earlier error, so it
  // is only reported, and the handle counts as released.

  releaseState(state: unknown): void {
    try {
      this.types.state.drop?.(state);
    } catch (error) {
      this.#releaseFailed(error);
    }
  }

  releaseCommand(command: unknown): void {
    try {
      this.types.command.drop?.(command);
    } catch (error) {
      this.#releaseFailed(error);
    }
  }

  releaseEvent(event: unknown): void {
    try {
      this.types.event.drop?.(event);
    } catch (error) {
      this.#releaseFailed(error);
    }
  }
}

function checkParts(source: unknown, place: string): void {
  if (source instanceof Promise) throw new DefinitionError(place, 'is a promise; await it before you pass it');
  for (const part of ['types', 'decider', 'routing'])
    if (Object(source)[part] === undefined)
      throw new DefinitionError(
        place,
        `has no ${part}, so it is not a command handler; pass the result of defineDecider or loadModule`,
      );
}

function describe(source: AnyModule, place: string): Descriptor {
  try {
    return source.routing.describe();
  } catch (error) {
    throw new DefinitionError(place, 'its routing.describe() threw an error', { cause: error });
  }
}

function checkDescriptor(descriptor: Descriptor, place: string): void {
  if (typeof descriptor !== 'object' || descriptor === null) {
    throw new DefinitionError(place, `its descriptor ${mustBe('an object', descriptor)}`);
  }
  const { name, version, contentType, digest, category, foreignEvents, commands, events } = descriptor;
  for (const [field, value] of Object.entries({ name, version, contentType })) checkText(value, `${place}.${field}`);
  if (digest !== undefined && !(digest instanceof Uint8Array)) {
    throw new DefinitionError(`${place}.digest`, mustBe('a Uint8Array or undefined', digest));
  }
  const problem = checkCategory(category);
  if (problem !== undefined) throw new DefinitionError(`${place}.category`, problem);
  if (foreignEvents !== 'skip' && foreignEvents !== 'fault') {
    throw new DefinitionError(`${place}.foreignEvents`, mustBe("'skip' or 'fault'", foreignEvents));
  }
  checkMessages(commands, `${place}.commands`);
  checkMessages(events, `${place}.events`);
  for (const command of commands) checkCommand(command, `${place}.commands.${command.type}`);
}

function checkText(value: unknown, place: string): void {
  if (isText(value) && value !== '') return;
  throw new DefinitionError(place, mustBe('a non-empty string without lone surrogates', value));
}

function checkMessages(messages: readonly EventDescriptor[], place: string): void {
  if (!Array.isArray(messages)) throw new DefinitionError(place, mustBe('an array', messages));
  const seen = new Set<string>();
  for (const message of messages) {
    const { type, schemaVersion }: Partial<EventDescriptor> = Object(message);
    checkText(type, `${place}.type`);
    if (seen.has(type!))
      throw new DefinitionError(`${place}.${type}`, 'is listed twice in the descriptor; list it once');
    if (!isPositiveU32(schemaVersion)) {
      throw new DefinitionError(`${place}.${type}.schemaVersion`, mustBe('a positive integer', schemaVersion));
    }
    seen.add(type!);
  }
}

function checkCommand({ precondition, snapshot }: CommandDescriptor, place: string): void {
  if (!PRECONDITIONS.includes(precondition))
    throw new DefinitionError(
      `${place}.precondition`,
      `must be one of ${PRECONDITIONS.join(', ')}, not ${JSON.stringify(precondition)}`,
    );
  if (snapshot?.tag === 'never' || (snapshot?.tag === 'every' && isPositiveU32(snapshot.val))) return;
  throw new DefinitionError(
    `${place}.snapshot`,
    mustBe("{ tag: 'never' } or { tag: 'every', val } with a positive integer", snapshot),
  );
}
