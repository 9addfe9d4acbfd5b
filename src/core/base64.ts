/** Encodes bytes as base64 with padding (RFC 4648 §4). `Uint8Array.prototype.toBase64` is not in every engine yet. */
export function toBase64(bytes: Uint8Array): string {
  let binary = '';
  for (const byte of bytes) binary += String.fromCharCode(byte);
  return btoa(binary);
}
