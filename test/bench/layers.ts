/**
 * The cost of each layer of a command in memory. Each row repeats the layer's work for one command without the other
 * layers.
 */
import { randomUUID } from 'node:crypto';
import { createMemoryStore } from '../../src/adapters/stores/memory/index.ts';
import { msgpack } from '../../src/core/codec/msgpack.ts';
import { eventId } from '../../src/core/ids.ts';
import type { Decision, Envelope } from '../../src/core/messages.ts';
import { CHAIN_START, commitHash } from '../../src/core/storage/chain.ts';
import { Account, account, type Command, type Event, evolve, initialState } from './bank.ts';
import { type Benchmark, type Contestant, timed } from './measure.ts';

const command: Command = { type: 'Deposit', data: { accountId: 'a00042', amount: 250 } };
const event: Event = { type: 'Deposited', data: { amount: 250 } };
const subject = { kind: 'event', type: 'Deposited', schemaVersion: 1 } as const;

export function layers(quick: boolean): Benchmark {
  const times = quick ? 50_000 : 200_000;
  const commandEnvelope = account.types.command.toEnvelope(command);
  const eventEnvelope = account.types.event.toEnvelope(event);
  const commandId = randomUUID();
  const decision = decisionOf(commandId, commandEnvelope);
  const state = { ...initialState, status: 'open' as const, balance: 1_000 };
  const contents = { stream: 'account-a00042', firstRevision: 7n, recordedAt: 1_769_860_800_000n, decision };
  const commandSchema = account.commands.Deposit.schema['~standard'];
  const eventSchema = account.events.Deposited.schema['~standard'];
  return {
    name: 'layers',
    about: 'the work of each layer for one command',
    unit: 'times/s',
    rounds: quick ? 3 : 7,
    contestants: [
      layer('validation: command and event by zod', times, () => {
        commandSchema.validate(command.data);
        return eventSchema.validate(event.data);
      }),
      layer('codec: command and event to msgpack', times, () => {
        msgpack.encode(command.data, subject);
        return msgpack.encode(event.data, subject);
      }),
      layer('decoding: event from msgpack, checked', times, () => account.types.event.fromEnvelope(eventEnvelope)),
      layer('ids: drawing one for the command', times, () => randomUUID()),
      layer('ids: deriving one for the event, when it is read', times, () => eventId(commandId, 0)),
      layer('decide', times, () => account.decider.decide(state, command)),
      layer('immer: evolve of a draft', times, () => account.decider.evolve(state, event)),
      layer('the same without a draft', times, () => evolve(state, event)),
      layer('chain: SHA-256 of the commit', times, () =>
        commitHash(CHAIN_START, { ...contents, events: [eventEnvelope] }),
      ),
      appending('store: append, id and chain included', times, commandEnvelope, eventEnvelope),
      layer('state to bytes, for a snapshot', times, () => account.types.state.toBytes(Account.parse(state))),
    ],
    targets: [],
  };
}

function decisionOf(commandId: string, envelope: Envelope): Decision {
  return {
    commandId,
    command: envelope,
    contentType: msgpack.contentType,
    module: { name: 'bench.account', version: '1.0.0', digest: undefined },
    seenRevision: undefined,
    outcome: { tag: 'accepted' },
    causationId: undefined,
    correlationId: commandId,
    actor: undefined,
    keyId: undefined,
  };
}

/** The last result, which is kept because an engine may omit the computation of an unused one. */
let sink: unknown;

function layer(name: string, times: number, work: () => unknown): Contestant {
  return {
    name,
    run: () =>
      timed(times, () => {
        for (let time = 0; time < times; time++) sink = work();
        if (sink === undefined) throw new Error('nothing was done');
      }),
  };
}

/** Generates an id for each command. Ids made beforehand would not be in the processor's caches, unlike real ones. */
function appending(name: string, times: number, command: Envelope, event: Envelope): Contestant {
  return {
    name,
    run: () => {
      const store = createMemoryStore();
      return timed(times, async () => {
        for (let time = 0; time < times; time++) {
          await store.append(`account-${time % 1_000}`, [event], { tag: 'any' }, decisionOf(randomUUID(), command));
        }
      });
    },
  };
}
