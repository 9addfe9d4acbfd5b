/** Mixes the bits of an integer as the last steps of MurmurHash3 do, so that similar ids have different hashes. */
export function mixBits(value: number): number {
  const once = Math.imul(value ^ (value >>> 16), 0x85ebca6b);
  const twice = Math.imul(once ^ (once >>> 13), 0xc2b2ae35);
  return twice ^ (twice >>> 16);
}
