/**
 * The checksum of a snapshot. A snapshot is not part of the hash chain, so a store keeps its SHA-256, which also covers
 * the stream, the module and the revision. So a snapshot that was changed or moved to another key is detected.
 */
import type { Snapshot, SnapshotKey } from '../event-store.ts';
import { finish, putBytes, putText, putU64, start } from './field-writer.ts';
import { sha256 } from './sha256.ts';

/** Returns the 32 bytes of SHA-256 over a snapshot and its key. */
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

/** Joins the parts of a key to one string. The names follow their lengths, so different keys have different strings. */
export function snapshotName({ moduleName, moduleVersion, stream }: SnapshotKey): string {
  return `${moduleName.length}:${moduleName}${moduleVersion.length}:${moduleVersion}${stream}`;
}
