/** Mutations of component binaries. All randomness is derived from a seed, so findings can be reproduced. */
import { mutateByte, mutateBytes, mutateConstant, mutateWord } from './bytes.ts';
import type { Random } from './random.ts';
import { type Binary, bodiesOf, elementsOf, join, type Section, split, vector } from './sections.ts';

export { type Random, random } from './random.ts';

/** Changes a component in one to four places. It may use parts of another component. */
export function mutate(component: Uint8Array, other: Uint8Array, pick: Random): Uint8Array {
  // Random bytes find faults in the reader. Changes of the structure find faults in the later stages.
  if (pick(12) === 0) return mutateBytes(component, other, pick);
  const binary = split(component);
  if (binary === undefined) return mutateBytes(component, other, pick);
  const donor = split(other) ?? binary;
  // Code and memory can be changed any number of times, and the component stays valid.
  const inside = pick(2) === 0 ? insideOf(binary) : [];
  for (let left = 1 + pick(pick(4) + 1); left > 0; left--) {
    const section = inside[pick(inside.length)];
    if (section === undefined) mutateSections(binary, donor, pick);
    else mutateContent(section, donor, pick);
  }
  return join(binary);
}

/** Functions and data of core modules, at any depth. */
function insideOf({ sections }: Binary): Section[] {
  return sections.flatMap((section) => {
    if (section.content instanceof Uint8Array) return section.kind === 'other' ? [] : [section];
    return insideOf(section.content);
  });
}

const TYPE = 7;
const CANONICAL = 8;

function mutateSections({ sections, isModule }: Binary, donor: Binary, pick: Random): void {
  const index = pickSection(sections, pick);
  const section = sections[index];
  const kind = pick(40);
  if (section === undefined || kind === 0) {
    const given = donor.sections[pick(donor.sections.length)];
    if (given !== undefined && donor.isModule === isModule) {
      sections.splice(pick(sections.length + 1), 0, structuredClone(given));
    }
  } else if (kind === 1) sections.splice(index, 1);
  else if (kind === 2) sections.splice(pick(sections.length), 0, ...sections.splice(index, 1));
  else if (kind === 3) sections.splice(index, 0, structuredClone(section));
  else if (kind === 4 && donor.isModule === isModule) {
    // Combines the beginning of one component with the end of another.
    sections.splice(index, sections.length, ...structuredClone(donor.sections.slice(pick(donor.sections.length))));
  } else if (!(section.content instanceof Uint8Array)) {
    mutateSections(section.content, donorFor(section.content, donor, pick), pick);
  } else mutateContent(section, donor, pick);
}

/** Sections with known parts are changed more often, because other sections can only be broken. */
function pickSection(sections: readonly Section[], pick: Random): number {
  for (let tries = 2; tries > 0; tries--) {
    const index = pick(sections.length);
    const section = sections[index];
    if (section !== undefined && hasParts(section)) return index;
  }
  return pick(sections.length);
}

function hasParts({ kind, content, starts }: Section): boolean {
  return kind !== 'other' || starts.length > 0 || !(content instanceof Uint8Array);
}

/** Returns a part of the donor of the same sort, if it has one. */
function donorFor({ isModule }: Binary, donor: Binary, pick: Random): Binary {
  const parts = donor.sections.flatMap(({ content }) => (content instanceof Uint8Array ? [] : [content]));
  const fitting = parts.filter((part) => part.isModule === isModule);
  return fitting[pick(fitting.length)] ?? donor;
}

function mutateContent(section: Section, donor: Binary, pick: Random): void {
  const content = section.content as Uint8Array;
  const same = donor.sections.filter(({ id }) => id === section.id);
  const other = same[pick(same.length)] ?? donor.sections[pick(donor.sections.length)];
  const bodies = bodiesOf(section);
  if (bodies !== undefined && bodies.length > 0) {
    const index = pick(bodies.length);
    const body = bodies[index]!;
    const kind = pick(16);
    if (kind === 0) mutateElements(bodies, (other && bodiesOf(other)) ?? bodies, pick);
    else if (kind === 1) bodies[index] = mutateBytes(body, bodies[pick(bodies.length)]!, pick);
    else bodies[index] = kind < 6 ? mutateByte(body, pick) : mutateConstant(body, pick);
    section.content = vector(bodies, true);
    return;
  }
  const elements = elementsOf(section);
  if (elements !== undefined && pick(6) > 0) {
    const index = pick(elements.length);
    if (pick(3) === 0) mutateElements(elements, (other && elementsOf(other)) ?? elements, pick);
    else elements[index] = mutateElement(section.id, elements[index]!, elements[pick(elements.length)]!, pick);
    section.content = vector(elements);
    return;
  }
  // Data of core modules is pointers, lengths and text.
  if (section.kind === 'data' && pick(6) > 0) section.content = mutateWord(content, pick);
  else section.content = mutateBytes(content, other?.content instanceof Uint8Array ? other.content : content, pick);
}

/** Repeats, removes, moves or replaces a definition, or takes one from another component. */
function mutateElements(elements: Uint8Array[], donor: readonly Uint8Array[], pick: Random): void {
  const index = pick(elements.length);
  const to = pick(elements.length + 1);
  const kind = pick(5);
  if (kind === 0) elements.splice(index, 1);
  else if (kind === 1) elements.splice(to, 0, elements[index]!);
  else if (kind === 2) elements.splice(to, 0, ...elements.splice(index, 1));
  else if (kind === 3)
    [elements[index], elements[to % elements.length]] = [elements[to % elements.length]!, elements[index]!];
  else elements.splice(to, 0, donor[pick(donor.length)] ?? elements[index]!);
}

function mutateElement(id: number, element: Uint8Array, other: Uint8Array, pick: Random): Uint8Array {
  const out = element.slice();
  if (id === TYPE && pick(2) === 0) {
    // Replaces a primitive type by another.
    const places = [...out.keys()].filter((at) => out[at]! >= 0x73 && out[at]! <= 0x7f);
    const at = places[pick(places.length)];
    if (at === undefined) return mutateBytes(element, other, pick);
    out[at] = 0x73 + pick(13);
    return out;
  }
  // Options, functions and types are small numbers. The numbers 0 to 8 are the options.
  if (id === CANONICAL && out.length > 0 && pick(3) > 0) {
    out[pick(out.length)] = pick(9);
    return out;
  }
  // Replaces an index by another.
  if (pick(2) === 0 && out.length > 0) {
    out[out.length - 1 - pick(Math.min(3, out.length))] = pick(12);
    return out;
  }
  return pick(3) === 0 ? mutateBytes(element, other, pick) : mutateByte(element, pick);
}
