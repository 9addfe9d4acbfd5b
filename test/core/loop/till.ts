/**
 * A handwritten till that behaves like a component. Commands, events and states are handles: numbers in a table. A
 * handle that is used after its release, or released twice, is recorded as a misuse. A handle that remains is a leak. A
 * test can make each function fail. A trap ends the instance. Its handles then trap, and can only be released.
 */
import { z } from 'zod';
import { Trap } from '../../../src/adapters/component/index.ts';
import { type EventOwner, withCategory } from '../../../src/core/define/event-category.ts';
import { defineEvent } from '../../../src/core/define/message.ts';
import { FaultError, RejectionError } from '../../../src/core/errors.ts';
import type { Envelope, SnapshotPolicy, WritePrecondition } from '../../../src/core/messages.ts';
import type { ForeignEvents } from '../../../src/core/routing.ts';
import type { CommandHandler } from '../../../src/core/worlds.ts';

export const TILL_TYPE = 'application/json';

export type TillCommand =
  /** Opens an empty till, under `no-stream`. */
  | { readonly type: 'Open'; readonly till: string }
  /** Accepts any amount. */
  | { readonly type: 'PayIn'; readonly till: string; readonly amount: number }
  /** Is rejected if the till contains less. */
  | { readonly type: 'PayOut'; readonly till: string; readonly amount: number }
  /** Changes nothing if the till already contains this amount. */
  | { readonly type: 'SetTo'; readonly till: string; readonly amount: number }
  /** Many events in one decision. */
  | { readonly type: 'Split'; readonly till: string; readonly amount: number }
  /** Has the policy `any`. */
  | { readonly type: 'Note'; readonly till: string; readonly text: string }
  /** Has the policy `stream-exists`, and is rejected if the text is empty. */
  | { readonly type: 'Sign'; readonly till: string; readonly text: string };

export type TillEvent =
  | { readonly type: 'Opened' }
  | { readonly type: 'PaidIn'; readonly amount: number }
  | { readonly type: 'PaidOut'; readonly amount: number }
  | { readonly type: 'Noted'; readonly text: string };

export interface TillState {
  readonly opened: boolean;
  readonly amount: number;
  readonly notes: number;
}

/** The till's rules as pure functions. The event sourcer must have the same results. */
export const tillRules = {
  initial: { opened: false, amount: 0, notes: 0 } as TillState,

  evolve(state: TillState, event: TillEvent): TillState {
    switch (event.type) {
      case 'Opened':
        return { ...state, opened: true };
      case 'PaidIn':
        return { ...state, amount: state.amount + event.amount };
      case 'PaidOut':
        return { ...state, amount: state.amount - event.amount };
      case 'Noted':
        return { ...state, notes: state.notes + 1 };
    }
  },

  /** Events, or the code of a rejection. */
  decide(state: TillState, command: TillCommand): readonly TillEvent[] | string {
    switch (command.type) {
      case 'Open':
        return [{ type: 'Opened' }];
      case 'PayIn':
        return [{ type: 'PaidIn', amount: command.amount }];
      case 'PayOut':
        return state.amount < command.amount ? 'too-little' : [{ type: 'PaidOut', amount: command.amount }];
      case 'SetTo': {
        const missing = command.amount - state.amount;
        if (missing === 0) return [];
        return [missing > 0 ? { type: 'PaidIn', amount: missing } : { type: 'PaidOut', amount: -missing }];
      }
      case 'Split':
        return Array.from({ length: command.amount }, () => ({ type: 'PaidIn', amount: 1 }) as const);
      case 'Note':
        return [{ type: 'Noted', text: command.text }];
      case 'Sign':
        return command.text === '' ? 'nothing-to-sign' : [{ type: 'Noted', text: command.text }];
    }
  },
};

export type FailurePoint =
  | 'command.fromEnvelope'
  | 'command.toEnvelope'
  | 'event.fromEnvelope'
  | 'event.toEnvelope'
  | 'state.fromBytes'
  | 'state.toBytes'
  | 'initialState'
  | 'evolve'
  | 'decide'
  | 'streamId'
  | 'drop';

export interface TillOptions {
  readonly name?: string;
  readonly version?: string;
  readonly prefix?: string;
  readonly snapshot?: SnapshotPolicy;
  readonly foreignEvents?: ForeignEvents;
  /** The commands that it accepts. @default all commands */
  readonly commands?: readonly TillCommand['type'][];
  readonly events?: readonly TillEvent['type'][];
  /** Called at the start of each function. An error that it throws is the error of that function. */
  readonly before?: (point: FailurePoint) => void;
}

type Handle = { readonly kind: 'command' | 'event' | 'state'; readonly value: unknown; readonly instance: number };

export interface Till extends CommandHandler<number, number, number>, EventOwner {
  /** Handles that are not released yet. */
  readonly live: ReadonlyMap<number, Handle>;
  readonly misuses: readonly string[];
  /** The number of calls of each function. */
  readonly calls: ReadonlyMap<FailurePoint, number>;
}

const PRECONDITIONS: Readonly<Record<TillCommand['type'], WritePrecondition>> = {
  Open: 'no-stream',
  PayIn: 'stream-unchanged',
  PayOut: 'stream-unchanged',
  SetTo: 'stream-unchanged',
  Split: 'stream-unchanged',
  Note: 'any',
  Sign: 'stream-exists',
};
const EVENTS: readonly TillEvent['type'][] = ['Opened', 'PaidIn', 'PaidOut', 'Noted'];
/** All tills share these, so that several tills can use one stream. */
const DEFINITIONS = EVENTS.map((type) => defineEvent(type, z.unknown()));

export function tillModule(options: TillOptions = {}): Till {
  const { name = 'till', version = '1', prefix = 'till', snapshot = { tag: 'never' }, before } = options;
  const commandTypes = options.commands ?? (Object.keys(PRECONDITIONS) as TillCommand['type'][]);
  const eventTypes = options.events ?? EVENTS;
  const live = new Map<number, Handle>();
  const misuses: string[] = [];
  const calls = new Map<FailurePoint, number>();
  let next = 1;
  let instance = 0;

  const enter = (point: FailurePoint): void => {
    calls.set(point, (calls.get(point) ?? 0) + 1);
    try {
      before?.(point);
    } catch (error) {
      if (error instanceof Trap) instance++;
      throw error;
    }
  };
  const make = (kind: Handle['kind'], value: unknown): number => {
    live.set(next, { kind, value, instance });
    return next++;
  };
  const look = <Value>(kind: Handle['kind'], handle: number): Value => {
    const found = live.get(handle);
    if (found?.kind === kind) {
      if (found.instance !== instance) throw new Trap(`${kind} ${handle} is of an instance that has ended`);
      return found.value as Value;
    }
    misuses.push(`used ${kind} ${handle}, which ${found === undefined ? 'is released' : `is a ${found.kind}`}`);
    throw new TypeError(misuses.at(-1));
  };
  const release = (kind: Handle['kind'], handle: number): void => {
    const isOld = live.get(handle)?.instance !== instance;
    if (!live.has(handle) || !isOld) look(kind, handle);
    live.delete(handle);
    if (isOld) return;
    // The handle is released, even if the call fails.
    enter('drop');
  };

  return {
    live,
    misuses,
    calls,
    events: Object.fromEntries(DEFINITIONS.map((event) => [event.type, withCategory(event, prefix)])),
    types: {
      command: {
        fromEnvelope(envelope) {
          enter('command.fromEnvelope');
          return make('command', { ...(read(envelope.payload) as object), type: envelope.type });
        },
        toEnvelope(command) {
          enter('command.toEnvelope');
          return tillEnvelope(look<TillCommand>('command', command));
        },
        drop: (command) => release('command', command),
      },
      event: {
        fromEnvelope(envelope) {
          enter('event.fromEnvelope');
          if (!(eventTypes as readonly string[]).includes(envelope.type))
            throw new FaultError({ code: 'unknown-type', message: `no event ${envelope.type}`, details: [] });
          return make('event', { ...(read(envelope.payload) as object), type: envelope.type });
        },
        toEnvelope(event) {
          enter('event.toEnvelope');
          const { type, ...data } = look<TillEvent>('event', event);
          return { type, schemaVersion: 1, payload: write(data) };
        },
        drop: (event) => release('event', event),
      },
      state: {
        fromBytes(bytes) {
          enter('state.fromBytes');
          return make('state', read(bytes));
        },
        toBytes(state) {
          enter('state.toBytes');
          return write(look<TillState>('state', state));
        },
        drop: (state) => release('state', state),
      },
    },
    decider: {
      initialState() {
        enter('initialState');
        return make('state', tillRules.initial);
      },
      evolve(state, event) {
        try {
          const before = look<TillState>('state', state);
          const happened = look<TillEvent>('event', event);
          enter('evolve');
          return make('state', tillRules.evolve(before, happened));
        } finally {
          // `evolve` consumes the state, even if it fails.
          live.delete(state);
        }
      },
      decide(state, command) {
        const seen = look<TillState>('state', state);
        const asked = look<TillCommand>('command', command);
        enter('decide');
        const decided = tillRules.decide(seen, asked);
        if (typeof decided === 'string')
          throw new RejectionError({ code: decided, message: 'no', details: [['amount', String(seen.amount)]] });
        return decided.map((event) => make('event', event));
      },
    },
    routing: {
      describe: () => ({
        name,
        version,
        contentType: TILL_TYPE,
        digest: undefined,
        category: prefix,
        foreignEvents: options.foreignEvents ?? 'fault',
        commands: commandTypes.map((type) => ({
          type,
          schemaVersion: 1,
          precondition: PRECONDITIONS[type],
          snapshot,
        })),
        events: eventTypes.map((type) => ({ type, schemaVersion: 1 })),
      }),
      streamId(command) {
        const { till } = look<TillCommand>('command', command);
        enter('streamId');
        return till;
      },
    },
  };
}

/** The bytes of a command, with sorted keys, so that equal commands have equal bytes. */
export function tillEnvelope({ type, ...data }: TillCommand): Envelope {
  return { type, schemaVersion: 1, payload: write(data) };
}

export function readTill(state: Uint8Array): TillState {
  return read(state) as TillState;
}

function write(value: object): Uint8Array {
  return new TextEncoder().encode(JSON.stringify(Object.fromEntries(Object.entries(value).sort())));
}

function read(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  } catch (cause) {
    throw new FaultError({ code: 'undecodable-payload', message: 'these bytes are not JSON', details: [] }, { cause });
  }
}
