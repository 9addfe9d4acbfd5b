/** Calls that an event sourcer must refuse to compile, and the types that it returns. */
import { z } from 'zod';
import { createMemoryStore } from '../../../../src/adapters/stores/memory/index.ts';
import { createEventSourcer, defineDecider } from '../../../../src/core/index.ts';

const counter = defineDecider({
  name: 'counter',
  version: '1',
  state: z.object({ values: z.array(z.int()) }),
  commands: { Count: z.object({ by: z.int() }), Reset: z.object({}) },
  events: { Counted: z.object({ by: z.int() }), Zeroed: z.object({}) },
  category: 'counter',
  streamId: () => '1',
  initialState: { values: [] },
  evolve: { Counted: () => {}, Zeroed: () => {} },
  decide: { Count: () => [], Reset: () => [] },
});

const door = defineDecider({
  name: 'door',
  version: '1',
  state: z.object({ open: z.boolean() }),
  commands: { Open: z.object({}) },
  events: { Opened: z.object({ at: z.date() }) },
  category: 'door',
  streamId: () => '1',
  initialState: { open: false },
  evolve: { Opened: () => {} },
  decide: { Open: () => [] },
});

const other = defineDecider({
  name: 'other',
  version: '1',
  state: z.object({ n: z.int() }),
  commands: { Put: z.object({}) },
  events: { Was: z.object({}) },
  category: 'other',
  streamId: () => '1',
  initialState: { n: 0 },
  evolve: { Was: () => {} },
  decide: { Put: () => [] },
});

const sourcer = createEventSourcer({ store: createMemoryStore(), modules: [counter, door] });

// refused: is not assignable to parameter of type | the event sourcer does not have the module
export const ofOther = sourcer.state(other, 'other-1');

// refused: is not assignable | no module accepts the command
export const toOther = sourcer.dispatch({ type: 'Put', data: {} });

// refused: Type 'string' is not assignable to type 'number' | the data has the shape of its schema
export const ofText = sourcer.dispatch({ type: 'Count', data: { by: 'two' } });

// refused: 'too' does not exist in type | a command has no further fields
export const tooMuch = sourcer.dispatch({ type: 'Count', data: { by: 1, too: 2 } });

// refused: 'comandId' does not exist in type 'DispatchOptions' | an unknown option is a mistake
export const misspelt = sourcer.dispatch({ type: 'Count', data: { by: 1 } }, { comandId: '1' });

// refused: 'maxAttempt' does not exist in type | an unknown option is a mistake
createEventSourcer({ store: createMemoryStore(), modules: [counter], maxAttempt: 3 });

export async function typed(): Promise<readonly (number | Date)[]> {
  const { state, revision } = await sourcer.state(counter, 'counter-1', { revision: 0n });
  const last: bigint | undefined = revision;
  const values: readonly number[] = state.values;

  // refused: Property 'push' does not exist on type 'readonly number[]' | the state is frozen
  state.values.push(Number(last));
  // refused: Cannot assign to 'values' because it is a read-only property | the state is frozen
  state.values = [];

  const opened = await sourcer.dispatch({ type: 'Open', data: {} });
  // The events of the command's own module, not of all of them.
  const dates: readonly Date[] = opened.decided.map((event) => event.data.at);

  const counted = await sourcer.dispatch(counter.commands.Count({ by: 1 }));
  const amounts = counted.decided.flatMap((event) => (event.type === 'Counted' ? [event.data.by] : []));

  // refused: This comparison appears to be unintentional | a command to the counter has no events of the door
  if (counted.decided[0]?.type === 'Opened') throw new Error('impossible');

  return [...values, ...dates, ...amounts];
}
