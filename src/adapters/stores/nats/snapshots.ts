/** Snapshots: one message for each key, which a later one replaces. */
import type { Snapshot, SnapshotKey } from '../../../core/event-store.ts';
import { EngineFailure } from '../../../core/storage/engine-failure.ts';
import { equalBytes } from '../../../core/storage/equal-bytes.ts';
import { sha256 } from '../../../core/storage/sha256.ts';
import { snapshotChecksum, snapshotName } from '../../../core/storage/snapshot-checksum.ts';
import { toHex } from '../../../core/uuid.ts';
import type { Client, StoredMessage } from './client.ts';
import { API_ERRORS, apiFailure, requestFailure } from './failures.ts';
import { headerLine } from './header-text.ts';
import type { Subjects } from './subjects.ts';

const REVISION = 'Decidable-Revision';
const CONTENT_TYPE = 'Decidable-Content-Type';
const CHECKSUM = 'Decidable-Checksum';

export class Snapshots {
  readonly #client: Client;
  readonly #subjects: Subjects;

  constructor(client: Client, subjects: Subjects) {
    this.#client = client;
    this.#subjects = subjects;
  }

  async load(key: SnapshotKey): Promise<Snapshot | undefined> {
    const message = await this.#client.last(this.#subjects.stateStream, this.#subject(key));
    return message === undefined || isDropped(message) ? undefined : snapshotOf(key, message);
  }

  async save(key: SnapshotKey, { revision, contentType, state }: Snapshot): Promise<void> {
    this.#client.checkWritable();
    const payload = new Uint8Array(state);
    const subject = this.#subject(key);
    const checksum = toHex(snapshotChecksum(key, { revision, contentType, state: payload }));
    for (;;) {
      const stored = await this.#client.last(this.#subjects.stateStream, subject);
      if (stored !== undefined && !isDropped(stored) && revisionOf(stored) > revision) return;
      const headers =
        headerLine(REVISION, String(revision)) +
        headerLine(CONTENT_TYPE, encodeURIComponent(contentType)) +
        headerLine(CHECKSUM, checksum);
      if (await this.#replace(subject, stored, payload, headers)) return;
    }
  }

  async drop(key: SnapshotKey): Promise<void> {
    this.#client.checkWritable();
    const subject = this.#subject(key);
    for (;;) {
      const stored = await this.#client.last(this.#subjects.stateStream, subject);
      if (stored === undefined || isDropped(stored)) return;
      if (await this.#replace(subject, stored, new Uint8Array(0), '')) return;
    }
  }

  /** Replaces a snapshot. Returns false if another writer was faster. */
  async #replace(
    subject: string,
    stored: StoredMessage | undefined,
    payload: Uint8Array,
    headers: string,
  ): Promise<boolean> {
    const guard = headerLine('Nats-Expected-Last-Subject-Sequence', stored?.sequence ?? 0);
    try {
      const answer = await this.#client.publish({ subject, payload, headers: headers + guard });
      if (answer.tag === 'stored') return true;
      if (answer.error.err_code === API_ERRORS.wrongLastSequence) return false;
      throw apiFailure(answer.error);
    } catch (error) {
      if (payload.length <= this.#client.maxPayload - 1_024) throw requestFailure(error);
      const advice = 'raise max_payload of the NATS server, or store no snapshots of this module';
      throw new EngineFailure('full', `a snapshot of ${payload.length} bytes is too large for one message; ${advice}`);
    }
  }

  /** Returns the subject of a key. It contains a hash, because names may have any length and any characters. */
  #subject(key: SnapshotKey): string {
    return this.#subjects.state('snapshot', toHex(sha256(new TextEncoder().encode(snapshotName(key)))));
  }
}

function isDropped({ headers }: StoredMessage): boolean {
  return !headers.has(REVISION);
}

function revisionOf({ headers }: StoredMessage): bigint {
  return BigInt(headers.last(REVISION));
}

/**
 * Decodes a snapshot. Returns `undefined` if it belongs to another key or was changed. The stream is then folded from
 * its start.
 */
function snapshotOf(key: SnapshotKey, message: StoredMessage): Snapshot | undefined {
  const contentType = decodeURIComponent(message.headers.last(CONTENT_TYPE));
  const snapshot = { revision: revisionOf(message), contentType, state: message.payload };
  const checksum = snapshotChecksum(key, snapshot);
  const stored = message.headers.last(CHECKSUM);
  return equalBytes(checksum, bytesOfHex(stored)) ? snapshot : undefined;
}

function bytesOfHex(text: string): Uint8Array {
  return new Uint8Array(Buffer.from(text, 'hex'));
}
