/** Two independent deciders. */
import { defineDecider, type MessageOf, reject } from 'decidable';
import { z } from 'zod';

export const lamp = defineDecider({
  name: 'home.lamp',
  version: '1.0.0',
  state: z.object({ lit: z.boolean() }),
  commands: { Switch: z.object({ lit: z.boolean() }) },
  events: { Switched: z.object({ lit: z.boolean() }) },
  category: 'lamp',
  streamId: () => '',
  initialState: { lit: false },
  evolve: {
    Switched: (state, { lit }) => {
      state.lit = lit;
    },
  },
  decide: { Switch: (state, { lit }) => (state.lit === lit ? [] : [{ type: 'Switched', data: { lit } }]) },
});

export const heater = defineDecider({
  name: 'home.heater',
  version: '1.0.0',
  state: z.object({ degrees: z.int() }),
  commands: { Heat: z.object({ degrees: z.int() }) },
  events: { Heated: z.object({ degrees: z.int() }) },
  category: 'heater',
  streamId: () => '',
  initialState: { degrees: 16 },
  evolve: {
    Heated: (state, { degrees }) => {
      state.degrees = degrees;
    },
  },
  decide: {
    Heat: (_state, { degrees }) =>
      degrees > 24 ? reject('too-hot', 'the heater stops at 24 degrees') : [{ type: 'Heated', data: { degrees } }],
  },
});

export type LampEvent = MessageOf<typeof lamp.events>;
export type HeaterEvent = MessageOf<typeof heater.events>;
export type LampCommand = MessageOf<typeof lamp.commands>;
export type HeaterCommand = MessageOf<typeof heater.commands>;
