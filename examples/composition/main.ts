/** A room has a lamp and a heater, and a house has many rooms. The rules of the devices are reused unchanged. */
import { adapt, combine, type Decider, isRejection, left, many, right } from 'decidable';
import { type HeaterCommand, type HeaterEvent, heater, type LampCommand, type LampEvent, lamp } from './devices.ts';

type RoomCommand = LampCommand | HeaterCommand;
type RoomEvent = LampEvent | HeaterEvent;
interface Room {
  readonly lit: boolean;
  readonly degrees: number;
}

// combine: joins two deciders. The state is a pair, and each message is marked as left or right.
const pair = combine(lamp.decider, heater.decider);

// adapt: replaces the pair with one object, and the marks with the types of the messages.
const room: Decider<Room, RoomCommand, RoomEvent> = adapt(pair, {
  command: (command) => (command.type === 'Switch' ? left(command) : right(command)),
  event: {
    in: (event) => (event.type === 'Switched' ? left(event) : right(event)),
    out: (event) => event.val,
  },
  state: {
    in: ({ lit, degrees }) => [{ lit }, { degrees }] as const,
    out: ([{ lit }, { degrees }]) => ({ lit, degrees }),
  },
});

// many: keeps one room for each name.
const house = many<string, Room, RoomCommand, RoomEvent>(room);

const commands = [
  { id: 'kitchen', message: { type: 'Switch', data: { lit: true } } },
  { id: 'kitchen', message: { type: 'Heat', data: { degrees: 21 } } },
  { id: 'study', message: { type: 'Heat', data: { degrees: 30 } } },
  { id: 'study', message: { type: 'Heat', data: { degrees: 19 } } },
  { id: 'kitchen', message: { type: 'Switch', data: { lit: true } } },
] as const;

let state = house.initialState();
for (const command of commands) {
  try {
    const events = house.decide(state, command);
    for (const event of events) state = house.evolve(state, event);
    console.log(
      command.id,
      command.message.type,
      '→',
      events.map(({ message }) => message.type),
    );
  } catch (error) {
    if (!isRejection(error)) throw error;
    console.log(command.id, command.message.type, '→ rejected:', error.code);
  }
}
console.log(state);
