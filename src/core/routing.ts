/** `routing` (wit/routing.wit): the facts that a host needs to send a command to the right module and stream. */
import type { SnapshotPolicy, WritePrecondition } from './messages.ts';

/** Determines how the module treats events whose types it does not declare. */
export type ForeignEvents =
  /** Skips the events, because other modules share the stream. */
  | 'skip'
  /** Treats such an event as a fault, because the stream belongs to this module alone. */
  | 'fault';

/** One command type that the module decides. */
export interface CommandDescriptor {
  readonly type: string;
  /** The newest version of the schema. */
  readonly schemaVersion: number;
  /** The condition on the stream under which the command's events are appended. */
  readonly precondition: WritePrecondition;
  /** The condition on which the state is stored after the command. */
  readonly snapshot: SnapshotPolicy;
}

/** One event type that the module produces and folds. */
export interface EventDescriptor {
  readonly type: string;
  /** The newest version of the schema. The module upgrades older versions. */
  readonly schemaVersion: number;
}

/** Describes a decider to its host. */
export interface Descriptor {
  /** Identifies the module, together with the version, in decision records and in the keys of snapshots. */
  readonly name: string;
  readonly version: string;
  /** The content type of payloads and of stored states: `application/vnd.msgpack`. */
  readonly contentType: string;
  /** SHA-256 of the module's code, if the module provides it. A host that loads the code computes its own. */
  readonly digest?: Uint8Array | undefined;
  /**
   * The category of the module's streams: a valid stream name without `-`. An event is identified by its category and
   * its type, so modules of other categories may use the same event types.
   */
  readonly category: string;
  /** The treatment of events in the stream that are not in `events`. */
  readonly foreignEvents: ForeignEvents;
  /** The command types that the module decides. */
  readonly commands: readonly CommandDescriptor[];
  /** The event types that the module produces and folds. */
  readonly events: readonly EventDescriptor[];
}

/** The functions of a module that the event sourcer calls before it decides. */
export interface Routing<Command> {
  /** Describes the module. */
  describe(): Descriptor;

  /**
   * Returns the id of the stream whose history decides the command. The stream's name is `<category>-<id>`, or the
   * category itself if the id is empty.
   * @throws FaultError if the command does not name a stream.
   */
  streamId(command: Command): string;
}
