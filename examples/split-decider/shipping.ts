/** Shipping is a separate module on the same streams. It has its own state and is deployed independently. */
import { defineDecider, reject } from 'decidable';
import { z } from 'zod';
import { OrderPaid, OrderShipped } from './events.ts';

export const shipping = defineDecider({
  name: 'shop.shipping',
  version: '1.0.0',
  state: z.object({ paid: z.boolean(), parcel: z.string().optional() }),
  commands: { ShipOrder: z.object({ orderId: z.string(), parcel: z.string() }) },
  events: { OrderPaid, OrderShipped },
  foreignEvents: 'skip',
  category: 'order',
  streamId: (command) => command.data.orderId,
  initialState: { paid: false },
  evolve: {
    OrderPaid: (state) => {
      state.paid = true;
    },
    OrderShipped: (state, { parcel }) => {
      state.parcel = parcel;
    },
  },
  decide: {
    ShipOrder: (state, { orderId, parcel }) => {
      if (!state.paid) return reject('not-paid', 'only a paid order is shipped');
      if (state.parcel !== undefined)
        return reject('already-shipped', 'the order is on its way', { parcel: state.parcel });
      return [OrderShipped({ orderId, parcel })];
    },
  },
});
