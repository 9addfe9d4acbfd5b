/** Uses of a system that must not compile. */
import { z } from 'zod';
import { createMemoryStore } from '../../../../src/adapters/stores/memory/index.ts';
import { defineDecider, defineProjector, defineSystem } from '../../../../src/core/index.ts';

const seats = z.int();

const concert = defineDecider({
  name: 'concert',
  version: '1',
  state: z.object({ free: z.int() }),
  commands: { Reserve: z.object({ concertId: z.string(), seats }) },
  events: { Reserved: z.object({ concertId: z.string(), seats }) },
  category: 'concert',
  streamId: ({ data }) => data.concertId,
  initialState: { free: 0 },
  evolve: {
    Reserved: (state, data) => {
      state.free -= data.seats;
    },
  },
  decide: { Reserve: (_state, data) => [{ type: 'Reserved', data }] },
});

const sales = defineProjector({
  name: 'sales',
  version: '1',
  state: z.object({ sold: z.int() }),
  events: concert.events,
  key: ({ data }) => data.concertId,
  initialState: { sold: 0 },
  project: {
    Reserved: (document, data) => {
      document.sold += data.seats;
    },
  },
});

const others = defineProjector({
  name: 'others',
  version: '1',
  state: z.object({ others: z.int() }),
  events: concert.events,
  key: ({ data }) => data.concertId,
  initialState: { others: 0 },
  project: {
    Reserved: (document, data) => {
      document.others += data.seats;
    },
  },
});

const system = defineSystem({ name: 'box-office', deciders: [concert], readModels: [sales] });
const running = await system.start({ store: createMemoryStore() });

// This compiles.
await running.dispatch({ type: 'Reserve', data: { concertId: '7', seats: 2 } });
const document = await running.readModel(sales).get('7');
export const sold: number | undefined = document?.sold;

// refused: Reserv | no decider of the system has the command
await running.dispatch({ type: 'Reserv', data: { concertId: '7', seats: 2 } });

// refused: string | the data of a command has the types of its schema
await running.dispatch({ type: 'Reserve', data: { concertId: '7', seats: '2' } });

// refused: amount | a document has the fields of its schema
document?.amount;

// refused: possibly 'undefined' | a document may be missing
document.sold;

// refused: others | the read model is not part of the system
running.readModel(others);
