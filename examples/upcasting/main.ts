/**
 * The schema of an event changes. Stored events never change. An upcaster converts the old version when it is read, so
 * that `evolve` only handles the newest version.
 */
import { createEventSourcer, defineDecider, defineEvent, upcastFrom } from 'decidable';
import { createMemoryStore } from 'decidable/memory';
import { z } from 'zod';

/** The first release has one field for the whole name. */
const before = defineDecider({
  name: 'crm.customer',
  version: '1.0.0',
  state: z.object({ name: z.string() }),
  commands: { Register: z.object({ id: z.string(), name: z.string() }) },
  events: { Registered: z.object({ name: z.string() }) },
  category: 'customer',
  streamId: (command) => command.data.id,
  initialState: { name: '' },
  evolve: {
    Registered: (state, { name }) => {
      state.name = name;
    },
  },
  decide: { Register: (_state, { name }) => [{ type: 'Registered', data: { name } }] },
});

/** The second release has two fields. `upcast[1]` converts version 1 of the event. */
const Registered = defineEvent('Registered', z.object({ given: z.string(), family: z.string() }), {
  schemaVersion: 2,
  upcast: {
    1: upcastFrom(z.object({ name: z.string() }), ({ name }) => {
      const [given = '', ...rest] = name.split(' ');
      return { given, family: rest.join(' ') };
    }),
  },
});

const after = defineDecider({
  name: 'crm.customer',
  version: '2.0.0',
  state: z.object({ given: z.string(), family: z.string() }),
  commands: { Register: z.object({ id: z.string(), given: z.string(), family: z.string() }) },
  events: { Registered },
  category: 'customer',
  streamId: (command) => command.data.id,
  initialState: { given: '', family: '' },
  evolve: {
    Registered: (state, { given, family }) => {
      state.given = given;
      state.family = family;
    },
  },
  decide: { Register: (_state, { given, family }) => [Registered({ given, family })] },
});

const store = createMemoryStore();

const first = createEventSourcer({ store, modules: [before] });
await first.dispatch({ type: 'Register', data: { id: '1', name: 'Ada Lovelace' } });

const second = createEventSourcer({ store, modules: [after] });
await second.dispatch({ type: 'Register', data: { id: '2', given: 'Mary', family: 'Somerville' } });

for (const stream of ['customer-1', 'customer-2']) {
  const [recorded] = await store.readStream(stream, { direction: 'forward', limit: 1 });
  const { state } = await second.state(after, stream);
  console.log(stream, 'stored as version', recorded?.event.schemaVersion, 'read as', state);
}
