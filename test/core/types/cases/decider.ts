/** Definitions that `defineDecider` must refuse to compile. */
import { z } from 'zod';
import {
  type CommandOf,
  defineCommand,
  defineDecider,
  defineEvent,
  type EventOf,
  reject,
  type StateOf,
} from '../../../../src/core/index.ts';

const Borrow = defineCommand('Borrow', z.object({ memberId: z.string(), bookId: z.string() }));
const Return = defineCommand('Return', z.object({ memberId: z.string(), bookId: z.string() }));
const Borrowed = defineEvent('Borrowed', z.object({ bookId: z.string() }));
const Returned = defineEvent('Returned', z.object({ bookId: z.string(), late: z.boolean() }));
const Burned = defineEvent('Burned', z.object({}));

const State = z.object({ loans: z.array(z.string()), fees: z.bigint() });
const common = {
  name: 'member',
  version: '1',
  category: 'member',
  state: State,
  initialState: { loans: [], fees: 0n },
};
const evolve = { Borrowed: () => {}, Returned: () => {} };
const decide = { Borrow: () => [], Return: () => [] };
const streamId = () => '1';
const commands = { Borrow, Return };
const events = { Borrowed, Returned };

// This compiles, and its inferred types are used below.
export const member = defineDecider({
  ...common,
  commands,
  events,
  streamId: (command) => command.data.memberId,
  evolve: {
    Borrowed: (draft, { bookId }) => {
      draft.loans.push(bookId);
    },
    Returned: (draft, { bookId }) => ({ ...draft, loans: draft.loans.filter((loan) => loan !== bookId) }),
  },
  decide: {
    Borrow: (state, { bookId }) => (state.fees > 0n ? reject('fees-open') : [Borrowed({ bookId })]),
    *Return(state, { bookId }) {
      const next = yield [Returned({ bookId, late: false })];
      const loans: readonly string[] = next.loans;
      return loans.length === state.loans.length ? [] : [{ type: 'Returned', data: { bookId, late: true } }];
    },
  },
});

defineDecider({
  ...common,
  commands,
  events,
  streamId,
  // refused: Property 'Returned' is missing | an event without a case of evolve could not be folded
  evolve: { Borrowed: () => {} },
  decide,
});

defineDecider({
  ...common,
  commands,
  events,
  streamId,
  evolve,
  // refused: Property 'Return' is missing | a command without a case of decide could not be decided
  decide: { Borrow: () => [] },
});

defineDecider({
  ...common,
  commands,
  events,
  streamId,
  // refused: 'Burned' does not exist | an event that is not in the definition is never folded
  evolve: { ...evolve, Burned: () => {} },
  // refused: 'Burn' does not exist | a command that is not in the definition is never decided
  decide: { ...decide, Burn: () => [] },
});

defineDecider({
  ...common,
  commands,
  events,
  // refused: Property 'shelf' does not exist | streamId has the fields of the command
  streamId: (command) => command.data.shelf,
  evolve: {
    // refused: Property 'late' does not exist | an event has the fields of its schema
    Borrowed: (_draft, { late }) => void late,
    Returned: (draft) => {
      // refused: Property 'name' does not exist | a draft has the fields of the state
      draft.name = 'x';
      // refused: Type 'number' is not assignable to type 'bigint' | a draft keeps the types of the state
      draft.fees = 5;
    },
  },
  decide: {
    // refused: Property 'fine' does not exist | a state has the fields of its schema
    Borrow: (state) => (state.fine ? [] : []),
    // refused: Property 'late' does not exist | a command has the fields of its schema
    Return: (_state, { late }) => [late],
  },
});

defineDecider({
  ...common,
  commands,
  events,
  streamId,
  evolve: {
    // refused: Property 'fees' is missing | the result of evolve replaces the state
    Borrowed: () => ({ loans: [] }),
    // refused: Type '() => Promise<void>' is not assignable | a fold does not wait
    Returned: async () => {},
  },
  decide: {
    // refused: Type '() => void' is not assignable | a decision without a result lacks a return
    Borrow: () => {},
    // refused: Type 'Promise<never[]>' is not assignable | a decision cannot wait
    Return: async () => [],
  },
});

defineDecider({
  ...common,
  commands,
  events,
  streamId,
  evolve,
  decide: {
    // refused: Type 'Message<"Burned" | only events of the module can be decided
    Borrow: () => [Burned({})],
    // refused: Property 'late' is missing | an event has all its fields
    Return: (_state, { bookId }) => [Returned({ bookId })],
  },
});

defineDecider({
  ...common,
  commands,
  events,
  streamId,
  evolve,
  decide: {
    Borrow: (state) => {
      // refused: Property 'push' does not exist on type 'readonly string[]' | a decision does not change the state
      state.loans.push('x');
      // refused: Cannot assign to 'fees' because it is a read-only property | a decision does not change the state
      state.fees = 0n;
      return [];
    },
    // refused: Type 'RejectionError' is not assignable to type 'MessageOf< | a rejection is returned for the whole
    // decision, not listed
    Return: () => [reject('no')],
  },
});

defineDecider({
  ...common,
  commands,
  events,
  streamId,
  evolve,
  decide: {
    // refused: '() => Generator<Message<"Burned" | a step yields events of the module
    *Borrow() {
      yield [Burned({})];
      return [];
    },
    *Return(_state, { bookId }) {
      const next = yield [Returned({ bookId, late: true })];
      // refused: Property 'fine' does not exist | a step returns the state
      return next.fine ? [] : [];
    },
  },
});

defineDecider({
  ...common,
  commands,
  events,
  streamId,
  evolve,
  decide: {
    // refused: '() => Generator<RejectionError | a rejection is returned and not yielded
    *Borrow() {
      yield reject('no');
      return [];
    },
    Return: () => [],
  },
});

// refused: Type 'string' is not assignable to type 'bigint' | the initial state has the shape of the state
defineDecider({ ...common, initialState: { loans: [], fees: '0' }, commands, events, streamId, evolve, decide });

// refused: 'the key must be the type of the definition | the key of a definition is its type
defineDecider({ ...common, commands, events: { Lent: Borrowed }, streamId, evolve: { Lent: () => {} }, decide });

// refused: 'the key must be the type of the definition | a command is not an event
defineDecider({ ...common, commands, events: { Borrow }, streamId, evolve: { Borrow: () => {} }, decide });

/** A state that is a union. */
defineDecider({
  name: 'book',
  version: '1',
  state: z.discriminatedUnion('status', [
    z.object({ status: z.literal('in') }),
    z.object({ status: z.literal('out'), member: z.string() }),
  ]),
  commands: {},
  events,
  category: 'book',
  streamId,
  initialState: { status: 'in' },
  evolve: {
    Borrowed: (_draft) => ({ status: 'out', member: 'm1' }),
    Returned: (draft) => {
      // refused: Property 'member' does not exist on type 'Writable | the union has to be narrowed first
      draft.member = 'm2';
      if (draft.status === 'out') draft.member = 'm3';
    },
  },
  decide: {},
});

defineDecider({
  name: 'lamp',
  version: '1',
  state: z.enum(['on', 'off']),
  commands: {},
  events: { Switched: z.object({ on: z.boolean() }) },
  category: 'book',
  streamId,
  initialState: 'off',
  // refused: Type '"broken" | "on"' is not assignable | a state has no other values
  evolve: { Switched: (_draft, { on }) => (on ? 'on' : 'broken') },
  decide: {},
});

export type MemberEvent = EventOf<typeof member>;
export const asked: CommandOf<typeof member> = Borrow({ memberId: 'm', bookId: 'b' });
export const held: StateOf<typeof member> = { loans: ['b'], fees: 0n };
// refused: Type 'string' is not assignable to type 'bigint' | the state of a module has the type of its schema
export const wrong: StateOf<typeof member> = { loans: [], fees: '0' };

export function narrow(event: MemberEvent): boolean {
  // refused: Property 'late' does not exist | a union of messages is narrowed by its type
  if (event.data.late) return true;
  return event.type === 'Returned' ? event.data.late : event.data.bookId === '';
}

// refused: 'fine' does not exist in type | a command has only its own fields
member.commands.Borrow({ memberId: 'm', bookId: 'b', fine: 3 });

// refused: Type '{ memberId: string; }' is not assignable | the commands of the module are typed as their definitions
member.decider.decide(member.decider.initialState(), { type: 'Borrow', data: { memberId: 'm' } });
