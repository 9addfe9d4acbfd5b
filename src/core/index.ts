/** `decidable`: the contract, the functions that define modules, the event sourcer, and processors. */
export type { Codec, Subject } from './codec/codec.ts';
export { msgpack } from './codec/msgpack.ts';
export type { Decider } from './decider.ts';
export type { CanonicalCommand, CanonicalCommands } from './define/canonical-commands.ts';
export type { CommandIdAware } from './define/command-id-aware.ts';
export {
  type Adapter,
  type Addressed,
  adapt,
  combine,
  type Either,
  left,
  many,
  neutral,
  right,
} from './define/composition.ts';
export {
  type CommandOf,
  type Decide,
  type Decided,
  type DecidedInSteps,
  type DeciderDefinition,
  type DeciderModule,
  defineDecider,
  type EventOf,
  type Evolve,
  type InitialState,
  type StateOf,
} from './define/decider.ts';
export { type EventOwner, withCategory } from './define/event-category.ts';
export {
  cancelDeadline,
  defineEventHandler,
  dispatchCommand,
  type EventHandlerDefinition,
  type EventHandlerModule,
  endProcess,
  type HandleEvent,
  type Reacted,
  type RejectedData,
  type RejectionHandler,
  scheduleCommand,
} from './define/event-handler.ts';
export { inline } from './define/inline.ts';
export {
  type CheckedUpcasters,
  type CommandDefinition,
  type CommandDefinitions,
  type CommandFields,
  type CommandPolicies,
  type DataOf,
  type Definition,
  defineCommand,
  defineEvent,
  type EventDefinition,
  type EventDefinitions,
  type EventFields,
  type Message,
  type MessageMaker,
  type MessageOf,
  type MessageOptions,
  type OwnedEventDefinition,
  type Snapshots,
  type Source,
  type Upcaster,
  type Upcasters,
  upcastFrom,
} from './define/message.ts';
export {
  type DropDocument,
  defineProjector,
  dropDocument,
  type Project,
  type ProjectorDefinition,
  type ProjectorModule,
} from './define/projector.ts';
export {
  defineReactor,
  type React,
  type ReactorContext,
  type ReactorDefinition,
  type ReactorModule,
} from './define/reactor.ts';
export { type RejectionDetail, reject } from './define/reject.ts';
export type { InputOf, OutputOf, Rereadable, SchemaIssue, SchemaResult, StandardSchema } from './define/schema.ts';
export type { StateFingerprint } from './define/state-fingerprint.ts';
export {
  AppendFailure,
  CommandFailure,
  DecidableError,
  DefinitionError,
  FaultError,
  isAppendFailure,
  isCommandFailure,
  isFault,
  isRejection,
  isStoreFailure,
  RejectionError,
  StoreFailure,
} from './errors.ts';
export type * from './event-handler.ts';
export type * from './event-sourcer.ts';
export type * from './event-store.ts';
export { COMMAND_ID_NAMESPACE, commandUuid, eventId, reactionId } from './ids.ts';
export { type JsonConvertible, type JsonValue, toJson } from './json.ts';
export type { AuthorizationRequest, Authorizer } from './loop/authorization.ts';
export type { AnyModule, Rollout } from './loop/bound-module.ts';
export type { ConfiguredStore, EventSourcerConfiguration } from './loop/configuration.ts';
export {
  createEventSourcer,
  type DispatchableCommand,
  type EventOfCommand,
  type ModuleEventSourcer,
} from './loop/create-event-sourcer.ts';
export type {
  EventSourcerObserver,
  FailedCommand,
  FinishedCommand,
  ObservedCommand,
  ObservedSnapshot,
  ObservedStream,
} from './loop/observer.ts';
export type { DispatchOptions, StateOptions } from './loop/options.ts';
export type { DispatchResult, StreamState } from './loop/results.ts';
export { type RolloutOptions, rollout } from './loop/rollout.ts';
export type * from './messages.ts';
export { MissingPeerError } from './missing-peer.ts';
export { type Capability, UnsupportedByStore } from './processors/capabilities.ts';
export type { Clock } from './processors/clock.ts';
export { DefinitionChanged } from './processors/definition-text.ts';
export type { DocumentsReader } from './processors/documents-reader.ts';
export type { FailurePolicy } from './processors/failure-policy.ts';
export { ProcessorStopped } from './processors/processor-stopped.ts';
export type { InlineProjection, InlineReading } from './processors/processor-store.ts';
export {
  FencedError,
  type GroupMember,
  type ListDeadlinesOptions,
  type ListDocumentsOptions,
  type NewSubscription,
  type ParkedEvent,
  type ParkedFilter,
  type ProcessorCommit,
  type ProcessorStore,
  type Share,
  type ShareToken,
  type StopReason,
  type StoredDeadline,
  type StoredDocument,
  type SubscriptionId,
  type SubscriptionRecord,
} from './processors/processor-store.ts';
export { type RebuildOptions, type RebuildProgress, RebuildRunning } from './processors/rebuild.ts';
export type { ProcessorStatus } from './processors/status.ts';
export { type SubscribeOptions, type SubscriptionPage, subscribe } from './processors/subscription.ts';
export type { CaughtUpOptions, StartOptions } from './processors/system-options.ts';
export type * from './projector.ts';
export type * from './routing.ts';
export { type ReadEventsOptions, readEvents, readPages } from './storage/read-events.ts';
export { categoryOf, checkStreamName, streamNameOf } from './stream-name.ts';
export {
  defineSystem,
  type ReaderOf,
  type RunningSystem,
  type System,
  type SystemDefinition,
} from './system/system.ts';
export {
  type DeciderDescription,
  describe,
  type MessageFlow,
  type ProcessManagerDescription,
  type ReaderDescription,
  type ReadModelDescription,
  type SystemDescription,
} from './system/system-description.ts';
export type * from './types.ts';
export { isUuid } from './uuid.ts';
export type * from './worlds.ts';
