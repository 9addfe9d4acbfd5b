/** Reads the subscriptions of a store, and relates them to the parts of the system. */

import type { EventStore } from '../../core/event-store.ts';
import type {
  ProcessorStore,
  StopReason,
  SubscriptionId,
  SubscriptionRecord,
} from '../../core/processors/processor-store.ts';
import { type ProcessorStatus, statusOf } from '../../core/processors/status.ts';
import type { AnySystemDefinition } from '../../core/processors/system-parts.ts';
import { lastPosition } from '../../core/storage/read-events.ts';
import { describe } from '../../core/system/system-description.ts';
import { CommandLineError } from './failures.ts';

/** The progress of one subscription. */
export interface SubscriptionStatus extends ProcessorStatus {
  /**
   * `stopped`: a failure has stopped it. `running`: a process holds shares of it. `waiting`: no process holds shares of
   * it. `building`: it is a new version of a read model, which is not active yet. `old`: the system has another version
   * of it, or no longer has it.
   */
  readonly state: 'stopped' | 'running' | 'waiting' | 'building' | 'old';
  /** The number of positions between the checkpoint and the end of the store. */
  readonly lag: bigint;
  /** The processes that hold shares. */
  readonly holders: readonly string[];
}

/** A part of the system that has not run on this store yet. */
export interface NewPart extends SubscriptionId {
  readonly kind: SubscriptionRecord['kind'];
  readonly state: 'new';
}

/** The parts of a store that commands about processors read. */
export interface ProcessorReads extends Pick<EventStore, 'readAll'> {
  readonly processors: ProcessorStore;
}

/** Returns the subscriptions of the store, and then the parts of the system that have no subscription. */
export async function subscriptionsOf(
  store: ProcessorReads,
  system: AnySystemDefinition | undefined,
): Promise<readonly (SubscriptionStatus | NewPart)[]> {
  const statuses = await statusOf(store.processors, await lastPosition(store));
  const parts = system && partsOf(system);
  const now = Date.now();
  const known = statuses.map((status): SubscriptionStatus => {
    const held = status.shares.filter(({ holder, expiresAt }) => holder !== undefined && expiresAt > now);
    return {
      ...status,
      state: stateOf(status, held.length > 0, parts),
      lag: (status.head ?? 0n) - (status.checkpoint ?? 0n),
      holders: [...new Set(held.map(({ holder }) => holder ?? ''))],
    };
  });
  const unknown = (parts ?? []).filter((part) => !statuses.some((status) => isSame(status, part)));
  return [...known, ...unknown];
}

function stateOf(
  status: ProcessorStatus,
  isHeld: boolean,
  parts: readonly SubscriptionId[] | undefined,
): SubscriptionStatus['state'] {
  if (parts !== undefined && !parts.some((part) => isSame(part, status))) return 'old';
  if (status.stopped !== undefined) return 'stopped';
  if (!status.isActive) return 'building';
  return isHeld ? 'running' : 'waiting';
}

/** Returns the subscriptions that a running system has. */
function partsOf(system: AnySystemDefinition): readonly NewPart[] {
  const { processManagers, readModels, reactors } = describe(system);
  return [
    ...processManagers.flatMap(({ name, version }) => [
      { name, version, kind: 'process-manager', state: 'new' } as const,
      { name: `${name}/commands`, version, kind: 'dispatcher', state: 'new' } as const,
    ]),
    ...[...readModels, ...reactors].map(({ name, version, kind }) => ({ name, version, kind, state: 'new' }) as const),
  ];
}

/**
 * Finds a subscription by its name, or by `name@version`.
 * @param argument the argument or option that contains the text.
 * @throws CommandLineError if no version or several versions have the name.
 */
export async function findSubscription(
  processors: ProcessorStore,
  text: string,
  argument: string,
): Promise<SubscriptionId> {
  const records = await processors.listSubscriptions();
  const subscriptions = records.map(({ subscription }) => subscription);
  const exact = subscriptions.find(({ name, version }) => `${name}@${version}` === text);
  const [first, ...others] = exact === undefined ? subscriptions.filter(({ name }) => name === text) : [exact];
  if (first === undefined) {
    const known = [...new Set(subscriptions.map(({ name }) => name))].join(', ');
    throw new CommandLineError('not-found', `the store has no subscription "${text}"; it has ${known || 'none'}`, {
      argument,
    });
  }
  if (others.length === 0) return first;
  const versions = [first, ...others].map(({ name, version }) => `${name}@${version}`);
  throw new CommandLineError('usage', `"${text}" has several versions; pass one of ${versions.join(', ')}`, {
    argument,
  });
}

export function isSame(one: SubscriptionId, other: SubscriptionId): boolean {
  return one.name === other.name && one.version === other.version;
}

/** Converts a status for JSON. Times are strings, as in the rest of the output. A free share has no time. */
export function statusJson<Status extends ProcessorStatus>({ stopped, outage, shares, ...others }: Status): object {
  return {
    ...others,
    shares: shares.map(({ expiresAt, holder, ...share }) =>
      holder === undefined ? share : { ...share, holder, expiresAt: new Date(expiresAt) },
    ),
    stopped: reasonJson(stopped),
    outage: reasonJson(outage),
  };
}

export function reasonJson(reason: StopReason | undefined): object | undefined {
  return reason && { ...reason, at: new Date(reason.at) };
}
