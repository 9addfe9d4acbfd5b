/** `routing` (wit/routing.wit): what a host must know to send a command to the right module and stream. */
import type { SnapshotPolicy, WritePrecondition } from './messages.ts';

/** What `evolve` meets in a stream that several modules share. */
export type ForeignEvents =
  /** Events of types that the module does not name are another module's: a shared stream. */
  | 'skip'
  /** They are a fault: the stream is this module's alone. */
  | 'fault';

/** One command type that the module decides. */
export interface CommandDescriptor {
  readonly type: string;
  readonly schemaVersion: number;
  readonly precondition: WritePrecondition;
  readonly snapshot: SnapshotPolicy;
}

/** One event type that the module makes and folds. */
export interface EventDescriptor {
  readonly type: string;
  /** The newest; older ones are brought forward. */
  readonly schemaVersion: number;
}

/** What a host must know of a decider before it hands it anything. */
export interface Descriptor {
  /** With the version, identifies the module: in decision records and as the key of snapshots. */
  readonly name: string;
  readonly version: string;
  /** Of the payloads and of the stored states: `application/vnd.msgpack`. */
  readonly contentType: string;
  /** SHA-256 of the module's code, where the module knows it. A host that loaded the code knows better. */
  readonly digest: Uint8Array | undefined;
  readonly foreignEvents: ForeignEvents;
  readonly commands: readonly CommandDescriptor[];
  readonly events: readonly EventDescriptor[];
}

/** What the event sourcer asks of a module before it decides. */
export interface Routing<Command> {
  describe(): Descriptor;

  /**
   * The stream whose history decides the command.
   * @throws FaultError where the command names no stream.
   */
  streamId(command: Command): string;
}
