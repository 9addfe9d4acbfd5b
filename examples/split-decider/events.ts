/** The events of an order. The two modules share nothing else. */
import { defineEvent } from 'decidable';
import { z } from 'zod';

export const OrderPlaced = defineEvent('OrderPlaced', z.object({ orderId: z.string(), lines: z.int().min(1) }));
export const OrderPaid = defineEvent('OrderPaid', z.object({ orderId: z.string(), amount: z.int() }));
export const OrderShipped = defineEvent('OrderShipped', z.object({ orderId: z.string(), parcel: z.string() }));
