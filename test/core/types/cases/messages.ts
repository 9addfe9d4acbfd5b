/** Definitions that `defineCommand` and `defineEvent` must refuse to compile. */
import { z } from 'zod';
import { defineCommand, defineDecider, defineEvent, upcastFrom } from '../../../../src/core/index.ts';

// A default and a refinement accept their own output.
export const Fine = defineEvent('Fine', z.object({ cents: z.bigint().positive(), note: z.string().default('') }));

// refused: is not assignable to parameter of type | a stored message is read by the same schema again, and a length is
// not a string
export const Length = defineEvent('Length', z.object({ text: z.string().transform((text) => text.length) }));

defineDecider({
  name: 'x',
  version: '1',
  state: z.number(),
  commands: {},
  // refused: is not assignable to type | the same holds for a plain schema
  events: { At: z.object({ at: z.string().transform((text) => new Date(text)) }) },
  category: 'x',
  streamId: () => '',
  initialState: 0,
  evolve: { At: () => {} },
  decide: {},
});

// refused: Type '"sometimes"' is not assignable | a precondition is one of four
export const Guarded = defineCommand('Guarded', z.object({}), { precondition: 'sometimes' });

// refused: is not assignable to type 'Snapshots | a snapshot is made after a number of events
export const Snapped = defineCommand('Snapped', z.object({}), { snapshot: 'always' });

// refused: 'precondition' does not exist in type | a precondition belongs to a command
export const Unguarded = defineEvent('Unguarded', z.object({}), { precondition: 'any' });

export const Priced = defineEvent('Priced', z.object({ cents: z.bigint() }), {
  schemaVersion: 2,
  // refused: Property 'dollars' does not exist | an old version has the fields of its own schema
  upcast: { 1: upcastFrom(z.object({ euros: z.bigint() }), (old) => ({ cents: old.dollars * 100n })) },
});

// refused: Type 'number' is not assignable to type 'bigint' | a message has the output type of its schema
Priced({ cents: 5 });

// refused: Property 'note' is missing | a default applies when a message is read, not when it is made
Fine({ cents: 1n });

const euros = z.object({ euros: z.bigint() });

// Upcasters whose versions fit together compile, with literals and defaults in the newest version.
export const Paid = defineEvent(
  'Paid',
  z.object({
    cents: z.bigint(),
    by: z.enum(['card', 'cash']),
    tags: z.array(z.string()),
    at: z.date(),
    note: z.string().default(''),
  }),
  {
    schemaVersion: 3,
    upcast: {
      1: upcastFrom(euros, (old) => ({ cents: old.euros * 100n })),
      2: upcastFrom(z.object({ cents: z.bigint() }), (old) => ({ ...old, by: 'card', tags: ['old'], at: new Date(0) })),
    },
  },
);

export const plainUpcasters = defineCommand('Pay', z.object({ cents: z.bigint() }), {
  schemaVersion: 2,
  upcast: { 1: (old: { euros: number }) => ({ cents: BigInt(old.euros) * 100n }) },
});

export const Forgotten = defineEvent('Forgotten', z.object({ cents: z.bigint(), by: z.string() }), {
  schemaVersion: 2,
  // refused: Property 'by' is missing | the last upcaster returns an input of the schema
  upcast: { 1: upcastFrom(euros, (old) => ({ cents: old.euros * 100n })) },
});

export const Gap = defineEvent('Gap', z.object({ total: z.bigint() }), {
  schemaVersion: 3,
  upcast: {
    // refused: Property 'cents' is missing | an upcaster returns the input of the next one
    1: upcastFrom(euros, (old) => ({ euros: old.euros })),
    2: upcastFrom(z.object({ cents: z.bigint() }), (old) => ({ total: old.cents })),
  },
});

export const WrongCommand = defineCommand('WrongCommand', z.object({ cents: z.bigint() }), {
  schemaVersion: 2,
  // refused: Type 'number' is not assignable to type 'bigint' | the upcaster of a command is checked too
  upcast: { 1: (old: { euros: number }) => ({ cents: old.euros }) },
});

// Written inline, an upcaster is checked too.
defineDecider({
  name: 'x',
  version: '1',
  state: z.number(),
  commands: {},
  events: {
    Moved: defineEvent('Moved', z.object({ to: z.string() }), {
      schemaVersion: 2,
      // refused: Type 'bigint' is not assignable to type 'string' | the same holds for a definition written inline
      upcast: { 1: upcastFrom(euros, (old) => ({ to: old.euros })) },
    }),
  },
  category: 'x',
  streamId: () => '',
  initialState: 0,
  evolve: { Moved: (_state, { to }) => to.length },
  decide: {},
});
