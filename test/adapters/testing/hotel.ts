/** A small hotel, for the tests of `decidable/testing`: one room, its guests and its reminders. */
import { z } from 'zod';
import {
  cancelDeadline,
  defineCommand,
  defineDecider,
  defineEvent,
  defineEventHandler,
  defineProjector,
  dispatchCommand,
  dropDocument,
  reject,
  scheduleCommand,
} from '../../../src/core/index.ts';

export const BookRoom = defineCommand(
  'BookRoom',
  z.object({ roomId: z.string().min(1).max(20), guest: z.string(), nights: z.int().min(1).max(30) }),
);
export const CheckOut = defineCommand('CheckOut', z.object({ roomId: z.string(), paid: z.bigint().nonnegative() }));
export const SendBill = defineCommand('SendBill', z.object({ roomId: z.string(), guest: z.string() }));

export const RoomBooked = defineEvent(
  'RoomBooked',
  z.object({ roomId: z.string(), guest: z.string(), nights: z.int() }),
);
export const BillPaid = defineEvent('BillPaid', z.object({ roomId: z.string(), amount: z.bigint() }));
export const RoomLeft = defineEvent('RoomLeft', z.object({ roomId: z.string() }));

export const PRICE = 80n;

export const room = defineDecider({
  name: 'hotel.room',
  version: '1.0.0',
  state: z.object({ guest: z.string().optional(), owed: z.bigint(), visits: z.array(z.string()) }),
  commands: { BookRoom, CheckOut },
  events: { RoomBooked, BillPaid, RoomLeft },
  category: 'room',
  streamId: (command) => command.data.roomId,
  initialState: { owed: 0n, visits: [] },
  evolve: {
    RoomBooked: (draft, { guest, nights }) => {
      draft.guest = guest;
      draft.owed += BigInt(nights) * PRICE;
      draft.visits.push(guest);
    },
    BillPaid: (draft, { amount }) => {
      draft.owed -= amount;
    },
    RoomLeft: (draft) => {
      delete draft.guest;
    },
  },
  decide: {
    BookRoom: (state, booking) =>
      state.guest === undefined
        ? [RoomBooked(booking)]
        : reject('room-taken', 'Somebody is in.', { guest: state.guest }),
    *CheckOut(state, { roomId, paid }) {
      if (state.guest === undefined) return [];
      const after = paid > 0n ? yield [BillPaid({ roomId, amount: paid })] : state;
      if (after.owed > 0n) return reject('bill-open', 'The bill is not paid.', { owed: after.owed });
      return [RoomLeft({ roomId })];
    },
  },
});

const DAY = 86_400_000n;

/** Sends the bill when the stay ends, unless the guest has already left. */
export const billing = defineEventHandler({
  name: 'hotel.billing',
  version: '1.0.0',
  state: z.object({ guest: z.string().optional() }),
  events: room.events,
  commands: { SendBill },
  key: (event) => (event.data.roomId === 'staff' ? undefined : event.data.roomId),
  initialState: {},
  evolve: {
    RoomBooked: (draft, { guest }) => {
      draft.guest = guest;
    },
  },
  handle: {
    RoomBooked: (_state, { roomId, guest, nights }, { recordedAt }) => [
      scheduleCommand('bill', recordedAt + BigInt(nights) * DAY, SendBill({ roomId, guest })),
    ],
    BillPaid: () => [],
    RoomLeft: (state, { roomId }) =>
      state.guest === undefined
        ? []
        : [cancelDeadline('bill'), dispatchCommand(SendBill({ roomId, guest: state.guest }))],
  },
});

/** The guest of each room. */
export const occupancy = defineProjector({
  name: 'hotel.occupancy',
  version: '1.0.0',
  state: z.object({ guest: z.string(), since: z.bigint() }),
  events: { RoomBooked: room.events.RoomBooked, RoomLeft: room.events.RoomLeft },
  key: (event) => event.data.roomId,
  initialState: { guest: '', since: 0n },
  project: {
    RoomBooked: (draft, { guest }, { recordedAt }) => {
      draft.guest = guest;
      draft.since = recordedAt;
    },
    RoomLeft: () => dropDocument,
  },
});
