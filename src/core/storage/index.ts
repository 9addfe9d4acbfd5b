/**
 * `decidable/stores`: for whoever writes a store, and for whoever verifies what one gives back. The contract itself
 * (`EventStore`) is of the root; the suite that holds a store to it is `eventStoreSuite` of `decidable/testing`.
 */
export { CHAIN_START, type Commit, commitContent, commitHash, HASH_BYTES, type RecordedCommit } from './chain.ts';
export { awaitEventsAfter, CommitSignal } from './commit-signal.ts';
export {
  checkReservedEvents,
  type DecidedAppend,
  type ExclusiveAppend,
  RESERVATION_READ_LIMIT,
} from './exclusive-append.ts';
export { recordedEvents, StoredEventContext } from './recorded-events.ts';
export {
  type BrokenCommit,
  type ChainVerdict,
  type CommitSource,
  type ReadCommitsOptions,
  type ReadStreamsOptions,
  type StreamHead,
  verifyChain,
} from './verify-chain.ts';
