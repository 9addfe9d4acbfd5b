/** Definitions that `defineEventHandler` and `defineProjector` must refuse to compile. */
import { z } from 'zod';
import {
  cancelDeadline,
  defineCommand,
  defineEvent,
  defineEventHandler,
  defineProjector,
  dispatchCommand,
  dropDocument,
  scheduleCommand,
  withCategory,
} from '../../../../src/core/index.ts';

const Remind = defineCommand('Remind', z.object({ memberId: z.string() }));
const Fine = defineCommand('Fine', z.object({ memberId: z.string(), cents: z.bigint() }));
const Borrowed = withCategory(defineEvent('Borrowed', z.object({ memberId: z.string(), due: z.date() })), 'loan');
const Returned = withCategory(defineEvent('Returned', z.object({ memberId: z.string() })), 'loan');

const handler = {
  name: 'reminders',
  version: '1',
  state: z.object({ sent: z.int() }),
  events: { Borrowed, Returned },
  commands: { Remind },
  initialState: { sent: 0 },
};

// This compiles.
export const reminders = defineEventHandler({
  ...handler,
  key: (event) => event.data.memberId,
  evolve: {
    Borrowed: (draft) => {
      draft.sent += 1;
    },
  },
  handle: {
    Borrowed: (state, { memberId, due }, { recordedAt }) =>
      state.sent > 1
        ? [dispatchCommand(Remind({ memberId }))]
        : [scheduleCommand('due', due, Remind({ memberId })), scheduleCommand('now', recordedAt, Remind({ memberId }))],
    Returned: () => [cancelDeadline('due')],
  },
});

defineEventHandler({
  ...handler,
  // refused: Property 'bookId' does not exist | key has the fields of the events
  key: (event) => event.data.bookId,
  evolve: {
    // refused: Type 'string' is not assignable to type 'number' | a draft keeps the types of the state
    Borrowed: (draft) => void (draft.sent = 'one'),
  },
  handle: {
    // refused: => Reacted<Message<"Fine" | a handler sends only the commands of its definition
    Borrowed: (_state, { memberId }) => [dispatchCommand(Fine({ memberId, cents: 1n }))],
    // refused: => Message<"Remind" | a reaction is made by one of four functions
    Returned: (_state, { memberId }) => [Remind({ memberId })],
  },
});

defineEventHandler({
  ...handler,
  key: () => 'one',
  evolve: {},
  // refused: 'Lost' does not exist | an event that is not in the definition is never handled
  handle: { Borrowed: () => [], Returned: () => [], Lost: () => [] },
});

defineEventHandler({
  ...handler,
  key: () => 'one',
  evolve: {},
  handle: {
    // refused: Type '() => Promise<never[]>' is not assignable | a handler does not wait, because effects come from its
    // commands
    Borrowed: async () => [],
    // refused: Cannot assign to 'sent' because it is a read-only property | a handler does not change the state
    Returned: (state) => [cancelDeadline(String((state.sent = 1)))],
  },
});

const model = {
  name: 'members',
  version: '1',
  state: z.object({ loans: z.int() }),
  events: { Borrowed, Returned },
  initialState: { loans: 0 },
};

// This compiles.
export const members = defineProjector({
  ...model,
  key: (event) => (event.type === 'Borrowed' && event.data.due > new Date(0) ? undefined : event.data.memberId),
  project: {
    Borrowed: (draft) => {
      draft.loans += 1;
    },
    Returned: (draft) => (draft.loans === 1 ? dropDocument : { loans: draft.loans - 1 }),
  },
});

defineProjector({
  ...model,
  key: () => 'one',
  // refused: Property 'Returned' is missing | an event that is read changes a document
  project: { Borrowed: () => dropDocument },
});

defineProjector({
  ...model,
  key: () => 'one',
  project: {
    // refused: Type 'null' is not assignable | a document is removed by dropDocument, so that no forgotten return
    // removes it
    Borrowed: () => null,
    // refused: Type 'string' is not assignable to type 'number' | the new document has the type of the old one
    Returned: () => ({ loans: 'none' }),
  },
});

defineProjector({
  ...model,
  key: () => 'one',
  // refused: 'expected an event of a decider, such as account.events.Deposited, or the result of withCategory' | the
  // streams of an event without a category are unknown
  events: { Lost: defineEvent('Lost', z.object({})) },
  project: { Lost: () => dropDocument },
});

// The types flow: this compiles. The message has the name that the reader has for the event.
export const renaming = defineProjector({
  ...model,
  events: { WasLent: Borrowed },
  key: (event) => (event.type === 'WasLent' ? event.data.memberId : undefined),
  project: { WasLent: (draft) => void draft.loans++ },
});
export const lent: { readonly type: 'WasLent' } = renaming.events.WasLent({ memberId: '1', due: new Date(0) });
