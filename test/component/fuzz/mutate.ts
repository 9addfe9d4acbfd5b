/** Mutations of component binaries. All randomness comes from a seed, so that a finding can be repeated. */

/** A random number generator (mulberry32): numbers in [0, below). */
export type Random = (below: number) => number;

/** The generator of a seed. */
export function random(seed: number): Random {
  let state = seed >>> 0;
  return (below) => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return Math.floor((((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32) * below);
  };
}

/** A component as sections, so that what is changed inside one does not spoil the sizes around it. */
interface Section {
  id: number;
  content: Uint8Array | Section[];
}

/** Changes a component in one to four places, with parts of another one to draw from. */
export function mutate(component: Uint8Array, other: Uint8Array, pick: Random): Uint8Array {
  // Bytes without regard to the structure find faults in the reader, content of sections those behind it.
  if (pick(8) === 0) return mutateBytes(component, other, pick);
  const sections = split(component);
  if (sections === undefined) return mutateBytes(component, other, pick);
  const donor = split(other) ?? sections;
  for (let left = 1 + pick(4); left > 0; left--) mutateSections(sections, donor, pick);
  return join(sections);
}

const preambleLength = 8;

function split(bytes: Uint8Array): Section[] | undefined {
  const sections: Section[] = [];
  let at = preambleLength;
  while (at < bytes.length) {
    const id = bytes[at++] ?? 0;
    let size = 0;
    for (let shift = 0; ; shift += 7) {
      const byte = bytes[at++] ?? 0;
      size += (byte & 0x7f) * 2 ** shift;
      if (byte < 0x80) break;
      if (shift > 28) return undefined;
    }
    if (at + size > bytes.length) return undefined;
    const content = bytes.subarray(at, at + size);
    sections.push({ id, content: (id === 4 ? split(content) : undefined) ?? content });
    at += size;
  }
  return sections;
}

function join(sections: readonly Section[]): Uint8Array {
  const parts: number[][] = [[0, 0x61, 0x73, 0x6d, 0x0d, 0, 1, 0]];
  for (const { id, content } of sections) {
    const bytes = Array.isArray(content) ? join(content) : content;
    parts.push([id, ...leb(bytes.length), ...bytes]);
  }
  return new Uint8Array(parts.flat());
}

function leb(value: number): number[] {
  return value < 0x80 ? [value] : [(value & 0x7f) | 0x80, ...leb(value >>> 7)];
}

function mutateSections(sections: Section[], donor: Section[], pick: Random): void {
  const index = pick(sections.length);
  const section = sections[index];
  const kind = pick(16);
  if (section === undefined || kind === 0) {
    const given = donor[pick(donor.length)];
    if (given !== undefined) sections.splice(pick(sections.length + 1), 0, structuredClone(given));
  } else if (kind === 1) sections.splice(index, 1);
  else if (kind === 2) sections.splice(pick(sections.length), 0, ...sections.splice(index, 1));
  else if (kind === 3) sections.splice(index, 0, structuredClone(section));
  else if (Array.isArray(section.content)) mutateSections(section.content, donor, pick);
  else section.content = mutateBytes(section.content, contentOf(donor, pick), pick);
}

function contentOf(sections: Section[], pick: Random): Uint8Array {
  const content = sections[pick(sections.length)]?.content;
  return content instanceof Uint8Array ? content : new Uint8Array();
}

/** Bytes that mean something in many places: sorts, opcodes of types, sizes at the edges. */
const interesting = [
  0, 1, 2, 3, 4, 5, 0x10, 0x11, 0x12, 0x40, 0x41, 0x42, 0x43, 0x50, 0x60, 0x63, 0x67, 0x68, 0x69, 0x6a,
];
const numbers = [0x7f, 0x80, 0xff, 0x3f, 0x7fff_ffff, 0x8000_0000, 0xffff_ffff];

function mutateBytes(bytes: Uint8Array, other: Uint8Array, pick: Random): Uint8Array {
  const out = [...bytes];
  const at = pick(out.length + 1);
  switch (pick(8)) {
    case 0:
      out[Math.min(at, out.length - 1)] = pick(256);
      break;
    case 1:
      out[Math.min(at, out.length - 1)] = interesting[pick(interesting.length)] ?? 0;
      break;
    case 2: {
      const near = Math.min(at, out.length - 1);
      out[near] = ((out[near] ?? 0) + (pick(2) === 0 ? 1 : 255)) & 0xff;
      break;
    }
    case 3:
      out.splice(at, 1 + pick(4));
      break;
    case 4:
      out.splice(at, 0, interesting[pick(interesting.length)] ?? 0);
      break;
    case 5: {
      const from = pick(other.length + 1);
      out.splice(at, pick(4), ...other.subarray(from, from + pick(24)));
      break;
    }
    case 6: {
      const from = pick(out.length + 1);
      out.splice(at, 0, ...out.slice(from, from + pick(24)));
      break;
    }
    default:
      out.splice(at, 1, ...leb(numbers[pick(numbers.length)] ?? 0));
  }
  return new Uint8Array(out);
}
