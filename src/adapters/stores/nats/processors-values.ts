/** The values of processors: their subjects, and records with the fields of the contract. */
import {
  decodeDeadline,
  decodeRecordedEvent,
  encodeDeadline,
  encodeRecordedEvent,
} from '../../../core/processors/fields.ts';
import type {
  DocumentChange,
  GroupMember,
  ParkedEvent,
  StopReason,
  StoredDeadline,
  StoredDocument,
  SubscriptionId,
  SubscriptionRecord,
} from '../../../core/processors/processor-store.ts';
import type { ShareState } from '../../../core/processors/share-state.ts';
import type { NewValue, StoredValue } from './state-values.ts';
import { keyToken, type Subjects } from './subjects.ts';

/**
 * One version of a processor. The contents of a version have subjects with its id, so a change of this record alone
 * renames or restarts a version.
 */
export interface Version {
  readonly id: string;
  readonly version: string;
  readonly kind: SubscriptionRecord['kind'];
  readonly shares: number;
  readonly definition: string;
  readonly active: boolean;
  readonly stopped: StopReason | undefined;
}

/** All versions of one processor, which are one value. */
export interface Versions {
  readonly name: string;
  readonly versions: readonly Version[];
}

export class ProcessorSubjects {
  readonly #subjects: Subjects;

  constructor(subjects: Subjects) {
    this.#subjects = subjects;
  }

  get all(): string {
    return this.#of('>');
  }

  versions(name: string): string {
    return this.#of('versions', keyToken(name));
  }

  get allVersions(): string {
    return this.#of('versions', '*');
  }

  /**
   * Returns the subject of the shares of a version. All shares are one value, so that one message moves several
   * checkpoints.
   */
  shares(id: string): string {
    return this.#of('shares', id);
  }

  document(id: string, key: string): string {
    return this.#of('document', id, keyToken(key));
  }

  documents(id: string): string {
    return this.#of('document', id, '*');
  }

  parked(id: string, key: string, position: bigint): string {
    return this.#of('parked', id, keyToken(key), String(position));
  }

  parkedOf(id: string, key?: string): string {
    return key === undefined ? this.#of('parked', id, '>') : this.#of('parked', id, keyToken(key), '*');
  }

  deadline(id: string, stream: string, deadline: string): string {
    return this.#of('deadline', id, keyToken(stream), keyToken(deadline));
  }

  deadlines(id: string, stream?: string): string {
    return stream === undefined ? this.#of('deadline', id, '>') : this.#of('deadline', id, keyToken(stream), '*');
  }

  /** Returns the subjects of all values of a version, without its shares. */
  contents(id: string): readonly string[] {
    return [this.documents(id), this.parkedOf(id), this.deadlines(id)];
  }

  member(id: string): string {
    return this.#of('member', keyToken(id));
  }

  get members(): string {
    return this.#of('member', '*');
  }

  #of(...tokens: readonly string[]): string {
    return this.#subjects.state('processor', ...tokens);
  }
}

interface ReasonFields {
  readonly code: string;
  readonly message: string;
  readonly position: string | null;
  readonly at: number;
}

function reasonFields({ code, message, position, at }: StopReason): ReasonFields {
  return { code, message, position: position === undefined ? null : String(position), at };
}

function reasonOf(fields: ReasonFields | null): StopReason | undefined {
  if (fields === null) return undefined;
  const { code, message, position, at } = fields;
  return { code, message, position: position === null ? undefined : BigInt(position), at };
}

interface VersionFields extends Omit<Version, 'stopped'> {
  readonly stopped: ReasonFields | null;
}

export function versionsValue(subject: string, guard: number, { name, versions }: Versions): NewValue {
  if (versions.length === 0) return { subject, guard, record: undefined };
  const fields: VersionFields[] = versions.map((version) => ({
    ...version,
    stopped: version.stopped === undefined ? null : reasonFields(version.stopped),
  }));
  return { subject, guard, record: { name, versions: fields } };
}

export function versionsOf({ record }: StoredValue): Versions {
  const { name, versions } = record as { name: string; versions: readonly VersionFields[] };
  return { name, versions: versions.map((version) => ({ ...version, stopped: reasonOf(version.stopped) })) };
}

export function recordOf(name: string, found: Version): SubscriptionRecord {
  const { version, kind, shares, definition, active, stopped } = found;
  return { subscription: { name, version }, kind, shares, definition, active, stopped };
}

interface ShareFields {
  readonly checkpoint: string | null;
  readonly holder: string | null;
  readonly token: string;
  readonly expiresAt: number;
}

export function sharesValue(subject: string, guard: number, shares: readonly ShareState[]): NewValue {
  const fields: ShareFields[] = shares.map(({ checkpoint, holder, token, expiresAt }) => ({
    checkpoint: checkpoint === undefined ? null : String(checkpoint),
    holder: holder ?? null,
    token: String(token),
    expiresAt,
  }));
  return { subject, guard, record: { shares: fields } };
}

export function sharesOf({ record }: StoredValue): readonly ShareState[] {
  return (record as { shares: readonly ShareFields[] }).shares.map(({ checkpoint, holder, token, expiresAt }) => ({
    checkpoint: checkpoint === null ? undefined : BigInt(checkpoint),
    holder: holder ?? undefined,
    token: BigInt(token),
    expiresAt,
  }));
}

export function documentValue(subject: string, { key, state, position }: DocumentChange): NewValue {
  if (state === undefined) return { subject, record: undefined };
  return { subject, record: { key, position: String(position) }, bytes: state };
}

export function documentOf({ record, bytes }: StoredValue): StoredDocument {
  const { key, position } = record as { key: string; position: string };
  return { key, state: bytes, position: BigInt(position) };
}

interface ParkedFields {
  readonly share: number;
  readonly key: string;
  readonly reason: ReasonFields | null;
  readonly attempts: number;
  readonly parkedAt: number;
  readonly requested: 'retry' | null;
}

export function parkedValue(subject: string, event: ParkedEvent, guard?: number): NewValue {
  const { share, key, reason, attempts, parkedAt, requested } = event;
  const record: ParkedFields = {
    share,
    key,
    reason: reason === undefined ? null : reasonFields(reason),
    attempts,
    parkedAt,
    requested: requested ?? null,
  };
  return { subject, guard, record, bytes: encodeRecordedEvent(event.event) };
}

export function parkedOf(subscription: SubscriptionId, { record, bytes }: StoredValue): ParkedEvent {
  const { share, key, reason, attempts, parkedAt, requested } = record as ParkedFields;
  return {
    subscription,
    share,
    key,
    event: decodeRecordedEvent(bytes),
    reason: reasonOf(reason),
    attempts,
    parkedAt,
    requested: requested ?? undefined,
  };
}

export function deadlineValue(subject: string, deadline: StoredDeadline): NewValue {
  const { share, stream, id, dueAt, commandId } = deadline;
  return { subject, record: { share, stream, id, dueAt, commandId }, bytes: encodeDeadline(deadline) };
}

export function deadlineOf(subscription: SubscriptionId, { record, bytes }: StoredValue): StoredDeadline {
  const { share, stream, id, dueAt, commandId } = record as Omit<
    StoredDeadline,
    'subscription' | 'command' | 'context'
  >;
  return { subscription, share, stream, id, dueAt, commandId, ...decodeDeadline(bytes) };
}

export function memberOf({ record }: StoredValue): GroupMember {
  return record as GroupMember;
}
