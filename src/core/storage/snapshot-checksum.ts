/**
 * The checksum of a snapshot. A snapshot is not part of the hash chain, so a store keeps SHA-256 over it, together with the
 * stream, the module and the revision that it belongs to. A snapshot that was changed, or moved to another key, is noticed.
 */
import type { Snapshot, SnapshotKey } from '../event-store.ts';
import { finish, putBytes, putText, putU64, start } from './field-writer.ts';
import { sha256 } from './sha256.ts';

/** The 32 bytes of SHA-256 over a snapshot and its key. */
export function snapshotChecksum(key: SnapshotKey, snapshot: Snapshot): Uint8Array {
  start();
  putText(key.stream);
  putText(key.moduleName);
  putText(key.moduleVersion);
  putU64(snapshot.revision);
  putText(snapshot.contentType);
  putBytes(snapshot.state);
  return sha256(finish());
}
