/** The checkout places orders and takes payments. It does not deal with shipping. */
import { defineDecider, reject } from 'decidable';
import { z } from 'zod';
import { OrderPaid, OrderPlaced } from './events.ts';

export const checkout = defineDecider({
  name: 'shop.checkout',
  version: '1.0.0',
  state: z.object({ placed: z.boolean(), paid: z.boolean() }),
  commands: {
    PlaceOrder: z.object({ orderId: z.string(), lines: z.int().min(1) }),
    PayOrder: z.object({ orderId: z.string(), amount: z.int() }),
  },
  events: { OrderPlaced, OrderPaid },
  foreignEvents: 'skip',
  category: 'order',
  streamId: (command) => command.data.orderId,
  initialState: { placed: false, paid: false },
  evolve: {
    OrderPlaced: (state) => {
      state.placed = true;
    },
    OrderPaid: (state) => {
      state.paid = true;
    },
  },
  decide: {
    PlaceOrder: (state, order) => (state.placed ? reject('already-placed', 'the order exists') : [OrderPlaced(order)]),
    PayOrder: (state, payment) => {
      if (!state.placed) return reject('no-order', 'there is no such order');
      return state.paid ? [] : [OrderPaid(payment)];
    },
  },
});
