/** The fixtures for tests of processor stores. */
import assert from 'node:assert/strict';
import type { EventStore } from '../../../core/event-store.ts';
import type { RecordedEvent } from '../../../core/messages.ts';
import {
  type Fence,
  FencedError,
  type ParkedEvent,
  type ProcessorCommit,
  type ProcessorStore,
  type Share,
  type StoredDeadline,
  type SubscriptionId,
  type SubscriptionRecord,
} from '../../../core/processors/processor-store.ts';

/** A processor store that can be closed. */
export interface ClosableProcessors extends Partial<Pick<EventStore, 'append' | 'readStream'>> {
  /**
   * The tests of inline read models call `append` and `readStream` of the same object. Other tests do not use them.
   */
  readonly processors: ProcessorStore;
  close(): Promise<void>;
}

/** Registers a test with a new store. */
export type CheckProcessors = (name: string, body: (store: ClosableProcessors) => Promise<void>) => void;

export const BALANCES: SubscriptionId = { name: 'balances', version: '1' };
export const OTHER: SubscriptionId = { name: 'other', version: '1' };
export const NOW = 1_767_225_600_000;

export const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);

export function opened(
  processors: ProcessorStore,
  subscription: SubscriptionId = BALANCES,
  shares = 2,
): Promise<SubscriptionRecord> {
  return processors.openSubscription({ subscription, kind: 'documents', shares, definition: '{"events":["A"]}' });
}

/** Opens a subscription and claims one of its shares. */
export async function claimed(
  processors: ProcessorStore,
  subscription: SubscriptionId = BALANCES,
  share = 0,
  member = 'me',
): Promise<Share> {
  await opened(processors, subscription);
  const before = (await processors.listShares(subscription))[share];
  assert.ok(before !== undefined);
  const result = await processors.claimShare(before, member, NOW, NOW + 1_000);
  assert.ok(result !== undefined);
  return result;
}

/** Returns a fence that moves the checkpoint of a share. */
export function fence({ subscription, share, token, checkpoint: before }: Share, checkpoint: bigint): Fence {
  return { subscription, share, token, before, checkpoint };
}

export async function fencedOff(commit: Promise<void>): Promise<void> {
  await assert.rejects(commit, (error) => error instanceof FencedError && error.code === 'fenced');
}

function recorded(position: bigint, stream = 'a-1'): RecordedEvent {
  return {
    context: {
      id: '018f4d1e-7a2b-5c3d-8e4f-5a6b7c8d9e10',
      stream,
      revision: position,
      position,
      recordedAt: BigInt(NOW),
      correlationId: 'journey',
      causationId: '018f4d1e-7a2b-7c3d-8e4f-5a6b7c8d9e10',
    },
    event: { type: 'Happened', schemaVersion: 2, payload: bytes(`payload ${position}`) },
    contentType: 'application/octet-stream',
  };
}

export function parked(share: Share, key: string, position: bigint, failed: boolean): ParkedEvent {
  return {
    subscription: share.subscription,
    share: share.share,
    key,
    event: recorded(position),
    reason: failed ? { code: 'boom', message: 'it failed', position, at: NOW } : undefined,
    attempts: failed ? 1 : 0,
    parkedAt: NOW,
    requested: undefined,
  };
}

export function deadline(share: Share, stream: string, id: string, dueAt: number): StoredDeadline {
  const { context, event } = recorded(1n, stream);
  return {
    subscription: share.subscription,
    share: share.share,
    stream,
    id,
    dueAt,
    commandId: context.id,
    command: event,
    context,
  };
}

/** Commits changes without moving the checkpoint. Returns the share after the commit. */
export async function commit(
  processors: ProcessorStore,
  share: Share,
  changes: Omit<ProcessorCommit, 'fences'>,
): Promise<Share> {
  const checkpoint = share.checkpoint ?? 0n;
  await processors.commit({ ...changes, fences: [fence(share, checkpoint)] });
  return { ...share, checkpoint };
}
