/** `decidable/testing`: given/when/then, the determinism check, and test suites for stores. */

export { type AmbientKind, type ForbiddenCall, NondeterminismError } from './ambient/forbidden-call.ts';
export { type InOtherProcess, type RunOutcome, withoutAmbient } from './ambient/without-ambient.ts';
export { decision, envelope } from './builders.ts';
export { type ClosableCommitStore, type CommitStoreSuiteOptions, commitStoreSuite } from './commit-store-suite.ts';
export { deterministic } from './deterministic.ts';
export * from './event-store-suite.ts';
export { ExpectationError, type Story } from './expectation.ts';
export {
  type ClosableProcessors,
  type ProcessorStoreSuiteOptions,
  processorStoreSuite,
} from './processor-store-suite.ts';
export { type DecisionOutcome, runDecision, runDeterministically, type StateSource } from './run-decision.ts';
export type { Said } from './sentence.ts';
export type { TestRunner } from './store-tests.ts';
export { type StoredEvent, storedEvent } from './stored-event.ts';
export type { GivenEvents, ReactorMode } from './system-scene.ts';
export { type Duration, TestClock } from './test-clock.ts';
export {
  type DeciderTest,
  type DeciderTestOptions,
  type DecisionThen,
  type DecisionWhen,
  testDecider,
} from './test-decider.ts';
export {
  type EventHandlerTest,
  type ReactionThen,
  type ReactionWhen,
  testEventHandler,
} from './test-event-handler.ts';
export { type DocumentsGiven, type DocumentsThen, type ProjectorTest, testProjector } from './test-projector.ts';
export {
  type ExpectedDeadline,
  eventsIn,
  type SystemSentence,
  type SystemTest,
  type SystemTestOptions,
  testSystem,
} from './test-system.ts';
export {
  type ExpectedRow,
  type TablesGiven,
  type TablesModel,
  type TablesTest,
  type TablesThen,
  type TablesUnderTest,
  testTables,
} from './test-tables.ts';
