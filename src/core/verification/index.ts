/**
 * `decidable/verification`: proves from a store that its decisions follow from their histories and commands. It decides
 * every recorded command again, and compares the results with the records byte for byte.
 */
export type { StreamHead } from '../storage/stream-chain.ts';
export type { Answer } from './answers.ts';
export { type DecisionPlace, type Difference, describeDifference } from './difference.ts';
export type { Divergence } from './divergence.ts';
export type { UnverifiedDecisions, VerificationProgress } from './extent.ts';
export { type Parity, type ParityOptions, type ParityProgress, parity } from './parity.ts';
export { type Shadow, type ShadowDivergence, type ShadowedStore, type ShadowOptions, shadow } from './shadow.ts';
export type { VerifiedSystem } from './stream-verifier.ts';
export { type Verification, type VerifyStoreOptions, verifyStore } from './verify-store.ts';
