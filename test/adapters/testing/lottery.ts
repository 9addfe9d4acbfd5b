/** A system whose functions break the rule of determinism on demand. Tests look for the lines of this file. */
import { defineDecider, defineEventHandler, defineProjector, defineSystem, dispatchCommand } from 'decidable';
import { z } from 'zod';
import * as winnings from './winnings.ts';

let draws = 0;
const winners = new Map<string, number>();
const board = { last: '' };
const tickets: string[] = [];
const pattern = /a/g;

class Machine {
  static drawn = 0;
}

/** A schema that is made when it is first needed. */
let lazySchema: z.ZodType | undefined;
const lazySchemas: Record<string, z.ZodType> = {};
let drawnLater = '';
/** It is never changed. */
const PRIZES = ['a car', 'a cake'];

function countWinner(name: string): void {
  winners.set(name, (winners.get(name) ?? 0) + 1); // winners
}

const ACTS: Readonly<Record<string, (name: string) => string>> = {
  pure: (name) => `${PRIZES[name.length % 2]}`,
  variable: () => String(++draws), // draws
  map: (name) => {
    countWinner(name);
    return '';
  },
  field: (name) => {
    board.last = name; // board
    return '';
  },
  array: (name) => {
    tickets.push(name); // tickets
    return '';
  },
  clock: () => String(Date.now()), // clock
  static: () => {
    Machine.drawn += 1; // static
    return '';
  },
  namespace: () => {
    winnings.total.push(1); // namespace
    return '';
  },
  global: () => {
    Reflect.set(globalThis, 'drawn', 1);
    return '';
  },
  prototype: () => {
    Object.defineProperty(Array.prototype, 'drawn', { value: 1, configurable: true });
    return '';
  },
  pattern: () => {
    pattern.test('a'.repeat(9));
    return '';
  },
  promise: () => {
    Promise.resolve().then(() => (drawnLater = String(Date.now()))); // promise
    return drawnLater;
  },
  memo: (name) => {
    lazySchema ??= z.string();
    lazySchemas['name'] ??= z.string().min(1);
    return String(lazySchema.safeParse(name).success && lazySchemas['name'].safeParse(name).success);
  },
  caught: () => {
    try {
      return String(Math.random()); // caught
    } catch {
      return 'none';
    }
  },
};

const act = z.object({ act: z.string(), name: z.string() });

export const lottery = defineDecider({
  name: 'lottery',
  version: '1',
  state: z.object({ drawn: z.array(z.string()) }),
  commands: { Draw: act, Announce: act },
  events: { Drawn: z.object({ act: z.string(), name: z.string(), prize: z.string() }), Announced: act },
  category: 'lottery',
  streamId: ({ data }) => data.name,
  initialState: { drawn: [] },
  evolve: {
    Drawn: (state, { act: how, name, prize }) => {
      if (how.startsWith('fold ')) ACTS[how.slice(5)]!(name);
      state.drawn.push(prize);
    },
    Announced: () => {},
  },
  decide: {
    Draw: (_state, data) => [{ type: 'Drawn', data: { ...data, prize: ACTS[data.act]?.(data.name) ?? '' } }],
    Announce: (_state, data) => [{ type: 'Announced', data }],
  },
});

const { Drawn } = lottery.events;

export const announcer = defineEventHandler({
  name: 'announcer',
  version: '1',
  state: z.object({}),
  events: { Drawn },
  commands: { Announce: lottery.commands.Announce },
  key: ({ data }) => data.name,
  initialState: {},
  evolve: {},
  handle: {
    Drawn: (_state, { act: how, name }) => {
      if (how.startsWith('handle ')) ACTS[how.slice(7)]!(name);
      return [dispatchCommand(lottery.commands.Announce({ act: 'pure', name }))];
    },
  },
});

export const prizes = defineProjector({
  name: 'prizes',
  version: '1',
  state: z.object({ count: z.int() }),
  events: { Drawn },
  key: ({ data }) => data.name,
  initialState: { count: 0 },
  project: {
    Drawn: (document, { act: how, name }) => {
      if (how.startsWith('project ')) ACTS[how.slice(8)]!(name);
      document.count += 1;
    },
  },
});

export const house = defineSystem({
  name: 'house',
  deciders: [lottery],
  processManagers: [announcer],
  readModels: [prizes],
});
