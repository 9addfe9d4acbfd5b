/**
 * `messages` (wit/messages.wit): plain data, what a store or a gateway needs without any module.
 *
 * Times are milliseconds since the Unix epoch. Ids are UUIDs in lower-case text. A stream name is 1 to 255 bytes of UTF-8
 * without NUL; its category is what stands before the first `-` (all of it, where there is none).
 */

/** A message as it is stored and sent. */
export interface Envelope {
  /** The message type, as the module that owns it names it: `Withdrawn`. */
  readonly type: string;
  /** The version of the payload's schema, from 1; upcasters bring old ones forward. */
  readonly schemaVersion: number;
  /** The message's data, in the content type of its module. */
  readonly payload: Uint8Array;
}

/** The domain says no. Part of the domain language, never a defect; it is recorded like any decision. */
export interface Rejection {
  /** Stable and machine-readable: `insufficient-funds`. */
  readonly code: string;
  /** For people. */
  readonly message: string;
  /** The names and values that matter, in order. */
  readonly details: readonly (readonly [string, string])[];
}

/** The module could not do its work: undecodable bytes, an unknown type, a broken invariant. */
export interface Fault {
  /** Stable and machine-readable: `undecodable-payload`. */
  readonly code: string;
  /** What is wrong, where, and what to do. */
  readonly message: string;
  /** The names and values that matter, in order. */
  readonly details: readonly (readonly [string, string])[];
}

/** Which code decided. */
export interface ModuleIdentity {
  readonly name: string;
  readonly version: string;
  /** SHA-256 of the module's code, where it is known: always for a component, never for functions in the process. */
  readonly digest: Uint8Array | undefined;
}

/** What became of a command. */
export type Outcome =
  /** Its events, possibly none, are in the stream. */
  | { readonly tag: 'accepted' }
  /** The domain said no; the stream is as it was. */
  | { readonly tag: 'rejected'; readonly val: Rejection };

/** The decision record, as the event sourcer hands it to the store with the decision's events. */
export interface Decision {
  readonly commandId: string;
  readonly command: Envelope;
  /** Of the payloads of the command and of the events. */
  readonly contentType: string;
  readonly module: ModuleIdentity;
  /** The last revision of the stream that the decision saw; undefined: it saw no events. */
  readonly seenRevision: bigint | undefined;
  readonly outcome: Outcome;
  /** What caused the command: the id of an event, a request … */
  readonly causationId: string | undefined;
  /** What the command belongs to; the command's own id where the caller named nothing. */
  readonly correlationId: string;
  /** Who sent the command, where it is known. */
  readonly actor: string | undefined;
  /** The id of the key that the payloads are sealed with. None today: reserved for erasing personal data. */
  readonly keyId: string | undefined;
}

/** A decision as it is stored: one commit of the stream. */
export interface RecordedDecision {
  readonly stream: string;
  readonly decision: Decision;
  /** The revision of the first event of the decision; undefined: it had no events. */
  readonly firstRevision: bigint | undefined;
  readonly eventCount: number;
  readonly recordedAt: bigint;
  /** SHA-256 over the hash of the commit before this one in the stream and the content of this one. */
  readonly hash: Uint8Array;
}

/** Where a stored event stands and when it was recorded. */
export interface EventContext {
  /** UUIDv5 of the command id and the event's index in its decision. */
  readonly id: string;
  readonly stream: string;
  /** From 0, without gaps in the stream. */
  readonly revision: bigint;
  /** Grows over the whole store. */
  readonly position: bigint;
  readonly recordedAt: bigint;
  readonly correlationId: string;
  /** The id of the command that the event comes from. */
  readonly causationId: string;
}

/** An event as it is read from a store. */
export interface RecordedEvent {
  readonly context: EventContext;
  readonly event: Envelope;
  readonly contentType: string;
}

/** What must hold of a stream when something is appended to it. */
export type Precondition =
  /** Nothing. */
  | { readonly tag: 'any' }
  /** It has no events. */
  | { readonly tag: 'no-stream' }
  /** It has at least one event. */
  | { readonly tag: 'stream-exists' }
  /** Its last event has this revision. */
  | { readonly tag: 'at-revision'; readonly val: bigint };

/** The guard that a command's meaning needs when its events are appended. */
export type WritePrecondition =
  /** The stream is as the decision saw it: the default. */
  | 'stream-unchanged'
  /** The stream has no events: the first of several concurrent writers wins. */
  | 'no-stream'
  /** The stream has at least one event. */
  | 'stream-exists'
  /** Nothing: for commands whose events commute. */
  | 'any';

/** When the state is stored after a command, so that later loads read fewer events. */
export type SnapshotPolicy =
  | { readonly tag: 'never' }
  /** Once at least this many events, at least 1, have come since the last snapshot. */
  | { readonly tag: 'every'; readonly val: number };
