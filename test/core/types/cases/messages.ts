/** What `defineCommand` and `defineEvent` refuse to compile. */
import { z } from 'zod';
import { defineCommand, defineDecider, defineEvent, upcastFrom } from '../../../../src/core/index.ts';

// A default and a refinement accept what they give.
export const Fine = defineEvent('Fine', z.object({ cents: z.bigint().positive(), note: z.string().default('') }));

// refused: is not assignable to parameter of type | what is stored is read by the same schema again, and a length is no text
export const Length = defineEvent('Length', z.object({ text: z.string().transform((text) => text.length) }));

defineDecider({
  name: 'x',
  version: '1',
  state: z.number(),
  commands: {},
  // refused: is not assignable to type | the same holds for a plain schema
  events: { At: z.object({ at: z.string().transform((text) => new Date(text)) }) },
  streamId: () => 'x',
  initialState: 0,
  evolve: { At: () => {} },
  decide: {},
});

// refused: Type '"sometimes"' is not assignable | the guards of a command are known
export const Guarded = defineCommand('Guarded', z.object({}), { precondition: 'sometimes' });

// refused: is not assignable to type 'Snapshots | a snapshot is made every so many events
export const Snapped = defineCommand('Snapped', z.object({}), { snapshot: 'always' });

// refused: 'precondition' does not exist in type | the guard is the command's, not the event's
export const Unguarded = defineEvent('Unguarded', z.object({}), { precondition: 'any' });

export const Priced = defineEvent('Priced', z.object({ cents: z.bigint() }), {
  schemaVersion: 2,
  // refused: Property 'dollars' does not exist | an old version has the fields of its own schema
  upcast: { 1: upcastFrom(z.object({ euros: z.bigint() }), (old) => ({ cents: old.dollars * 100n })) },
});

// refused: Type 'number' is not assignable to type 'bigint' | a message is made of what its schema gives
Priced({ cents: 5 });

// refused: Property 'note' is missing | a default is filled in when a message is read, not when it is made
Fine({ cents: 1n });
