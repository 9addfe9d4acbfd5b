/** Interface decidable:eventsourcing/messages@0.1.0 */
export namespace DecidableEventsourcingMessages {
  export interface Envelope {
    type: string,
    schemaVersion: number,
    payload: Uint8Array,
  }
  export interface Fault {
    code: string,
    message: string,
    details: Array<[string, string]>,
  }
  export interface Rejection {
    code: string,
    message: string,
    details: Array<[string, string]>,
  }
  export type WritePrecondition = 'stream-unchanged' | 'no-stream' | 'stream-exists' | 'any';
  export type SnapshotPolicy = SnapshotPolicyNever | SnapshotPolicyEvery;
  export interface SnapshotPolicyNever {
    tag: 'never',
  }
  export interface SnapshotPolicyEvery {
    tag: 'every',
    val: number,
  }
}
/** Interface decidable:eventsourcing/types@0.1.0 */
export namespace DecidableEventsourcingTypes {
  export type Envelope = DecidableEventsourcingMessages.Envelope;
  export type Fault = DecidableEventsourcingMessages.Fault;
  export class Command implements Disposable {
    #private;
    private constructor();
    static fromEnvelope(envelope: Envelope): Command;
    toEnvelope(): Envelope;
    [Symbol.dispose](): void;
  }
  export class Event implements Disposable {
    #private;
    private constructor();
    static fromEnvelope(envelope: Envelope): Event;
    toEnvelope(): Envelope;
    [Symbol.dispose](): void;
  }
  export class State implements Disposable {
    #private;
    private constructor();
    static fromBytes(bytes: Uint8Array): State;
    toBytes(): Uint8Array;
    [Symbol.dispose](): void;
  }
}
/** Interface decidable:eventsourcing/decider@0.1.0 */
export namespace DecidableEventsourcingDecider {
  export type Rejection = DecidableEventsourcingMessages.Rejection;
  export type Fault = DecidableEventsourcingMessages.Fault;
  export type Command = DecidableEventsourcingTypes.Command;
  export type Event = DecidableEventsourcingTypes.Event;
  export type State = DecidableEventsourcingTypes.State;
  export function initialState(): State;
  export function evolve(state: State, event: Event): State;
  export function decide(state: State, command: Command): Array<Event>;
}
/** Interface decidable:eventsourcing/routing@0.1.0 */
export namespace DecidableEventsourcingRouting {
  export type Fault = DecidableEventsourcingMessages.Fault;
  export type WritePrecondition = DecidableEventsourcingMessages.WritePrecondition;
  export type SnapshotPolicy = DecidableEventsourcingMessages.SnapshotPolicy;
  export type Command = DecidableEventsourcingTypes.Command;
  export type ForeignEvents = 'skip' | 'fault';
  export interface CommandDescriptor {
    type: string,
    schemaVersion: number,
    precondition: WritePrecondition,
    snapshot: SnapshotPolicy,
  }
  export interface EventDescriptor {
    type: string,
    schemaVersion: number,
  }
  export interface Descriptor {
    name: string,
    version: string,
    contentType: string,
    digest?: Uint8Array | undefined,
    category: string,
    foreignEvents: ForeignEvents,
    commands: Array<CommandDescriptor>,
    events: Array<EventDescriptor>,
  }
  export function describe(): Descriptor;
  export function streamId(command: Command): string;
}
export interface ImportObject {
}
export interface Root {
  'decidable:eventsourcing/types@0.1.0': typeof DecidableEventsourcingTypes,
  'decidable:eventsourcing/decider@0.1.0': typeof DecidableEventsourcingDecider,
  'decidable:eventsourcing/routing@0.1.0': typeof DecidableEventsourcingRouting,
}
