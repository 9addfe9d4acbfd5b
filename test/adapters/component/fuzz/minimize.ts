/** Reduces an input that ends with a wrong error as long as it ends with the same error. */
import { random } from './mutate.ts';
import { run } from './run.ts';
import { type Binary, elementsOf, join, split, vector } from './sections.ts';

/** The number of inputs to try. */
const TRIES = 3_000;

export async function minimize(input: Uint8Array, seed: number): Promise<Uint8Array> {
  const failure = await failureOf(input, seed);
  let [smallest, tries] = [input, TRIES];
  for (let isSmaller = failure !== undefined; isSmaller; ) {
    isSmaller = false;
    for (const candidate of candidates(smallest)) {
      if (--tries < 0) return smallest;
      if ((await failureOf(candidate, seed)) !== failure) continue;
      smallest = candidate;
      isSmaller = true;
      break;
    }
  }
  return smallest;
}

/** Returns the wrong error without the parts that differ between inputs. */
async function failureOf(input: Uint8Array, seed: number): Promise<string | undefined> {
  try {
    await run(input, random(seed));
    return undefined;
  } catch (error) {
    const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
    return text
      .split('\n')
      .slice(0, 3)
      .join('\n')
      .replaceAll(/0x[0-9a-f]+|\d+/g, '_');
  }
}

/** Yields the input without one section, without one definition, or without some bytes. */
function* candidates(input: Uint8Array): Generator<Uint8Array> {
  const binary = split(input);
  if (binary !== undefined) yield* without(binary, () => join(binary));
  for (let size = 64; size >= 1; size >>= 1) {
    for (let at = 8; at + size <= input.length; at += size) {
      yield Uint8Array.from([...input.subarray(0, at), ...input.subarray(at + size)]);
    }
  }
}

function* without({ sections }: Binary, whole: () => Uint8Array): Generator<Uint8Array> {
  for (const [index, section] of [...sections.entries()].reverse()) {
    sections.splice(index, 1);
    yield whole();
    sections.splice(index, 0, section);
    const { content } = section;
    if (!(content instanceof Uint8Array)) yield* without(content, whole);
    const elements = elementsOf(section);
    for (const at of elements?.keys() ?? []) {
      section.content = vector(elements!.toSpliced(at, 1));
      yield whole();
      section.content = content;
    }
  }
}
