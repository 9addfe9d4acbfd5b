/**
 * `messages` (wit/messages.wit): plain data that a store or a gateway needs, without any module.
 *
 * Times are milliseconds since the Unix epoch. Ids are UUIDs in lower-case text. A stream name is 1 to 255 bytes of
 * UTF-8 without NUL. Its category is the part before the first `-`, or the whole name if there is no `-`.
 */

/** The form in which a message is stored and sent. */
export interface Envelope {
  /** The message type in its module, such as `Withdrawn`. */
  readonly type: string;
  /** The version of the payload's schema, from 1. Upcasters convert older versions. */
  readonly schemaVersion: number;
  /** The message's data, in the content type of its module. */
  readonly payload: Uint8Array;
}

/** Identifies a kind of event in the whole store, by the category of its stream and by its type. */
export interface EventName {
  readonly category: string;
  readonly type: string;
}

/** A kind of event that a reader receives. */
export interface EventSource {
  readonly category: string;
  readonly type: string;
  /**
   * The type in the envelopes that the reader receives for this event. By default, it is the event's own type. This
   * type lets a reader distinguish two events of one type and different categories.
   */
  readonly name?: string | undefined;
}

/**
 * The domain refuses the command. A rejection is a result of the domain, not a defect. It is recorded like any
 * decision.
 */
export interface Rejection {
  /** A stable, machine-readable code, such as `insufficient-funds`. */
  readonly code: string;
  /** A sentence for people. */
  readonly message: string;
  /** The relevant names and values, in order. */
  readonly details: readonly (readonly [string, string])[];
}

/**
 * The module could not do its work, for example because of undecodable bytes, an unknown type or a broken invariant.
 */
export interface Fault {
  /** A stable, machine-readable name, such as `undecodable-payload`. */
  readonly code: string;
  /** Names the problem, its place and the remedy. */
  readonly message: string;
  /** The relevant names and values, in order. */
  readonly details: readonly (readonly [string, string])[];
}

/** Identifies the code that decided. */
export interface ModuleIdentity {
  readonly name: string;
  readonly version: string;
  /** SHA-256 of the module's code. It is known for a component, but not for functions in the process. */
  readonly digest?: Uint8Array | undefined;
}

/** The outcome of a command. */
export type Outcome =
  /** The command's events, if any, are in the stream. */
  | { readonly tag: 'accepted' }
  /** The domain refused the command. The stream has no new events. */
  | { readonly tag: 'rejected'; readonly val: Rejection };

/** The decision record. The event sourcer passes it to the store together with the decision's events. */
export interface Decision {
  /** The id of the command. A store has each command id once. */
  readonly commandId: string;
  readonly command: Envelope;
  /** The content type of the command's payload and of the events' payloads. */
  readonly contentType: string;
  /** The module that decided. */
  readonly module: ModuleIdentity;
  /** The last revision of the stream on which the decision is based, or undefined if the stream had no events. */
  readonly seenRevision?: bigint | undefined;
  readonly outcome: Outcome;
  /** The id of the cause of the command, for example an event or a request. */
  readonly causationId?: string | undefined;
  /** The id of the conversation that the command belongs to. By default, it is the command's own id. */
  readonly correlationId: string;
  /** The sender of the command, if it is known. */
  readonly actor?: string | undefined;
  /** The id of the key that encrypts the payloads. Reserved for the erasure of personal data, and undefined today. */
  readonly keyId?: string | undefined;
}

/** A stored decision: one commit of the stream. */
export interface RecordedDecision {
  /** The stream to which the decision was committed. */
  readonly stream: string;
  readonly decision: Decision;
  /** The revision of the decision's first event, or undefined if the decision has no events. */
  readonly firstRevision?: bigint | undefined;
  /** The number of events of the decision, possibly 0. */
  readonly eventCount: number;
  /** The time of the commit, in milliseconds since the Unix epoch. */
  readonly recordedAt: bigint;
  /** SHA-256 over the hash of the stream's previous commit and the content of this one. */
  readonly hash: Uint8Array;
}

/** The id of a stored event, its position, the time at which it was recorded, and the command that caused it. */
export interface EventContext {
  /** The UUIDv5 of the command id and the event's index in its decision. */
  readonly id: string;
  readonly stream: string;
  /** The number of the event in the stream, from 0 without gaps. */
  readonly revision: bigint;
  /** The position of the event in the whole store. Positions grow, possibly with gaps. */
  readonly position: bigint;
  /** The time of the commit, in milliseconds since the Unix epoch. */
  readonly recordedAt: bigint;
  /** The id of the conversation that the command belongs to. */
  readonly correlationId: string;
  /** The id of the command that the event comes from. */
  readonly causationId: string;
}

/** The form in which an event is read from a store. */
export interface RecordedEvent {
  readonly context: EventContext;
  readonly event: Envelope;
  /** The content type of the event's payload. */
  readonly contentType: string;
}

/** A command of a process manager that its decider rejected. */
export interface RejectedCommand {
  /** The id under which the rejection was recorded. */
  readonly commandId: string;
  readonly command: Envelope;
  /** The stream whose history led to the rejection. */
  readonly stream: string;
  readonly rejection: Rejection;
  /** The time at which the rejection was recorded. */
  readonly recordedAt: bigint;
}

/** The condition on a stream under which an append succeeds. */
export type Precondition =
  /** The stream may have any state. */
  | { readonly tag: 'any' }
  /** The stream has no events. */
  | { readonly tag: 'no-stream' }
  /** The stream has at least one event. */
  | { readonly tag: 'stream-exists' }
  /** The stream's last event has this revision. */
  | { readonly tag: 'at-revision'; readonly val: bigint };

/** The condition under which the events of a command type are appended. */
export type WritePrecondition =
  /** The stream is unchanged since the decision read it. This is the default. */
  | 'stream-unchanged'
  /** The stream has no events. The first of several concurrent writers succeeds. */
  | 'no-stream'
  /** The stream has at least one event. */
  | 'stream-exists'
  /** No condition, for commands whose events commute. */
  | 'any';

/** The condition on which the event sourcer stores the state after a command, so that later loads read fewer events. */
export type SnapshotPolicy =
  /** Stores no snapshots. */
  | { readonly tag: 'never' }
  /** Stores a snapshot if at least this many events were appended since the last one. The number is at least 1. */
  | { readonly tag: 'every'; readonly val: number };
