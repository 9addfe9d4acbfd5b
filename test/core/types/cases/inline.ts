/** Definitions written inline in `commands` and `events`, and an empty set in `initialState`. */
import { z } from 'zod';
import {
  type CommandOf,
  defineCommand,
  defineDecider,
  defineEvent,
  defineEventHandler,
  defineProjector,
  dispatchCommand,
  dropDocument,
} from '../../../../src/core/index.ts';

// This compiles, and its inferred types are used below.
export const counter = defineDecider({
  name: 'counter',
  version: '1',
  state: z.object({ total: z.int() }),
  commands: {
    Add: defineCommand('Add', z.object({ by: z.int() }), { precondition: 'any' }),
    Note: z.object({ text: z.string() }),
  },
  events: {
    Added: defineEvent('Added', z.object({ by: z.int() })),
    Noted: z.object({ text: z.string() }),
  },
  category: 'counter',
  streamId: (command) => (command.type === 'Add' ? String(command.data.by) : command.data.text),
  initialState: { total: 0 },
  evolve: {
    Added: (draft, { by }) => {
      draft.total += by;
    },
    Noted: (draft, { text }) => ({ total: draft.total + text.length }),
  },
  decide: {
    Add: (state, { by }) => [{ type: 'Added', data: { by: by + state.total } }],
    *Note(_state, { text }) {
      const next = yield [{ type: 'Noted', data: { text } }];
      return [{ type: 'Added', data: { by: next.total } }];
    },
  },
});

export const add: CommandOf<typeof counter> = counter.commands.Add({ by: 1 });
// refused: Type 'string' is not assignable to type 'number' | a definition that is written inline has the types of its
// schema
counter.commands.Add({ by: 'one' });

export const watcher = defineEventHandler({
  name: 'watcher',
  version: '1',
  state: z.object({ seen: z.int() }),
  commands: { Add: defineCommand('Add', z.object({ by: z.int() })) },
  events: { Added: counter.events.Added },
  key: (event) => (event.data.by > 0 ? 'one' : undefined),
  initialState: { seen: 0 },
  evolve: {
    Added: (draft, { by }) => {
      draft.seen += by;
    },
  },
  handle: { Added: (state, { by }) => (state.seen > 9 ? [] : [dispatchCommand({ type: 'Add', data: { by } })]) },
});

export const totals = defineProjector({
  name: 'totals',
  version: '1',
  state: z.object({ total: z.int() }),
  events: { Added: counter.events.Added, WasNoted: counter.events.Noted },
  key: (event) => (event.type === 'Added' ? String(event.data.by) : event.data.text),
  initialState: { total: 0 },
  project: {
    Added: (draft, { by }) => {
      draft.total += by;
    },
    WasNoted: (draft, { text }) => (text === '' ? dropDocument : { total: draft.total }),
  },
});

const tags = {
  name: 'tags',
  version: '1',
  commands: {},
  events: { Tagged: z.object({ tag: z.string() }) },
  category: 'tags',
  streamId: () => '',
  decide: {},
};

defineDecider({
  ...tags,
  commands: {
    // refused: the key must be the type of the definition | the key of an inline definition is its type too
    Untag: defineCommand('Remove', z.object({})),
  },
  state: z.int(),
  initialState: 0,
  evolve: { Tagged: () => {} },
  decide: { Untag: () => [] },
});

export const flat = defineDecider({
  ...tags,
  state: z.set(z.string()),
  initialState: new Set(),
  evolve: { Tagged: (draft, { tag }) => void draft.add(tag) },
});

export const nested = defineDecider({
  ...tags,
  state: z.object({ all: z.set(z.string()), by: z.map(z.string(), z.set(z.int())), lists: z.array(z.set(z.date())) }),
  initialState: { all: new Set(), by: new Map(), lists: [new Set()] },
  evolve: {
    Tagged: (draft, { tag }) => {
      draft.all.add(tag);
      // refused: Argument of type 'string' is not assignable | an empty set in the initial state does not loosen the
      // state's type
      draft.by.get(tag)?.add(tag);
    },
  },
});

defineDecider({
  ...tags,
  state: z.set(z.string()),
  // refused: Type 'Set<number>' is not assignable | a set of other values does not fit the state
  initialState: new Set([1]),
  evolve: { Tagged: (draft, { tag }) => void draft.add(tag) },
});

export const documents = defineProjector({
  name: 'documents',
  version: '1',
  state: z.set(z.string()),
  events: flat.events,
  key: () => 'all',
  initialState: new Set(),
  project: { Tagged: (draft, { tag }) => void draft.add(tag) },
});
