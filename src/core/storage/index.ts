/**
 * `decidable/storage`: the building blocks for store adapters, and the verification of a store's hash chain. The root
 * exports the contract (`EventStore`). `decidable/testing` exports the suite that tests a store against it
 * (`eventStoreSuite`).
 */
export { conflict, duplicate, recordedTime, satisfies, usedAfterClose } from './arguments.ts';
export { CHAIN_START, type Commit, commitContent, commitHash, HASH_BYTES, type RecordedCommit } from './chain.ts';
export { awaitEventsAfter, CommitSignal } from './commit-signal.ts';
export {
  type CommitImport,
  type CommitLog,
  diverged,
  followsHead,
  isSameCommit,
  type ReadLogOptions,
} from './commit-transfer.ts';
export {
  checkReservedEvents,
  type DecidedAppend,
  type ExclusiveAppend,
  RESERVATION_READ_LIMIT,
} from './exclusive-append.ts';
export {
  type BareCommitStore,
  type BareStore,
  type CommitStore,
  GuardedCommitStore,
  GuardedStore,
} from './guarded-store.ts';
export { recordedEvents, StoredEventContext } from './recorded-events.ts';
export { snapshotChecksum } from './snapshot-checksum.ts';
export {
  type BrokenCommit,
  type ChainProgress,
  type ChainVerdict,
  type CommitSource,
  type Damage,
  type ReadCommitsOptions,
  type ReadStreamsOptions,
  type StreamHead,
  type VerifyChainOptions,
  verifyChain,
} from './verify-chain.ts';
