import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import {
  type CommandHandler,
  cancelDeadline,
  defineEventHandler,
  dispatchCommand,
  type Message,
  scheduleCommand,
} from 'decidable';
import { ExpectationError, testDecider, testEventHandler, testProjector } from 'decidable/testing';
import { z } from 'zod';
import {
  BillPaid,
  BookRoom,
  billing,
  CheckOut,
  occupancy,
  PRICE,
  RoomBooked,
  RoomLeft,
  room,
  SendBill,
} from './hotel.ts';

const booking = { guest: 'Ada', nights: 2, roomId: '7' };
const booked = RoomBooked(booking);
const paid = BillPaid({ roomId: '7', amount: 2n * PRICE });
const left = RoomLeft({ roomId: '7' });

/** The message of the failed expectation, without the empty lines around it. */
function failureOf(claim: () => unknown): string {
  try {
    claim();
  } catch (error) {
    if (error instanceof ExpectationError) return error.message.trim();
    throw error;
  }
  return assert.fail('the claim held');
}

const roomTest = testDecider(room);

/** Checks a booking and a departure, in the sentences of a test. */
function checkBookings({ given }: typeof roomTest): void {
  given()
    .when(BookRoom(booking))
    .then(booked)
    .thenState({ guest: 'Ada', owed: 160n, visits: ['Ada'] });
  given(booked).when(BookRoom(booking)).thenRejected('room-taken', { guest: 'Ada' });
  given(booked)
    .when(CheckOut({ roomId: '7', paid: 160n }))
    .then(paid, left);
}

describe('a test of a decider', () => {
  const { given } = roomTest;

  test('reads as a sentence', () => {
    checkBookings(roomTest);
    given(booked, paid)
      .when(CheckOut({ roomId: '7', paid: 0n }))
      .then(left);
    given()
      .when(CheckOut({ roomId: '7', paid: 0n }))
      .thenNothing();
  });

  test('shows the events in the words of the domain if others were expected', () => {
    assert.equal(
      failureOf(() =>
        given(booked)
          .when(CheckOut({ roomId: '7', paid: 160n }))
          .then(left),
      ),
      [
        "given     RoomBooked { guest: 'Ada', nights: 2, roomId: '7' }",
        "when      CheckOut { paid: 160n, roomId: '7' }",
        "expected  RoomLeft { roomId: '7' }",
        "but was   BillPaid { amount: 160n, roomId: '7' }",
        "          RoomLeft { roomId: '7' }",
      ].join('\n'),
    );
  });

  test('shows a rejection if events were expected', () => {
    const failure = failureOf(() =>
      given(booked)
        .when(CheckOut({ roomId: '7', paid: 1n }))
        .then(left),
    );
    assert.match(failure, /but was {3}rejected: bill-open \(The bill is not paid\.\) \{ owed: '159' \}$/);
  });

  test('shows events or another rejection if a rejection was expected', () => {
    const failure = failureOf(() => given().when(BookRoom(booking)).thenRejected('room-taken'));
    assert.match(failure, /^given {5}nothing\n/);
    assert.match(failure, /expected {2}rejected: room-taken\nbut was {3}RoomBooked/);
    assert.match(
      failureOf(() => given(booked).when(BookRoom(booking)).thenRejected('closed')),
      /expected {2}rejected: closed\nbut was {3}rejected: room-taken/,
    );
    assert.match(
      failureOf(() => given(booked).when(BookRoom(booking)).thenRejected('room-taken', { guest: 'Bo' })),
      /expected {2}rejected: room-taken \{ guest: 'Bo' \}/,
    );
  });

  test('shows both states if they differ', () => {
    assert.match(
      failureOf(() => given().when(BookRoom(booking)).thenState({ owed: 0n, visits: [] })),
      /expected {2}state \{ owed: 0n, visits: \[\] \}\nbut was {3}state \{ guest: 'Ada', owed: 160n, visits: \['Ada'\] \}/,
    );
  });

  test('shows "nothing" if events were expected and none were returned', () => {
    assert.match(
      failureOf(() =>
        given()
          .when(CheckOut({ roomId: '7', paid: 0n }))
          .then(left),
      ),
      /but was {3}nothing$/,
    );
    assert.match(
      failureOf(() => given().when(BookRoom(booking)).thenNothing()),
      /expected {2}nothing\n/,
    );
  });

  test('distinguishes a module that fails from a module that rejects', () => {
    const broken: typeof room = {
      ...room,
      decider: { ...room.decider, decide: () => room.decider.decide(0 as never, {} as never) },
    };
    testDecider(broken).given().when(BookRoom(booking)).thenFault('unknown-type');
    assert.match(
      failureOf(() => testDecider(broken).given().when(BookRoom(booking)).thenRejected('x')),
      /but was {3}fault: unknown-type \(/,
    );
  });

  test('may be the whole body of a test', () => given().when(BookRoom(booking)).then(booked));

  test('may be returned after several expectations', () =>
    given(booked)
      .when(BookRoom(booking))
      .thenRejected('room-taken')
      .thenState({ guest: 'Ada', owed: 160n, visits: ['Ada'] }));

  test('may be awaited', async () => {
    assert.equal(await given().when(BookRoom(booking)).then(booked), undefined);
  });

  test('fails if it is returned before it expects anything', async () => {
    const sentence: unknown = given().when(BookRoom(booking)); // TypeScript would already refuse it by its type.
    await assert.rejects(async () => sentence, TypeError);
  });

  test('refuses an unknown option', () => {
    const options = { determinstic: false } as object;
    assert.throws(() => testDecider(room, options), {
      code: 'invalid-definition',
      payload: { place: 'testDecider.determinstic' },
    });
    assert.throws(() => testDecider(room, room, options), { payload: { place: 'testDecider.determinstic' } });
  });

  test('has the properties from which test runners show a difference', () => {
    assert.throws(() => given().when(BookRoom(booking)).then(left), {
      code: 'ERR_ASSERTION',
      expected: "RoomLeft { roomId: '7' }",
      actual: "RoomBooked { guest: 'Ada', nights: 2, roomId: '7' }",
    });
  });
});

/** The room in the form of a component. States and messages are numbers, and every handle must be dropped. */
function asHandles(): { module: CommandHandler<number, number, number>; live: () => number } {
  const { types, decider, routing } = room;
  const table = new Map<number, unknown>();
  let next = 1;
  const put = (value: unknown): number => {
    table.set(next, value);
    return next++;
  };
  const take = <Value>(handle: number): Value => {
    const value = table.get(handle) as Value;
    assert.ok(table.delete(handle), `handle ${handle} was dropped before`);
    return value;
  };
  const get = <Value>(handle: number): Value => {
    assert.ok(table.has(handle), `handle ${handle} was dropped before`);
    return table.get(handle) as Value;
  };
  const message = (type: { fromEnvelope(e: never): unknown; toEnvelope(m: never): unknown }) => ({
    fromEnvelope: (envelope: unknown) => put(type.fromEnvelope(envelope as never)),
    toEnvelope: (handle: number) => type.toEnvelope(get(handle)) as never,
    drop: (handle: number) => void take(handle),
  });
  return {
    live: () => table.size,
    module: {
      types: {
        command: message(types.command),
        event: message(types.event),
        state: {
          fromBytes: (bytes) => put(types.state.fromBytes(bytes)),
          toBytes: (handle) => types.state.toBytes(get(handle)),
          drop: (handle) => void take(handle),
        },
      },
      decider: {
        initialState: () => put(decider.initialState()),
        evolve: (state, event) => put(decider.evolve(take(state), get(event))),
        decide: (state, command) => decider.decide(get(state), get(command)).map(put),
      },
      routing: { describe: routing.describe, streamId: (command) => routing.streamId(get(command)) },
    },
  };
}

describe('a test of a component', () => {
  test('reads as the same sentence, and leaves no handle behind', () => {
    const { module, live } = asHandles();
    const handleTest = testDecider(module, room);
    const { given } = handleTest;
    checkBookings(handleTest);
    assert.match(
      failureOf(() => given(booked).when(BookRoom(booking)).then(left)),
      /but was {3}rejected: room-taken/,
    );
    assert.equal(live(), 0);
  });

  test('needs the definitions of the messages, because a handle cannot be written by hand', () => {
    const { module } = asHandles();
    const { types } = module;
    const refused = (name: string) => ({
      name: 'TypeError',
      message: `the messages of this module are handles, so the test needs definitions; pass them as in ${name}(module, messages)`,
    });
    assert.throws(() => testDecider(module), refused('testDecider'));
    assert.throws(() => testDecider(module, { commandId: '1' }), refused('testDecider'));
    assert.throws(() => testEventHandler({ ...billing, types } as never), refused('testEventHandler'));
    assert.throws(() => testProjector({ ...occupancy, types } as never), refused('testProjector'));
  });
});

describe('a test of a process manager', () => {
  const { given } = testEventHandler(billing);

  test('refuses a context with an unknown field', () => {
    assert.throws(() => given().when(booked, { recorededAt: 5n } as object), {
      code: 'invalid-definition',
      payload: { place: 'testEventHandler.when.context.recorededAt' },
    });
  });
  const at = Date.UTC(2026, 0, 10);

  test('reads as a sentence', () => {
    given()
      .when(booked, { recordedAt: BigInt(at) })
      .then(scheduleCommand('bill', new Date(Date.UTC(2026, 0, 12)), SendBill({ roomId: '7', guest: 'Ada' })))
      .thenState({ guest: 'Ada' });
    given(booked)
      .when(left)
      .then(cancelDeadline('bill'), dispatchCommand(SendBill({ roomId: '7', guest: 'Ada' })));
    given(booked).when(paid).thenNothing();
    given()
      .when(RoomBooked({ ...booking, roomId: 'staff' }))
      .thenNotConcerned();
  });

  test('may be the whole body of a test', () => given(booked).when(paid).then());

  test('keeps processes apart by their key', () => {
    given(RoomBooked({ ...booking, roomId: '8' }))
      .when(left)
      .thenNothing();
  });

  test('shows reactions in the words of the domain', () => {
    assert.equal(
      failureOf(() =>
        given()
          .when(booked, { recordedAt: BigInt(at) })
          .then(cancelDeadline('bill')),
      ),
      [
        'given     nothing',
        "when      RoomBooked { guest: 'Ada', nights: 2, roomId: '7' }",
        "expected  cancel 'bill'",
        "but was   schedule 'bill' at 2026-01-12T00:00:00.000Z: SendBill { guest: 'Ada', roomId: '7' }",
      ].join('\n'),
    );
    assert.match(
      failureOf(() => given(booked).when(paid).thenNotConcerned()),
      /expected {2}not concerned\nbut was {3}nothing/,
    );
    assert.match(
      failureOf(() => given(booked).when(left).thenNothing()),
      /but was {3}cancel 'bill'\n {10}dispatch SendBill/,
    );
  });
});

describe('a test of a process manager whose command is rejected', () => {
  const reminding = defineEventHandler({
    name: 'hotel.reminding',
    version: '1.0.0',
    state: z.object({ failed: z.int() }),
    events: { RoomBooked: room.events.RoomBooked, RoomLeft: room.events.RoomLeft },
    commands: { SendBill },
    key: (event) => (event.data.roomId === 'staff' ? undefined : event.data.roomId),
    initialState: { failed: 0 },
    evolve: {},
    handle: {
      RoomBooked: () => [],
      RoomLeft: (_state, { roomId }) => [dispatchCommand(SendBill({ roomId, guest: '' }))],
    },
    rejected: {
      SendBill: {
        evolve: (draft) => {
          draft.failed += 1;
        },
        handle: (state, { data, rejection, recordedAt }) =>
          rejection.code === 'later' ? [scheduleCommand(`again-${state.failed}`, recordedAt, SendBill(data))] : [],
      },
    },
  });
  const { given } = testEventHandler(reminding);
  const bill = SendBill({ roomId: '7', guest: '' });
  const second = 1_767_225_601_000n;

  test('reads as a sentence', () => {
    given(booked).whenRejected(bill, 'no-address').thenNothing().thenState({ failed: 1 });
    given(booked)
      .whenRejected(bill, 'later', { days: 2 })
      .then(scheduleCommand('again-1', second, bill));
  });

  test('shows the rejection if it fails', () => {
    assert.match(
      failureOf(() => given(booked).whenRejected(bill, 'later').thenNothing()),
      /when {6}rejected SendBill \{ guest: '', roomId: '7' \}: .*later/,
    );
  });

  test('needs an event of the process', () => {
    assert.throws(() => given().whenRejected(bill, 'later'), TypeError);
    assert.throws(() => given(RoomLeft({ roomId: 'staff' })).whenRejected(bill, 'later'), TypeError);
  });

  test('throws the fault of a handler that does not expect the rejection', () => {
    const { given } = testEventHandler(billing);
    assert.throws(() => given(booked).whenRejected(bill, 'later'), { code: 'unhandled-rejection' });
  });
});

describe('a test of a read model', () => {
  const { given } = testProjector(occupancy);
  const since = { recordedAt: 5n };

  test('refuses a context with an unknown field', () => {
    assert.throws(() => given().when(booked, { recorededAt: 5n } as object), {
      code: 'invalid-definition',
      payload: { place: 'testProjector.when.context.recorededAt' },
    });
  });

  test('reads as a sentence', () => {
    given()
      .when(booked, since)
      .then({ 7: { guest: 'Ada', since: 5n } });
    given(booked).when(left).thenNothing();
    given(booked, RoomBooked({ ...booking, roomId: '8' }), left)
      .thenNoDocument('7')
      .thenDocument('8', { guest: 'Ada', since: 1_767_225_601_000n });
  });

  test('may be the whole body of a test', () => given(booked, left).then({}));

  test('may be a test without an event', () => given().thenNothing());

  test('shows the documents that differ', () => {
    assert.equal(
      failureOf(() =>
        given()
          .when(booked, since)
          .then({ 7: { guest: 'Bo', since: 5n } }),
      ),
      [
        "given     RoomBooked { guest: 'Ada', nights: 2, roomId: '7' }",
        "expected  '7': { guest: 'Bo', since: 5n }",
        "but was   '7': { guest: 'Ada', since: 5n }",
      ].join('\n'),
    );
    assert.match(
      failureOf(() => given(booked).thenNoDocument('7')),
      /expected {2}nothing\nbut was {3}'7'/,
    );
    assert.match(
      failureOf(() => given(booked, left).thenDocument('7', { guest: '', since: 0n })),
      /but was {3}nothing/,
    );
  });
});

export const typed: Message = booked;
