/**
 * Definitions that the tests build: a decider for any values and for any mischief, and a read model that drops
 * documents.
 */
import { defineDecider, defineProjector, reject } from 'decidable';
import { z } from 'zod';

const MISCHIEF = [
  'nothing',
  'loop',
  'recursion',
  'memory',
  'list',
  'pattern',
  'error',
  'clock',
  'hidden clock',
  'url',
] as const;
export type Mischief = (typeof MISCHIEF)[number];

const value = z.unknown();

export const probe = defineDecider({
  name: 'probe',
  version: '1.0.0',
  category: 'probe',
  state: z.object({ values: z.array(value) }),
  commands: { Keep: z.object({ value }), Do: z.object({ what: z.enum(MISCHIEF) }) },
  events: { Kept: z.object({ value }), Done: z.object({ what: z.string() }) },
  streamId: () => '1',
  initialState: { values: [] },
  evolve: {
    Kept: (state, { value }) => {
      state.values.push(value);
    },
    Done: () => undefined,
  },
  decide: {
    Keep: (_state, { value }) => [{ type: 'Kept', data: { value } }],
    Do: (_state, { what }) => {
      const done = MISCHIEFS[what]();
      return typeof done === 'string' ? [{ type: 'Done', data: { what: done } }] : done;
    },
  },
});

/** Each returns a text, or a rejection. */
const MISCHIEFS: { readonly [What in Mischief]: () => string | ReturnType<typeof reject> } = {
  nothing: () => 'nothing',
  loop: () => {
    for (let count = 0; ; count++) if (count < 0) return 'unreachable';
  },
  recursion: () => `${depth(0)}`,
  memory: () => {
    const held: Uint8Array[] = [];
    for (;;) held.push(new Uint8Array(1 << 20).fill(held.length));
  },
  list: () =>
    reject('list', 'a long list', Object.fromEntries(Array.from({ length: 50_000 }, (_, at) => [`${at}`, at]))),
  pattern: () => `${/^(a+)+$/.test(`${'a'.repeat(40)}b`)}`,
  error: () => {
    throw new Error('broken');
  },
  clock: () => `${Date.now()}`,
  'hidden clock': () => {
    try {
      return `${Date.now()}`;
    } catch {
      return 'no clock';
    }
  },
  url: () => `${z.url().safeParse('https://example.com').success}`,
};

function depth(count: number): number {
  return 1 + depth(count + 1);
}

/** Documents of numbers. The number 0 drops a document. */
export const numbers = defineProjector({
  name: 'numbers',
  version: '1.0.0',
  state: z.object({ sum: z.int(), last: z.string() }),
  events: { Kept: probe.events.Kept },
  key: ({ data }) => (typeof data.value === 'number' ? String(data.value % 3) : undefined),
  initialState: { sum: 0, last: '' },
  project: {
    Kept: (document, { value }, { position, revision, recordedAt, id, stream }) => {
      if (value === 0) return undefined;
      return { sum: document.sum + Number(value), last: [id, stream, revision, position, recordedAt].join(' ') };
    },
  },
});
