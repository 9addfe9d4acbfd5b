/** Messages for the counting guest. */

export const message = (length: number) => ({ type: 'count', schemaVersion: 1, payload: new Uint8Array(length) });

export const context = {
  id: 'e',
  stream: 's',
  revision: 0n,
  position: 0n,
  recordedAt: 0n,
  correlationId: 'c',
  causationId: 'c',
};
